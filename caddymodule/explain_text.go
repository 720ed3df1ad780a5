package caddymodule

import (
	"fmt"
	"math"
	"net/http"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache"
)

// text returns the report as a person reads it.
func (r *requestReport) text() string {
	var b strings.Builder
	line := reportLines(&b)
	if !beginReport(line, r.URL, r.Zone, r.edgeAnswer) {
		return b.String()
	}
	line("zone", "%s%s", r.Zone, r.buildText())
	if r.BuildNote != "" {
		line("note", "%s", r.BuildNote)
	}
	line("kind", "%s, verdict %s", r.Kind, r.Verdict)
	switch r.By {
	case byFile:
		line("answer", "a file on the edge's disk (`caddy nextjs files`)")
	case byImage:
		line("answer", "a picture of the edge's optimizer (`caddy nextjs image` says more)")
	case byEdge:
		line("answer", "the edge itself")
		if r.NotKept != "" {
			line("because", "%s", r.NotKept)
		}
	case byNext:
		line("answer", "Next.js")
		line("kept", "never, because %s", r.NotKept)
	default:
		r.Page.write(line)
	}
	return b.String()
}

func (r *requestReport) buildText() string {
	switch {
	case r.Build == "":
		return ", whose build is not known"
	case r.Deployment != "":
		return ", build " + r.Build + ", deployment " + r.Deployment
	}
	return ", build " + r.Build
}

// reasonText says a reason in a sentence, where its name does not.
var reasonText = map[pagecache.Reason]string{
	pagecache.ReasonFresh: "", pagecache.ReasonVerdict: "",
	pagecache.ReasonExpired:       "its time is over",
	pagecache.ReasonAbsent:        "nothing is kept of it",
	pagecache.ReasonPurged:        "it was purged",
	pagecache.ReasonGeneration:    "it may be older than another variant of its page",
	pagecache.ReasonAuthorization: "the request says who asks (Authorization)",
	pagecache.ReasonDraftCookie:   "the request has a cookie of draft mode",
	pagecache.ReasonNoFreshness:   "the answer does not say for how long (s-maxage, max-age)",
	pagecache.ReasonPrivate:       "the answer says private, no-store or no-cache",
	pagecache.ReasonSetCookie:     "the answer sets a cookie",
	pagecache.ReasonPostponed:     "the rest of the page is made for each request (partial prerendering)",
	pagecache.ReasonStateTree:     "the payload depends on what the browser has, for it was not prerendered",
	pagecache.ReasonVary:          "the answer depends on a header that is not in the key",
	pagecache.ReasonTags:          "nobody knows all of its tags",
	pagecache.ReasonDeployment:    "the answer is of another build than the one that the edge has taken",
}

func textOf(reason pagecache.Reason) string {
	text, ok := reasonText[reason]
	switch {
	case ok && text == "":
		return ""
	case ok:
		return ": " + text
	}
	return ": " + string(reason)
}

// write writes what the page cache does.
func (p *pageReport) write(line reportLine) {
	switch p.Result {
	case "hit":
		line("answer", "from the page cache")
	case "stale":
		line("answer", "from the page cache, stale%s; Next.js is asked in the background", textOf(p.Reason))
	case "miss":
		line("answer", "Next.js%s", textOf(p.Reason))
	default:
		line("answer", "Next.js, past the page cache%s", textOf(p.Reason))
		for _, part := range p.Parts {
			line("kept", "never, because %s", part)
		}
		return
	}
	line("key", "%s", strings.Join(append([]string{p.Key, "variant " + p.Variant}, p.Parts...), ", "))
	kept := p.Kept
	switch {
	case kept == nil && p.Refused != "":
		line("kept", "not the last answer%s", p.refusedText())
		return
	case kept == nil:
		line("kept", "not yet: the next answer is, if Next.js marks it for everybody")
		return
	case p.Refused != "":
		line("not kept", "the last answer%s", p.refusedText())
	}
	line("kept", "status %d, %s%s", kept.Status, humanize.Bytes(uint64(kept.Bytes)), etagText(kept.ETag)) //nolint:gosec // a size
	line("age", "%s, %s", duration(kept.Age), kept.timeText())
	tags := strings.Join(kept.Tags, ", ")
	if tags == "" {
		tags = "none known"
	}
	line("tags", "%s", tags)
}

// refusedText says why the last answer was not kept.
func (p *pageReport) refusedText() string {
	if p.Refused == pagecache.ReasonStatus && p.RefusedStatus != 0 {
		return fmt.Sprintf(": its status is %d %s", p.RefusedStatus, http.StatusText(p.RefusedStatus))
	}
	return textOf(p.Refused)
}

func (k *keptPage) timeText() string {
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
