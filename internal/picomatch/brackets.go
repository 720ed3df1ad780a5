package picomatch

import (
	"slices"
	"strings"
)

// inBracket handles a character inside [...].
func (p *parser) inBracket(c string) {
	last := p.last
	if c == ":" {
		if inner := from(last.value, 1); strings.Contains(inner, "[") {
			last.posix = true
			if strings.Contains(inner, ":") {
				at := strings.LastIndexByte(last.value, '[')
				if class, ok := posixClasses[from(last.value, at+2)]; ok {
					last.value = last.value[:at] + class
					p.rebuild = true
					p.advance()
					if p.first.output == "" && len(p.tokens) > 1 && p.tokens[1] == last {
						p.first.output = oneChar
					}
					return
				}
			}
		}
	}
	if c == "[" && p.peek(1) != ':' || c == "-" && p.peek(1) == ']' {
		c = `\` + c
	}
	if c == "]" && (last.value == "[" || last.value == "[^") {
		c = `\` + c
	}
	last.value += c
	p.output += c
}

func (p *parser) closeBracket() {
	last := p.last
	if last.kind == bracketToken && len(last.value) == 1 || p.brackets == 0 {
		p.pushOutput(textToken, "]", `\]`)
		return
	}
	p.leave('[')
	inner := from(last.value, 1)
	c := "]"
	if !last.posix && strings.HasPrefix(inner, "^") && !strings.Contains(inner, "/") {
		c = "/]"
	}
	last.value += c
	p.output += c
	if hasRegexChars(inner) {
		return
	}
	// Both meanings: the text, and the characters.
	p.output = cutEnd(p.output, len(last.value))
	last.value = `(?:` + escapeRegex(last.value) + `|` + last.value + `)`
	p.output += last.value
}

func (p *parser) closeParen() {
	if n := len(p.extglobs); n > 0 && p.parens == p.extglobs[n-1].parens+1 {
		o := p.extglobs[n-1]
		p.extglobs = p.extglobs[:n-1]
		p.closeExtglob(o)
		return
	}
	output := `\)`
	if p.parens != 0 {
		output = `)`
	}
	p.pushOutput(parenToken, ")", output)
	p.leave('(')
}

func (p *parser) closeBrace() {
	n := len(p.braces)
	if n == 0 {
		p.pushOutput(textToken, "}", "}")
		return
	}
	b := p.braces[n-1]
	value, output := "}", ")"
	if b.dots {
		output = expandRange(p.popRange())
		p.rebuild = true
	}
	if !b.comma && !b.dots {
		p.output = p.output[:min(b.outputIndex, len(p.output))]
		b.token.value, b.token.output, b.token.hasOutput = `\{`, `\{`, true
		value, output = `\}`, `\}`
		for _, t := range p.tokens[min(b.tokensIndex, len(p.tokens)):] {
			if t.output != "" {
				p.output += t.output
			} else {
				p.output += t.value
			}
		}
	}
	p.pushOutput(braceToken, value, output)
	p.leave('{')
	p.braces = p.braces[:n-1]
}

// popRange takes the tokens of {a..b} off, up to and with the brace.
func (p *parser) popRange() []string {
	var ends []string
	for n := len(p.tokens); n > 0; n-- {
		t := p.tokens[n-1]
		p.tokens = p.tokens[:n-1]
		if t.kind == braceToken {
			break
		}
		if t.kind != dotsToken {
			ends = append(ends, t.value)
		}
	}
	slices.Reverse(ends)
	return ends
}

func expandRange(ends []string) string {
	slices.Sort(ends)
	class := "[" + strings.Join(ends, "-") + "]"
	if _, err := compile(class); err == nil {
		return class
	}
	for i, end := range ends {
		ends[i] = escapeRegex(end)
	}
	return strings.Join(ends, "..")
}

func (p *parser) comma() {
	output := ","
	if n := len(p.braces); n > 0 && len(p.nesting) > 0 && p.nesting[len(p.nesting)-1] == '{' {
		p.braces[n-1].comma = true
		output = "|"
	}
	p.pushOutput(commaToken, ",", output)
}

// from is text.slice(n).
func from(text string, n int) string { return text[min(n, len(text)):] }
