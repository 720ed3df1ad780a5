package imageopt

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strings"
)

// mediaRange is an element of an Accept header.
type mediaRange struct {
	kind, subtype string // the two sides of the slash, in lower case
	q             float64
	specificity   int // how many different parameters it has before q
}

func (m mediaRange) token() string { return m.kind + "/" + m.subtype }

// validMediaRange is what @hapi/accept takes for one. It is looser than it looks: only its last alternative must reach
// the end, only its first must stand at the beginning.
var validMediaRange = regexp.MustCompile("^(?:\\*/\\*)|(?:[\\w!#$%&'*+\\-.^`|~]+/\\*)|(?:[\\w!#$%&'*+\\-.^`|~]+/[\\w!#$%&'*+\\-.^`|~]+)$")

// preferredFormat chooses among the configured formats what an Accept header prefers, as getSupportedMimeType of
// next/dist/server/image-optimizer.js does with @hapi/accept: by q, then by name; neither the order of the header nor
// that of the formats counts. A format is chosen only if the header names it, in lower case: a wildcard never chooses
// one, but one of more weight than a format that is named hides it.
//
// It differs where Next.js is at odds with itself: a header that is malformed says nothing (Next.js answers 500), a
// format with parameters is that format (Next.js labels another type so), and without formats there is none (Next.js
// takes whatever the header names first).
func preferredFormat(header string, formats []string) string {
	if len(formats) == 0 || header == "" {
		return ""
	}
	ranges, named, ok := parseAccept(header)
	if !ok {
		return ""
	}
	slices.SortStableFunc(ranges, compareRanges)
	for _, m := range ranges {
		format := m.choose(formats, named)
		if format == "" {
			continue
		}
		if strings.Contains(header, format) {
			return format
		}
		return ""
	}
	return ""
}

// choose is the format that a range stands for. A wildcard stands for the first one that the header does not name, be
// it to refuse it.
func (m mediaRange) choose(formats []string, named map[string]bool) string {
	for _, format := range formats {
		kind, _, _ := strings.Cut(format, "/")
		switch {
		case m.kind == "*", m.subtype == "*" && m.kind == kind:
			if !named[format] {
				return format
			}
		case m.token() == format:
			return format
		}
	}
	return ""
}

// compareRanges orders by q, type, subtype and specificity, wildcards behind.
func compareRanges(a, b mediaRange) int {
	return cmp.Or(
		cmp.Compare(b.q, a.q),
		compareNames(a.kind, b.kind),
		compareNames(a.subtype, b.subtype),
		cmp.Compare(b.specificity, a.specificity),
	)
}

func compareNames(a, b string) int {
	switch {
	case a == b:
		return 0
	case a == "*":
		return 1
	case b == "*":
		return -1
	default:
		return cmp.Compare(a, b)
	}
}

var quotedValue = regexp.MustCompile(`="[^"]*"`)

// parseAccept returns the ranges that are not refused by q=0, and the names of all. It fails for a parameter that is
// not of the form name=value.
func parseAccept(header string) (ranges []mediaRange, named map[string]bool, ok bool) {
	if strings.Contains(header, `"`) {
		// Commas and semicolons in quotes separate nothing, and no value in quotes matters.
		header = quotedValue.ReplaceAllString(header, `="`)
	}
	header = withoutBlanks.Replace(header)
	named = make(map[string]bool)
	for element := range strings.SplitSeq(header, ",") {
		if element == "" {
			continue
		}
		name, parameters, hasParameters := strings.Cut(element, ";")
		name = strings.ToLower(name)
		if !validMediaRange.MatchString(name) {
			continue
		}
		m := mediaRange{q: 1}
		if hasParameters {
			if m.q, m.specificity, ok = parseWeight(parameters); !ok {
				return nil, nil, false
			}
		}
		names := strings.Split(name, "/")
		m.kind, m.subtype = names[0], names[1]
		named[name] = true
		if m.q != 0 {
			ranges = append(ranges, m)
		}
	}
	return ranges, named, true
}

var withoutBlanks = strings.NewReplacer(" ", "", "\t", "")

// parseWeight reads the parameters of a range. A q that is no weight counts as 1, the last q counts.
func parseWeight(parameters string) (q float64, specificity int, ok bool) {
	q = 1
	var before map[string]bool
	seen := false
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, found := strings.Cut(parameter, "=")
		if !found || value == "" || strings.Contains(value, "=") {
			return 0, 0, false
		}
		if name != "q" && name != "Q" {
			if !seen {
				if before == nil {
					before = make(map[string]bool)
				}
				before[name] = true
			}
			continue
		}
		seen = true
		if q = parseDecimal(value); math.IsNaN(q) || q > 1 || q < 0.001 && q != 0 {
			q = 1
		}
	}
	return q, len(before), true
}
