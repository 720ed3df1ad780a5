package zones

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// redirectWithQuery adds the query of a request to where it is redirected, as Next.js does: a parameter of the destination takes the place
// of one of the request; the names are in the order in which JavaScript keeps the keys of an object, and each is written by
// encodeURIComponent (prepareDestination and stringifyQuery). The text of the destination's own query needs no encoding.
func redirectWithQuery(location, query string) string {
	target, own, _ := strings.Cut(location, "?")
	merged := parseQuery(query)
	destination := parseQuery(own)
	for _, name := range destination.names {
		merged.set(name, destination.values[name])
	}
	return withQuery(target, merged.String())
}

func withQuery(path, query string) string {
	if query == "" {
		return path
	}
	return path + "?" + query
}

// queryObject is a query as JavaScript keeps it: names in order, each with its values.
type queryObject struct {
	names  []string
	values map[string][]string
}

// parseQuery reads a query as URLSearchParams does: what is not encoded rightly stays as it is.
func parseQuery(query string) queryObject {
	q := queryObject{values: map[string][]string{}}
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = decodeFormText(name), decodeFormText(value)
		q.set(name, append(q.values[name], value))
	}
	return q
}

func (q *queryObject) set(name string, values []string) {
	if _, known := q.values[name]; !known {
		q.names = append(q.names, name)
	}
	q.values[name] = values
}

// String writes the query. Names that are array indices come first, by their number.
func (q *queryObject) String() string {
	names := slices.Clone(q.names)
	slices.SortStableFunc(names, func(a, b string) int {
		i, isIndexA := arrayIndex(a)
		j, isIndexB := arrayIndex(b)
		switch {
		case isIndexA && isIndexB:
			return int(i) - int(j)
		case isIndexA:
			return -1
		case isIndexB:
			return 1
		}
		return 0
	})
	var pairs []string
	for _, name := range names {
		for _, value := range q.values[name] {
			pairs = append(pairs, encodeURIComponent(name)+"="+encodeURIComponent(value))
		}
	}
	return strings.Join(pairs, "&")
}

// arrayIndex reads a name that JavaScript takes for an array index.
func arrayIndex(name string) (int64, bool) {
	n, err := strconv.ParseUint(name, 10, 32)
	return int64(n), err == nil && n < 1<<32-1 && strconv.FormatUint(n, 10) == name
}

// decodeFormText decodes a name or value of application/x-www-form-urlencoded, of which nothing is invalid.
func decodeFormText(text string) string {
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

func encodeURIComponent(text string) string {
	return escapeBytes(text, func(c byte) bool { return isAlphanumeric(c) || strings.IndexByte("-_.!~*'()", c) >= 0 })
}

// escapeUnsafe encodes what the WHATWG URL parser encodes in a path or query, so that the text can stand in a Location.
func escapeUnsafe(text string) string {
	return escapeBytes(text, func(c byte) bool { return c > ' ' && c < 0x7f && strings.IndexByte("\"<>`{}", c) < 0 })
}

func escapeBytes(text string, plain func(byte) bool) string {
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
