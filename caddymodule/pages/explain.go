package pages

import (
	"net/http"
	"strings"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// Explain says what the page cache would do.
func (z *Zone) Explain(r *http.Request, a *edge.Request) *report.Page {
	e := z.cache.Explain(r, z.factsOf(r, a))
	answer := &report.Page{
		Result: e.Result.Kind.String(), Reason: e.Result.Reason, Variant: strings.ReplaceAll(e.Variant, "\x00", " from "), Refused: e.Refused,
		RefusedStatus: e.RefusedStatus,
	}
	if e.Result.Reason == policy.ReasonVerdict {
		answer.Parts = []string{whyBypass(a)}
	}
	page, parts, _ := strings.Cut(e.Page, "\x00")
	answer.Key = page
	for i, part := range strings.Split(parts, "\x00") {
		if part != "" {
			answer.Parts = append(answer.Parts, [...]string{"host ", "deployment ", "build ", "by rules "}[i]+strings.ReplaceAll(part, "\n", ", "))
		}
	}
	if kept := e.Kept; kept != nil {
		answer.Kept = &report.Kept{
			Status: kept.Status, Bytes: kept.Size, Age: seconds(kept.Age), Fresh: seconds(kept.Fresh), StaleWhile: seconds(kept.StaleWhile), StaleIfError: seconds(kept.OnFailure),
			ETag: kept.Header.Get("Etag"), Tags: kept.Tags,
		}
	}
	return answer
}

// whyBypass says why Next.js decides on a request.
func whyBypass(a *edge.Request) string {
	switch {
	case !a.AsWritten:
		return "Next.js resolves or redirects the path as it is written"
	case a.Verdict.Reason != rules.MayAnswer:
		return map[rules.Reason]string{
			rules.Middleware: "middleware runs for the path (`allow` in `cache` says that its answers are for everybody)",
			rules.Rule:       "a redirect, rewrite or header of the build cannot be evaluated for the path",
			rules.Locale:     "Next.js chooses the language by what the browser prefers",
			rules.Unknown:    "the build has nothing at the path",
			rules.Method:     "the method is neither GET nor HEAD",
			rules.NoBuild:    "the build is not known",
			rules.Spelling:   "Next.js resolves or redirects the path as it is written",
		}[a.Verdict.Reason]
	}
	return "the path leads to no page"
}

func seconds(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }
