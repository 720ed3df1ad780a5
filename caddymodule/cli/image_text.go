package cli

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

// ImageText returns the report as a person reads it.
func ImageText(r *report.Image) string {
	var b strings.Builder
	line := reportLines(&b)
	if !beginReport(line, r.URL, r.Zone, r.Answered) {
		return b.String()
	}
	line("zone", "%s, verdict %s", r.Zone, r.Verdict)
	switch {
	case r.By == "next" && r.Keeps:
		line("made by", "Next.js; the edge keeps the answer, for it does not know what the application allows (`build` or `image` in the zone), or has no libvips")
		return b.String()
	case r.By == "next":
		line("made by", "Next.js, and not kept: %s", whyNotMade(r))
		return b.String()
	}
	line("made by", "the edge")
	if r.Source != "" {
		line("source", "%s%s", r.Source, sourceText(r))
		line("asked", "width %d, quality %d, format %s", r.Width, r.Quality, formatText(r))
	}
	if r.Private {
		line("private", "the source is asked for in the name of the client (`forward`), and nothing is kept")
	} else if r.Source != "" {
		line("kept", "%s", keptImageText(r))
	}
	if r.Status != http.StatusOK {
		line("answer", "%d %s", r.Status, r.Text)
		if r.Reason != "" {
			line("because", "%s", strings.ReplaceAll(r.Reason, "\n", "; "))
		}
		return b.String()
	}
	if r.First != "" {
		line("first", "%s, while the AVIF is made in the background: it is estimated to take %s", r.First, round(r.Estimate))
	}
	size := humanize.Bytes(uint64(r.Bytes)) //nolint:gosec // a length
	switch {
	case r.Passed:
		line("answer", "%s, %s: the source as it is", r.Type, size)
		line("because", "%s", r.Reason)
	default:
		line("answer", "%s, %s (%d %% of the source), made in %s, quality %d of our encoder", r.Type, size, percent(r.Bytes, r.SourceBytes), round(r.Transform), r.EncoderQuality)
	}
	line("max-age", "%d s", r.MaxAge)
	return b.String()
}

func whyNotMade(r *report.Image) string {
	switch r.Verdict {
	case "image", "no-build":
		return "`image off`, a zone with `dev`, or an application without the optimizer"
	case "middleware":
		return "a matcher of the middleware matches the path"
	}
	return "the build says " + r.Verdict
}

func sourceText(r *report.Image) string {
	if r.SourceBytes == 0 {
		return ""
	}
	return fmt.Sprintf(" (%s, %s, fetched in %s)", cmp.Or(r.SourceType, "no picture"), humanize.Bytes(uint64(r.SourceBytes)), round(r.Fetch)) //nolint:gosec // a length
}

func formatText(r *report.Image) string {
	if r.Format == "" {
		return "that of the source: the client prefers none of " + strings.Join(r.Formats, ", ")
	}
	return r.Format + " of " + strings.Join(r.Formats, ", ")
}

func keptImageText(r *report.Image) string {
	kept := r.Kept
	if kept == nil {
		return "no"
	}
	state, tier := "fresh until", "on disk"
	if kept.Stale {
		state = "stale since"
	}
	if kept.Memory {
		tier = "in memory"
	}
	return fmt.Sprintf("yes, %s: %s, %s, %s %s", tier, kept.Type, humanize.Bytes(uint64(kept.Bytes)), state, kept.Expires.Format(time.DateTime)) //nolint:gosec // a length
}

func percent(part, whole int) int {
	if whole == 0 {
		return 0
	}
	return (100*part + whole/2) / whole
}

// round keeps three digits of a duration.
func round(d time.Duration) time.Duration {
	switch {
	case d > time.Second:
		return d.Round(10 * time.Millisecond)
	case d > 10*time.Millisecond:
		return d.Round(time.Millisecond)
	}
	return d.Round(10 * time.Microsecond)
}
