// Package rules says what a build of Next.js makes of a path: who answers it, and what stands between the path and its
// answer. It knows nothing of zones. Its decisions are pure functions on requests and values; nothing here does I/O.
package rules

import (
	"slices"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// Verdict says whether the edge may answer a request without Next.js, and what stands between the path and its answer.
// It may be wrong in one direction only: when in doubt, Next.js sees the request.
type Verdict struct {
	// Reason is why Next.js must see the request, or MayAnswer.
	Reason Reason
	// Status and Location are those of the redirect that answers the path, if one does.
	Status   int
	Location string
	// Headers are what headers() of the build adds to the answer.
	Headers []nextbuild.Header
	// Output is what answers the path; Path is the path by which the build knows it, after rewrites, below the
	// basePath; Page is the pattern of its route.
	Output Output
	Path   string
	Page   string

	// ByLanguage says that Next.js chooses the language of the answer by what the visitor's browser prefers.
	ByLanguage bool

	// The verdict without headers(), where nothing but these keeps the edge from answering.
	ignoringHeaders *Verdict
	// The data of the page is asked for, by the page's path.
	asData bool
	// A redirect carries the query of its request along, in a form that only Next.js knows.
	onlyWithoutQuery bool
	// Conditions of the rules look at the request, and there was none.
	needsRequest bool
	// Conditions of the rules have looked at the request.
	chosen bool
	// The request is an OPTIONS, for what can only be read.
	options bool
}

// Edge reports whether the edge may answer without asking Next.js.
func (v *Verdict) Edge() bool { return v.Reason == MayAnswer }

// Choice tells apart what one path leads to for different requests, by their headers, cookies, query or host: it is the
// same for those that get the same. "" where the path leads all requests to the same.
func (v *Verdict) Choice() string {
	if !v.chosen {
		return ""
	}
	var b strings.Builder
	b.WriteString(v.Path)
	for _, header := range v.Headers {
		b.WriteString("\n" + header.Key + ":" + header.Value)
	}
	return b.String()
}

// RefusesMethod reports whether a file or a picture of the optimizer answers the path, which Next.js lets nobody write
// to, and the request wants something else than to read it.
func (v *Verdict) RefusesMethod() bool {
	return v.Reason == Method && v.Output != OutputNone && !v.options
}

// TakesOptions reports whether such a file or picture answers the path, and the request asks what may be done with it.
func (v *Verdict) TakesOptions() bool { return v.options }

// String returns the verdict as it stands in logs: what the edge may answer with, or why Next.js must be asked.
func (v *Verdict) String() string {
	if v.Reason == MayAnswer {
		return outputNames[v.Output]
	}
	return reasonNames[v.Reason]
}

// Reason is why Next.js must see a request.
type Reason uint8

// The reasons.
const (
	// MayAnswer is no reason: the edge may answer.
	MayAnswer Reason = iota
	// NoBuild: nothing is known of the zone's build.
	NoBuild
	// Method: the request is neither GET nor HEAD.
	Method
	// Spelling: the client wrote the path in a way that Next.js redirects or resolves.
	Spelling
	// Middleware: a matcher of the middleware matches the path.
	Middleware
	// Rule: a redirect, rewrite or header cannot be evaluated exactly.
	Rule
	// Locale: Next.js chooses the locale by what the browser prefers.
	Locale
	// Unknown: the build has nothing for the path.
	Unknown
)

var reasonNames = [...]string{"edge", "no-build", "method", "spelling", "middleware", "rule", "locale", "unknown"}

// Output is what a build answers a path with.
type Output uint8

// The outputs.
const (
	// OutputNone: a redirect.
	OutputNone Output = iota
	// OutputStatic is a file below /_next/static.
	OutputStatic
	// OutputPublic is a file of the public folder.
	OutputPublic
	// OutputImage is the image optimizer.
	OutputImage
	// OutputPage is a page.
	OutputPage
	// OutputRoute is a route handler of the App Router.
	OutputRoute
	// OutputAPI is an API route of the Pages Router.
	OutputAPI
	// OutputData is the data of a page of the Pages Router.
	OutputData
)

var outputNames = [...]string{"redirect", "static", "public", "image", "page", "route", "api", "data"}

// VerdictNames returns all that Verdict.String may return.
func VerdictNames() []string { return slices.Concat(outputNames[:], reasonNames[1:]) }

// Verdicts that need no more than their reason.
var (
	verdictNoBuild  = &Verdict{Reason: NoBuild}
	verdictMethod   = &Verdict{Reason: Method}
	verdictSpelling = &Verdict{Reason: Spelling}
)
