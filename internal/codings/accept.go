package codings

import (
	"strconv"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
)

// Choose returns the coding that a client likes best, by the lines of its Accept-Encoding: of those that it likes
// equally well the first of Names, "" for the answer as it is. It reads them as Caddy's `encode` does, and allocates
// nothing.
func Choose(lines []string) string {
	chosen, rank, best := "", len(Names), 0.0
	asItIs := 0.0
	for item := range httpheader.Tokens(lines) {
		name, weight := readItem(item)
		if name == "identity" {
			asItIs = max(asItIs, weight)
		}
		at, better, equal := Rank(name), weight-best >= leastWeight, best-weight < leastWeight
		if at < len(Names) && weight > 0 && (better || equal && at < rank) {
			chosen, rank, best = Names[at], at, weight
		}
	}
	if asItIs-best >= leastWeight {
		return ""
	}
	return chosen
}

// Accepts reports whether a client takes an answer in a coding of Names.
func Accepts(lines []string, name string) bool {
	for item := range httpheader.Tokens(lines) {
		if named, weight := readItem(item); named == name && weight > 0 {
			return true
		}
	}
	return false
}

// Rank is the place of a coding in Names, or their number.
func Rank(name string) int {
	for i, known := range Names {
		if known == name {
			return i
		}
	}
	return len(Names)
}

// leastWeight is the least difference between weights. RFC 9110, 12.4.2, has three digits.
const leastWeight = 0.00001

// readItem reads an item of Accept-Encoding. A weight that makes no sense is 1.
func readItem(item string) (name string, weight float64) {
	name, parameters, _ := strings.Cut(item, ";")
	weight = 1
	parameter, _, _ := strings.Cut(parameters, ";")
	if parameter = strings.TrimSpace(parameter); len(parameter) >= 2 && strings.EqualFold(parameter[:2], "q=") {
		if given, err := strconv.ParseFloat(parameter[2:], 32); err == nil && given >= 0 && given <= 1 {
			weight = given
		}
	}
	if weight < leastWeight {
		weight = 0
	}
	return strings.ToLower(strings.TrimSpace(name)), weight
}
