package cli

import (
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"
)

// modulePath is the module whose version is that of the project.
const modulePath = "github.com/caddy-nextjs/caddy-nextjs"

// Libvips returns the version of libvips that pictures are made with, "" without it, and whether that writes AVIF.
type Libvips func() (version string, avif bool)

// newVersionCommand makes `caddy nextjs version`.
func newVersionCommand(libvips Libvips) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Shows what this binary is made of",
		Long: `
The versions of caddy-nextjs, of Caddy, of Go and of libvips, which makes the pictures.
No edge needs to run.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			answer := newVersionReport(libvips)
			return printAnswer(cmd.OutOrStdout(), answer, answer.text(), asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print JSON, for programs")
	return cmd
}

// versionReport says what the binary is made of.
type versionReport struct {
	Version string `json:"version"`
	Caddy   string `json:"caddy"`
	Go      string `json:"go"`
	// Libvips is absent where pictures are Next.js's.
	Libvips string `json:"libvips,omitempty"`
	AVIF    bool   `json:"avif"`
}

func newVersionReport(libvips Libvips) versionReport {
	caddyVersion, _ := caddy.Version()
	answer := versionReport{Version: projectVersion(), Caddy: caddyVersion, Go: runtime.Version()}
	answer.Libvips, answer.AVIF = libvips()
	return answer
}

// projectVersion is what Go has put into the binary: a version where it was built as a dependency, else the commit.
func projectVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, module := range info.Deps {
		if module.Path == modulePath {
			return module.Version
		}
	}
	version := strings.TrimPrefix(info.Main.Version, "(devel)")
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" && version == "" {
			version = "commit " + setting.Value[:min(len(setting.Value), 12)]
		}
	}
	if version == "" {
		return "development"
	}
	return version
}

func (r versionReport) text() string {
	var b strings.Builder
	line := reportLines(&b)
	line("nextjs", "%s, for Next.js 14, 15 and 16", r.Version)
	line("caddy", "%s", r.Caddy)
	line("go", "%s", strings.TrimPrefix(r.Go, "go"))
	switch {
	case r.Libvips == "":
		line("libvips", "none: pictures are made by Next.js")
	case !r.AVIF:
		line("libvips", "%s, without AVIF", r.Libvips)
	default:
		line("libvips", "%s", r.Libvips)
	}
	return b.String()
}
