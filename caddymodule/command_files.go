package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

// newFilesCommand makes `caddy nextjs files`.
func newFilesCommand() *cobra.Command {
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
zone and how much of that is in memory.

Sizes are in units of 1000 bytes, in JSON in bytes.`,
		Example: `  caddy nextjs files .next
  caddy nextjs files --json /srv/web/.next/standalone
  caddy nextjs files --address localhost:2019`,
		RunE: func(cmd *cobra.Command, dirs []string) error {
			report, err := edge.filesOf(cmd.Context(), dirs)
			if err != nil {
				return err
			}
			return report.write(cmd.OutOrStdout(), asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print JSON, for programs")
	edge.register(cmd)
	return cmd
}

// adminFlags say at which admin endpoint a command asks, in the words of Caddy's own commands.
type adminFlags struct{ address, config, adapter string }

func (f *adminFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.address, "address", "", "Address of the running edge's admin endpoint, if not the default")
	cmd.Flags().StringVarP(&f.config, "config", "c", "", "Configuration file that names the admin address, if --address is not used")
	cmd.Flags().StringVarP(&f.adapter, "adapter", "a", "", "Name of config adapter to apply (when --config is used)")
}

// filesOf describes the builds in directories or, without any, what the running edge serves.
func (f *adminFlags) filesOf(ctx context.Context, dirs []string) (filesReport, error) {
	if len(dirs) > 0 {
		if *f != (adminFlags{}) {
			return filesReport{}, errors.New("--address, --config and --adapter name a running edge, which is not asked when build directories are named")
		}
		return readFiles(ctx, dirs)
	}
	var report filesReport
	address, err := f.get(filesPath, &report)
	if err == nil && len(report.Zones) == 0 {
		err = fmt.Errorf("the Caddy at %s serves no zone of Next.js: its configuration has no `nextjs` directive", address)
	}
	return report, err
}

// get asks the running edge and decodes its answer. The error says how to reach it.
func (f *adminFlags) get(path string, into any) (address string, err error) {
	if address, err = caddycmd.DetermineAdminAPIAddress(f.address, nil, f.config, f.adapter); err != nil {
		return "", fmt.Errorf("looking for the admin address in %s: %w", f.config, err)
	}
	res, err := caddycmd.AdminAPIRequest(address, http.MethodGet, path, nil, nil)
	if err != nil {
		return address, explainAdminError(address, err)
	}
	defer func() { _ = res.Body.Close() }() // it was only read
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		return address, fmt.Errorf("reading the answer of the edge at %s: %w", address, err)
	}
	return address, nil
}

// explainAdminError says what to do about an admin endpoint that did not answer. Caddy has no error values for that.
func explainAdminError(address string, err error) error {
	switch {
	case strings.HasPrefix(err.Error(), "performing request:"):
		return fmt.Errorf("no edge answers at the admin address %s: start it, name another address by --address or --config, or name build directories (%w)", address, err)
	case strings.Contains(err.Error(), "HTTP 404"):
		return fmt.Errorf("the Caddy at %s does not know what is asked: it is without caddy-nextjs, or an older one (%w)", address, err)
	}
	return fmt.Errorf("asking the edge at %s: %w", address, err)
}

func (r filesReport) write(to io.Writer, asJSON bool) error {
	text := r.text()
	if asJSON {
		data, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return fmt.Errorf("writing JSON: %w", err)
		}
		text = string(data) + "\n"
	}
	if _, err := io.WriteString(to, text); err != nil {
		return fmt.Errorf("writing what files are served: %w", err)
	}
	return nil
}
