package spelling

import "strings"

// Respell writes a path as every browser does, where the difference means nothing (RFC 3986, 6.2.2.2): unreserved
// characters that are percent-encoded are decoded. Middleware of Next.js 14 and 15 compares the path as it is written,
// and files are found by the decoded one, so /%70rivate.pdf would lead past it.
func Respell(path string) (plain string, changed bool) {
	first := EncodedUnreserved(path)
	if first < 0 {
		return path, false
	}
	b := make([]byte, first, len(path))
	copy(b, path)
	for i := first; i < len(path); i++ {
		if c, ok := unreservedAt(path, i); ok {
			b = append(b, c)
			i += 2
			continue
		}
		b = append(b, path[i])
	}
	// What is decoded may be part of another escape (%25%37%30 stays as it is, for % is reserved), so once is enough.
	return string(b), true
}

// EncodedUnreserved returns where the first percent-encoded unreserved character of path begins, or -1.
func EncodedUnreserved(path string) int {
	for i := strings.IndexByte(path, '%'); i >= 0 && i < len(path); i++ {
		if _, ok := unreservedAt(path, i); ok {
			return i
		}
	}
	return -1
}

// unreservedAt returns the unreserved character (RFC 3986, 2.3) that is percent-encoded at path[i].
func unreservedAt(path string, i int) (byte, bool) {
	if i+2 >= len(path) || path[i] != '%' {
		return 0, false
	}
	high, low := unhex(path[i+1]), unhex(path[i+2])
	if high < 0 || low < 0 {
		return 0, false
	}
	c := byte(high<<4 | low)
	return c, IsAlphanumeric(c) || strings.IndexByte("-._~", c) >= 0
}
