package nextbuild

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Rules are the headers, redirects and rewrites of next.config, in the order in which Next.js goes through them, and
// what it adds itself (trailing slashes, assetPrefix, intercepted routes).
type Rules struct {
	Headers     []Rule
	Redirects   []Rule
	BeforeFiles []Rule
	AfterFiles  []Rule
	Fallback    []Rule
}

// Rule says what happens to the paths that its pattern matches.
type Rule struct {
	// Source is the path as it stands in next.config, with basePath and locale.
	Source string `json:"source"`
	// Destination is where a redirect or rewrite leads.
	Destination string `json:"destination"`
	// StatusCode is that of a redirect.
	StatusCode int `json:"statusCode"`
	// Internal marks the rules of Next.js itself.
	Internal bool `json:"internal"`
	// SetHeaders are added to the answer by a rule of headers().
	SetHeaders []Header `json:"headers"`
	// Has and Missing are conditions on the request.
	Has     []Condition `json:"has"`
	Missing []Condition `json:"missing"`

	// Pattern matches the path with basePath.
	Pattern Pattern `json:"-"`
	// Regex is Pattern's source; matchers of middleware call it Regexp.
	Regex  string `json:"regex"`
	Regexp string `json:"regexp"`
}

// Header is a header that headers() adds.
type Header struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Condition is one of `has` or `missing`.
type Condition struct {
	Type  string  `json:"type"` // header, cookie, query or host
	Key   string  `json:"key"`
	Value *string `json:"value"` // nil: any value
	// Pattern matches the whole value.
	Pattern Pattern `json:"-"`
}

func (r *Rule) compile(ignoreCase bool) {
	source := r.Regex
	if source == "" {
		source = r.Regexp
	}
	if source != "" {
		r.Pattern = NewPattern(source, ignoreCase)
	}
	for _, conditions := range [][]Condition{r.Has, r.Missing} {
		for i := range conditions {
			if value := conditions[i].Value; value != nil {
				conditions[i].Pattern = NewPattern("^"+*value+"$", false)
			}
		}
	}
}

// readRules reads routes-manifest.json as far as next.config wrote it. Next.js compiles the sources of its rules anew
// when it starts, without regard to case unless experimental.caseSensitiveRoutes is set (filesystem.js,
// buildCustomRoute).
func (b *Build) readRules(m manifests) error {
	var file struct {
		CaseSensitive bool            `json:"caseSensitive"`
		Headers       []Rule          `json:"headers"`
		Redirects     []Rule          `json:"redirects"`
		Rewrites      json.RawMessage `json:"rewrites"`
	}
	if err := m.read("routes-manifest.json", &file, 3); err != nil {
		return err
	}
	var rewrites struct {
		BeforeFiles []Rule `json:"beforeFiles"`
		AfterFiles  []Rule `json:"afterFiles"`
		Fallback    []Rule `json:"fallback"`
	}
	if len(file.Rewrites) > 0 && file.Rewrites[0] == '[' {
		if err := json.Unmarshal(file.Rewrites, &rewrites.AfterFiles); err != nil {
			return fmt.Errorf("routes-manifest.json: rewrites: %w", err)
		}
	} else if len(file.Rewrites) > 0 {
		if err := json.Unmarshal(file.Rewrites, &rewrites); err != nil {
			return fmt.Errorf("routes-manifest.json: rewrites: %w", err)
		}
	}
	b.Rules = Rules{file.Headers, file.Redirects, rewrites.BeforeFiles, rewrites.AfterFiles, rewrites.Fallback}
	for _, rules := range [][]Rule{b.Headers, b.Redirects, b.AfterFiles, b.Fallback} {
		for i := range rules {
			rules[i].compile(!file.CaseSensitive)
		}
	}
	for i := range b.BeforeFiles {
		b.BeforeFiles[i].compile(true)
	}
	return nil
}

// readMiddleware reads the matchers of the edge runtime (middleware-manifest.json) and of the Node.js runtime
// (functions-config-manifest.json). Their regular expressions regard case (middleware-route-matcher.js).
func (b *Build) readMiddleware(m manifests) error {
	var edge struct {
		Middleware map[string]struct {
			Matchers []Rule `json:"matchers"`
		} `json:"middleware"`
	}
	if err := m.read("server/middleware-manifest.json", &edge, 2, 3); err != nil {
		return err
	}
	var node struct {
		Functions map[string]struct {
			Matchers []Rule `json:"matchers"`
		} `json:"functions"`
	}
	if err := m.readIfThere("server/functions-config-manifest.json", &node, 1); err != nil {
		return err
	}
	for page, middleware := range edge.Middleware {
		if page != "/" {
			return fmt.Errorf("middleware-manifest.json has middleware for %s: only one for all paths is understood (Next.js 12.2 and later)", page)
		}
		b.Middleware = append(b.Middleware, middleware.Matchers...)
		if len(middleware.Matchers) == 0 {
			return errors.New("middleware-manifest.json has middleware without matchers")
		}
	}
	if middleware, ok := node.Functions["/_middleware"]; ok {
		b.Middleware = append(b.Middleware, middleware.Matchers...)
		if len(middleware.Matchers) == 0 {
			b.Middleware = append(b.Middleware, Rule{Source: "/:path*", Regexp: ".*"})
		}
	}
	for i := range b.Middleware {
		b.Middleware[i].compile(false)
	}
	return nil
}
