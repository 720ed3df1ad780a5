package cli

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

// rolloutFlags say which deployment a command is about.
type rolloutFlags struct {
	edgesFlags
	order report.RolloutOrder
	wait  time.Duration
}

// newRollbackCommand makes `caddy nextjs rollback`.
func newRollbackCommand() *cobra.Command {
	var f rolloutFlags
	cmd := f.command(report.RollbackRoute, &cobra.Command{
		Use: "rollback --zone <zone>", Short: "Makes the deployment live again that was live before",
		Long: `
Makes the deployment the live one that was live before, or that of --to. It takes effect at
once, so its upstreams must still run: see caddy nextjs status.`,
		Example: `  caddy nextjs rollback --zone shop
  caddy nextjs rollback --zone shop --to 41`,
	})
	cmd.Flags().StringVar(&f.order.Deployment, "to", "", "The deployment to go back to, if not the one before")
	return cmd
}

// newPromoteCommand makes `caddy nextjs promote`.
func newPromoteCommand() *cobra.Command {
	var f rolloutFlags
	cmd := f.command(report.PromoteRoute, &cobra.Command{
		Use: "promote --zone <zone> --id <deployment>", Short: "Makes a deployment that the edge knows the live one",
		Example: `  caddy nextjs promote --zone shop --id 42
  caddy nextjs promote --zone shop --id config`,
	})
	f.registerID(cmd)
	return cmd
}

// newRetireCommand makes `caddy nextjs retire`.
func newRetireCommand() *cobra.Command {
	var f rolloutFlags
	cmd := f.command(report.RetireRoute, &cobra.Command{
		Use: "retire --zone <zone> --id <deployment>", Short: "Ends a deployment that is not live",
		Long: `
Ends a deployment before its time is over: from now on nothing goes to it, and what belongs
to its documents goes to the live one. The command returns when what is in flight has
ended, or after --wait; with --now, as where a build has a hole, at once. The live one
cannot be ended.`,
		Example: `  caddy nextjs retire --zone shop --id 41
  caddy nextjs retire --zone shop --id 41 --now`,
	})
	f.registerID(cmd)
	cmd.Flags().BoolVar(&f.order.Now, "now", false, "Wait for nothing")
	cmd.Flags().DurationVar(&f.wait, "wait", 30*time.Second, "How long to wait until nothing is in flight")
	cmd.MarkFlagsMutuallyExclusive("now", "wait")
	return cmd
}

// newForgetCommand makes `caddy nextjs forget`.
func newForgetCommand() *cobra.Command {
	var f rolloutFlags
	cmd := f.command(report.ForgetRoute, &cobra.Command{
		Use: "forget --zone <zone> --id <deployment>", Short: "Removes a deployment that has ended from what the edge knows",
		Example: `  caddy nextjs forget --zone shop --id 41`,
	})
	f.registerID(cmd)
	return cmd
}

func (f *rolloutFlags) registerID(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.order.Deployment, "id", "", "The deployment")
}

// command is one that sends its order to a route.
func (f *rolloutFlags) command(route string, cmd *cobra.Command) *cobra.Command {
	cmd.Args = cobra.NoArgs
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := f.check(cmd); err != nil {
			return err
		}
		edges, err := f.edges(f.wait)
		if err != nil {
			return err
		}
		return orderAll(cmd.Context(), cmd.OutOrStdout(), edges, f.asJSON, func(edge *controlFlags) (answer report.Rollout, err error) {
			return answer, edge.post(cmd.Context(), route, f.order, &answer)
		}, func(answer report.Rollout) string { return rolloutText(answer, time.Now()) })
	}
	cmd.Flags().StringVar(&f.order.Zone, "zone", "", "The zone")
	f.register(cmd)
	return cmd
}

// check finds what is wrong with the flags, and completes the order.
func (f *rolloutFlags) check(cmd *cobra.Command) error {
	isNamed := f.order.Deployment != ""
	switch {
	case f.order.Zone == "":
		return errNoZone
	case cmd.Flags().Lookup("id") != nil && !isNamed:
		return errors.New("--id is missing: the deployment, as caddy nextjs status shows it")
	case cmd.Flags().Changed("to") && !isNamed: // a variable that was not set
		return errors.New("--to is empty; leave it out for the deployment that was live before")
	case f.wait < 0:
		return errors.New("--wait takes a duration such as 30s")
	}
	if !f.order.Now {
		f.order.Wait = durationText(f.wait)
	}
	return nil
}
