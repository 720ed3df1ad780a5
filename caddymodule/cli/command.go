package cli

import (
	"fmt"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

// Command returns the commands of the project, below one of Caddy's.
func Command(readFiles ReadFiles, libvips Libvips) caddycmd.Command {
	return caddycmd.Command{
		Name:  "nextjs",
		Usage: "<command>",
		Short: "Tells about self-hosted Next.js applications, their builds and their edge, and steers it",
		Long: `
Commands for Next.js applications behind this server. Those about a running edge ask
its admin endpoint, those that steer it also its nextjs_control; the others need none.`,
		CobraFunc: func(cmd *cobra.Command) {
			cmd.AddCommand(newExplainCommand(), newFilesCommand(readFiles), newImageCommand(), newPurgeCommand(), newStatusCommand(),
				newDrainCommand(), newUndrainCommand(), newRollingRestartCommand(), newPauseCommand(), newResumeCommand(),
				newDeployCommand(), newRollbackCommand(), newPromoteCommand(), newRetireCommand(), newForgetCommand(),
				newVersionCommand(libvips))
			cmd.RunE = func(cmd *cobra.Command, args []string) error {
				if len(args) > 0 {
					return fmt.Errorf("unknown command %q for %q; see %s --help", args[0], cmd.CommandPath(), cmd.CommandPath())
				}
				return cmd.Help()
			}
		},
	}
}
