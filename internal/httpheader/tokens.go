package httpheader

import (
	"iter"
	"strings"
)

// HasToken reports whether a header that is a list names token, whatever its case.
func HasToken(lines []string, token string) bool {
	for have := range Tokens(lines) {
		if strings.EqualFold(have, token) {
			return true
		}
	}
	return false
}

// Tokens yields what the lines of a header that is a list name. It allocates nothing.
func Tokens(lines []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, line := range lines {
			for line != "" {
				var token string
				token, line, _ = strings.Cut(line, ",")
				if token = strings.Trim(token, " \t"); token != "" && !yield(token) {
					return
				}
			}
		}
	}
}
