package rules

import (
	"net/http"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// Rulebook gives the verdicts of a build, in the order in which Next.js goes through its rules: headers, redirects,
// middleware, beforeFiles, files and pages, afterFiles, dynamic routes, fallback
// (next/dist/server/lib/router-utils/resolve-routes.js).
type Rulebook struct {
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
	// asked are the headers, cookies and parameters that conditions of the rules look at.
	asked conditionNames
}

// NewRulebook computes the verdicts of all paths that the build names.
func NewRulebook(b *nextbuild.Build) *Rulebook {
	book := &Rulebook{
		build: b, headers: newRules(b.Headers), redirects: newRules(b.Redirects), beforeFiles: newRules(b.BeforeFiles),
		afterFiles: newRules(b.AfterFiles), fallback: newRules(b.Fallback), outputs: newOutputs(b),
	}
	for _, list := range [][]rule{book.headers, book.redirects, book.beforeFiles, book.afterFiles, book.fallback, newRules(b.Middleware)} {
		book.asked.add(list)
	}
	book.bodyLimit, book.bodySetting = b.BodyLimit()
	paths := book.outputs.paths()
	book.known = make(map[string]*Verdict, len(paths))
	for _, path := range paths {
		if path, asWritten := spelling.CanonicalPath(path); asWritten {
			verdict := book.judge(path, nil)
			verdict.ByLanguage = book.choosesLanguage(path)
			book.known[path] = &verdict
		}
	}
	return book
}

// Verdict returns the verdict of a request. The result is shared and must not be changed. A nil Rulebook has one
// verdict for all.
func (b *Rulebook) Verdict(r *http.Request, t Target) *Verdict {
	switch {
	case b == nil:
		return verdictNoBuild
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return b.verdictOfMethod(r.Method, t)
	case !t.AsWritten:
		return verdictSpelling
	}
	verdict := b.verdictOf(t.Full)
	if verdict.depends {
		fresh := b.judge(t.Full, r)
		fresh.ByLanguage, fresh.chosen = verdict.ByLanguage, true
		verdict = &fresh
	}
	if verdict.onlyWithoutQuery && r.URL.RawQuery != "" {
		return &Verdict{Reason: Rule}
	}
	return verdict
}

// verdictOf returns what can be said of a path alone.
func (b *Rulebook) verdictOf(full string) *Verdict {
	if verdict := b.known[full]; verdict != nil {
		return verdict
	}
	if verdict := b.recent.get(full); verdict != nil {
		return verdict
	}
	if len(full) <= maxRecentPath {
		full = strings.Clone(full) // the verdict is cut from it, and may be kept when the request is gone
	}
	verdict := b.judge(full, nil)
	verdict.ByLanguage = b.choosesLanguage(full)
	if verdict.Edge() || verdict.depends {
		// Others may come from a regular expression that has run out of time.
		b.recent.put(full, &verdict)
	}
	return &verdict
}

// judge goes through the rules. Without a request, rules with conditions leave the verdict to depend on it.
func (b *Rulebook) judge(path string, r *http.Request) Verdict {
	if b.HasMiddleware() {
		if b.evadesByPath(path) {
			return Verdict{Reason: Middleware}
		}
		if strings.HasPrefix(b.below(path), "/_next/data/") {
			return b.judgeData(path, r)
		}
	}
	routed, ok := b.withLocale(path)
	if !ok {
		return Verdict{Reason: Locale}
	}
	headers, stop := b.judgeHeaders(routed, r)
	v := b.judgePath(Verdict{Headers: headers}, path, routed, r)
	if stop == nil {
		return v
	}
	if v.Edge() && !stop.depends {
		stop.beneath = &v
	}
	return *stop
}

// judgeHeaders returns what headers() adds. stop is the verdict when that cannot be evaluated.
func (b *Rulebook) judgeHeaders(path string, r *http.Request) (headers []nextbuild.Header, stop *Verdict) {
	for i := range b.headers {
		switch b.headers[i].applies(path, r) {
		case no:
		case yes:
			exact, ok := b.headers[i].exactHeaders()
			if !ok {
				return nil, &Verdict{Reason: Rule}
			}
			headers = append(headers, exact...)
		case depends:
			return nil, &Verdict{Reason: Rule, depends: true}
		default:
			return nil, &Verdict{Reason: Rule}
		}
	}
	return headers, nil
}

// judgePath goes on with redirects and middleware.
func (b *Rulebook) judgePath(v Verdict, path, routed string, r *http.Request) Verdict {
	for i := range b.redirects {
		subject := routed
		if b.redirects[i].Internal {
			// It knows nothing of locales.
			subject = path
		}
		switch b.redirects[i].applies(subject, r) {
		case no:
		case yes:
			location, ok := b.redirects[i].exactDestination(subject)
			if !ok || !isRedirect(b.redirects[i].StatusCode) {
				return Verdict{Reason: Rule}
			}
			// A redirect carries no headers of headers().
			return Verdict{Status: b.redirects[i].StatusCode, Location: location, onlyWithoutQuery: true}
		case depends:
			return Verdict{Reason: Rule, depends: true}
		default:
			return Verdict{Reason: Rule}
		}
	}
	if b.middlewareMatches(routed) {
		return Verdict{Reason: Middleware}
	}
	return b.judgeOutput(v, routed, r)
}

// judgeOutput goes on where redirects and middleware have let a path pass.
func (b *Rulebook) judgeOutput(v Verdict, path string, r *http.Request) Verdict {
	path, stop := rewrite(b.beforeFiles, path, r, nil)
	if stop != nil {
		stop.Headers = v.Headers
		return *stop
	}
	if b.outputs.named(&v, path) {
		return b.orLocale(v)
	}
	finds := func(path string) bool { return b.outputs.named(&v, path) || b.outputs.dynamic(&v, path) }
	if path, stop = rewrite(b.afterFiles, path, r, finds); stop != nil {
		return *stop
	}
	if v.Output != OutputNone || finds(path) {
		return b.orLocale(v)
	}
	if _, stop = rewrite(b.fallback, path, r, finds); stop != nil {
		return *stop
	}
	if v.Output == OutputNone {
		return Verdict{Reason: Unknown}
	}
	return b.orLocale(v)
}

// rewrite applies the rewrites of one stage to path. After each that applies, found is asked whether there is an output
// now. stop is the verdict when a rewrite cannot be evaluated.
func rewrite(rules []rule, path string, r *http.Request, found func(string) bool) (_ string, stop *Verdict) {
	for i := range rules {
		switch rules[i].applies(path, r) {
		case no:
		case yes:
			if rules[i].intercepts && found == nil && !looksAtMore(rules[i+1:]) {
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
		case depends:
			return "", &Verdict{Reason: Rule, depends: true}
		default:
			return "", &Verdict{Reason: Rule}
		}
	}
	return path, nil
}

// orLocale withholds the one page whose locale Next.js chooses by Accept-Language and cookie (get-locale-redirect.js).
func (b *Rulebook) orLocale(v Verdict) Verdict {
	if v.Path == "/" && b.detectsLocale() {
		return Verdict{Reason: Locale}
	}
	return v
}

// choosesLanguage reports whether the answer at a path depends on Accept-Language and cookie, whoever answers: it does
// at the root, whatever middleware and rules come first.
func (b *Rulebook) choosesLanguage(path string) bool {
	below := strings.TrimPrefix(path, b.build.BasePath)
	return (below == "" || below == "/") && b.detectsLocale()
}

func (b *Rulebook) detectsLocale() bool {
	i18n := b.build.I18n
	return i18n != nil && (i18n.Detection == nil || *i18n.Detection)
}

// withLocale returns the path as Next.js routes it: in an application with locales, one without gets the default. ok is
// false where something else decides.
func (b *Rulebook) withLocale(path string) (routed string, ok bool) {
	i18n := b.build.I18n
	below := b.below(path)
	if i18n == nil || strings.HasPrefix(below, "/_next/") {
		return path, true
	}
	if len(i18n.Domains) > 0 || below == "/" && b.build.BasePath != "" {
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
func (b *Rulebook) below(path string) string {
	for _, prefix := range [...]string{b.build.BasePath, b.build.AssetPath()} {
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
