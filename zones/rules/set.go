package rules

import (
	"net/http"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// Set gives the verdicts of a build, in the order in which Next.js goes through its rules: headers, redirects,
// middleware, beforeFiles, files and pages, afterFiles, dynamic routes, fallback
// (next/dist/server/lib/router-utils/resolve-routes.js).
type Set struct {
	build *nextbuild.Build
	// known holds the verdicts of every path that the build names, by escaped path with basePath.
	known map[string]*Verdict

	headers, redirects, beforeFiles, afterFiles, fallback []rule
	outputs                                               outputs
	// recent holds verdicts of other paths that were asked for.
	recent recentVerdicts
	// bodyLimit is how many bytes of a body Next.js hands on where it copies it, 0 for all; bodySetting says so.
	bodyLimit   int64
	bodySetting string
	// postponed are pages that are complete in the build only.
	postponed postponedPages
	// conditions are the headers, cookies and parameters that conditions of the rules look at.
	conditions conditionNames
}

// NewSet computes the verdicts of all paths that the build names.
func NewSet(b *nextbuild.Build) *Set {
	s := &Set{
		build: b, headers: newRules(b.Headers), redirects: newRules(b.Redirects), beforeFiles: newRules(b.BeforeFiles),
		afterFiles: newRules(b.AfterFiles), fallback: newRules(b.Fallback), outputs: newOutputs(b),
	}
	for _, list := range [][]rule{
		s.headers, s.redirects, s.beforeFiles, s.afterFiles, s.fallback, newRules(b.Middleware),
	} {
		s.conditions.add(list)
	}
	s.bodyLimit, s.bodySetting = b.BodyLimit()
	paths := s.outputs.paths()
	s.known = make(map[string]*Verdict, len(paths))
	for _, path := range paths {
		if path, asWritten := spelling.CanonicalPath(path); asWritten {
			verdict := s.judge(path, nil)
			verdict.ByLanguage = s.choosesLanguage(path)
			s.known[path] = &verdict
		}
	}
	return s
}

// Verdict returns the verdict of a request. The result is shared and must not be changed. A nil Set has one
// verdict for all.
func (s *Set) Verdict(r *http.Request, t Target) *Verdict {
	switch {
	case s == nil:
		return verdictNoBuild
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return s.verdictOfMethod(r.Method, t)
	case !t.AsWritten:
		return verdictSpelling
	}
	verdict := s.verdictOf(t.Full)
	if verdict.needsRequest {
		fresh := s.judge(t.Full, r)
		fresh.ByLanguage, fresh.chosen = verdict.ByLanguage, true
		verdict = &fresh
	}
	if verdict.onlyWithoutQuery && r.URL.RawQuery != "" {
		return &Verdict{Reason: Rule}
	}
	return verdict
}

// verdictOf returns what can be said of a path alone.
func (s *Set) verdictOf(full string) *Verdict {
	if verdict := s.known[full]; verdict != nil {
		return verdict
	}
	if verdict := s.recent.get(full); verdict != nil {
		return verdict
	}
	if len(full) <= maxRecentPath {
		full = strings.Clone(full) // the verdict is cut from it, and may be kept when the request is gone
	}
	verdict := s.judge(full, nil)
	verdict.ByLanguage = s.choosesLanguage(full)
	if verdict.Edge() || verdict.needsRequest {
		// Others may come from a regular expression that has run out of time.
		s.recent.put(full, &verdict)
	}
	return &verdict
}

// judge goes through the rules. Without a request, rules with conditions leave the verdict to depend on it.
func (s *Set) judge(path string, r *http.Request) Verdict {
	if s.HasMiddleware() {
		if s.evadesByPath(path) {
			return Verdict{Reason: Middleware}
		}
		if strings.HasPrefix(s.below(path), "/_next/data/") {
			return s.judgeData(path, r)
		}
	}
	routed, ok := s.withLocale(path)
	if !ok {
		return Verdict{Reason: Locale}
	}
	headers, stop := s.judgeHeaders(routed, r)
	v := s.judgePath(Verdict{Headers: headers}, path, routed, r)
	if stop == nil {
		return v
	}
	if v.Edge() && !stop.needsRequest {
		stop.ignoringHeaders = &v
	}
	return *stop
}

// judgeHeaders returns what headers() adds. stop is the verdict when that cannot be evaluated.
func (s *Set) judgeHeaders(path string, r *http.Request) (headers []nextbuild.Header, stop *Verdict) {
	for i := range s.headers {
		switch s.headers[i].applies(path, r) {
		case no:
		case yes:
			exact, ok := s.headers[i].exactHeaders()
			if !ok {
				return nil, &Verdict{Reason: Rule}
			}
			headers = append(headers, exact...)
		case needsRequest:
			return nil, &Verdict{Reason: Rule, needsRequest: true}
		default:
			return nil, &Verdict{Reason: Rule}
		}
	}
	return headers, nil
}

// judgePath goes on with redirects and middleware.
func (s *Set) judgePath(v Verdict, path, routed string, r *http.Request) Verdict {
	for i := range s.redirects {
		subject := routed
		if s.redirects[i].Internal {
			// It knows nothing of locales.
			subject = path
		}
		switch s.redirects[i].applies(subject, r) {
		case no:
		case yes:
			location, ok := s.redirects[i].exactDestination(subject)
			if !ok || !isRedirect(s.redirects[i].StatusCode) {
				return Verdict{Reason: Rule}
			}
			// A redirect carries no headers of headers().
			return Verdict{Status: s.redirects[i].StatusCode, Location: location, onlyWithoutQuery: true}
		case needsRequest:
			return Verdict{Reason: Rule, needsRequest: true}
		default:
			return Verdict{Reason: Rule}
		}
	}
	if s.middlewareMatches(routed) {
		return Verdict{Reason: Middleware}
	}
	return s.judgeOutput(v, routed, r)
}

// judgeOutput goes on where redirects and middleware have let a path pass.
func (s *Set) judgeOutput(v Verdict, path string, r *http.Request) Verdict {
	path, stop := rewrite(s.beforeFiles, path, r, nil)
	if stop != nil {
		stop.Headers = v.Headers
		return *stop
	}
	if s.outputs.findNamed(&v, path) {
		return s.withholdForLocale(v)
	}
	finds := func(path string) bool { return s.outputs.findNamed(&v, path) || s.outputs.findDynamic(&v, path) }
	if path, stop = rewrite(s.afterFiles, path, r, finds); stop != nil {
		return *stop
	}
	if v.Output != OutputNone || finds(path) {
		return s.withholdForLocale(v)
	}
	if _, stop = rewrite(s.fallback, path, r, finds); stop != nil {
		return *stop
	}
	if v.Output == OutputNone {
		return Verdict{Reason: Unknown}
	}
	return s.withholdForLocale(v)
}

// rewrite applies the rewrites of one stage to path. After each that applies, found is asked whether there is an output
// now. stop is the verdict when a rewrite cannot be evaluated.
func rewrite(rules []rule, path string, r *http.Request, found func(string) bool) (_ string, stop *Verdict) {
	for i := range rules {
		switch rules[i].applies(path, r) {
		case no:
		case yes:
			if rules[i].intercepts && found == nil && !readsMoreThanNextURL(rules[i+1:]) {
				return "", &Verdict{Output: OutputPage, Path: rules[i].Destination, Page: rules[i].Destination}
			}
			destination, ok := rules[i].exactDestination(path)
			if !ok || !strings.HasPrefix(destination, "/") || strings.ContainsAny(destination, "?#") {
				return "", &Verdict{Reason: Rule}
			}
			path = destination
			if found != nil && found(path) {
				return path, nil
			}
		case needsRequest:
			return "", &Verdict{Reason: Rule, needsRequest: true}
		default:
			return "", &Verdict{Reason: Rule}
		}
	}
	return path, nil
}

// withholdForLocale withholds the one page whose locale Next.js chooses by Accept-Language and cookie
// (get-locale-redirect.js).
func (s *Set) withholdForLocale(v Verdict) Verdict {
	if v.Path == "/" && s.detectsLocale() {
		return Verdict{Reason: Locale}
	}
	return v
}

// choosesLanguage reports whether the answer at a path depends on Accept-Language and cookie, whoever answers: it does
// at the root, whatever middleware and rules come first.
func (s *Set) choosesLanguage(path string) bool {
	below := strings.TrimPrefix(path, s.build.BasePath)
	return (below == "" || below == "/") && s.detectsLocale()
}

func (s *Set) detectsLocale() bool {
	i18n := s.build.I18n
	return i18n != nil && (i18n.Detection == nil || *i18n.Detection)
}

// withLocale returns the path as Next.js routes it: in an application with locales, one without gets the default. ok is
// false where something else decides.
func (s *Set) withLocale(path string) (routed string, ok bool) {
	i18n := s.build.I18n
	below := s.below(path)
	if i18n == nil || strings.HasPrefix(below, "/_next/") {
		return path, true
	}
	if len(i18n.Domains) > 0 || below == "/" && s.build.BasePath != "" {
		// In the second case it forgets the slash, so that no redirect takes it away (16.4).
		return "", false
	}
	if without := i18n.WithoutLocale(below); without != below {
		// What Next.js makes of the default locale written out differs from version to version.
		locale := strings.TrimSuffix(below[1:], strings.TrimPrefix(without, "/"))
		return path, !strings.EqualFold(strings.Trim(locale, "/"), i18n.DefaultLocale)
	}
	base := path[:len(path)-len(below)]
	if below == "/" || below == "" {
		return base + "/" + i18n.DefaultLocale, true
	}
	return base + "/" + i18n.DefaultLocale + below, true
}

// below returns the path without basePath, or without assetPrefix.
func (s *Set) below(path string) string {
	for _, prefix := range [...]string{s.build.BasePath, s.build.AssetPath()} {
		if prefix != "" && spelling.HasPathPrefix(path, prefix) {
			return path[len(prefix):]
		}
	}
	return path
}

func isRedirect(status int) bool {
	switch status {
	case 301, 302, 303, 307, 308:
		return true
	}
	return false
}
