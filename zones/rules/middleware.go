package rules

import (
	"net/http"
	"net/url"
)

// middlewareMatches reports whether the middleware runs for a path. Next.js asks with the path as it is and decoded.
// Conditions of a matcher are not looked at, and one that cannot be evaluated matches.
func (s *Set) middlewareMatches(path string) bool {
	if len(s.build.Middleware) == 0 {
		return false
	}
	decoded, err := url.PathUnescape(path)
	if err != nil {
		decoded = path
	}
	return s.matches(path) || decoded != path && s.matches(decoded)
}

// matches reports whether a matcher of the middleware matches a path.
func (s *Set) matches(path string) bool {
	for i := range s.build.Middleware {
		if matched, err := s.build.Middleware[i].Pattern.Match(path); matched || err != nil {
			return true
		}
	}
	return false
}

// runsMiddleware reports whether a matcher of the middleware matches a path and a request, with its conditions.
func (s *Set) runsMiddleware(path string, r *http.Request) truth {
	result := s.matcherApplies(path, r)
	decoded, err := url.PathUnescape(path)
	if result == yes || err != nil || decoded == path {
		return result
	}
	switch s.matcherApplies(decoded, r) {
	case no:
		return result
	case yes:
		if s.matchesDecoded() {
			return yes
		}
	}
	return unsure
}

func (s *Set) matcherApplies(path string, r *http.Request) truth {
	result := no
	for i := range s.build.Middleware {
		matcher := &s.build.Middleware[i]
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
