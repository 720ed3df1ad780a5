package httpheader

import (
	"iter"
	"strings"
)

// Directives yields the directives of the lines of a Cache-Control field as they are written: a name, or name=value
// (RFC 9111, 5.2). Commas in quotes belong to a value. A line with a quote that is not closed is split at every
// comma, so that no directive is lost. It allocates nothing.
func Directives(lines []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, line := range lines {
			quotes := strings.IndexByte(line, '"') >= 0 && closesQuotes(line)
			for line != "" {
				var text string
				text, line, _ = cutDirective(line, quotes)
				if text = strings.Trim(text, " \t"); text != "" && !yield(text) {
					return
				}
			}
		}
	}
}

// HasDirective reports whether the lines of a Cache-Control field have a directive, whatever its case, with or without
// a value. "no-store =x" is not no-store to the letter; it is more likely to mean that than anything else.
func HasDirective(lines []string, name string) bool {
	for text := range Directives(lines) {
		have, _, _ := strings.Cut(text, "=")
		if strings.EqualFold(strings.TrimRight(have, " \t"), name) {
			return true
		}
	}
	return false
}

// closesQuotes reports whether a line ends outside quotes.
func closesQuotes(line string) bool {
	closed := true
	for line != "" {
		_, line, closed = cutDirective(line, true)
	}
	return closed
}

// cutDirective takes the first directive off a line. quotes says whether commas in quotes belong to a value; closed is
// false where one is not closed.
func cutDirective(line string, quotes bool) (text, rest string, closed bool) {
	if !quotes {
		text, rest, _ = strings.Cut(line, ",")
		return text, rest, true
	}
	within := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == ',' && !within:
			return line[:i], line[i+1:], true
		case c == '"':
			within = !within
		case c == '\\' && within:
			i++
		}
	}
	return line, "", !within
}
