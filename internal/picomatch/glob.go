// Package picomatch matches globs as the JavaScript library of that name does (https://github.com/micromatch/picomatch,
// 4.0), which Next.js asks whether a picture may be optimized. Other glob libraries disagree with it where it matters:
// whether "*" crosses a dot, whether "/a/**" is "/a", what a trailing slash does.
//
// A glob is translated into the regular expression that picomatch makes of it (parser.go), and that is evaluated here
// (regexp.go, program.go), because it has look-ahead, which Go's regexp lacks, and because the text comes from clients:
// matching takes time in proportion to the length of the text, whatever the glob.
package picomatch

import (
	"errors"
	"fmt"
	"strings"
)

// maxLength is picomatch's own limit, in bytes.
const maxLength = 64 << 10

// Glob is a compiled glob.
type Glob struct {
	text    string
	shape   shape
	program *program
}

// shape tells the globs apart that need no regular expression.
type shape int

const (
	general shape = iota
	literal       // the text itself
	all           // "**"
	below         // "/text/**"
	nothing       // picomatch makes an invalid expression of it, and takes /$^/, which only the empty text matches
)

// Compile compiles a glob. With dot, wildcards match segments that begin with a dot (picomatch's option of that name);
// no other option is set, as Next.js sets none. The error says that the glob is empty, too long, or has a construct of
// JavaScript's regular expressions that is not evaluated here (back-references, look-behind, named groups).
func Compile(glob string, dot bool) (*Glob, error) {
	if glob == "" {
		return nil, errors.New("the glob is empty")
	}
	if len(glob) > maxLength {
		return nil, fmt.Errorf("the glob has %d bytes, more than %d", len(glob), maxLength)
	}
	g := &Glob{text: glob}
	program, err := compile(source(glob, dot))
	switch {
	case errors.Is(err, errInvalid):
		g.shape = nothing
		return g, nil
	case err != nil:
		return nil, fmt.Errorf("the glob %q: %w", glob, err)
	}
	g.program = program
	switch {
	case isLiteral(glob):
		g.shape = literal
	case dot && glob == "**":
		g.shape = all
	case dot && strings.HasPrefix(glob, "/"):
		if text, ok := strings.CutSuffix(glob, "/**"); ok && isLiteral(text) {
			g.shape, g.text = below, text
		}
	}
	return g, nil
}

// isLiteral reports whether picomatch gives no character of the glob a meaning.
func isLiteral(glob string) bool {
	if glob == "" || strings.HasPrefix(glob, ".") {
		return false
	}
	for i := range len(glob) {
		if c := glob[i]; !isWord(c) && c != '/' && c != '.' && c != '-' && c != '%' && c != '~' {
			return false
		}
	}
	return true
}

// Match reports whether the whole text matches. The text is a path or host name as URLs have it: one with bytes above
// 127 matches nothing.
func (g *Glob) Match(text string) bool {
	if !isASCII(text) {
		return false
	}
	switch g.shape {
	case nothing:
		return text == ""
	case literal:
		return text == g.text
	case all, below:
		// The expression refuses dot segments, which no normalised URL has: it decides about texts that could hold one.
		if strings.HasPrefix(text, "/") && !strings.Contains(text, "/.") && !strings.ContainsAny(text, "\r\n") {
			if g.shape == all {
				return true
			}
			rest, ok := strings.CutPrefix(text, g.text)
			return ok && (rest == "" || rest[0] == '/')
		}
	}
	return g.program.match(text)
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= 0x80 {
			return false
		}
	}
	return true
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
