package rules

import (
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
)

// param is a parameter of a path as path-to-regexp 6 writes it: `:name`, its pattern left out, and one of "?", "*",
// "+".
type param struct{ name, modifier string }

func (p param) isOptional() bool { return p.modifier == "*" || p.modifier == "?" }

// token is a piece of a destination: text, or a parameter with the slash before it.
type token struct {
	text  string
	param param
	slash bool
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
		for end < len(text) && (spelling.IsAlphanumeric(text[end]) || text[end] == '_') {
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
