package deploy

import (
	"fmt"
	"testing"
)

// benchFacts are what requests say, of builds with and without a deployment id.
var benchFacts = []struct {
	name  string
	facts PinFacts
}{
	{"document", PinFacts{Document: true}},
	{"header", PinFacts{Header: "dpl1"}},
	{"dpl", PinFacts{Query: "dpl2", Path: "/_next/static/chunks/17.js"}},
	{"build", PinFacts{BuildID: "build4"}},
	{"action", PinFacts{Action: "action3-17"}},
	{"content", PinFacts{Path: "/_next/static/chunks/4-17.js"}},
	{"cookie", PinFacts{Cookie: "v3"}},
	{"nothing", PinFacts{BuildID: "chunks", Action: "no", Path: "/_next/static/chunks/of-none.js", Cookie: "v9"}},
}

// BenchmarkPin measures how it is told which deployment a request belongs to, on an edge of 50 zones with 5 deployments
// each. The limit is 2 µs.
func BenchmarkPin(b *testing.B) {
	zones := make([]*Pins, 50)
	for i := range zones {
		zones[i] = NewPins(benchTargets(5))
	}
	for _, row := range benchFacts {
		b.Run(row.name, func(b *testing.B) {
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				if at, _ := zones[n%len(zones)].Of(row.facts); at < 0 {
					b.Fatal(at)
				}
				n++
			}
		})
	}
}

// benchTargets are deployments of a zone, the older ones without deployment ids, each of 300 files and 100 actions.
func benchTargets(n int) []PinTarget {
	targets := make([]PinTarget, n)
	for i := range targets {
		files, actions := map[string]bool{}, map[string]struct{}{}
		for j := range 300 {
			files[fmt.Sprintf("/_next/static/chunks/%d-%d.js", i, j)] = true
		}
		for j := range 100 {
			actions[fmt.Sprintf("action%d-%d", i, j)] = struct{}{}
		}
		targets[i] = PinTarget{
			ID: fmt.Sprintf("v%d", i), BuildID: fmt.Sprintf("build%d", i), Actions: actions, Live: i == 0,
			HasFile: func(path string) bool { return files[path] },
		}
		if i < 3 {
			targets[i].DeploymentID = fmt.Sprintf("dpl%d", i)
		}
	}
	return targets
}
