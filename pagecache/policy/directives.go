package policy

import (
	"net/http"
	"strings"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
)

// directive is a set of words of Cache-Control.
type directive uint16

const (
	dirPublic directive = 1 << iota
	// dirForbids is private, no-store or no-cache. With a list of fields they leave the rest to caches (RFC 9111,
	// 5.2.2.4 and 5.2.2.7); few caches tell that apart, and this one does not.
	dirForbids
	dirMustRevalidate
	dirProxyRevalidate
	dirNoTransform
	dirSMaxAge
	dirMaxAge
	dirStaleWhileRevalidate
	dirStaleIfError
	// dirInvalid: seconds that are none, or a directive with seconds that is there twice: what it says is not known, so
	// it says 0 (RFC 9111, 4.2.1).
	dirInvalid
	// dirForEver is a stale-while-revalidate without a value, as Next.js 14 writes it.
	dirForEver
	dirOther
)

// directives are what the lines of a Cache-Control field say (RFC 9111, 5.2; RFC 5861).
type directives struct {
	has directive

	sMaxAge, maxAge, staleWhile, staleIfError time.Duration
}

// any reports whether one of a set of directives is there.
func (d directives) any(set directive) bool { return d.has&set != 0 }

// only reports whether nothing but a set of directives is there.
func (d directives) only(set directive) bool { return d.has&^set == 0 }

func readDirectives(lines []string) (d directives) {
	for text := range httpheader.Directives(lines) {
		d.add(text)
	}
	return d
}

var plainDirectives = map[string]directive{
	"public": dirPublic, "private": dirForbids, "no-store": dirForbids, "no-cache": dirForbids,
	"must-revalidate": dirMustRevalidate, "proxy-revalidate": dirProxyRevalidate, "no-transform": dirNoTransform,
}

func (d *directives) add(text string) {
	name, value, hasValue := strings.Cut(text, "=")
	switch name = strings.ToLower(name); name {
	case "s-maxage":
		d.seconds(dirSMaxAge, &d.sMaxAge, value)
	case "max-age":
		d.seconds(dirMaxAge, &d.maxAge, value)
	case "stale-while-revalidate":
		if !hasValue && !d.any(dirStaleWhileRevalidate) {
			d.has |= dirStaleWhileRevalidate | dirForEver
			return
		}
		d.seconds(dirStaleWhileRevalidate, &d.staleWhile, value)
		d.has &^= dirForEver
	case "stale-if-error":
		d.seconds(dirStaleIfError, &d.staleIfError, value)
	default:
		// "no-store =x" is not no-store to the letter; it is more likely to mean that than anything else.
		if known, ok := plainDirectives[strings.TrimRight(name, " \t")]; ok {
			d.has |= known
		} else {
			d.has |= dirOther
		}
	}
}

// seconds notes a directive that has them. One that is there twice, or has something else, says 0.
func (d *directives) seconds(which directive, into *time.Duration, value string) {
	seconds, ok := parseSeconds(value)
	if d.any(which) || !ok {
		d.has |= dirInvalid
		seconds = 0
	}
	d.has |= which
	*into = seconds
}

// maxSeconds stands for any larger number (RFC 9111, 1.2.2).
const maxSeconds = 1<<31 - 1

// parseSeconds reads delta-seconds. They may be quoted (RFC 9111, 5.2).
func parseSeconds(text string) (time.Duration, bool) {
	if len(text) >= 2 && text[0] == '"' && text[len(text)-1] == '"' {
		text = text[1 : len(text)-1]
	}
	if text == "" {
		return 0, false
	}
	seconds := int64(0)
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return 0, false
		}
		seconds = min(seconds*10+int64(text[i]-'0'), maxSeconds)
	}
	return time.Duration(seconds) * time.Second, true
}

// SaysNoStore reports whether a head says no-store.
func SaysNoStore(h http.Header) bool { return httpheader.HasDirective(h["Cache-Control"], "no-store") }

// SaysNoTransform reports whether a head says no-transform: nobody may compress its body (RFC 9111, 5.2.2.6).
func SaysNoTransform(h http.Header) bool {
	return httpheader.HasDirective(h["Cache-Control"], "no-transform")
}
