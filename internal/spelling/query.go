package spelling

import (
	"slices"
	"strconv"
	"strings"
)

// RedirectWithQuery adds the query of a request to where it is redirected, as Next.js does: a parameter of the
// destination takes the place of one of the request; the names are in the order in which JavaScript keeps the keys of
// an object, and each is written by encodeURIComponent (prepareDestination and stringifyQuery). The text of the
// destination's own query needs no encoding.
func RedirectWithQuery(location, query string) string {
	target, own, _ := strings.Cut(location, "?")
	merged := ParseQuery(query)
	destination := ParseQuery(own)
	for _, name := range destination.names {
		merged.set(name, destination.values[name])
	}
	return WithQuery(target, merged.String())
}

// WithQuery puts a query behind a path, if there is one.
func WithQuery(path, query string) string {
	if query == "" {
		return path
	}
	return path + "?" + query
}

// Query is a query as JavaScript keeps it: names in order, each with its values.
type Query struct {
	names  []string
	values map[string][]string
}

// ParseQuery reads a query as URLSearchParams does: what is not encoded rightly stays as it is.
func ParseQuery(query string) *Query {
	q := &Query{values: map[string][]string{}}
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = DecodeFormText(name), DecodeFormText(value)
		q.set(name, append(q.values[name], value))
	}
	return q
}

// Values returns the values of a parameter, decoded. They must not be changed.
func (q *Query) Values(name string) []string { return q.values[name] }

func (q *Query) set(name string, values []string) {
	if _, known := q.values[name]; !known {
		q.names = append(q.names, name)
	}
	q.values[name] = values
}

// String writes the query. Names that are array indices come first, by their number.
func (q *Query) String() string {
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
			pairs = append(pairs, EncodeURIComponent(name)+"="+EncodeURIComponent(value))
		}
	}
	return strings.Join(pairs, "&")
}

// arrayIndex reads a name that JavaScript takes for an array index.
func arrayIndex(name string) (int64, bool) {
	n, err := strconv.ParseUint(name, 10, 32)
	return int64(n), err == nil && n < 1<<32-1 && strconv.FormatUint(n, 10) == name
}
