package picomatch

import (
	"fmt"
	"strconv"
)

func (s *syntax) atom() (*node, error) {
	switch r := s.next(); r {
	case '^':
		return &node{op: opBegin}, nil
	case '$':
		return &node{op: opEnd}, nil
	case '.':
		return &node{op: opSet, set: anyChar}, nil
	case '(':
		return s.group()
	case '[':
		return s.class()
	case '\\':
		return s.escape()
	case '*', '+', '?':
		return nil, errInvalid // nothing to repeat
	case '{':
		s.at--
		if _, _, ok := s.braces(); ok {
			return nil, errInvalid
		}
		s.at++
		return &node{op: opSet, set: setOf('{', '{')}, nil
	default:
		return &node{op: opSet, set: setOf(r, r)}, nil
	}
}

// group reads what follows "(".
func (s *syntax) group() (*node, error) {
	wrap := opEmpty
	switch {
	case s.skip("?:"):
	case s.skip("?="):
		wrap = opLook
	case s.skip("?!"):
		wrap = opNotLook
	case s.skip("?<"):
		return nil, fmt.Errorf("%w: look-behind or a named group", errUnsupported)
	case s.skip("?"):
		return nil, errInvalid
	}
	n, err := s.choice()
	if err != nil {
		return nil, err
	}
	if !s.skip(")") {
		return nil, errInvalid
	}
	if wrap == opEmpty {
		return n, nil
	}
	return &node{op: wrap, parts: []*node{n}}, nil
}

// escape reads what follows a backslash outside of a class.
func (s *syntax) escape() (*node, error) {
	switch s.peek() {
	case 'b':
		s.at++
		return &node{op: opBoundary}, nil
	case 'B':
		s.at++
		return &node{op: opNoBoundary}, nil
	}
	chars, _, err := s.escaped()
	if err != nil {
		return nil, err
	}
	return &node{op: opSet, set: chars}, nil
}

// escaped reads an escape that stands for characters: the set, and the character if it is one.
func (s *syntax) escaped() (set, rune, error) {
	r := s.next()
	switch r {
	case -1:
		return set{}, 0, errInvalid
	case 'd':
		return digits, -1, nil
	case 'D':
		return digits.inverted(), -1, nil
	case 'w':
		return words, -1, nil
	case 'W':
		return words.inverted(), -1, nil
	case 's':
		return blanks, -1, nil
	case 'S':
		return blanks.inverted(), -1, nil
	case 't':
		r = '\t'
	case 'n':
		r = '\n'
	case 'v':
		r = '\v'
	case 'f':
		r = '\f'
	case 'r':
		r = '\r'
	case 'x':
		r = s.hex(2, 'x')
	case 'u':
		r = s.hex(4, 'u')
	case '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'c', 'k':
		return set{}, 0, fmt.Errorf(`%w: \%c`, errUnsupported, r)
	}
	return setOf(r, r), r, nil
}

// hex reads so many hexadecimal digits; without them the letter stands for itself.
func (s *syntax) hex(count int, letter rune) rune {
	if len(s.text)-s.at >= count {
		if n, err := strconv.ParseUint(s.text[s.at:s.at+count], 16, 32); err == nil {
			s.at += count
			return rune(n)
		}
	}
	return letter
}

// class reads what follows "[".
func (s *syntax) class() (*node, error) {
	var chars set
	invert := s.skip("^")
	for !s.skip("]") {
		from, fromChar, err := s.member()
		if err != nil {
			return nil, err
		}
		chars.addAll(from)
		if s.peek() != '-' {
			continue
		}
		s.at++
		if s.peek() == ']' {
			chars.add('-', '-')
			continue
		}
		to, toChar, err := s.member()
		if err != nil {
			return nil, err
		}
		if fromChar < 0 || toChar < 0 {
			// A class such as \d is no end of a range, so the dash is a character.
			chars.add('-', '-')
			chars.addAll(to)
			continue
		}
		if toChar < fromChar {
			return nil, errInvalid
		}
		chars.add(fromChar, toChar)
	}
	if invert {
		chars = chars.inverted()
	}
	return &node{op: opSet, set: chars}, nil
}

// member reads a character of a class, or an escape.
func (s *syntax) member() (set, rune, error) {
	switch r := s.next(); r {
	case -1:
		return set{}, 0, errInvalid
	case '\\':
		if s.skip("b") {
			return setOf('\b', '\b'), '\b', nil
		}
		return s.escaped()
	default:
		return setOf(r, r), r, nil
	}
}
