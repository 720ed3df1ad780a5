package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

// archivedTable shows the builds of a zone of which files are kept, or is empty.
func archivedTable(builds []report.ArchivedBuild, now time.Time) string {
	if len(builds) == 0 {
		return ""
	}
	var table textTable
	table.row("In the archive", "files", "size", "first seen", "live")
	for _, b := range builds {
		last := agoText(b.Last, now)
		if b.Live {
			last = "now"
		}
		table.row(archivedName(b), strconv.Itoa(b.Files), size(b.Bytes), agoText(b.FirstSeen, now), last)
	}
	return table.String()
}

// archivedName names a build.
func archivedName(b report.ArchivedBuild) string {
	var parts []string
	if b.Build != "" {
		parts = append(parts, "build "+b.Build)
	}
	if b.DeploymentID != "" {
		parts = append(parts, "deployment "+b.DeploymentID)
	}
	if b.PassedThrough {
		parts = append(parts, "what passed through")
	}
	return strings.Join(parts, ", ")
}

// archiveText says how much is kept of all zones, and its bounds.
func archiveText(a *report.Archive) string {
	return fmt.Sprintf("The archive takes %s of at most %s (assets_size); a build stays for %s after it was live (assets_max_age)\n",
		size(a.Bytes), size(a.Size), boundText(time.Duration(a.MaxAge*float64(time.Second))))
}

// boundText is a duration as a configuration has it.
func boundText(d time.Duration) string {
	const day = 24 * time.Hour
	if d > 0 && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	return d.String()
}

// agoText is how long ago something was.
func agoText(at, now time.Time) string { return sinceText(now.Sub(at)) + " ago" }
