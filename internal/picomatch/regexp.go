package picomatch

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

var (
	// errInvalid is an expression that JavaScript refuses.
	errInvalid = errors.New("the regular expression is not valid")
	// errUnsupported is one that JavaScript takes and this package does not.
	errUnsupported = errors.New("the regular expression is of a kind that is not evaluated")
)

// op is what a node of an expression does.
type op int

const (
	opEmpty      op = iota
	opSet           // one character out of a set
	opSequence      // all of its parts, one after the other
	opChoice        // one of its parts
	opStar          // its part any number of times
	opPlus          // its part at least once
	opOptional      // its part, or nothing
	opBegin         // the beginning of the text
	opEnd           // the end of the text
	opLook          // a place where its part matches
	opNotLook       // a place where its part does not match
	opBoundary      // a border of a word
	opNoBoundary    // no border of a word
)

// node is a node of a parsed expression. What is greedy and what is lazy makes no difference to whether a text matches.
type node struct {
	op    op
	set   set
	parts []*node
}

// set is a set of ASCII characters. Texts have no others, so neither do sets.
type set [2]uint64

func (s *set) add(from, to rune) {
	for r := max(from, 0); r <= to && r < 128; r++ {
		s[r/64] |= 1 << (r % 64)
	}
}

func (s *set) addAll(other set)    { s[0], s[1] = s[0]|other[0], s[1]|other[1] }
func (s set) inverted() set        { return set{^s[0], ^s[1]} }
func (s set) contains(c byte) bool { return c < 128 && s[c/64]&(1<<(c%64)) != 0 }

func setOf(ranges ...rune) set {
	var s set
	for i := 0; i+1 < len(ranges); i += 2 {
		s.add(ranges[i], ranges[i+1])
	}
	return s
}

var (
	digits  = setOf('0', '9')
	words   = setOf('0', '9', 'A', 'Z', 'a', 'z', '_', '_')
	blanks  = setOf('\t', '\r', ' ', ' ')
	anyChar = setOf('\n', '\n', '\r', '\r').inverted() // "."
)

const (
	// maxRepeats bounds {n,m}, of which picomatch itself writes nothing above 2.
	maxRepeats = 16
	// maxNesting bounds the depth of groups.
	maxNesting = 100
)

// syntax reads a regular expression of JavaScript without flags.
type syntax struct {
	text  string
	at    int
	depth int
}

func parseRegexp(source string) (*node, error) {
	s := &syntax{text: source}
	n, err := s.choice()
	if err != nil {
		return nil, err
	}
	if s.at < len(s.text) {
		return nil, errInvalid // a ")" too many
	}
	return n, nil
}

func (s *syntax) peek() rune {
	r, size := utf8.DecodeRuneInString(s.text[s.at:])
	if size == 0 {
		return -1
	}
	return r
}

func (s *syntax) next() rune {
	r, size := utf8.DecodeRuneInString(s.text[s.at:])
	s.at += size
	if size == 0 {
		return -1
	}
	return r
}

func (s *syntax) skip(text string) bool {
	if len(s.text)-s.at < len(text) || s.text[s.at:s.at+len(text)] != text {
		return false
	}
	s.at += len(text)
	return true
}

func (s *syntax) choice() (*node, error) {
	if s.depth++; s.depth > maxNesting {
		return nil, fmt.Errorf("%w: more than %d groups within one another", errUnsupported, maxNesting)
	}
	defer func() { s.depth-- }()
	var choices []*node
	for {
		n, err := s.sequence()
		if err != nil {
			return nil, err
		}
		choices = append(choices, n)
		if !s.skip("|") {
			break
		}
	}
	if len(choices) == 1 {
		return choices[0], nil
	}
	return &node{op: opChoice, parts: choices}, nil
}

func (s *syntax) sequence() (*node, error) {
	n := &node{op: opSequence}
	for s.at < len(s.text) && s.peek() != '|' && s.peek() != ')' {
		part, err := s.term()
		if err != nil {
			return nil, err
		}
		n.parts = append(n.parts, part)
	}
	return n, nil
}

// term reads an atom or assertion and its quantifier.
func (s *syntax) term() (*node, error) {
	atom, err := s.atom()
	if err != nil {
		return nil, err
	}
	least, most, ok, err := s.quantifier()
	if err != nil || !ok {
		return atom, err
	}
	if atom.op == opBegin || atom.op == opEnd || atom.op == opBoundary || atom.op == opNoBoundary {
		return nil, errInvalid
	}
	return repeat(atom, least, most)
}

func repeat(atom *node, least, most int) (*node, error) {
	switch {
	case least == 0 && most < 0:
		return &node{op: opStar, parts: []*node{atom}}, nil
	case least == 1 && most < 0:
		return &node{op: opPlus, parts: []*node{atom}}, nil
	case least > maxRepeats || most > maxRepeats:
		return nil, fmt.Errorf("%w: a repetition of more than %d", errUnsupported, maxRepeats)
	}
	n := &node{op: opSequence}
	for range least {
		n.parts = append(n.parts, atom)
	}
	if most < 0 {
		n.parts = append(n.parts, &node{op: opStar, parts: []*node{atom}})
	}
	for range most - least {
		n.parts = append(n.parts, &node{op: opOptional, parts: []*node{atom}})
	}
	return n, nil
}

// quantifier reads a quantifier if there is one. most is -1 for no bound.
func (s *syntax) quantifier() (least, most int, ok bool, err error) {
	switch s.peek() {
	case '*':
		least, most = 0, -1
	case '+':
		least, most = 1, -1
	case '?':
		least, most = 0, 1
	case '{':
		if least, most, ok = s.braces(); !ok {
			return 0, 0, false, nil
		}
		if most >= 0 && most < least {
			return 0, 0, false, errInvalid
		}
		s.skip("?")
		return least, most, true, nil
	default:
		return 0, 0, false, nil
	}
	s.at++
	s.skip("?")
	return least, most, true, nil
}

// braces reads {n}, {n,} or {n,m}; any other "{" is a character.
func (s *syntax) braces() (least, most int, ok bool) {
	start := s.at
	s.skip("{")
	least, ok = s.number()
	if !ok {
		s.at = start
		return 0, 0, false
	}
	most = least
	if s.skip(",") {
		if most, ok = s.number(); !ok {
			most = -1
		}
	}
	if !s.skip("}") {
		s.at = start
		return 0, 0, false
	}
	return least, most, true
}

// number reads digits; what is above maxRepeats comes to one more than that.
func (s *syntax) number() (int, bool) {
	start, n := s.at, 0
	for s.at < len(s.text) && s.text[s.at] >= '0' && s.text[s.at] <= '9' {
		n = min(n*10+int(s.text[s.at]-'0'), maxRepeats+1)
		s.at++
	}
	return n, s.at > start
}
