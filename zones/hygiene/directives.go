package hygiene

import (
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
)

// directives are what a Cache-Control field says (RFC 9111, 5.2.2), as far as the cache policy asks.
type directives struct {
	// sMaxAge are the seconds of s-maxage as they were written, "" if there are none or no digits.
	sMaxAge string
	has     directive
}

// directive is a set of directives.
type directive uint16

const (
	dirPublic directive = 1 << iota
	dirPrivate
	dirNoStore
	dirNoCache
	dirNoTransform
	dirMaxAge
	// dirLasting is a max-age other than 0.
	dirLasting
	dirSMaxAge
	dirStaleWhileRevalidate
	// dirQualified is a private or no-cache for some fields only, such as private="set-cookie". Caches may store the
	// rest.
	dirQualified
	// dirOther is every other directive, and a second s-maxage.
	dirOther
)

// readDirectives reads the lines of a Cache-Control field.
func readDirectives(lines []string) (d directives) {
	for text := range httpheader.Directives(lines) {
		d.add(text)
	}
	return d
}

// any reports whether one of a set of directives is there.
func (d directives) any(set directive) bool { return d.has&set != 0 }

// only reports whether nothing but a set of directives is there.
func (d directives) only(set directive) bool { return d.has&^set == 0 }

// add notes a directive. Names are compared without regard to case; a value where none belongs makes another directive
// of it.
func (d *directives) add(text string) {
	name, value, hasValue := strings.Cut(text, "=")
	switch {
	case strings.EqualFold(name, "s-maxage"):
		if d.any(dirSMaxAge) {
			d.has |= dirOther
		}
		d.has |= dirSMaxAge
		if isDigits(value) {
			d.sMaxAge = value
		}
	case strings.EqualFold(name, "max-age"):
		d.has |= dirMaxAge
		if value == "" || strings.Trim(value, "0") != "" {
			d.has |= dirLasting
		}
	case strings.EqualFold(name, "stale-while-revalidate"):
		d.has |= dirStaleWhileRevalidate // Next.js 14 writes it without a value
	case hasValue && (strings.EqualFold(name, "private") || strings.EqualFold(name, "no-cache")):
		d.has |= dirQualified
	case hasValue:
		d.has |= dirOther
	default:
		d.has |= plainDirective(name)
	}
}

func plainDirective(name string) directive {
	switch {
	case strings.EqualFold(name, "public"):
		return dirPublic
	case strings.EqualFold(name, "private"):
		return dirPrivate
	case strings.EqualFold(name, "no-store"):
		return dirNoStore
	case strings.EqualFold(name, "no-cache"):
		return dirNoCache
	case strings.EqualFold(name, "no-transform"):
		return dirNoTransform
	}
	return dirOther
}

// withoutSharing returns the directives of the lines for the browser alone: those that speak to shared caches are left
// out.
func withoutSharing(lines []string, d directives) string {
	kept := make([]string, 1, 8)
	kept[0] = "private"
	if !d.any(dirMaxAge | dirNoCache) {
		// Without a lifetime of its own, private alone would let a browser guess one.
		kept = append(kept, "no-cache")
	}
	for text := range httpheader.Directives(lines) {
		name, _, _ := strings.Cut(text, "=")
		switch strings.ToLower(name) {
		case "public", "private", "s-maxage", "proxy-revalidate":
		default:
			kept = append(kept, text)
		}
	}
	return strings.Join(kept, ", ")
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
