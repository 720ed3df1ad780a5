package caddymodule

import (
	"net/http"
	"strings"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// explainPath is where the admin endpoint explains a request.
const explainPath = "/nextjs/explain"

// Who answers a request.
const (
	byFile  = "file"  // a file of a build or export
	byImage = "image" // the image optimizer of the edge
	byPage  = "page"  // Next.js, or what the page cache has of it
	byNext  = "next"  // Next.js, always
	byEdge  = "edge"  // a redirect of an export, or a refusal
)

// requestReport says how the running edge answers a request, and why.
type requestReport struct {
	URL  string `json:"url"`
	Zone string `json:"zone,omitempty"`
	// Build and Deployment are the ids of the zone's build, if it is known.
	Build      string `json:"build,omitempty"`
	Deployment string `json:"deployment,omitempty"`
	// Waiting is the id of a build that the application does not run yet.
	Waiting string `json:"waiting,omitempty"`
	// BuildNote says what that build waits for, or why a new one was refused.
	BuildNote string `json:"build_note,omitempty"`
	Kind      string `json:"kind,omitempty"`
	Verdict   string `json:"verdict,omitempty"`
	By        string `json:"by,omitempty"`
	edgeAnswer
	// NotKept says why the page cache has no part in it, for the zone or the kind of request.
	NotKept string `json:"not_kept,omitempty"`
	// Page is what the page cache does.
	Page *pageReport `json:"page,omitempty"`
}

// pageReport is what the page cache does with a request.
type pageReport struct {
	Result string           `json:"result"`
	Reason pagecache.Reason `json:"reason,omitempty"`
	// Key is the page, Variant what is asked for of it. Host, deployment and what rules make of the path are parts of the key where they count.
	Key     string   `json:"key,omitempty"`
	Parts   []string `json:"key_parts,omitempty"`
	Variant string   `json:"variant,omitempty"`
	// Refused is why the last answer was not kept, if that is not long ago.
	Refused pagecache.Reason `json:"refused,omitempty"`
	Kept    *keptPage        `json:"kept,omitempty"`
}

// keptPage is what is kept. Times are in seconds.
type keptPage struct {
	Status       int      `json:"status"`
	Bytes        int64    `json:"bytes"`
	Age          float64  `json:"age"`
	Fresh        float64  `json:"fresh"`
	StaleWhile   float64  `json:"stale_while_revalidate"`
	StaleIfError float64  `json:"stale_if_error"`
	ETag         string   `json:"etag,omitempty"`
	Tags         []string `json:"tags"`
}

// serveRequestReport answers GET /nextjs/explain?url=…[&header=…]….
func serveRequestReport(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	u, err := siteURL(query.Get("url"))
	if err != nil {
		return apiError(http.StatusBadRequest, err)
	}
	report := &requestReport{URL: u.RequestURI()}
	filled := func() bool { return report.Zone != "" }
	if report.edgeAnswer, err = explainRequest(r.Context(), u, query["header"], report, filled); err != nil {
		return apiError(http.StatusBadRequest, err)
	}
	return answerJSON(w, http.StatusOK, report)
}

// explain fills a report in the place of an answer.
func (report *requestReport) explain(r *http.Request, a *attempt, h *Handler) {
	report.Zone, report.Kind, report.Verdict = a.zone.Name, a.kind.String(), a.verdict.String()
	if a.facts.build != nil {
		report.Build, report.Deployment = a.facts.build.ID, a.facts.build.DeploymentID
	}
	if waiting := a.facts.others.waiting.Load(); waiting != nil {
		report.Waiting = waiting.ID
	}
	report.BuildNote = a.facts.others.said()
	switch {
	case a.facts.export != nil && a.verdict.Status == 0 && a.verdict.Edge():
		report.By = byFile
	case a.facts.export != nil:
		report.By = byEdge
	case isFile(a.verdict) && a.facts.assets != nil && !h.StaticOff:
		report.By = byFile
	case a.facts.images != nil && a.facts.images.duty(a, r) != imagePassed:
		report.By = byImage
	case a.facts.pages == nil || !isPageKind(a.kind):
		report.By, report.NotKept = byNext, a.facts.whyNotKept(a, h)
	default:
		report.By, report.Page = byPage, a.facts.pages.explain(r, a)
	}
}

// whyNotKept says why the page cache has no part in a request.
func (f *zoneFacts) whyNotKept(a *attempt, h *Handler) string {
	switch {
	case a.zone.Dev:
		return "the zone is a dev server"
	case h.Cache != nil && h.Cache.Off:
		return "the site says `cache off`"
	case f.others.note() != "":
		return "the zone has no build yet: " + f.others.note()
	case f.pages == nil:
		return "the build of the zone is not known; say `build`, or `cache` to keep what Next.js marks as shared all the same"
	}
	return "requests of the kind " + a.kind.String() + " are not kept"
}

// explain says what the page cache would do.
func (z *zonePages) explain(r *http.Request, a *attempt) *pageReport {
	e := z.cache.Explain(r, z.factsOf(r, a))
	report := &pageReport{Result: e.Result.Kind.String(), Reason: e.Result.Reason, Variant: strings.ReplaceAll(e.Variant, "\x00", " from "), Refused: e.Refused}
	if e.Result.Reason == pagecache.ReasonVerdict {
		report.Parts = []string{whyBypass(a)}
	}
	page, parts, _ := strings.Cut(e.Page, "\x00")
	report.Key = page
	for i, part := range strings.Split(parts, "\x00") {
		if part != "" {
			report.Parts = append(report.Parts, [...]string{"host ", "deployment ", "build ", "by rules "}[i]+strings.ReplaceAll(part, "\n", ", "))
		}
	}
	if kept := e.Kept; kept != nil {
		report.Kept = &keptPage{
			Status: kept.Status, Bytes: kept.Size, Age: seconds(kept.Age), Fresh: seconds(kept.Fresh), StaleWhile: seconds(kept.StaleWhile), StaleIfError: seconds(kept.OnFailure),
			ETag: kept.Header.Get("Etag"), Tags: kept.Tags,
		}
	}
	return report
}

// whyBypass says why Next.js decides on a request.
func whyBypass(a *attempt) string {
	switch {
	case !a.asWritten:
		return "Next.js resolves or redirects the path as it is written"
	case a.verdict.Reason != zones.MayAnswer:
		return map[zones.Reason]string{
			zones.Middleware: "middleware runs for the path (`allow` in `cache` says that its answers are for everybody)",
			zones.Rule:       "a redirect, rewrite or header of the build cannot be evaluated for the path",
			zones.Locale:     "Next.js chooses the language by what the browser prefers",
			zones.Unknown:    "the build has nothing at the path",
			zones.Method:     "the method is neither GET nor HEAD",
			zones.NoBuild:    "the build is not known",
			zones.Spelling:   "Next.js resolves or redirects the path as it is written",
		}[a.verdict.Reason]
	}
	return "the path leads to no page"
}

func seconds(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }
