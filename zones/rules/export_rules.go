package rules

import (
	"net/http"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// exportRules are the rules of a build that can be applied to its export, in Next.js's order. The others are named.
type exportRules struct {
	headers, redirects, beforeFiles, afterFiles, fallback []rule
	unapplied                                             []string
}

func newExportRules(b *nextbuild.Build) exportRules {
	var x exportRules
	x.headers = x.usable("headers", b.Headers, func(r *rule) bool {
		_, exact := r.exactHeaders()
		return exact
	})
	x.redirects = x.usable("redirects", b.Redirects, func(r *rule) bool { return isRedirect(r.StatusCode) && r.hasPlainDestination() })
	isRewrite := func(r *rule) bool { return strings.HasPrefix(r.Destination, "/") && r.hasPlainDestination() }
	x.beforeFiles = x.usable("rewrites.beforeFiles", b.BeforeFiles, isRewrite)
	x.afterFiles = x.usable("rewrites.afterFiles", b.AfterFiles, isRewrite)
	x.fallback = x.usable("rewrites.fallback", b.Fallback, isRewrite)
	return x
}

// usable returns the rules of one kind that can be evaluated exactly, and notes the others.
func (x *exportRules) usable(kind string, rules []nextbuild.Rule, exact func(*rule) bool) []rule {
	list := make([]nextbuild.Rule, 0, len(rules))
	for _, r := range rules {
		list = append(list, plainForm(kind, r))
	}
	var kept []rule
	for _, r := range newRules(list) {
		if r.Pattern.Err() != nil || !areCertain(r.Has) || !areCertain(r.Missing) || !exact(&r) {
			x.unapplied = append(x.unapplied, kind+" "+r.Source)
			continue
		}
		kept = append(kept, r)
	}
	return kept
}

// plainForm writes a rule so that it leads to the same place in an export: the query of a rewrite is for a server, and
// the root of another site has a slash.
func plainForm(kind string, r nextbuild.Rule) nextbuild.Rule {
	path, query, hasQuery := strings.Cut(r.Destination, "?")
	if strings.HasPrefix(kind, "rewrites") && strings.HasPrefix(path, "/") {
		r.Destination = path
		return r
	}
	if _, host, absolute := strings.Cut(path, "://"); absolute && !strings.Contains(host, "/") {
		r.Destination = path + "/"
		if hasQuery {
			r.Destination += "?" + query
		}
	}
	return r
}

// hasPlainDestination reports whether the text of the destination reaches the Location as it is, and its parameters are
// those of the source.
func (r *rule) hasPlainDestination() bool {
	if !r.ok || !r.destOK {
		return false
	}
	var sample strings.Builder
	for _, token := range r.dest {
		sample.WriteString(token.text)
		if token.param.name == "" {
			continue
		}
		known := false
		for _, p := range r.params {
			known = known || p == token.param
		}
		if !known {
			return false
		}
		if token.slash {
			sample.WriteByte('/')
		}
		sample.WriteByte('x')
	}
	return isPlainDestination(sample.String())
}

// areCertain reports whether conditions can be evaluated for any request.
func areCertain(conditions []nextbuild.Condition) bool {
	for i := range conditions {
		c := &conditions[i]
		switch c.Type {
		case "header":
			if _, certain := conditionHeader(&http.Request{}, c.Key); !certain {
				return false
			}
		case "cookie", "query", "host":
		default:
			return false
		}
		if c.Value != nil && *c.Value != "" && c.Pattern.Err() != nil {
			return false
		}
	}
	return true
}

// headersOf returns what headers() adds to the answer for a path.
func (x *exportRules) headersOf(path string, req *http.Request) []nextbuild.Header {
	var headers []nextbuild.Header
	for i := range x.headers {
		if x.headers[i].applies(path, req) == yes {
			headers = append(headers, x.headers[i].SetHeaders...)
		}
	}
	return headers
}

// redirectOf returns the redirect of a path. hasFile says that the path is that of a file as it stands, which Next.js's
// own rules for slashes do not redirect.
func (x *exportRules) redirectOf(path string, req *http.Request, hasFile bool) (location string, status int) {
	for i := range x.redirects {
		r := &x.redirects[i]
		if hasFile && r.Internal || r.applies(path, req) != yes {
			continue
		}
		if location, ok := r.expand(path); ok {
			return location, r.StatusCode
		}
	}
	return "", 0
}

// rewriteBefore returns the path that is looked for in place of a path.
func (x *exportRules) rewriteBefore(path string, req *http.Request) string {
	return rewriteWhile(x.beforeFiles, path, req, func(string) bool { return false })
}

// rewriteAfter rewrites a path for which there is no file, until found says that there is one.
func (x *exportRules) rewriteAfter(path string, req *http.Request, found func(string) bool) {
	done := false
	until := func(path string) bool {
		done = found(path)
		return done
	}
	path = rewriteWhile(x.afterFiles, path, req, until)
	if !done {
		rewriteWhile(x.fallback, path, req, until)
	}
}

func rewriteWhile(rules []rule, path string, req *http.Request, found func(string) bool) string {
	for i := range rules {
		if rules[i].applies(path, req) != yes {
			continue
		}
		if destination, ok := rules[i].expand(path); ok {
			path = destination
			if found(path) {
				break
			}
		}
	}
	return path
}
