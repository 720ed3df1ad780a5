package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

// FilesText returns the report as a person reads it.
func FilesText(r report.Files, now time.Time) string {
	var parts []string
	for _, zone := range r.Zones {
		parts = append(parts, zoneFilesText(zone))
		if archived := archivedTable(zone.Archive, now); archived != "" {
			parts = append(parts, archived)
		}
	}
	if r.Archive != nil {
		parts = append(parts, archiveText(r.Archive))
	}
	return strings.Join(parts, "\n")
}

func zoneFilesText(z report.ZoneFiles) string {
	var text strings.Builder
	if z.Name != "" {
		fmt.Fprintf(&text, "Zone %s: %s\n", z.Name, zonePlace(z))
	}
	switch {
	case z.Build == nil:
		fmt.Fprintf(&text, "No build: all files come from the upstream, %s\n", upstreamText(z))
		return text.String()
	case z.StaticOff:
		fmt.Fprintf(&text, "%s\n`static off`: all files come from the upstream, %s\n", buildTitle(z.Build), upstreamText(z))
		return text.String()
	}
	text.WriteString(buildFilesText(z.Build))
	return text.String()
}

// zonePlace says where the zone is.
func zonePlace(z report.ZoneFiles) string {
	var parts []string
	if len(z.Paths) > 0 {
		parts = append(parts, strings.Join(z.Paths, " "))
	}
	if z.ByRoutes {
		parts = append(parts, "what its build names")
	}
	if len(z.Hosts) > 0 {
		parts = append(parts, "of "+strings.Join(z.Hosts, " "))
	}
	if len(z.Listen) > 0 {
		parts = append(parts, "on "+strings.Join(z.Listen, " "))
	}
	return strings.Join(parts, ", ")
}

func upstreamText(z report.ZoneFiles) string {
	text := strings.Join(z.Upstreams, " ")
	if z.Dev {
		text += " (next dev)"
	}
	return text
}

func buildTitle(b *report.BuildFiles) string {
	next := "Next.js"
	if b.NextVersion != "" {
		next += " " + b.NextVersion
	}
	return fmt.Sprintf("Build %s of %s\n%s", b.ID, next, b.Directory)
}

func buildFilesText(b *report.BuildFiles) string {
	var text strings.Builder
	text.WriteString(buildTitle(b) + "\n\n")
	text.WriteString(filesTable(b))
	if refused := notServedTable(b); refused != "" {
		text.WriteString("\n" + refused)
	}
	if b.JavaScript != nil {
		text.WriteString(javaScriptText(b.JavaScript))
	}
	return text.String()
}

// filesTable shows the classes of files. Columns of what is not known are left out.
func filesTable(b *report.BuildFiles) string {
	total := report.Amount{}
	total.Add(b.Static.Amount)
	total.Add(b.Public.Amount)
	var table textTable
	head := []string{"Served from the directory", "files", "size"}
	if total.Memory != nil {
		head = append(head, "in memory")
	}
	codings := knownCodings(total)
	table.row(append(head, codings...)...)
	row := func(name string, a report.Amount) {
		cells := []string{name, strconv.Itoa(a.Files), size(a.Bytes)}
		if total.Memory != nil {
			cells = append(cells, size(memoryBytes(a)))
		}
		for _, coding := range codings {
			cells = append(cells, size(a.Sent(coding)))
		}
		table.row(cells...)
	}
	for _, class := range []struct {
		report.FileClass
		name string
	}{{b.Static, b.Static.Path}, {b.Public, b.Public.Path + " (public folder)"}} {
		if class.Directory == "" {
			table.row(class.name + ": not in the build, Next.js answers")
			continue
		}
		row(class.name, class.Amount)
	}
	row("total", total)
	return table.String()
}

// notServedTable shows the files that are not served, or is empty.
func notServedTable(b *report.BuildFiles) string {
	if len(b.NotServed) == 0 {
		return ""
	}
	var table textTable
	table.row("Not served from there", "files", "size")
	for _, n := range b.NotServed {
		table.row(notServedText(n.Reason), strconv.Itoa(n.Files), size(n.Bytes))
		for _, example := range n.Examples {
			table.row("  " + example)
		}
		if n.Files > len(n.Examples) {
			table.row("  …")
		}
	}
	return table.String()
}

// notServedText explains a reason.
func notServedText(reason string) string {
	switch reason {
	case "middleware":
		return "middleware: a matcher of it matches"
	case "rule":
		return "rule: only Next.js can evaluate it"
	case "rewrite":
		return "rewrite: to another file"
	case "redirect":
		return "redirect"
	case "page", "route", "api", "image", "data":
		return reason + ": a rewrite leads there"
	case "missing":
		return "missing: gone, or a link out of the directory"
	}
	return reason
}

func javaScriptText(j *report.JavaScriptFiles) string {
	var text strings.Builder
	for _, router := range []struct {
		name    string
		scripts *report.RouterScripts
	}{{"App Router", j.App}, {"Pages Router", j.Pages}} {
		if router.scripts != nil {
			text.WriteString("\n" + scriptsTable(router.scripts, router.name))
		}
	}
	if j.Polyfills.Files > 0 {
		fmt.Fprintf(&text, "\nNot counted: polyfills that only old browsers load, %s\n", size(j.Polyfills.Bytes))
	}
	return text.String()
}

// scriptsTable shows the scripts of the router's pages: the page's own, then all that its document names.
func scriptsTable(r *report.RouterScripts, router string) string {
	codings := knownCodings(r.All)
	var table textTable
	table.row(append([]string{"JavaScript, " + router, "own", "first load"}, codings...)...)
	row := func(name, own string, a report.Amount) {
		cells := []string{name, own, size(a.Bytes)}
		for _, coding := range codings {
			cells = append(cells, size(a.Sent(coding)))
		}
		table.row(cells...)
	}
	for _, route := range r.Routes {
		row(route.Route, size(route.Own.Bytes), route.FirstLoad)
	}
	if len(r.Routes) > 1 {
		row("shared by all", "", r.Shared)
		row("all, each script once", "", r.All)
	}
	return table.String()
}

// knownCodings returns the codings in which there are copies, in the order in which they are shown.
func knownCodings(a report.Amount) []string {
	var codings []string
	for _, coding := range report.Codings {
		if a.Compressed[coding].Files > 0 {
			codings = append(codings, coding)
		}
	}
	return codings
}

func memoryBytes(a report.Amount) int64 {
	if a.Memory == nil {
		return 0
	}
	return a.Memory.Bytes
}

// size writes a number of bytes as a person reads it, such as 123 kB.
func size(bytes int64) string {
	return humanize.Bytes(uint64(bytes)) //nolint:gosec // sizes of files are not negative
}
