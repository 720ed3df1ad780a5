package picomatch

import (
	"regexp"
	"strings"
)

// source returns the regular expression that picomatch.makeRe makes of a glob.
func source(glob string, dot bool) string {
	output, negated := "", false
	if glob[0] == '.' || glob[0] == '*' {
		output = shortcut(glob, dot)
	}
	if output == "" {
		p := parse(glob, dot, true)
		output, negated = p.output, p.negated
	}
	output = `^(?:` + output + `)$`
	if negated {
		output = `^(?!` + output + `).*$`
	}
	return output
}

// shortcut is parse.fastpaths: expressions for common globs that begin with a wildcard or a dot. Empty: no shortcut.
func shortcut(glob string, dot bool) string {
	glob = strings.TrimPrefix(replaced(glob), "./")
	if output := commonGlob(glob, dot); output != "" {
		return output + slash + `?`
	}
	return ""
}

var extension = regexp.MustCompile(`^([^\n\r]*?)\.(\w+)$`)

func commonGlob(glob string, dot bool) string {
	before, inner := noDot, noDot
	if dot {
		before, inner = noDots, noDotsSlash
	}
	deep := `(?:` + before + globstar(dot) + slash + `)?`
	switch glob {
	case "*":
		return before + oneChar + star
	case ".*":
		return dotLiteral + oneChar + star
	case "*.*":
		return before + star + dotLiteral + oneChar + star
	case "*/*":
		return before + star + slash + oneChar + inner + star
	case "**":
		return before + globstar(dot)
	case "**/*":
		return deep + inner + oneChar + star
	case "**/*.*":
		return deep + inner + star + dotLiteral + oneChar + star
	case "**/.*":
		return deep + dotLiteral + oneChar + star
	}
	parts := extension.FindStringSubmatch(glob)
	if parts == nil {
		return ""
	}
	if output := commonGlob(parts[1], dot); output != "" {
		return output + dotLiteral + parts[2]
	}
	return ""
}

func replaced(glob string) string {
	if other, ok := replacements[glob]; ok {
		return other
	}
	return glob
}

// isFlat reports whether a glob is of the kind that parse translates without looking at its structure:
// /(^[*!]|[/()[\]{}"])/ is not in it.
func isFlat(glob string) bool {
	return !strings.HasPrefix(glob, "*") && !strings.HasPrefix(glob, "!") && !strings.ContainsAny(glob, `/()[]{}"`)
}

// flat translates a flat glob, run of characters by run of characters.
func flat(glob string, dot bool) string {
	var b strings.Builder
	backslash := false
	text := []rune(glob)
	for at := 0; at < len(text); {
		r := runAt(text, at)
		b.WriteString(r.expression(dot))
		backslash = backslash || r.char == '\\'
		at += len(r.text)
	}
	output := b.String()
	if backslash {
		output = halveBackslashes(output)
	}
	return `^(?:` + output + `)$`
}

// run is a character of a word, or a match of /(\\?)((\W)(\3*))/: equal characters, maybe with a backslash before.
type run struct {
	text    []rune
	char    rune
	count   int // of char, without the backslash before
	escaped bool
	first   bool // the glob begins with it
}

func runAt(text []rune, start int) run {
	at := start
	escaped := text[at] == '\\' && at+1 < len(text) && !isWordRune(text[at+1])
	if escaped {
		at++
	}
	char, end := text[at], at+1
	for end < len(text) && text[end] == char && !isWordRune(char) {
		end++
	}
	return run{text: text[start:end], char: char, count: end - at, escaped: escaped, first: start == 0}
}

// expression returns what a run stands for.
func (r run) expression(dot bool) string {
	switch {
	case isWordRune(r.char), r.char == '\\':
		return string(r.text)
	case r.char == '?' && r.escaped:
		return `\?` + strings.Repeat(qmark, r.count-1)
	case r.char == '?' && r.first && !dot:
		return qmarkNoDot + strings.Repeat(qmark, r.count-1)
	case r.char == '?':
		return strings.Repeat(qmark, r.count)
	case r.char == '.':
		return strings.Repeat(dotLiteral, r.count)
	case r.char == '*' && !r.escaped:
		return star
	case r.char == '*' && r.count > 1:
		return `\*` + star
	case r.char == '*':
		return `\*`
	case !r.escaped:
		return `\` + string(r.text)
	}
	return string(r.text)
}

var backslashes = regexp.MustCompile(`\\+`)

// halveBackslashes makes every run of backslashes one of one or two, of the same parity.
func halveBackslashes(text string) string {
	return backslashes.ReplaceAllStringFunc(text, func(run string) string {
		if len(run)%2 == 0 {
			return `\\`
		}
		return `\`
	})
}

func isWordRune(r rune) bool { return r < 0x80 && isWord(byte(r)) }
