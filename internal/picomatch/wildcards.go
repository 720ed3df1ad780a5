package picomatch

import (
	"regexp"
	"strings"
)

func (p *parser) slash() {
	if p.last.kind == dotToken && p.index == p.start+1 {
		// A "./" at the beginning.
		p.start = p.index + 1
		p.output = ""
		p.tokens = p.tokens[:len(p.tokens)-1]
		p.last = p.first
		return
	}
	p.pushOutput(slashToken, "/", slash)
}

func (p *parser) period() {
	last := p.last
	if n := len(p.braces); n > 0 && last.kind == dotToken {
		if last.value == "." {
			last.output = dotLiteral
		}
		last.kind, last.hasOutput = dotsToken, true
		last.output += "."
		last.value += "."
		p.braces[n-1].dots = true
		return
	}
	if len(p.braces)+p.parens == 0 && last.kind != bosToken && last.kind != slashToken {
		p.pushOutput(textToken, ".", dotLiteral)
		return
	}
	p.pushOutput(dotToken, ".", dotLiteral)
}

// namedGroup is what may follow "(?" for a "?" to be part of a group: look-behind, or a name.
var namedGroup = regexp.MustCompile(`<([!=]|\w+>)`)

func (p *parser) question() {
	afterParen := p.last.value == "("
	if !afterParen && p.opensExtglob() {
		p.openExtglob(qmarkToken, "?")
		return
	}
	if p.last.kind == parenToken {
		next := p.peek(1)
		output := "?"
		if afterParen && !strings.ContainsRune("!=<:", orOther(next)) ||
			next == '<' && !namedGroup.MatchString(p.remaining()) {
			output = `\?`
		}
		p.pushOutput(textToken, "?", output)
		return
	}
	if !p.dot && (p.last.kind == slashToken || p.last.kind == bosToken) {
		p.pushOutput(qmarkToken, "?", qmarkNoDot)
		return
	}
	p.pushOutput(qmarkToken, "?", qmark)
}

// orOther stands in for "no character" where a set of characters is asked.
func orOther(r rune) rune {
	if r == 0 {
		return 'u'
	}
	return r
}

// opensExtglob reports whether "(" follows and not "(?".
func (p *parser) opensExtglob() bool { return p.peek(1) == '(' && p.peek(2) != '?' }

// plain is a run of characters that mean themselves.
var plain = regexp.MustCompile(`^[^@!\[\].,$*+?^{}()|\\/]+`)

func (p *parser) other(c string) {
	switch c {
	case "!":
		if p.peek(1) == '(' && (p.peek(2) != '?' || !strings.ContainsRune("!=<:", orOther(p.peek(3)))) {
			p.openExtglob(negateToken, c)
			return
		}
		if p.index == 0 {
			p.negate()
			return
		}
	case "+":
		switch {
		case p.opensExtglob():
			p.openExtglob(plusToken, c)
		case p.last.value == "(":
			p.pushOutput(plusToken, c, plusLiteral)
		case p.last.kind == bracketToken, p.last.kind == parenToken, p.last.kind == braceToken, p.parens > 0:
			p.push(&token{kind: plusToken, value: c})
		default:
			p.push(&token{kind: plusToken, value: plusLiteral})
		}
		return
	case "@":
		if p.opensExtglob() {
			p.push(&token{kind: atToken, extglob: true, value: c, hasOutput: true})
			return
		}
		p.pushText(c)
		return
	case "$", "^":
		c = `\` + c
	}
	if run := plain.FindString(p.remaining()); run != "" {
		c += run
		p.index += len([]rune(run))
	}
	p.pushText(c)
}

// negate counts the exclamation marks at the beginning.
func (p *parser) negate() {
	count := 1
	for p.peek(1) == '!' && (p.peek(2) != '(' || p.peek(3) == '?') {
		p.advance()
		p.start++
		count++
	}
	if count%2 == 0 {
		return
	}
	p.negated = true
	p.start++
}

func (p *parser) openExtglob(k kind, value string) {
	o := &open{extglob: extglobs[value], prev: p.last, parens: p.parens}
	before := oneChar
	if p.output != "" {
		before = ""
	}
	p.enter('(')
	p.pushOutput(k, value, before)
	p.push(&token{kind: parenToken, extglob: true, value: p.advance(), output: o.open, hasOutput: true})
	p.extglobs = append(p.extglobs, o)
}

var (
	onlyParens    = regexp.MustCompile(`^\)+$`)
	onlyExtension = regexp.MustCompile(`^\.[^\\/.]+$`)
)

func (p *parser) closeExtglob(o *open) {
	output := o.close
	if o.kind == "negate" {
		rest := star
		if len([]rune(o.inner)) > 1 && strings.Contains(o.inner, "/") {
			rest = globstar(p.dot)
		}
		remaining := p.remaining()
		if rest != star || p.eos() || onlyParens.MatchString(remaining) {
			output = `)$))` + rest
		}
		if strings.Contains(o.inner, "*") && onlyExtension.MatchString(remaining) {
			output = `)` + parse(remaining, p.dot, false).output + `)` + rest + `)`
		}
	}
	p.push(&token{kind: parenToken, extglob: true, value: ")", output: output, hasOutput: true})
	p.leave('(')
}
