//go:build e2e

package skew_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

// keptDeployments is how many deployments are there at a time: the ones before are retired, and their processes end.
const keptDeployments = 3

// betweenOrders is so short that tabs outlive a deploy or two.
const betweenOrders = time.Second

// Deploys and rollbacks happen one after the other, and no visitor notices.
func TestDeploysUnderLoad(t *testing.T) {
	for _, kind := range []string{"b", "a"} {
		t.Run(map[string]string{"b": "with deploymentId", "a": "without"}[kind], func(t *testing.T) {
			deploysUnderLoad(t, buildOf(t, "16", kind+"1"), buildOf(t, "16", kind+"2"), buildOf(t, "16", kind+"3"))
		})
	}
}

func deploysUnderLoad(t *testing.T, builds ...*build) {
	actions := filepath.Join(t.TempDir(), "actions")
	live := builds[0].serve(t, actions)
	s := startSite(t, live, true)
	tab := openTab(t, s.base, "/act", live.build)
	tab.setRSC(t, live.App)
	c := startCrowd(t, s.base, tab.rsc, builds...)
	time.Sleep(betweenOrders)

	type deployment struct {
		id string
		*served
	}
	list := []deployment{{inConfig, live}}
	rollbacks := harness.LongOr(1, 5)
	for i := 1; i <= harness.LongOr(3, 10); i++ {
		next := builds[i%len(builds)].serve(t, actions)
		id := fmt.Sprintf("r%d", i)
		s.order(t, "deploy", append(deployArgs(next, true), "--id", id)...)
		openTab(t, s.base, "/act", next.build)
		list = append(list, deployment{id, next})
		time.Sleep(betweenOrders)
		if i%2 == 0 && rollbacks > 0 {
			rollbacks--
			s.order(t, "rollback")
			openTab(t, s.base, "/act", list[len(list)-2].build)
			time.Sleep(betweenOrders)
			s.order(t, "promote", "--id", id)
			time.Sleep(betweenOrders)
		}
		if old := list[0]; len(list) > keptDeployments {
			list = list[1:]
			s.order(t, "retire", "--id", old.id)
			old.Terminate(t)
		}
	}
	c.requireNoTrouble(t, actions)
	if builds[0].deploymentID == "" {
		assert.LessOrEqual(t, c.hard, c.did["document"])
	} else {
		assert.Zero(t, c.hard)
	}
}

// Event streams of a build that is retired end in good order, so that their clients come back to the live one.
func TestEventStreamsOfABuildThatIsRetired(t *testing.T) {
	actions := filepath.Join(t.TempDir(), "actions")
	one, two, three := buildOf(t, "16", "b1").serve(t, actions), buildOf(t, "16", "b2").serve(t, actions), buildOf(t, "16", "b3").serve(t, actions)
	s := startSite(t, one, true)
	old := inConfig
	for _, next := range []*served{two, three} {
		var id string
		t.Run(old, func(t *testing.T) {
			c := newCrowd(s.base)
			c.Repeat(func(int) { c.listen(t) })
			t.Cleanup(c.Stop)
			wait(t, func() bool { return c.has("event stream") > 0 }, "a stream is open")
			id = s.deploy(t, next, true)
			assert.Zero(t, c.has("end of an event stream"), "it outlives the deploy")
			s.order(t, "retire", "--id", old, "--wait", "20s")
			wait(t, func() bool { return c.has("event stream") == 2 }, "the stream ends, and the client is back")
			c.Stop()
			assert.Empty(t, c.troubles)
		})
		old = id
	}
}
