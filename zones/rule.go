package zones

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// answer is what can be said of a rule and a request.
type answer uint8

const (
	no answer = iota
	yes
	// depends: a condition looks at the request, and there is none yet.
	depends
	// unsure: only Next.js can tell.
	unsure
)

// rule is a rule of next.config, prepared.
type rule struct {
	*nextbuild.Rule
	// prefix is what every path that the rule matches begins with, in lower case.
	prefix string
	// params are the names of the source's parameters in the order of their groups, with their modifiers; ok says that the source
	// could be read.
	params []param
	ok     bool
	dest   []token
	destOK bool
	// intercepts: it shows another page at a path for navigations from some pages.
	intercepts bool
}

// param is a parameter of a path as path-to-regexp 6 writes it: `:name`, its pattern left out, and one of "?", "*", "+".
type param struct{ name, modifier string }

// token is a piece of a destination: text, or a parameter with the slash before it.
type token struct {
	text  string
	param param
	slash bool
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
func (r *rule) applies(path string, req *http.Request) answer {
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
		return depends
	}
	return conditionsHold(r.Has, r.Missing, req)
}

// exactHeaders returns the headers of a rule of headers() when their text does not depend on parameters (compileNonPath in
// prepare-destination.js).
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

// withoutParentheses takes out characters that no step encodes or decodes, but that mean an intercepted route where a page is named.
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
		case err != nil, value == "" && token.param.modifier != "*" && token.param.modifier != "?", strings.Contains(value, "//"):
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
			if c := host[i]; !isAlphanumeric(c) && c != '.' && c != '-' {
				return false
			}
		}
	}
	if !strings.HasPrefix(rest, "/") || strings.HasPrefix(rest, "//") || !isCanonical(rest) {
		return false
	}
	path, query, _ := strings.Cut(rest, "?")
	for i := range len(path) {
		if c := path[i]; !isAlphanumeric(c) && strings.IndexByte("/-_.~%", c) < 0 {
			return false
		}
	}
	for i := range len(query) {
		if c := query[i]; !isAlphanumeric(c) && strings.IndexByte("-_.=&", c) < 0 {
			return false
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// literalPrefix returns the text that stands before the first parameter of a source, in lower case, as far as it is matched byte by byte.
func literalPrefix(source string) string {
	end := 0
	for end < len(source) && (isAlphanumeric(source[end]) || strings.IndexByte("/-_.~", source[end]) >= 0) {
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

// sourceParams reads the parameters of a source. Groups in braces and escapes are left to Next.js.
func sourceParams(source string) ([]param, bool) {
	var params []param
	for i := 0; i < len(source); {
		switch source[i] {
		case '\\', '{', '}':
			return nil, false
		case ':', '(':
			p, _, end, ok := readParam(source, i)
			if !ok {
				return nil, false
			}
			params = append(params, p)
			i = end
		default:
			i++
		}
	}
	return params, true
}

// readParam reads the parameter that begins at text[start], named or not.
func readParam(text string, start int) (p param, pattern string, end int, ok bool) {
	end = start
	if text[end] == ':' {
		end++
		for end < len(text) && (isAlphanumeric(text[end]) || text[end] == '_') {
			end++
		}
		if p.name = text[start+1 : end]; p.name == "" {
			return p, "", 0, false
		}
	}
	if end < len(text) && text[end] == '(' {
		open := end
		for depth := 0; end < len(text); end++ {
			switch text[end] {
			case '\\':
				end++
			case '(':
				depth++
			case ')':
				depth--
			}
			if depth == 0 {
				break
			}
		}
		if end >= len(text) {
			return p, "", 0, false
		}
		end++
		pattern = text[open:end]
	}
	if end < len(text) && strings.IndexByte("?*+", text[end]) >= 0 {
		p.modifier = text[end : end+1]
		end++
	}
	return p, pattern, end, true
}

// destinationTokens splits a destination into text and parameters. Only its path may have parameters.
func destinationTokens(destination string) ([]token, bool) {
	if strings.ContainsAny(destination, `\{}()#`) {
		return nil, false
	}
	path, query, hasQuery := strings.Cut(destination, "?")
	var tokens []token
	text := 0
	if scheme, rest, found := strings.Cut(path, "://"); found {
		host, _, _ := strings.Cut(rest, "/")
		if strings.Contains(scheme+host, ":") {
			return nil, false
		}
		text = len(scheme) + len("://") + len(host)
		tokens = []token{{text: path[:text]}}
	}
	for i := text; i < len(path); {
		if path[i] != ':' {
			i++
			continue
		}
		p, _, end, ok := readParam(path, i)
		if !ok {
			return nil, false
		}
		slash := i > text && path[i-1] == '/'
		before := path[text:i]
		if slash {
			before = before[:len(before)-1]
		}
		tokens = append(tokens, token{text: before}, token{param: p, slash: slash})
		i, text = end, end
	}
	tail := path[text:]
	if strings.ContainsAny(tail, "*+") {
		return nil, false
	}
	if hasQuery {
		tail += "?" + query
	}
	return append(tokens, token{text: tail}), !strings.Contains(query, ":")
}
