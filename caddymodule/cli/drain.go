package cli

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

const (
	drainLong = `
Takes an upstream out of rotation: it gets no new requests, and what is in flight ends.
Event streams are told to come back, which they do to another upstream; sockets are
ended last. It stays out, over reloads and restarts of the edge, until undrain.

With --wait the command returns when nothing is in flight any more, or says after that
time what is left, and fails.`
	drainExample = `  caddy nextjs drain 10.0.0.1:3000 --wait 30s && ssh web1 systemctl restart web
  caddy nextjs undrain 10.0.0.1:3000`
)

// errNotEmpty says that requests are in flight still.
var errNotEmpty = errors.New("it is not empty yet")

// newDrainCommand makes `caddy nextjs drain`.
func newDrainCommand() *cobra.Command {
	var edge controlFlags
	var asJSON bool
	var wait time.Duration
	cmd := &cobra.Command{
		Use: "drain <upstream>", Short: "Takes an upstream of the running edge out of rotation",
		Long: drainLong, Example: drainExample, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			answer, err := edge.drain(cmd.Context(), args[0], wait)
			if err != nil && !errors.Is(err, errNotEmpty) {
				return err
			}
			if printed := printAnswer(cmd.OutOrStdout(), answer, drainedText(answer), asJSON); printed != nil {
				return printed
			}
			return err
		},
	}
	cmd.Flags().DurationVar(&wait, "wait", 0, "How long to wait until nothing is in flight, such as 30s")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print JSON, for programs")
	edge.register(cmd)
	return cmd
}

// newUndrainCommand makes `caddy nextjs undrain`.
func newUndrainCommand() *cobra.Command {
	var edge controlFlags
	var asJSON bool
	var healthy time.Duration
	cmd := &cobra.Command{
		Use: "undrain <upstream>", Short: "Puts an upstream of the running edge back into rotation",
		Long: `
Puts an upstream that was drained back into rotation. With --healthy it is asked first,
as health of its zone says, or else for any answer. If it does not answer within that
time, it stays out, and the command fails.`,
		Example: `  caddy nextjs undrain 10.0.0.1:3000
  caddy nextjs undrain 10.0.0.1:3000 --healthy 60s`, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var answer report.Drained
			order := report.UndrainOrder{Upstream: args[0], Healthy: durationText(healthy)}
			edge.patience = healthy
			if err := edge.post(cmd.Context(), report.UndrainRoute, order, &answer); err != nil {
				return err
			}
			return printAnswer(cmd.OutOrStdout(), answer, drainedText(answer), asJSON)
		},
	}
	cmd.Flags().DurationVar(&healthy, "healthy", 0, "How long to ask whether it answers before it is put back, such as 60s")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print JSON, for programs")
	edge.register(cmd)
	return cmd
}

// drain takes an upstream out of rotation, and waits until it is empty. The error is errNotEmpty where it is not after
// the time.
func (f *controlFlags) drain(ctx context.Context, upstream string, wait time.Duration) (answer report.Drained, err error) {
	order := report.DrainOrder{Upstream: upstream, Wait: durationText(wait)}
	f.patience = wait
	err = f.post(ctx, report.DrainRoute, order, &answer)
	if err == nil && wait > 0 && answer.State == "draining" && answer.InFlight > 0 {
		err = errNotEmpty
	}
	return answer, err
}

// durationText is a duration as an order has it: none, where it is 0.
func durationText(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func drainedText(d report.Drained) string {
	text := d.Upstream
	if len(d.Zones) > 0 {
		text += " of " + strings.Join(d.Zones, ", ")
	}
	text += " is " + d.State
	if d.Why != "" {
		text += ": " + d.Why
	}
	text += ", " + inFlightText(d.UpstreamStatus) + " in flight\n"
	if !d.Durable && d.State == "draining" {
		text += "This is forgotten when the edge is started again.\n"
	}
	return text
}
