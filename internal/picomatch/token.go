package picomatch

import "strings"

// kind is the type of a token.
type kind string

const (
	bosToken        kind = "bos"
	textToken       kind = "text"
	dotToken        kind = "dot"
	dotsToken       kind = "dots"
	slashToken      kind = "slash"
	starToken       kind = "star"
	globstarToken   kind = "globstar"
	qmarkToken      kind = "qmark"
	plusToken       kind = "plus"
	atToken         kind = "at"
	negateToken     kind = "negate"
	parenToken      kind = "paren"
	bracketToken    kind = "bracket"
	braceToken      kind = "brace"
	commaToken      kind = "comma"
	maybeSlashToken kind = "maybe_slash"
)

// token is a piece of the glob and the expression it became. hasOutput tells an empty expression from none; without
// one, the value is it.
type token struct {
	kind      kind
	value     string
	output    string
	hasOutput bool
	extglob   bool
	star      bool // a third star has followed
	posix     bool // a bracket with a [:class:] in it
	prev      *token
}

func (t *token) expression() string {
	if t.hasOutput {
		return t.output
	}
	return t.value
}

// open is an extended glob whose parenthesis is open.
type open struct {
	extglob
	inner  string
	prev   *token
	parens int
}

// brace is a brace that is open. Where its output and its tokens begin is needed when it turns out to be text.
type brace struct {
	token       *token
	outputIndex int
	tokensIndex int
	comma, dots bool
}

// push appends a token, and takes back the special meaning of a "**" before it that turns out not to be a whole
// segment.
func (p *parser) push(t *token) {
	last := p.last
	if last.kind == globstarToken {
		inBrace := len(p.braces) > 0 && (t.kind == commaToken || t.kind == braceToken)
		inExtglob := t.extglob || len(p.extglobs) > 0 && t.kind == parenToken
		if t.kind != slashToken && t.kind != parenToken && !inBrace && !inExtglob {
			p.output = cutEnd(p.output, len(last.output))
			last.kind, last.value, last.output, last.hasOutput = starToken, "*", star, true
			p.output += star
		}
	}
	if n := len(p.extglobs); n > 0 && t.kind != parenToken {
		p.extglobs[n-1].inner += t.value
	}
	p.output += t.expression()
	if last.kind == textToken && t.kind == textToken {
		if last.output == "" {
			last.output = last.value
		}
		last.output, last.hasOutput = last.output+t.value, true
		last.value += t.value
		return
	}
	t.prev = last
	p.tokens = append(p.tokens, t)
	p.last = t
}

func (p *parser) pushText(value string) { p.push(&token{kind: textToken, value: value}) }

func (p *parser) pushOutput(k kind, value, output string) {
	p.push(&token{kind: k, value: value, output: output, hasOutput: true})
}

// rebuilt is the expression of the tokens, which differ from what was written when one of them was changed afterwards.
func rebuilt(tokens []*token) string {
	var b strings.Builder
	for _, t := range tokens {
		b.WriteString(t.expression())
	}
	return b.String()
}
