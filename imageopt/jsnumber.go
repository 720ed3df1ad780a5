package imageopt

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// isBlank is white space as JavaScript sees it.
func isBlank(r rune) bool {
	return r == '\uFEFF' || r != '\u0085' && unicode.IsSpace(r)
}

// parseInteger is parseInt(text, 10) of JavaScript, or parseInt(text) with hexadecimal: NaN without a digit to begin
// with.
func parseInteger(text string, hexadecimal bool) float64 {
	text = strings.TrimLeftFunc(text, isBlank)
	sign := 1.0
	if text != "" && (text[0] == '-' || text[0] == '+') {
		if text[0] == '-' {
			sign = -1
		}
		text = text[1:]
	}
	if hexadecimal && len(text) > 1 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X') {
		return sign * parseHex(text[2:])
	}
	end := 0
	for end < len(text) && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	if end == 0 {
		return math.NaN()
	}
	n, _ := strconv.ParseFloat(text[:end], 64) // out of range: infinity, as in JavaScript
	return sign * n
}

func parseHex(text string) float64 {
	n, digits := 0.0, 0
	for digits < len(text) && unhex(text[digits]) >= 0 {
		n = n*16 + float64(unhex(text[digits]))
		digits++
	}
	if digits == 0 {
		return math.NaN()
	}
	return n
}

var decimal = regexp.MustCompile(`^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?`)

// parseDecimal is parseFloat of JavaScript, where Infinity is NaN too.
func parseDecimal(text string) float64 {
	n, err := strconv.ParseFloat(decimal.FindString(strings.TrimLeftFunc(text, isBlank)), 64)
	if err != nil {
		return math.NaN()
	}
	return n
}

// formatNumber is String(n) of JavaScript for a number that is whole or not finite.
func formatNumber(n float64) string {
	switch {
	case math.IsInf(n, 0):
		return "Infinity"
	case math.Abs(n) < 1e21:
		return strconv.FormatFloat(n, 'f', -1, 64)
	default:
		return strconv.FormatFloat(n, 'e', -1, 64)
	}
}
