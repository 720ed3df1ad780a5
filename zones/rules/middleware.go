package rules

import (
	"net/http"
	"net/url"
)

// middlewareMatches reports whether the middleware runs for a path. Next.js asks with the path as it is and decoded.
// Conditions of a matcher are not looked at, and one that cannot be evaluated matches.
func (b *Rulebook) middlewareMatches(path string) bool {
	if len(b.build.Middleware) == 0 {
		return false
	}
	decoded, err := url.PathUnescape(path)
	if err != nil {
		decoded = path
	}
	return b.matches(path) || decoded != path && b.matches(decoded)
}

// matches reports whether a matcher of the middleware matches a path.
func (b *Rulebook) matches(path string) bool {
	for i := range b.build.Middleware {
		if matched, err := b.build.Middleware[i].Pattern.Match(path); matched || err != nil {
			return true
		}
	}
	return false
}

// runsMiddleware reports whether a matcher of the middleware matches a path and a request, with its conditions.
func (b *Rulebook) runsMiddleware(path string, r *http.Request) answer {
	result := b.matcherApplies(path, r)
	decoded, err := url.PathUnescape(path)
	if result == yes || err != nil || decoded == path {
		return result
	}
	switch b.matcherApplies(decoded, r) {
	case no:
		return result
	case yes:
		if b.asksDecoded() {
			return yes
		}
	}
	return unsure
}

func (b *Rulebook) matcherApplies(path string, r *http.Request) answer {
	result := no
	for i := range b.build.Middleware {
		matcher := &b.build.Middleware[i]
		matched, err := matcher.Pattern.Match(path)
		switch {
		case err != nil:
			result = unsure
			continue
		case !matched:
			continue
		}
		switch conditionsHold(matcher.Has, matcher.Missing, r) {
		case yes:
			return yes
		case no:
		default:
			result = unsure
		}
	}
	return result
}
