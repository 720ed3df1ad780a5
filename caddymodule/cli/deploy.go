package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

const (
	deployLong = `
Makes a build that runs beside the old one the live one of its zone: the edge waits until
all of --to are healthy, then sends new documents there. Tabs that are open stay with the
build that they came from, while that is kept; it is drained meanwhile. If they do not
become healthy in time, nothing has changed, and the command fails.

Without --id the deployment is called as the build calls itself: its deploymentId, or else
its build id. The edge asks the upstreams for it where there is no --build.

A deploy goes on at the edge whatever becomes of this command. The same command again
waits on.`
	deployExample = `  caddy nextjs deploy --zone shop --to 10.0.0.7:3000,10.0.0.8:3000
  caddy nextjs deploy --zone shop --to localhost:3001 --build /srv/builds/42
  caddy nextjs deploy --zone shop --to 10.0.0.7:3000 --token-file token \
    --control https://edge-1.example/_edge --control https://edge-2.example/_edge`
)

const (
	// maxDeployTime bounds --timeout, as the edge does.
	maxDeployTime = 10 * time.Minute
	// deployAnswerTime is how much longer than its timeout a deploy may take to be answered.
	deployAnswerTime = 10 * time.Second
	// askAgainEvery is how often an edge is asked again that does not answer.
	askAgainEvery = time.Second
)

// deployFlags say what is deployed.
type deployFlags struct {
	edgesFlags
	zone, id, build string
	to              []string
	timeout         time.Duration
}

// newDeployCommand makes `caddy nextjs deploy`.
func newDeployCommand() *cobra.Command {
	var f deployFlags
	cmd := &cobra.Command{
		Use: "deploy --zone <zone> --to <upstreams>", Short: "Makes a build that runs beside the old one the live one",
		Long: deployLong, Example: deployExample, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("id") && f.id == "" { // a variable that was not set
				return errors.New("--id is empty; leave it out and the edge finds it")
			}
			if err := f.check(); err != nil {
				return err
			}
			return f.run(cmd)
		},
	}
	cmd.Flags().StringVar(&f.zone, "zone", "", "The zone")
	cmd.Flags().StringSliceVar(&f.to, "to", nil, "The upstreams that run the build, with commas or repeated")
	cmd.Flags().StringVar(&f.id, "id", "", "What the deployment is called, if not as its build")
	cmd.Flags().StringVar(&f.build, "build", "", "The directory of the build, on the machine of the edge")
	cmd.Flags().DurationVar(&f.timeout, "timeout", time.Minute, "How long the upstreams may take to be healthy, 10m at most")
	f.register(cmd)
	return cmd
}

// check finds what is wrong with the flags, and completes them.
func (f *deployFlags) check() error {
	if f.id == "" {
		f.id = report.AnyDeployment
	}
	for i, upstream := range f.to {
		f.to[i] = strings.TrimSpace(upstream)
	}
	switch {
	case f.zone == "":
		return errNoZone
	case len(f.to) == 0:
		return errors.New("--to is missing: the upstreams that run the build")
	case slices.Contains(f.to, ""):
		return errors.New("--to has an upstream that is empty")
	case f.timeout < time.Second || f.timeout > maxDeployTime:
		return fmt.Errorf("--timeout takes a duration from 1s to 10m, found %s", f.timeout)
	case f.build != "" && !filepath.IsAbs(f.build) && len(f.controls) > 0:
		return fmt.Errorf("--build is a directory on the machine of the edge, and begins with a slash; found %q", f.build)
	}
	if f.build == "" {
		return checkID(f.id)
	}
	build, err := filepath.Abs(f.build)
	if err != nil {
		return fmt.Errorf("--build: %w", err)
	}
	f.build = build
	return checkID(f.id)
}

// errNoZone says that a command does not name a zone.
var errNoZone = errors.New("--zone is missing: the name of the zone, as caddy nextjs status shows it")

// checkID refuses ids that cannot be in a path.
func checkID(id string) error {
	if id == "." || id == ".." {
		return fmt.Errorf("--id takes a name, found %q", id)
	}
	return nil
}

// run deploys at all edges. Who interrupts it is told that they go on.
func (f *deployFlags) run(cmd *cobra.Command) error {
	edges, err := f.edges(f.timeout)
	if err != nil {
		return err
	}
	ctx, stop := untilSignal(cmd.Context())
	defer stop()
	said := &sharedOutput{to: cmd.ErrOrStderr()}
	err = orderAll(ctx, cmd.OutOrStdout(), edges, f.asJSON, func(edge *controlFlags) (report.Deployed, error) {
		return f.deployAt(ctx, edge, func(text string) { said.line(prefixOf(edge), text) })
	}, deployedText)
	if _, ok := errors.AsType[interruption](err); ok {
		return fmt.Errorf("%w: a deploy that has begun goes on; the same command again waits on", err)
	}
	return err
}

// prefixOf is what stands before a line about an edge.
func prefixOf(edge *controlFlags) string {
	if edge.control == "" {
		return ""
	}
	return edge.control + ": "
}

// deployAt deploys at an edge, and asks it again where the connection breaks.
func (f *deployFlags) deployAt(ctx context.Context, edge *controlFlags, say func(string)) (report.Deployed, error) {
	ctx, stop := context.WithTimeout(ctx, f.timeout+deployAnswerTime)
	defer stop()
	for mayGoOn := false; ; {
		answer, err := f.orderAt(ctx, edge)
		broken, isBroken := errors.AsType[unanswered](err)
		switch {
		case ctx.Err() != nil && err != nil:
			return answer, fmt.Errorf("nobody knows how the deploy has ended, caddy nextjs status tells: %w", err)
		case !isBroken || !broken.sent && !mayGoOn:
			return answer, err
		case !mayGoOn:
			why, _, _ := strings.Cut(broken.Error(), "\n") // what follows is what to do if no edge runs
			say(fmt.Sprintf("no answer (%s): a deploy that has begun goes on; asking again", why))
		}
		mayGoOn = true
		select {
		case <-ctx.Done():
		case <-time.After(askAgainEvery):
		}
	}
}

// orderAt sends the order. Its answer is not waited for any longer when the context ends, by whichever way it comes.
func (f *deployFlags) orderAt(ctx context.Context, edge *controlFlags) (report.Deployed, error) {
	type result struct {
		answer report.Deployed
		err    error
	}
	ended := make(chan result, 1)
	go func() {
		var r result
		order := report.DeployOrder{Upstreams: f.to, Build: f.build, Timeout: f.timeout.String()}
		r.err = edge.order(ctx, http.MethodPut, report.DeploymentRoute(f.zone, f.id), order, &r.answer)
		ended <- r
	}()
	select {
	case r := <-ended:
		return r.answer, r.err
	case <-ctx.Done():
		return report.Deployed{}, unanswered{ctx.Err(), true}
	}
}
