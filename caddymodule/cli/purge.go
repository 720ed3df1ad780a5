package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

// newPurgeCommand makes `caddy nextjs purge`.
func newPurgeCommand() *cobra.Command {
	var edge controlFlags
	var order report.PurgeOrder
	var zone, source, path, prefix, tag, deployment string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "purge " + strings.Join(report.PurgeCaches, "|"),
		Short: "Removes what the running edge keeps of pictures or pages",
		Long: `
Removes pictures that the running edge has made or kept: those of a zone, those made
of one source, or all. The next request for one has it made again. Sources are named
as they stand in the application's src or url=: a path, or the URL of one elsewhere.

Of pages, those at a path or below a prefix (with the basePath), those with a cache
tag, those of a build, those of a zone, or all; --soft makes them stale instead, so
that each is served once more while it is fetched. It says how many pages were hit;
none is a warning, and no error.

It asks the edge by its admin endpoint or, from elsewhere, by --control: the URL at
which its site has nextjs_control.`,
		Example: `  caddy nextjs purge images --zone shop
  caddy nextjs purge images --source /photos/cover.jpg
  caddy nextjs purge pages --path /news
  caddy nextjs purge pages --tag products --soft
  caddy nextjs purge images --all --control https://example.com/_edge --token-file token`,
		Args: func(_ *cobra.Command, args []string) error {
			return checkPurgeArgs(args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			order.Cache = args[0]
			if cmd.Flags().Changed("zone") {
				order.Zone = &zone
			}
			if cmd.Flags().Changed("source") {
				order.Source = &source
			}
			for _, one := range []struct {
				flag  string
				value *string
				to    **string
			}{{"path", &path, &order.Path}, {"prefix", &prefix, &order.Prefix}, {"tag", &tag, &order.Tag}, {"deployment", &deployment, &order.Deployment}} {
				if cmd.Flags().Changed(one.flag) {
					*one.to = one.value
				}
			}
			answer, err := edge.purge(cmd.Context(), order)
			if err != nil {
				return err
			}
			if warning := purgeWarning(answer); warning != "" {
				cmd.PrintErrln("Warning: " + warning)
			}
			return printAnswer(cmd.OutOrStdout(), answer, purgeText(answer), asJSON)
		},
	}
	cmd.Flags().StringVar(&zone, "zone", "", "Name of the zone, or a path of it")
	cmd.Flags().StringVar(&source, "source", "", "Path or URL of the source")
	cmd.Flags().StringVar(&path, "path", "", "Path of pages, without query")
	cmd.Flags().StringVar(&prefix, "prefix", "", "Beginning of paths of pages")
	cmd.Flags().StringVar(&tag, "tag", "", "Cache tag of pages")
	cmd.Flags().StringVar(&deployment, "deployment", "", "Id of the build of pages, or its deploymentId")
	cmd.Flags().BoolVar(&order.Soft, "soft", false, "Make pages stale instead of removing them")
	cmd.Flags().BoolVar(&order.All, "all", false, "All that the cache keeps")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print JSON, for programs")
	edge.register(cmd)
	return cmd
}

// purge carries out an order on the running edge.
func (f *controlFlags) purge(ctx context.Context, order report.PurgeOrder) (answer report.Purge, err error) {
	if order, err = order.Check(); err != nil {
		return answer, err
	}
	return answer, f.post(ctx, "purge", order, &answer)
}

// checkPurgeArgs refuses all but one cache, and says what to write for what stands beside it.
func checkPurgeArgs(args []string) error {
	caches := strings.Join(report.PurgeCaches, ", ")
	switch {
	case len(args) == 1:
		return nil
	case len(args) == 0:
		return fmt.Errorf("name one cache to purge: %s", caches)
	case !slices.Contains(report.PurgeCaches, args[0]):
		return fmt.Errorf("unknown cache %q; allowed: %s", args[0], caches)
	case slices.Contains(report.PurgeCaches, args[1]):
		return fmt.Errorf("name one cache to purge, not two: %s", caches)
	}
	flags := "--tag %[1]s, --zone %[1]s or --deployment %[1]s"
	switch isPath := strings.HasPrefix(args[1], "/"); {
	case args[0] == report.CacheImages:
		flags = "--source %[1]s or --zone %[1]s"
	case isPath:
		flags = "--path %[1]s for that page, or --prefix %[1]s for all whose path begins so"
	}
	return fmt.Errorf("it is not said what %[1]s is: write "+flags, args[1])
}
