package main

import (
	"context"
	"fmt"
	"os/exec"
	"time"
)

// Names of the deployments of a zone: the first is what the configuration names, the second is deployed over it.
const (
	firstDeployment  = "first"
	secondDeployment = "second"
)

// measureDeployments tells what it costs that a zone has several deployments, and how fast one can go back.
func measureDeployments(ctx context.Context, b *bench) ([]row, error) {
	rows := pinRows()
	for _, measure := range []func(context.Context) ([]row, error){
		b.measureActions, b.measureRollback, b.measureArchive,
	} {
		measured, err := measure(ctx)
		rows = append(rows, measured...)
		if err != nil {
			return rows, err
		}
		b.fleet.stopAll()
	}
	return rows, nil
}

// deployedEdge is an edge whose zone has two deployments. At first the second one is live.
type deployedEdge struct {
	subject
	admin         string
	first, second *process // their upstreams
}

// zoneOf is the directive of a zone without a deployment that was ordered.
func zoneOf(upstream string) string { return fmt.Sprintf("nextjs {\n\t\tzone web / %s\n\t}", upstream) }

// startDeployed starts two upstreams and an edge before one of them, and deploys the other one.
func (b *bench) startDeployed(ctx context.Context) (e deployedEdge, err error) {
	if e.first, err = b.startUpstream(ctx, "-name", firstDeployment); err != nil {
		return e, err
	}
	if e.second, err = b.startUpstream(ctx, "-name", secondDeployment); err != nil {
		return e, err
	}
	if e.admin, err = freeAddress(ctx); err != nil {
		return e, err
	}
	if e.subject, err = b.startCaddy(ctx, nameOurs, zoneOf(e.first.addr), e.admin); err != nil {
		return e, err
	}
	return e, b.order(ctx, e, "deploy", "--to", e.second.addr, "--id", secondDeployment)
}

// order runs a command about the deployments of an edge.
func (b *bench) order(ctx context.Context, e deployedEdge, command string, flags ...string) error {
	args := append([]string{"nextjs", command, "--zone", "web", "--address", e.admin}, flags...)
	cmd := exec.CommandContext(ctx, b.caddy, args...)
	cmd.Env = ownEnvironment(b.dir)
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("caddy nextjs %s: %w\n%s", command, err, said)
	}
	return nil
}

// measureRollback tells how long it takes until documents are of the deployment of before: from the start of the
// command to the end of a page that is asked for when the command has ended.
func (b *bench) measureRollback(ctx context.Context) ([]row, error) {
	edge, err := b.startDeployed(ctx)
	if err != nil {
		return nil, err
	}
	var took []float64
	for n := range b.starts {
		wanted := []string{firstDeployment, secondDeployment}[n%2] // each rollback takes the one before back
		begin := time.Now()
		if err := b.order(ctx, edge, "rollback"); err != nil {
			return nil, err
		}
		_, header, err := pageOf(ctx, edge.addr, "/page?bytes=1024")
		if err != nil {
			return nil, err
		}
		took = append(took, time.Since(begin).Seconds()*1000)
		if got := header.Get(answeredBy); got != wanted {
			return nil, fmt.Errorf("after a rollback a page is of the deployment %s, expected %s", got, wanted)
		}
	}
	return []row{{
		Name: "rollback, from the start of its command to the first page of the deployment of before", Unit: "ms",
		Ours: median(took), limits: limits{Limit: 1000, OnValue: true},
	}}, nil
}
