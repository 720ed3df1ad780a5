package imageopt

import (
	"iter"
	"strings"
	"unicode/utf8"
)

// maxPairs is how many pairs Node.js reads of a query.
const maxPairs = 1000

// queryPairs are the pairs of a query as Node.js's querystring module takes it apart: only "&" separates, "+" is a
// space, empty pairs are none, and what is not percent-encoded properly stays as it is.
func queryPairs(raw string) iter.Seq2[string, string] {
	return func(yield func(key, value string) bool) {
		raw, _, _ = strings.Cut(raw, "#")
		count := 0
		for pair := range strings.SplitSeq(raw, "&") {
			if count++; count > maxPairs {
				return
			}
			if pair == "" {
				continue
			}
			key, value, _ := strings.Cut(pair, "=")
			if !yield(decodeQuery(key), decodeQuery(value)) {
				return
			}
		}
	}
}

// parameter is what a query says of one key.
type parameter struct {
	value string
	count int
}

func (p parameter) missing() bool { return p.count == 0 || p.count == 1 && p.value == "" }
func (p parameter) isArray() bool { return p.count > 1 }

// parameters are those that the optimizer reads.
type parameters struct{ url, width, quality parameter }

func readParameters(raw string) parameters {
	var p parameters
	for key, value := range queryPairs(raw) {
		var to *parameter
		switch key {
		case "url":
			to = &p.url
		case "w":
			to = &p.width
		case "q":
			to = &p.quality
		default:
			continue
		}
		to.value = value
		to.count++
	}
	return p
}

// decodeQuery decodes a key or value of a query.
func decodeQuery(text string) string {
	text = strings.ReplaceAll(text, "+", " ")
	if !hasEncoded(text) {
		return fromLatin1(text)
	}
	if decoded, ok := decodeComponent(fromLatin1(text)); ok {
		return decoded
	}
	// Some of it is not valid, so all of it is taken for bytes of UTF-8.
	return strings.ToValidUTF8(decodeBytes(text), "\uFFFD")
}

func hasEncoded(text string) bool {
	for i := range len(text) {
		if _, ok := encodedByte(text, i); ok {
			return true
		}
	}
	return false
}

// decodeComponent is decodeURIComponent of JavaScript: false where that throws.
func decodeComponent(text string) (string, bool) {
	if !strings.Contains(text, "%") {
		return text, true
	}
	b := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			b = append(b, text[i])
			continue
		}
		run := len(b)
		for i < len(text) && text[i] == '%' {
			c, ok := encodedByte(text, i)
			if !ok {
				return "", false
			}
			b = append(b, c)
			i += 3
		}
		if !utf8.Valid(b[run:]) {
			return "", false
		}
		i--
	}
	return string(b), true
}

// decodeBytes decodes what is percent-encoded and leaves every other "%".
func decodeBytes(text string) string {
	b := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		c := text[i]
		if decoded, ok := encodedByte(text, i); ok {
			c = decoded
			i += 2
		}
		b = append(b, c)
	}
	return string(b)
}

// encodedByte is the byte that is percent-encoded at i.
func encodedByte(text string, i int) (byte, bool) {
	if text[i] != '%' || i+2 >= len(text) {
		return 0, false
	}
	high, low := unhex(text[i+1]), unhex(text[i+2])
	if high < 0 || low < 0 {
		return 0, false
	}
	return byte(high<<4 | low), true
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	default:
		return -1
	}
}

// fromLatin1 is the text that Node.js makes of bytes of a request's head: each byte is a character.
func fromLatin1(text string) string {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			runes := make([]rune, len(text))
			for j := range len(text) {
				runes[j] = rune(text[j])
			}
			return string(runes)
		}
	}
	return text
}
