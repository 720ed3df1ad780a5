package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

const (
	restartLong = `
Restarts the upstreams of a zone one after the other. Each is taken out of rotation, what
is in flight to it ends, the command of --exec runs, by sh and on this machine, and when
the upstream answers again it is put back. The command finds the upstream in its
environment: NEXTJS_UPSTREAM as status shows it, NEXTJS_HOST and NEXTJS_PORT, and the
zone in NEXTJS_ZONE. It is to return when what it has stopped does not answer any more.

An upstream is out by a lease that this command renews: if it is killed, the upstream is
put back by itself. At the first one that fails (its command exits with another code than
0, or it does not answer in time) that one stays out, no other one is begun, and it is
said which are done. Upstreams that an operator has drained are left alone.`
	restartExample = `  caddy nextjs rolling-restart home --exec 'systemctl restart web@$NEXTJS_PORT'
  caddy nextjs rolling-restart home --exec 'ssh $NEXTJS_HOST systemctl restart web'`
)

// newRollingRestartCommand makes `caddy nextjs rolling-restart`.
func newRollingRestartCommand() *cobra.Command {
	r := &rollingRestart{edge: new(controlFlags)}
	cmd := &cobra.Command{
		Use: "rolling-restart <zone> --exec <command>", Short: "Restarts the upstreams of a zone one after the other",
		Long: restartLong, Example: restartExample, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := r.check(); err != nil {
				return err
			}
			r.zone, r.holder, r.out = args[0], newHolder(), &sharedOutput{to: cmd.OutOrStdout()}
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			return r.run(ctx)
		},
	}
	cmd.Flags().StringVar(&r.command, "exec", "", "The command that restarts an upstream, for sh")
	cmd.Flags().IntVar(&r.maxOut, "max-out", 1, "How many upstreams may be out at a time")
	cmd.Flags().DurationVar(&r.wait, "wait", 30*time.Second, "How long to wait until nothing is in flight before the command runs all the same")
	cmd.Flags().DurationVar(&r.healthy, "healthy", time.Minute, "How long an upstream may take to answer after its command")
	r.edge.register(cmd)
	return cmd
}

// rollingRestart restarts the upstreams of a zone.
type rollingRestart struct {
	edge          *controlFlags
	zone, command string
	maxOut        int
	wait, healthy time.Duration
	holder        string // of the leases
	out           *sharedOutput
}

func (r *rollingRestart) check() error {
	switch {
	case strings.TrimSpace(r.command) == "":
		return errors.New("--exec is missing: the command that restarts an upstream")
	case r.maxOut < 1:
		return fmt.Errorf("--max-out takes a number of at least 1, found %d", r.maxOut)
	case r.wait < 0 || r.healthy <= 0:
		return errors.New("--wait takes a duration such as 30s, and --healthy one that is longer than 0")
	}
	return nil
}

// newHolder returns a name for the leases of one run, by which status shows them.
func newHolder() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return "rolling-restart@" + host + "-" + strings.ToLower(rand.Text()[:8])
}

// run restarts the upstreams, and says what has become of them. The error says which have failed.
func (r *rollingRestart) run(ctx context.Context) error {
	upstreams, err := r.upstreams(ctx)
	if err != nil {
		return err
	}
	done := r.restartAll(ctx, upstreams)
	if err := done.err(ctx, upstreams); err != nil {
		return err
	}
	r.out.line("", fmt.Sprintf("Restarted all of %s: %s", r.zone, strings.Join(done.restarted, ", ")))
	return nil
}

// upstreams returns those of the zone that are to be restarted, as status shows them.
func (r *rollingRestart) upstreams(ctx context.Context) (list []string, err error) {
	var status report.Status
	if err := r.edge.get(ctx, report.StatusRoute, &status); err != nil {
		return nil, err
	}
	zone, err := zoneNamed(status, r.zone)
	if err != nil {
		return nil, err
	}
	for _, deployment := range zone.Deployments {
		if deployment.State != "" && !deployment.Live { // its build may not be there to be started any more
			continue
		}
		for _, upstream := range deployment.Upstreams {
			switch {
			case upstream.Holder != "":
				return nil, fmt.Errorf("%s is %s: a restart goes on, or has ended without giving it back",
					upstream.Upstream, whyText(upstream, time.Local))
			case upstream.State == "draining":
				r.out.line(upstream.Upstream+": ", "left alone: "+upstream.Why)
			default:
				list = append(list, upstream.Upstream)
			}
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("zone %s has no upstream to restart", r.zone)
	}
	return list, nil
}

// zoneNamed returns the zone of a name. The error says that there is none, or that two applications have it.
func zoneNamed(status report.Status, name string) (found report.ZoneStatus, err error) {
	var names []string
	count := 0
	for _, zone := range status.Zones {
		names = append(names, zone.Name)
		if zone.Name == name {
			found = zone
			count++
		}
	}
	switch count {
	case 0:
		return found, fmt.Errorf("unknown zone %q; there are: %s", name, strings.Join(names, ", "))
	case 1:
		return found, nil
	}
	return found, fmt.Errorf("%d applications have the name %s: name them differently in the configuration", count, name)
}
