package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

// forgottenText says that an order does not hold after a restart.
const forgottenText = "This is forgotten when the edge is started again.\n"

// deployedText says what a deploy has done.
func deployedText(d report.Deployed) string {
	text := fmt.Sprintf("%s of %s is %s at %s", d.ID, d.Zone, d.State, strings.Join(d.Upstreams, ", "))
	if d.Before != "" {
		text += "; " + d.Before + " was live before"
	}
	if d.Why != "" {
		text += ": " + d.Why
	}
	text += "\n"
	if !d.Durable {
		text += forgottenText
	}
	return text
}

// rolloutText shows the deployments of a zone: none where only the configuration says what serves it.
func rolloutText(r report.Rollout, now time.Time) string {
	text := fmt.Sprintf("%s of %s is live\n", r.Live, r.Zone)
	if !r.Durable {
		text += forgottenText
	}
	if len(r.Deployments) == 0 {
		return text
	}
	var table textTable
	table.row("DEPLOYMENT", "STATE", "SINCE", "UPSTREAMS", "BUILD", "WHY")
	for _, d := range r.Deployments {
		table.row(d.ID, d.State, sinceText(now.Sub(d.Since)), orDash(strings.Join(d.Upstreams, ", ")), orDash(d.Build), d.Why)
	}
	return text + table.left(1, 3, 4, 5).String()
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
