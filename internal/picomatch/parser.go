package picomatch

import "strings"

// parser is lib/parse.js of picomatch 4.0, function by function: how it builds its expression out of pieces, and takes
// some of them back, is what decides what a glob with odd parts means.
type parser struct {
	text    []rune
	index   int // of the character being looked at
	start   int
	dot     bool
	output  string
	tokens  []*token
	first   *token
	last    *token
	negated bool

	brackets, parens int
	quoted           bool
	rebuild          bool // the output must be made of the tokens again
	extglobs         []*open
	braces           []*brace
	nesting          []byte // what is open, innermost last: '(', '[' or '{'
}

// parse translates a glob. fast allows the way for globs without structure.
func parse(glob string, dot, fast bool) *parser {
	glob = strings.TrimPrefix(replaced(glob), "./")
	first := &token{kind: bosToken, hasOutput: true}
	p := &parser{text: []rune(glob), index: -1, dot: dot, tokens: []*token{first}, first: first, last: first}
	if fast && isFlat(glob) {
		p.output = flat(glob, dot)
		return p
	}
	for !p.eos() {
		p.step()
	}
	p.finish()
	return p
}

func (p *parser) eos() bool { return p.index >= len(p.text)-1 }

// peek returns the nth character after this one, 0 behind the end.
func (p *parser) peek(n int) rune {
	if i := p.index + n; i >= 0 && i < len(p.text) {
		return p.text[i]
	}
	return 0
}

func (p *parser) advance() string {
	p.index++
	if p.index < len(p.text) {
		return string(p.text[p.index])
	}
	return ""
}

func (p *parser) remaining() string {
	if p.index+1 >= len(p.text) {
		return ""
	}
	return string(p.text[p.index+1:])
}

func (p *parser) enter(what byte) {
	switch what {
	case '(':
		p.parens++
	case '[':
		p.brackets++
	}
	p.nesting = append(p.nesting, what)
}

func (p *parser) leave(what byte) {
	switch what {
	case '(':
		p.parens--
	case '[':
		p.brackets--
	}
	if n := len(p.nesting); n > 0 {
		p.nesting = p.nesting[:n-1]
	}
}

// step translates what stands at the next character.
func (p *parser) step() {
	c := p.advance()
	if c == "\x00" {
		return
	}
	if c == `\` {
		var done bool
		if c, done = p.escape(); done {
			return
		}
	}
	switch {
	case p.brackets > 0 && (c != "]" || p.last.value == "[" || p.last.value == "[^"):
		p.inBracket(c)
	case p.quoted && c != `"`:
		c = escapeRegex(c)
		p.last.value += c
		p.output += c
	default:
		p.structure(c)
	}
}

// structure translates a character that is neither in brackets nor in quotes.
func (p *parser) structure(c string) {
	switch c {
	case `"`:
		p.quoted = !p.quoted
	case "(":
		p.enter('(')
		p.push(&token{kind: parenToken, value: c})
	case ")":
		p.closeParen()
	case "[":
		p.openBracket()
	case "]":
		p.closeBracket()
	case "{":
		p.openBrace()
	case "}":
		p.closeBrace()
	case "|":
		p.pushText(c)
	case ",":
		p.comma()
	case "/":
		p.slash()
	case ".":
		p.period()
	case "?":
		p.question()
	case "*":
		p.asterisk()
	default:
		p.other(c)
	}
}

// openBracket begins a class. A bracket that nothing closes is text.
func (p *parser) openBracket() {
	c := `\[`
	if strings.Contains(p.remaining(), "]") {
		c = "["
		p.enter('[')
	}
	p.push(&token{kind: bracketToken, value: c})
}

func (p *parser) openBrace() {
	p.enter('{')
	t := &token{kind: braceToken, value: "{", output: "(", hasOutput: true}
	p.braces = append(p.braces, &brace{token: t, outputIndex: len(p.output), tokensIndex: len(p.tokens)})
	p.push(t)
}

// escape handles a backslash: what it stands for with the characters after it, or that nothing is left to do.
func (p *parser) escape() (string, bool) {
	switch p.peek(1) {
	case '/', '.', ';':
		return "", true
	case 0:
		p.pushText(`\\`)
		return "", true
	}
	c := `\`
	run := 0
	for p.peek(1+run) == '\\' {
		run++
	}
	if run > 2 {
		p.index += run
		if run%2 != 0 {
			c += `\`
		}
	}
	c += p.advance()
	if p.brackets == 0 {
		p.pushText(c)
		return "", true
	}
	return c, false
}

// finish closes what is open by taking it for text, and allows a trailing slash after a wildcard.
func (p *parser) finish() {
	for p.brackets > 0 {
		p.output = escapeLast(p.output, '[')
		p.leave('[')
	}
	for p.parens > 0 {
		p.output = escapeLast(p.output, '(')
		p.leave('(')
	}
	for range p.braces {
		p.output = escapeLast(p.output, '{')
	}
	if p.last.kind == starToken || p.last.kind == bracketToken {
		p.pushOutput(maybeSlashToken, "", slash+"?")
	}
	if p.rebuild {
		p.output = rebuilt(p.tokens)
	}
}
