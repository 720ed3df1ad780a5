package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

const (
	pauseLong = `
Has the requests of a zone wait at the edge, as for a migration of its database. What is
in flight ends. They go on after resume, or by themselves after the time of --for. What
the edge has itself, as files and kept pages, is answered all the while. How many may
wait is said by queue of the zone: the others are answered with 503.

With --wait the command returns when nothing is in flight any more, but for event streams
and sockets, or says after that time what is left, and fails. The zone stays paused.`
	pauseExample = `  caddy nextjs pause shop --for 60s --wait 10s && npx prisma migrate deploy
  caddy nextjs resume shop`
)

// errUnfinished says that requests of a zone are in flight still.
var errUnfinished = errors.New("requests are in flight still")

// newPauseCommand makes `caddy nextjs pause`.
func newPauseCommand() *cobra.Command {
	var edge controlFlags
	var asJSON bool
	var lasts, wait time.Duration
	cmd := &cobra.Command{
		Use: "pause <zone>", Short: "Has the requests of a zone of the running edge wait",
		Long: pauseLong, Example: pauseExample, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			edge.patience = wait
			return edge.orderPause(cmd, report.PauseRoute, asJSON, report.PauseOrder{
				Zone: args[0], For: lasts.String(), Wait: durationText(wait),
			})
		},
	}
	cmd.Flags().DurationVar(&lasts, "for", 30*time.Second, "How long requests wait at most")
	cmd.Flags().DurationVar(&wait, "wait", 0, "How long to wait until nothing is in flight, such as 10s")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print JSON, for programs")
	edge.register(cmd)
	return cmd
}

// newResumeCommand makes `caddy nextjs resume`.
func newResumeCommand() *cobra.Command {
	var edge controlFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use: "resume <zone>", Short: "Has the requests of a zone that is paused go on",
		Example: `  caddy nextjs resume shop`, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return edge.orderPause(cmd, report.ResumeRoute, asJSON, report.ResumeOrder{Zone: args[0]})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print JSON, for programs")
	edge.register(cmd)
	return cmd
}

// orderPause orders that a zone is paused or resumed, and prints what has become of it. The error is errUnfinished
// where the order has waited in vain.
func (f *controlFlags) orderPause(cmd *cobra.Command, route string, asJSON bool, order any) error {
	var answer report.PauseStatus
	if err := f.post(cmd.Context(), route, order, &answer); err != nil {
		return err
	}
	if err := printAnswer(cmd.OutOrStdout(), answer, pauseText(answer, time.Local), asJSON); err != nil {
		return err
	}
	if f.patience > 0 && answer.Until != nil && answer.Unfinished() > 0 {
		return errUnfinished
	}
	return nil
}

func pauseText(p report.PauseStatus, place *time.Location) string {
	inFlight := openText(p.InFlight, p.EventStreams+p.Sockets)
	if p.Until == nil {
		return fmt.Sprintf("%s is not paused, %s in flight, %d waiting\n", p.Zone, inFlight, p.Waiting)
	}
	return fmt.Sprintf("%s is paused until %s, %s in flight, %d waiting\n", p.Zone, clockText(*p.Until, place), inFlight, p.Waiting)
}
