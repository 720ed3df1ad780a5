package picomatch

import (
	"regexp"
	"strings"
)

// source returns the regular expression that picomatch.makeRe makes of a glob; false where picomatch finds none that is
// valid.
func source(glob string, dot bool) (string, bool) {
	output, negated := "", false
	if glob[0] == '.' || glob[0] == '*' {
		output = shortcut(glob, dot)
	}
	if output == "" {
		p, ok := parse(glob, dot, true)
		if !ok {
			return "", false
		}
		output, negated = p.output, p.negated
	}
	output = `^(?:` + output + `)$`
	if negated {
		output = `^(?!` + output + `).*$`
	}
	return output, true
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
	for i := 0; i < len(text); {
		// The match of /(\\?)((\W)(\3*))/ at i.
		start, escaped := i, false
		if text[i] == '\\' && i+1 < len(text) && !isWordRune(text[i+1]) {
			escaped = true
			i++
		}
		char := text[i]
		if isWordRune(char) {
			b.WriteRune(char)
			i++
			continue
		}
		end := i + 1
		for end < len(text) && text[end] == char {
			end++
		}
		count := end - i
		whole := string(text[start:end])
		i = end
		switch char {
		case '\\':
			backslash = true
			b.WriteString(whole)
		case '?':
			switch {
			case escaped:
				b.WriteString(`\?` + strings.Repeat(qmark, count-1))
			case start == 0 && !dot:
				b.WriteString(qmarkNoDot + strings.Repeat(qmark, count-1))
			default:
				b.WriteString(strings.Repeat(qmark, count))
			}
		case '.':
			b.WriteString(strings.Repeat(dotLiteral, count))
		case '*':
			switch {
			case !escaped:
				b.WriteString(star)
			case count > 1:
				b.WriteString(`\*` + star)
			default:
				b.WriteString(`\*`)
			}
		default:
			if !escaped {
				b.WriteByte('\\')
			}
			b.WriteString(whole)
		}
	}
	output := b.String()
	if backslash {
		output = halveBackslashes(output)
	}
	return `^(?:` + output + `)$`
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
