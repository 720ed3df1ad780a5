package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

// StatusText returns the report as a person reads it. The column of deployments is there where something was deployed.
func StatusText(s report.Status, now time.Time) string {
	if len(s.Zones)+len(s.Drains) == 0 {
		return "The edge has no zones.\n"
	}
	t := statusTable{isDeployed: slices.ContainsFunc(s.Zones, isDeployed), now: now}
	t.row("ZONE", "DEPLOYMENT", "UPSTREAM", "STATE", "IN FLIGHT", "LATENCY", "SINCE", "WHY")
	for _, zone := range s.Zones {
		t.zone(zone)
	}
	for _, drain := range s.Drains {
		t.row("-", "-", drain.Upstream, "draining", "-", "-", sinceText(now.Sub(drain.Since)), "taken out of rotation; no zone has it")
	}
	return t.text()
}

// isDeployed reports whether something was deployed to a zone.
func isDeployed(zone report.ZoneStatus) bool {
	return slices.ContainsFunc(zone.Deployments, func(d report.DeploymentStatus) bool { return d.State != "" })
}

// statusTable are the rows of the report.
type statusTable struct {
	table      textTable
	isDeployed bool // the table has a column of deployments
	now        time.Time
}

func (t *statusTable) row(zone, deployment string, cells ...string) {
	first := []string{zone}
	if t.isDeployed {
		first = append(first, deployment)
	}
	t.table.row(append(first, cells...)...)
}

func (t *statusTable) text() string {
	if t.isDeployed {
		return t.table.left(1, 2, 3, 7).String()
	}
	return t.table.left(1, 2, 6).String()
}

// zone has a row for each deployment and each upstream of a zone, and for what holds for all of it.
func (t *statusTable) zone(zone report.ZoneStatus) {
	if zone.Export {
		t.row(zone.Name, "-", "-", "export", "-", "-", "-", "")
	}
	for _, deployment := range zone.Deployments {
		t.deployment(zone.Name, deployment)
	}
	if zone.PausedUntil != nil {
		t.row(zone.Name, "-", "-", "paused", "-", "-", "-", "paused until "+clockText(*zone.PausedUntil, t.now.Location()))
	}
	if zone.Waiting > 0 {
		t.row(zone.Name, "-", "-", "queue", strconv.FormatInt(zone.Waiting, 10), "-", "-", "they wait for an upstream")
	}
}

func (t *statusTable) deployment(zone string, d report.DeploymentStatus) {
	if d.State != "" {
		t.row(zone, d.ID, "-", d.State, "-", "-", sinceText(t.now.Sub(d.Since)), deploymentText(d))
	}
	for _, upstream := range d.Upstreams {
		t.row(zone, d.ID, upstream.Upstream, upstream.State, inFlightText(upstream),
			latencyText(upstream.Latency), sinceText(t.now.Sub(upstream.Since)), whyText(upstream, t.now.Location()))
	}
	if len(d.Upstreams) == 0 && d.State != report.StateRetired {
		t.row(zone, d.ID, "-", "none", "-", "-", "-", "DNS tells no upstream")
	}
}

// deploymentText says what else there is to say of a deployment: where documents go, what has followed its document to
// it, and where its build lies.
func deploymentText(d report.DeploymentStatus) string {
	var parts []string
	if d.Live {
		parts = append(parts, "documents go here")
	}
	if d.Pinned > 0 {
		parts = append(parts, strconv.FormatInt(d.Pinned, 10)+" requests followed their document")
	}
	switch name := cmp.Or(d.DeploymentID, d.Build); {
	case d.Dir != "":
		parts = append(parts, "build "+d.Dir)
	case name != "" && name != d.ID:
		parts = append(parts, "build "+name)
	}
	return strings.Join(parts, ", ")
}

// whyText is why an upstream is in its state, and until when, if that is a lease.
func whyText(u report.UpstreamStatus, place *time.Location) string {
	if u.Holder == "" || u.Until == nil {
		return u.Why
	}
	return u.Why + " until " + clockText(*u.Until, place)
}

// clockText is a time of today or tomorrow.
func clockText(at time.Time, place *time.Location) string { return at.In(place).Format(time.TimeOnly) }

// inFlightText is the number of requests in flight, and how many of them have no end of their own.
func inFlightText(u report.UpstreamStatus) string {
	return openText(u.InFlight, u.EventStreams+u.Sockets)
}

func openText(inFlight int64, streams int) string {
	text := strconv.FormatInt(inFlight, 10)
	if streams > 0 {
		text += fmt.Sprintf(" (%d open streams)", streams)
	}
	return text
}

func latencyText(milliseconds float64) string {
	switch {
	case milliseconds == 0:
		return "-"
	case milliseconds < 10:
		return fmt.Sprintf("%.1f ms", milliseconds)
	}
	return fmt.Sprintf("%.0f ms", milliseconds)
}

// sinceText is how long something has been so, in its largest unit.
func sinceText(d time.Duration) string {
	for _, unit := range []struct {
		name string
		is   time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}} {
		if d >= unit.is {
			return strconv.Itoa(int(d/unit.is)) + unit.name
		}
	}
	return strconv.Itoa(int(max(d, 0)/time.Second)) + "s"
}
