package caddymodule

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// newPurgeCommand makes `caddy nextjs purge`.
func newPurgeCommand() *cobra.Command {
	var edge controlFlags
	var order purgeOrder
	var zone, source string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "purge " + strings.Join(purgeCaches, "|"),
		Short: "Removes what the running edge keeps of pictures",
		Long: `
Removes pictures that the running edge has made or kept: those of a zone, those made
of one source, or all. The next request for one has it made again. Sources are named
as they stand in the application's src or url=: a path, or the URL of one elsewhere.

It asks the edge by its admin endpoint or, from elsewhere, by --control: the URL at
which its site has nextjs_control.`,
		Example: `  caddy nextjs purge images --zone shop
  caddy nextjs purge images --source /photos/cover.jpg
  caddy nextjs purge images --all --control https://example.com/_edge --token-file token`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("name one cache to purge: %s", strings.Join(purgeCaches, ", "))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			order.Cache = args[0]
			if cmd.Flags().Changed("zone") {
				order.Zone = &zone
			}
			if cmd.Flags().Changed("source") {
				order.Source = &source
			}
			report, err := edge.purge(cmd.Context(), order)
			if err != nil {
				return err
			}
			return printAnswer(cmd.OutOrStdout(), report, report.text(), asJSON)
		},
	}
	cmd.Flags().StringVar(&zone, "zone", "", "Name of the zone, or a path of it")
	cmd.Flags().StringVar(&source, "source", "", "Path or URL of the source")
	cmd.Flags().BoolVar(&order.All, "all", false, "All that the cache keeps")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print JSON, for programs")
	edge.register(cmd)
	return cmd
}

// purge carries out an order on the running edge.
func (f *controlFlags) purge(ctx context.Context, order purgeOrder) (report purgeReport, err error) {
	if order, err = order.check(); err != nil {
		return report, err
	}
	return report, f.post(ctx, "purge", order, &report)
}

// text says what was purged.
func (r purgeReport) text() string {
	if len(r.Purged) == 0 {
		return "Nothing to purge: the edge keeps no pictures there\n"
	}
	zones, what := "zone", "all pictures"
	if len(r.Purged) > 1 {
		zones = "zones"
	}
	if source := r.Purged[0].Source; source != "" {
		what = "pictures made of " + source
	}
	return fmt.Sprintf("Purged from %s %s: %s\n", zones, strings.Join(r.zones(), ", "), what)
}
