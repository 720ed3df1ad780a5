package spelling

import (
	"net/url"
	"strings"
)

// QueryValue returns the first value of a parameter whose name is written plainly. found is false also where it cannot
// be decoded.
func QueryValue(query, name string) (value string, found bool) {
	for pair := range strings.SplitSeq(query, "&") {
		if key, value, _ := strings.Cut(pair, "="); key == name {
			decoded, err := url.QueryUnescape(value)
			return decoded, err == nil
		}
	}
	return "", false
}

// SetQueryValue replaces a parameter where it stands first, or adds it, and leaves every other byte of the query as it
// is.
func SetQueryValue(query, name, value string) string {
	before, pair := "", name+"="+value
	for rest := query; ; {
		one, after, more := strings.Cut(rest, "&")
		if key, _, _ := strings.Cut(one, "="); key == name {
			if after = WithoutQueryValue(after, name); more && after != "" {
				pair += "&" + after
			}
			return before + pair
		}
		if !more {
			break
		}
		before, rest = before+one+"&", after
	}
	if query != "" {
		query += "&"
	}
	return query + pair
}

// WithoutQueryValue takes a parameter out of a query, and leaves every other byte as it is.
func WithoutQueryValue(query, name string) string {
	kept := make([]string, 0, 8)
	for pair := range strings.SplitSeq(query, "&") {
		if key, _, _ := strings.Cut(pair, "="); key != name {
			kept = append(kept, pair)
		}
	}
	return strings.Join(kept, "&")
}
