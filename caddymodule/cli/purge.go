package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

const (
	purgeLong = `
Removes pictures that the running edge has made or kept: those of a zone, those made
of one source, or all. The next request for one has it made again. Sources are named
as they stand in the application's src or url=: a path, or the URL of one elsewhere.

Of pages, those at a path or below a prefix (with the basePath), those with a cache
tag, those of a build, those of a zone, or all; --soft makes them stale instead, so
that each is served once more while it is fetched. It says how many pages were hit;
none is a warning, and no error.

It asks the edge by its admin endpoint or, from elsewhere, by --control: the URL at
which its site has nextjs_control.`
	purgeExample = `  caddy nextjs purge images --zone shop
  caddy nextjs purge images --source /photos/cover.jpg
  caddy nextjs purge pages --path /news
  caddy nextjs purge pages --tag products --soft
  caddy nextjs purge images --all --control https://example.com/_edge --token-file token`
)

// newPurgeCommand makes `caddy nextjs purge`.
func newPurgeCommand() *cobra.Command {
	var edge controlFlags
	var order report.PurgeOrder
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "purge " + strings.Join(report.PurgeCaches, "|"),
		Short:   "Removes what the running edge keeps of pictures or pages",
		Long:    purgeLong,
		Example: purgeExample,
		Args:    func(_ *cobra.Command, args []string) error { return checkPurgeArgs(args) },
		RunE: func(cmd *cobra.Command, args []string) error {
			order.Cache = args[0]
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
	flags := cmd.Flags()
	flags.Var(optionalText{&order.Zone}, "zone", "Name of the zone, or a path of it")
	flags.Var(optionalText{&order.Source}, "source", "Path or URL of the source")
	flags.Var(optionalText{&order.Path}, "path", "Path of pages, without query")
	flags.Var(optionalText{&order.Prefix}, "prefix", "Beginning of paths of pages")
	flags.Var(optionalText{&order.Tag}, "tag", "Cache tag of pages")
	flags.Var(optionalText{&order.Deployment}, "deployment", "Id of the build of pages, or its deploymentId")
	flags.BoolVar(&order.Soft, "soft", false, "Make pages stale instead of removing them")
	flags.BoolVar(&order.All, "all", false, "All that the cache keeps")
	flags.BoolVar(&asJSON, "json", false, "Print JSON, for programs")
	edge.register(cmd)
	return cmd
}

// optionalText is a flag that may be given as the empty text, which is not the same as not at all.
type optionalText struct{ text **string }

// String implements pflag.Value.
func (o optionalText) String() string {
	if o.text == nil || *o.text == nil {
		return ""
	}
	return **o.text
}

// Set implements pflag.Value.
func (o optionalText) Set(value string) error {
	*o.text = &value
	return nil
}

// Type implements pflag.Value.
func (optionalText) Type() string { return "string" }

// purge carries out an order on the running edge.
func (f *controlFlags) purge(ctx context.Context, order report.PurgeOrder) (answer report.Purge, err error) {
	if order, err = order.Check(); err != nil {
		return answer, err
	}
	return answer, f.post(ctx, report.PurgeRoute, order, &answer)
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
