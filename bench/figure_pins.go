package main

import (
	"fmt"
	"testing"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

// pinRows tell how long it takes to find the deployment that a request belongs to, on an edge of 50 zones with 5
// deployments each.
func pinRows() (rows []row) {
	edge := make([]*deploy.Pins, 50)
	for i := range edge {
		edge[i] = deploy.NewPins(manyDeployments(5))
	}
	for _, request := range []struct {
		name  string
		facts deploy.PinFacts
	}{
		{"deployment of a navigation, by its header", deploy.PinFacts{Header: "dpl-2"}},
		{"deployment of a chunk that the oldest has", deploy.PinFacts{Path: "/_next/static/chunks/4-17.js"}},
		{"deployment of an action that none knows", deploy.PinFacts{Action: "no", Cookie: "v3"}},
	} {
		result := testing.Benchmark(func(loop *testing.B) {
			for i := 0; loop.Loop(); i++ {
				edge[i%len(edge)].Of(request.facts)
			}
		})
		rows = append(rows, row{
			Name: request.name, Unit: "us", Ours: float64(result.NsPerOp()) / 1000, limits: limits{Limit: 2, OnValue: true},
		})
	}
	return rows
}

// manyDeployments are deployments of a zone, the older ones without deployment ids, each of 300 files and 100 actions.
func manyDeployments(n int) []deploy.PinTarget {
	targets := make([]deploy.PinTarget, n)
	for i := range targets {
		files, actions := map[string]bool{}, map[string]struct{}{}
		for j := range 300 {
			files[fmt.Sprintf("/_next/static/chunks/%d-%d.js", i, j)] = true
		}
		for j := range 100 {
			actions[fmt.Sprintf("action%d-%d", i, j)] = struct{}{}
		}
		targets[i] = deploy.PinTarget{
			ID: fmt.Sprintf("v%d", i), BuildID: fmt.Sprintf("build%d", i), Actions: actions, Live: i == 0,
			HasFile: func(path string) bool { return files[path] },
		}
		if i < 3 {
			targets[i].DeploymentID = fmt.Sprintf("dpl-%d", i)
		}
	}
	return targets
}
