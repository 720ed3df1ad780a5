package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

// ReadFiles reads the builds in directories and describes their files, without an edge.
type ReadFiles func(ctx context.Context, dirs []string) (report.Files, error)

// newFilesCommand makes `caddy nextjs files`.
func newFilesCommand(read ReadFiles) *cobra.Command {
	var edge adminFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "files [<build directory>...]",
		Short: "Shows which files are served from where, and the bytes of JavaScript of each page",
		Long: `
With build directories (a .next, what holds one, or a standalone directory) it reads
them itself: how many files of which size the edge serves from there, how small they
are in each coding, which files it does not serve and why, and how much JavaScript each
page begins with. Compressing all files takes a moment.

Without any it asks the running edge, by its admin endpoint, what it serves in which
zone and how much of that is in memory, and of which builds it keeps files for pages
that are still open.

Sizes are in units of 1000 bytes, in JSON in bytes.`,
		Example: `  caddy nextjs files .next
  caddy nextjs files --json /srv/web/.next/standalone
  caddy nextjs files --address localhost:2019`,
		RunE: func(cmd *cobra.Command, dirs []string) error {
			answer, err := edge.filesOf(cmd.Context(), dirs, read)
			if err != nil {
				return err
			}
			return printAnswer(cmd.OutOrStdout(), answer, FilesText(answer, time.Now()), asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print JSON, for programs")
	edge.register(cmd)
	return cmd
}

// filesOf describes the builds in directories or, without any, what the running edge serves.
func (f *adminFlags) filesOf(ctx context.Context, dirs []string, read ReadFiles) (report.Files, error) {
	if len(dirs) > 0 {
		if *f != (adminFlags{}) {
			return report.Files{}, errors.New("--address, --config and --adapter name a running edge, which is not asked when build directories are named")
		}
		return read(ctx, dirs)
	}
	var answer report.Files
	address, err := f.ask(http.MethodGet, report.AdminPath(report.FilesRoute), nil, "name another address by --address or --config, or name build directories", &answer)
	if err == nil && len(answer.Zones) == 0 {
		err = fmt.Errorf("the Caddy at %s serves no zone of Next.js: its configuration has no `nextjs` directive", address)
	}
	return answer, err
}
