package picomatch

import "strings"

// Parts of expressions, by the names that picomatch gives them (lib/constants.js, for paths with "/").
const (
	dotLiteral  = `\.`
	plusLiteral = `\+`
	slash       = `\/`
	oneChar     = `(?=.)`
	qmark       = `[^/]`
	star        = qmark + `*?`
	endAnchor   = `(?:\/|$)`
	startAnchor = `(?:^|\/)`
	dotsSlash   = `\.{1,2}` + endAnchor
	noDot       = `(?!\.)`
	noDots      = `(?!` + startAnchor + dotsSlash + `)`
	noDotSlash  = `(?!\.{0,1}` + endAnchor + `)`
	noDotsSlash = `(?!` + dotsSlash + `)`
	qmarkNoDot  = `[^.\/]`
)

// replacements are globs that picomatch takes for others.
var replacements = map[string]string{"***": "*", "**/**": "**", "**/**/**": "**"}

// posixClasses are the names that may stand in [[:name:]].
var posixClasses = map[string]string{
	"alnum": `a-zA-Z0-9`, "alpha": `a-zA-Z`, "ascii": `\x00-\x7F`, "blank": ` \t`, "cntrl": `\x00-\x1F\x7F`, "digit": `0-9`,
	"graph": `\x21-\x7E`, "lower": `a-z`, "print": `\x20-\x7E `, "punct": "\\-!\"#$%&'()\\*+,./:;<=>?@[\\]^_`{|}~",
	"space": ` \t\r\n\v\f`, "upper": `A-Z`, "word": `A-Za-z0-9_`, "xdigit": `A-Fa-f0-9`,
}

// extglob is a kind of extended glob, such as "!(a|b)".
type extglob struct{ kind, open, close string }

var extglobs = map[string]extglob{
	"!": {"negate", `(?:(?!(?:`, `))` + star + `)`},
	"?": {"qmark", `(?:`, `)?`},
	"+": {"plus", `(?:`, `)+`},
	"*": {"star", `(?:`, `)*`},
	"@": {"at", `(?:`, `)`},
}

// globstar is what "**" stands for: anything without a segment that begins with a dot, or with dot, without "." and
// ".." segments.
func globstar(dot bool) string {
	if dot {
		return `(?:(?:(?!` + startAnchor + dotsSlash + `).)*?)`
	}
	return `(?:(?:(?!` + startAnchor + dotLiteral + `).)*?)`
}

// special are the characters that escapeRegex escapes.
const special = `-*+?.^${}(|)[]`

func hasRegexChars(text string) bool { return strings.ContainsAny(text, special) }

func escapeRegex(text string) string {
	var b strings.Builder
	for i := range len(text) {
		if strings.IndexByte(special, text[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// escapeLast puts a backslash before the last occurrence of char that has none.
func escapeLast(text string, char byte) string {
	for end := len(text); ; {
		at := strings.LastIndexByte(text[:end], char)
		if at < 0 {
			return text
		}
		if at == 0 || text[at-1] != '\\' {
			return text[:at] + `\` + text[at:]
		}
		end = at
	}
}

// cutEnd is text.slice(0, -n), which is empty for n = 0.
func cutEnd(text string, n int) string {
	if n == 0 || n > len(text) {
		return ""
	}
	return text[:len(text)-n]
}
