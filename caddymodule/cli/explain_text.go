package cli

import (
	"fmt"
	"math"
	"net/http"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

// RequestText returns the report as a person reads it.
func RequestText(r *report.Request) string {
	var b strings.Builder
	line := reportLines(&b)
	if !beginReport(line, r.URL, r.Zone, r.Answered) {
		return b.String()
	}
	line("zone", "%s%s", r.Zone, buildText(r))
	if r.Deployed != nil {
		line("deployment", "%s", pinText(*r.Deployed))
	}
	if r.BuildNote != "" {
		line("note", "%s", r.BuildNote)
	}
	line("kind", "%s, verdict %s", r.Kind, r.Verdict)
	switch r.By {
	case report.ByFile:
		line("answer", "a file on the edge's disk (`caddy nextjs files`)")
	case report.ByImage:
		line("answer", "a picture of the edge's optimizer (`caddy nextjs image` says more)")
	case report.ByEdge:
		line("answer", "the edge itself")
		if r.NotKept != "" {
			line("because", "%s", r.NotKept)
		}
	case report.ByNext:
		line("answer", "Next.js")
		line("kept", "never, because %s", r.NotKept)
	default:
		writePage(r.Page, line)
	}
	if r.Upstream != nil {
		line("upstream", "%s", upstreamChoiceText(*r.Upstream))
	}
	return b.String()
}

// pinText says which deployment has the request, and why.
func pinText(p report.Pin) string {
	text := p.ID
	if p.Live {
		text += " (live)"
	}
	return text + map[string]string{
		"live": ": nothing says otherwise", "header": ": the request's x-deployment-id names it", "dpl": ": ?dpl names it",
		"build": ": the build id in the path is its own", "action": ": it knows the server action",
		"content": ": it has the file", "cookie": ": the cookie of the last document names it",
		"unknown": ": what the request names is not there any more",
	}[p.Because]
}

// upstreamChoiceText says which upstream would be asked.
func upstreamChoiceText(c report.Choice) string {
	if c.Upstream == "" {
		return "none: " + c.Because
	}
	return c.Upstream + ": " + c.Because
}

func buildText(r *report.Request) string {
	switch {
	case r.Build == "":
		return ", whose build is not known"
	case r.Deployment != "":
		return ", build " + r.Build + ", deployment " + r.Deployment
	}
	return ", build " + r.Build
}

// writePage writes what the page cache does.
func writePage(p *report.Page, line reportLine) {
	switch p.Result {
	case "hit":
		line("answer", "from the page cache")
	case "stale":
		line("answer", "from the page cache, stale%s; Next.js is asked in the background", report.TextOf(p.Reason))
	case "miss":
		line("answer", "Next.js%s", report.TextOf(p.Reason))
	default:
		line("answer", "Next.js, past the page cache%s", report.TextOf(p.Reason))
		for _, part := range p.Parts {
			line("kept", "never, because %s", part)
		}
		return
	}
	line("key", "%s", strings.Join(append([]string{p.Key, "variant " + p.Variant}, p.Parts...), ", "))
	kept := p.Kept
	switch {
	case kept == nil && p.Refused != "":
		line("kept", "not the last answer%s", refusedText(p))
		return
	case kept == nil:
		line("kept", "not yet: the next answer is, if Next.js marks it for everybody")
		return
	case p.Refused != "":
		line("not kept", "the last answer%s", refusedText(p))
	}
	line("kept", "status %d, %s%s", kept.Status, humanize.Bytes(uint64(kept.Bytes)), etagText(kept.ETag)) //nolint:gosec // a size
	line("age", "%s, %s", duration(kept.Age), keptTimeText(kept))
	tags := strings.Join(kept.Tags, ", ")
	if tags == "" {
		tags = "none known"
	}
	line("tags", "%s", tags)
}

// refusedText says why the last answer was not kept.
func refusedText(p *report.Page) string {
	if p.Refused == report.ReasonStatus && p.RefusedStatus != 0 {
		return fmt.Sprintf(": its status is %d %s", p.RefusedStatus, http.StatusText(p.RefusedStatus))
	}
	return report.TextOf(p.Refused)
}

func keptTimeText(k *report.Kept) string {
	text := "fresh for " + duration(k.Fresh)
	if k.Fresh <= 0 {
		text = "stale since " + duration(-k.Fresh)
	}
	after := max(k.Fresh, 0)
	if while := k.StaleWhile - after; while > 0 {
		text += ", then served while it is fetched again for " + duration(while)
	}
	if failing := k.StaleIfError - after; failing > 0 {
		text += ", then while Next.js fails for " + duration(failing)
	}
	return text
}

func etagText(etag string) string {
	if etag == "" {
		return ""
	}
	return ", ETag " + etag
}

// duration says seconds as people do, in its two largest units: 48s, 3m 20s, 5h 10m, 12 days, 1 year.
func duration(seconds float64) string {
	s := int64(seconds + 0.5)
	two := func(large int64, unit string, small int64, part string) string {
		if small == 0 {
			return fmt.Sprintf("%d%s", large, unit)
		}
		return fmt.Sprintf("%d%s %d%s", large, unit, small, part)
	}
	const minute, hour, day, year = 60, 60 * 60, 24 * 60 * 60, 365 * 24 * 60 * 60
	switch {
	case s < minute:
		return fmt.Sprintf("%ds", s)
	case s < hour:
		return two(s/minute, "m", s%minute, "s")
	case s < day:
		return two(s/hour, "h", s%hour/minute, "m")
	case s < 2*day:
		return two(1, " day", s%day/hour, "h")
	case s < year-day:
		return fmt.Sprintf("%d days", s/day)
	}
	return english.Plural(int(math.Round(float64(s)/year)), "year", "")
}
