package caddymodule

import (
	"net/http"
	"strings"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// explain says what the page cache would do.
func (z *zonePages) explain(r *http.Request, a *attempt) *pageReport {
	e := z.cache.Explain(r, z.factsOf(r, a))
	report := &pageReport{Result: e.Result.Kind.String(), Reason: e.Result.Reason, Variant: strings.ReplaceAll(e.Variant, "\x00", " from "), Refused: e.Refused,
		RefusedStatus: e.RefusedStatus,
	}
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
