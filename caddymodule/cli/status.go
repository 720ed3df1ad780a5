package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

// watchEvery is how often `--watch` asks.
const watchEvery = time.Second

// newStatusCommand makes `caddy nextjs status`.
func newStatusCommand() *cobra.Command {
	var edge controlFlags
	var asJSON, watch bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Shows what answers for the zones of the running edge",
		Long: `
Each upstream of each zone: its state and why, how many requests are in flight, how long
answers take to begin, and since when it is so.

It asks the edge by its admin endpoint or, from elsewhere, by --control: the URL at
which its site has nextjs_control.`,
		Example: `  caddy nextjs status
  caddy nextjs status --watch
  caddy nextjs status --control https://example.com/_edge --token-file token`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for {
				var status report.Status
				if err := edge.get(cmd.Context(), report.StatusRoute, &status); err != nil {
					return err
				}
				if watch && !asJSON {
					if _, err := io.WriteString(cmd.OutOrStdout(), clearScreen); err != nil {
						return fmt.Errorf("writing the answer: %w", err)
					}
				}
				if err := printAnswer(cmd.OutOrStdout(), status, StatusText(status, time.Now()), asJSON); err != nil {
					return err
				}
				if !watch {
					return nil
				}
				select {
				case <-cmd.Context().Done():
					return nil
				case <-time.After(watchEvery):
				}
			}
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print JSON, for programs")
	cmd.Flags().BoolVarP(&watch, "watch", "w", false, "Ask each second until it is interrupted")
	edge.register(cmd)
	return cmd
}

// clearScreen has a terminal begin anew at its top (ECMA-48: ED, CUP).
const clearScreen = "\x1b[2J\x1b[H"
