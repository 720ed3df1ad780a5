package picomatch

import "fmt"

// program decides whether an expression matches a text, in one pass from the end of the text to its beginning. For
// every place of the text it works out for every instruction whether the rest of the text matches from there. An
// instruction needs only what is known of itself and earlier instructions at this place, and of all of them one
// character further, so a text of n characters takes n steps through the program: no backtracking, and look-ahead costs
// nothing extra.
type program struct {
	code  []instruction
	start int
}

// instruction is one step of a program; next is what has to match after it.
type instruction struct {
	op   code
	set  set
	next int
	// other is the second choice of codeEither, the inner expression of codeLook and codeNotLook, the beginning of the
	// loop for codeLoop.
	other int
	// empty says that the body of this loop can match nothing.
	empty bool
}

type code int

const (
	codeAccept code = iota
	codeSet
	codeEither
	codeBegin
	codeEnd
	codeBoundary
	codeNoBoundary
	codeLook
	codeNotLook
	codeAgain // where the body of a loop ends, and where the loop is left
	codeLoop  // where a loop begins
)

const (
	// maxProgram bounds the steps for one character.
	maxProgram = 1 << 18
	// maxEmptyLoops bounds how deep loops nest that can match nothing: each such level doubles the work.
	maxEmptyLoops = 8
)

func compile(source string) (*program, error) {
	root, err := parseRegexp(source)
	if err != nil {
		return nil, err
	}
	if depth := emptyLoops(root); depth > maxEmptyLoops {
		return nil, fmt.Errorf("%w: %d repetitions of nothing within one another", errUnsupported, depth)
	}
	p := &program{}
	p.start, err = p.compile(root, p.add(instruction{op: codeAccept}))
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (p *program) add(i instruction) int {
	p.code = append(p.code, i)
	return len(p.code) - 1
}

// compile appends the instructions of a node that goes on at next, and returns where it begins.
func (p *program) compile(n *node, next int) (int, error) {
	if len(p.code) > maxProgram {
		return 0, fmt.Errorf("%w: it is too large", errUnsupported)
	}
	switch n.op {
	case opSet:
		return p.add(instruction{op: codeSet, set: n.set, next: next}), nil
	case opSequence:
		var err error
		for i := len(n.parts) - 1; i >= 0 && err == nil; i-- {
			next, err = p.compile(n.parts[i], next)
		}
		return next, err
	case opChoice:
		first, err := p.compile(n.parts[len(n.parts)-1], next)
		for i := len(n.parts) - 2; i >= 0 && err == nil; i-- {
			var other int
			other, err = p.compile(n.parts[i], next)
			first = p.add(instruction{op: codeEither, next: first, other: other})
		}
		return first, err
	case opOptional:
		other, err := p.compile(n.parts[0], next)
		return p.add(instruction{op: codeEither, next: next, other: other}), err
	case opStar, opPlus:
		again := p.add(instruction{op: codeAgain, next: next})
		body, err := p.compile(n.parts[0], again)
		loop := p.add(instruction{op: codeLoop, next: body, other: again, empty: n.parts[0].matchesNothing()})
		if n.op == opPlus {
			return body, err
		}
		return loop, err
	case opLook, opNotLook:
		inner, err := p.compile(n.parts[0], p.add(instruction{op: codeAccept}))
		look := codeLook
		if n.op == opNotLook {
			look = codeNotLook
		}
		return p.add(instruction{op: look, next: next, other: inner}), err
	case opBegin:
		return p.add(instruction{op: codeBegin, next: next}), nil
	case opEnd:
		return p.add(instruction{op: codeEnd, next: next}), nil
	case opBoundary:
		return p.add(instruction{op: codeBoundary, next: next}), nil
	case opNoBoundary:
		return p.add(instruction{op: codeNoBoundary, next: next}), nil
	default:
		return next, nil
	}
}

// match reports whether the expression matches somewhere in the text.
func (p *program) match(text string) bool {
	rows := make([]bool, 2*len(p.code))
	here, after := rows[:len(p.code)], rows[len(p.code):]
	for at := len(text); at >= 0; at-- {
		p.step(text, at, here, after)
		if here[p.start] {
			return true
		}
		here, after = after, here
	}
	return false
}

// step works out one place of the text.
func (p *program) step(text string, at int, here, after []bool) {
	for i := 0; i < len(p.code); i++ {
		switch in := &p.code[i]; in.op {
		case codeAccept:
			here[i] = true
		case codeSet:
			here[i] = at < len(text) && in.set.contains(text[at]) && after[in.next]
		case codeEither:
			here[i] = here[in.next] || here[in.other]
		case codeBegin:
			here[i] = at == 0 && here[in.next]
		case codeEnd:
			here[i] = at == len(text) && here[in.next]
		case codeBoundary:
			here[i] = isBoundary(text, at) && here[in.next]
		case codeNoBoundary:
			here[i] = !isBoundary(text, at) && here[in.next]
		case codeLook:
			here[i] = here[in.other] && here[in.next]
		case codeNotLook:
			here[i] = !here[in.other] && here[in.next]
		case codeAgain:
			here[i] = here[in.next]
		case codeLoop:
			here[i] = here[in.other] || here[in.next]
			if here[i] && !here[in.other] {
				// The body was worked out as though the loop ended with it. From the characters before, this value is
				// seen; at this place only a body that matches nothing asks for it, and is worked out again.
				here[in.other] = true
				if in.empty {
					i = in.other
				}
			}
		}
	}
}

func isBoundary(text string, at int) bool {
	before := at > 0 && words.contains(text[at-1])
	behind := at < len(text) && words.contains(text[at])
	return before != behind
}

// matchesNothing reports whether a node can match without a character.
func (n *node) matchesNothing() bool {
	switch n.op {
	case opSet:
		return false
	case opSequence:
		for _, part := range n.parts {
			if !part.matchesNothing() {
				return false
			}
		}
		return true
	case opChoice:
		for _, part := range n.parts {
			if part.matchesNothing() {
				return true
			}
		}
		return false
	case opPlus:
		return n.parts[0].matchesNothing()
	default:
		return true
	}
}

// emptyLoops is how deep loops over what can match nothing lie within one another.
func emptyLoops(n *node) int {
	deepest := 0
	for _, part := range n.parts {
		deepest = max(deepest, emptyLoops(part))
	}
	if (n.op == opStar || n.op == opPlus) && n.parts[0].matchesNothing() {
		deepest++
	}
	return deepest
}
