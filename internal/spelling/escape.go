package spelling

import (
	"strings"
	"unicode/utf8"
)

// DecodeFormText decodes a name or value of application/x-www-form-urlencoded, of which nothing is invalid.
func DecodeFormText(text string) string {
	if !strings.ContainsAny(text, "%+") && utf8.ValidString(text) {
		return text
	}
	b := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '+' {
			c = ' '
		}
		if c == '%' && i+2 < len(text) && unhex(text[i+1]) >= 0 && unhex(text[i+2]) >= 0 {
			c = byte(unhex(text[i+1])<<4 | unhex(text[i+2]))
			i += 2
		}
		b = append(b, c)
	}
	return string([]rune(string(b)))
}

// EncodeURIComponent encodes a text as the function of JavaScript does.
func EncodeURIComponent(text string) string {
	return EscapeBytes(text, func(c byte) bool { return IsAlphanumeric(c) || strings.IndexByte("-_.!~*'()", c) >= 0 })
}

// EscapeUnsafe encodes what the WHATWG URL parser encodes in a path or query, so that the text can stand in a Location.
func EscapeUnsafe(text string) string {
	return EscapeBytes(text, func(c byte) bool { return c > ' ' && c < 0x7f && strings.IndexByte("\"<>`{}", c) < 0 })
}

// EscapeBytes encodes the bytes of a text that are not plain.
func EscapeBytes(text string, plain func(byte) bool) string {
	const upperHex = "0123456789ABCDEF"
	first := 0
	for first < len(text) && plain(text[first]) {
		first++
	}
	if first == len(text) {
		return text
	}
	b := []byte(text[:first])
	for i := first; i < len(text); i++ {
		if c := text[i]; plain(c) {
			b = append(b, c)
		} else {
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return string(b)
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// IsAlphanumeric reports whether c is a letter or digit of ASCII.
func IsAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
