package cli

import (
	"fmt"
	"strconv"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

// StatusText returns the report as a person reads it.
func StatusText(s report.Status, now time.Time) string {
	if len(s.Zones)+len(s.Drains) == 0 {
		return "The edge has no zones.\n"
	}
	var table textTable
	table.row("ZONE", "UPSTREAM", "STATE", "IN FLIGHT", "LATENCY", "SINCE", "WHY")
	for _, zone := range s.Zones {
		if zone.Export {
			table.row(zone.Name, "-", "export", "-", "-", "-", "")
		}
		for _, deployment := range zone.Deployments {
			for _, upstream := range deployment.Upstreams {
				table.row(zone.Name, upstream.Upstream, upstream.State, inFlightText(upstream),
					latencyText(upstream.Latency), sinceText(now.Sub(upstream.Since)), whyText(upstream, now.Location()))
			}
			if zone.PausedUntil != nil {
				table.row(zone.Name, "-", "paused", "-", "-", "-", "paused until "+clockText(*zone.PausedUntil, now.Location()))
			}
			if zone.Waiting > 0 {
				table.row(zone.Name, "-", "queue", strconv.FormatInt(zone.Waiting, 10), "-", "-", "they wait for an upstream")
			}
			if len(deployment.Upstreams) == 0 {
				table.row(zone.Name, "-", "none", "-", "-", "-", "DNS tells no upstream")
			}
		}
	}
	for _, drain := range s.Drains {
		table.row("-", drain.Upstream, "draining", "-", "-", sinceText(now.Sub(drain.Since)), "taken out of rotation; no zone has it")
	}
	return table.left(1, 2, 6).String()
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
