package picomatch

import "strings"

// asterisk handles "*": a star, a globstar when it is the second one and a segment of its own, or the beginning of
// "*(...)".
func (p *parser) asterisk() {
	last := p.last
	if last.kind == globstarToken || last.star {
		last.kind, last.star, last.hasOutput = starToken, true, true
		last.value += "*"
		last.output = star
		p.rebuild = true
		return
	}
	rest := p.remaining()
	if len(rest) > 1 && rest[0] == '(' && rest[1] != '?' {
		p.openExtglob(starToken, "*")
		return
	}
	if last.kind == starToken {
		p.secondStar(rest)
		return
	}
	if p.index == p.start || last.kind == slashToken || last.kind == dotToken {
		before := noDot
		switch {
		case last.kind == dotToken:
			before = noDotSlash
		case p.dot:
			before = noDotsSlash
		}
		if p.peek(1) != '*' {
			before += oneChar
		}
		p.output += before
		last.output, last.hasOutput = last.output+before, true
	}
	p.pushOutput(starToken, "*", star)
}

// secondStar handles the "*" after a star. Only between slashes, or at a border of a group, do the two make a globstar.
func (p *parser) secondStar(rest string) {
	last, prior := p.last, p.last.prev
	whole := prior.kind == slashToken || prior.kind == bosToken
	afterStar := prior.prev != nil && (prior.prev.kind == starToken || prior.prev.kind == globstarToken)
	inBrace := len(p.braces) > 0 && (prior.kind == commaToken || prior.kind == braceToken)
	if !whole && prior.kind != parenToken && !inBrace {
		p.pushOutput(starToken, "*", "")
		return
	}
	// More "/**" mean no more.
	for strings.HasPrefix(rest, "/**") {
		if after := p.peek(4); after != 0 && after != '/' {
			break
		}
		rest = rest[3:]
		p.index += 3
	}
	deep := globstar(p.dot)
	inside := prior.kind == slashToken && prior.prev.kind != bosToken
	last.kind, last.hasOutput = globstarToken, true
	last.value += "*"
	switch {
	case prior.kind == bosToken && p.eos():
		last.output, p.output = deep, deep
	case inside && !afterStar && p.eos():
		p.globstarAfterSlash(deep + "|$)")
	case inside && strings.HasPrefix(rest, "/"):
		end := ""
		if len(rest) > 1 {
			end = "|$"
		}
		p.globstarAfterSlash(deep + slash + "|" + slash + end + ")")
		p.advance()
		p.pushOutput(slashToken, "/", "")
	case prior.kind == bosToken && strings.HasPrefix(rest, "/"):
		last.output = `(?:^|` + slash + `|` + deep + slash + `)`
		p.output = last.output
		p.advance()
		p.pushOutput(slashToken, "/", "")
	default:
		p.output = cutEnd(p.output, len(last.output))
		last.output = deep
		p.output += deep
	}
}

// globstarAfterSlash opens a group before the slash, so that "a/**" is "a" too.
func (p *parser) globstarAfterSlash(output string) {
	last, prior := p.last, p.last.prev
	p.output = cutEnd(p.output, len(prior.output)+len(last.output))
	prior.output, prior.hasOutput = `(?:`+prior.output, true
	last.output = output
	p.output += prior.output + output
}
