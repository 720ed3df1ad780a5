package rules

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// truth is whether a rule applies to a request, as far as the edge can tell.
type truth uint8

const (
	no truth = iota
	yes
	// needsRequest: a condition looks at the request, and there is none yet.
	needsRequest
	// unsure: only Next.js can tell.
	unsure
)

// rule is a rule of next.config, prepared.
type rule struct {
	*nextbuild.Rule
	// prefix is what every path that the rule matches begins with, in lower case.
	prefix string
	// params are the names of the source's parameters in the order of their groups, with their modifiers; ok says that
	// the source could be read.
	params []param
	ok     bool
	dest   []token
	destOK bool
	// intercepts: it shows another page at a path for navigations from some pages.
	intercepts bool
}

func newRules(rules []nextbuild.Rule) []rule {
	list := make([]rule, len(rules))
	for i := range rules {
		r := rule{Rule: &rules[i]}
		r.params, r.ok = sourceParams(r.Source)
		r.prefix = literalPrefix(r.Source)
		r.dest, r.destOK = destinationTokens(r.Destination)
		r.intercepts = isInterception(r.Rule)
		list[i] = r
	}
	return list
}

// applies reports whether the rule matches a path and, if it has conditions, the request.
func (r *rule) applies(path string, req *http.Request) truth {
	if !hasPrefixFold(path, r.prefix) {
		return no
	}
	matched, err := r.Pattern.Match(path)
	if err != nil {
		return unsure
	}
	if !matched {
		return no
	}
	if len(r.Has)+len(r.Missing) == 0 {
		return yes
	}
	if req == nil {
		return needsRequest
	}
	return conditionsHold(r.Has, r.Missing, req)
}

// exactHeaders returns the headers of a rule of headers() when their text does not depend on parameters (compileNonPath
// in prepare-destination.js).
func (r *rule) exactHeaders() ([]nextbuild.Header, bool) {
	hasParams := !r.ok || len(r.params) > 0 || len(r.Has) > 0
	for _, header := range r.SetHeaders {
		if hasParams && (mayHoldParam.MatchString(header.Key) || mayHoldParam.MatchString(header.Value)) {
			return nil, false
		}
	}
	return r.SetHeaders, true
}

// mayHoldParam matches text that may be more than itself once it is compiled with parameters.
var mayHoldParam = regexp.MustCompile(`:[A-Za-z_]|\\`)

// exactDestination returns where the rule leads from path, when it is certain.
func (r *rule) exactDestination(path string) (string, bool) {
	destination, ok := r.expand(path)
	checked := destination
	if strings.Contains(destination, "/_next/static/") {
		// The rewrite of an assetPrefix leads to a file: webpack names chunks of route groups app/(group)/….
		checked = withoutParentheses.Replace(destination)
	}
	return destination, ok && isPlainDestination(checked)
}

// withoutParentheses takes out characters that no step encodes or decodes, but that mean an intercepted route where a
// page is named.
var withoutParentheses = strings.NewReplacer("(", "", ")", "")

// expand puts the parameters of path into the destination.
func (r *rule) expand(path string) (string, bool) {
	if !r.ok || !r.destOK {
		return "", false
	}
	var b strings.Builder
	for _, token := range r.dest {
		if token.param.name == "" {
			b.WriteString(token.text)
			continue
		}
		group := 0
		for i, p := range r.params {
			if p == token.param {
				group = i + 1
			}
		}
		if group == 0 {
			return "", false
		}
		value, err := r.Pattern.Group(path, group)
		switch {
		case err != nil, strings.Contains(value, "//"), value == "" && !token.param.isOptional():
			return "", false
		case value == "":
			continue
		case token.slash:
			b.WriteByte('/')
		}
		b.WriteString(value)
	}
	destination := b.String()
	if destination == "" {
		destination = "/"
	}
	return destination, true
}

// isPlainDestination reports whether no step on the way to a Location changes the text.
func isPlainDestination(text string) bool {
	rest := text
	if scheme, after, found := strings.Cut(text, "://"); found {
		if scheme != "http" && scheme != "https" {
			return false
		}
		host, path, hasPath := strings.Cut(after, "/")
		if !hasPath || host == "" || host != strings.ToLower(host) {
			return false
		}
		rest = "/" + path
		for i := range len(host) {
			if c := host[i]; !spelling.IsAlphanumeric(c) && c != '.' && c != '-' {
				return false
			}
		}
	}
	if !strings.HasPrefix(rest, "/") || strings.HasPrefix(rest, "//") || !spelling.IsCanonical(rest) {
		return false
	}
	path, query, _ := strings.Cut(rest, "?")
	for i := range len(path) {
		if c := path[i]; !spelling.IsAlphanumeric(c) && strings.IndexByte("/-_.~%", c) < 0 {
			return false
		}
	}
	for i := range len(query) {
		if c := query[i]; !spelling.IsAlphanumeric(c) && strings.IndexByte("-_.=&", c) < 0 {
			return false
		}
	}
	return true
}

// literalPrefix returns the text that stands before the first parameter of a source, in lower case, as far as it is
// matched byte by byte.
func literalPrefix(source string) string {
	end := 0
	for end < len(source) && (spelling.IsAlphanumeric(source[end]) || strings.IndexByte("/-_.~", source[end]) >= 0) {
		end++
	}
	prefix := source[:end]
	if end < len(source) {
		// What follows may be optional and take the last character with it.
		prefix = prefix[:max(0, end-1)]
	}
	return strings.ToLower(prefix)
}

func hasPrefixFold(path, prefix string) bool {
	return len(path) >= len(prefix) && strings.EqualFold(path[:len(prefix)], prefix)
}
