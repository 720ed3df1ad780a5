package rules

import (
	"net/http"
	"strings"
)

// UploadLimit returns how many bytes of the body of a request Next.js hands on, and the setting that says so. Where
// it copies the body, for middleware and for rewrites to other hosts, it drops what is above the limit and says
// nothing. 0 where it hands on all, or where that is not certain.
//
// It looks at the headers that hygiene has left, as Next.js does.
func (s *Set) UploadLimit(r *http.Request, t Target) (limit int64, setting string) {
	if s == nil || r.ContentLength == 0 || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return 0, ""
	}
	limit, setting = s.bodyLimit, s.bodySetting
	if limit == 0 || r.ContentLength > 0 && r.ContentLength <= limit {
		return 0, ""
	}
	routed, ok := s.withLocale(t.Full)
	if !ok || !t.AsWritten || strings.HasPrefix(s.below(t.Full), "/_next/") {
		return 0, ""
	}
	for i := range s.redirects {
		subject := routed
		if s.redirects[i].Internal {
			subject = t.Full
		}
		if s.redirects[i].applies(subject, r) != no {
			return 0, "" // Next.js answers, and reads no body
		}
	}
	switch s.runsMiddleware(routed, r) {
	case yes:
		return limit, setting
	case no:
		if s.rewritesToOtherHost(routed, r) {
			return limit, setting
		}
	}
	return 0, ""
}

// rewritesToOtherHost reports whether a rewrite to another host certainly answers a path that no middleware sees.
func (s *Set) rewritesToOtherHost(path string, r *http.Request) bool {
	path, otherHost, ok := followRewrites(s.beforeFiles, path, r, nil)
	if !ok || otherHost {
		return ok && otherHost
	}
	if s.outputs.findExact(new(Verdict), path) {
		return false
	}
	found := func(path string) bool {
		return s.outputs.findExact(new(Verdict), path) || s.outputs.findDynamic(new(Verdict), path)
	}
	path, otherHost, ok = followRewrites(s.afterFiles, path, r, found)
	if !ok || otherHost {
		return ok && otherHost
	}
	if found(path) {
		return false
	}
	_, otherHost, ok = followRewrites(s.fallback, path, r, found)
	return ok && otherHost
}

// followRewrites applies the rewrites of one stage to a path until one leads to another host. ok is false where that
// is not certain, or an output of the build answers.
func followRewrites(
	rules []rule, path string, r *http.Request, found func(string) bool,
) (_ string, otherHost, ok bool) {
	for i := range rules {
		switch rules[i].applies(path, r) {
		case no:
		case yes:
			if isOtherHost(rules[i].Destination) {
				return path, true, true
			}
			destination, exact := rules[i].exactDestination(path)
			if !exact || !strings.HasPrefix(destination, "/") || strings.ContainsAny(destination, "?#") {
				return "", false, false
			}
			if path = destination; found != nil && found(path) {
				return "", false, false
			}
		default:
			return "", false, false
		}
	}
	return path, false, true
}

func isOtherHost(destination string) bool {
	return strings.HasPrefix(destination, "http://") || strings.HasPrefix(destination, "https://")
}
