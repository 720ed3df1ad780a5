package deploy

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// filesOf returns a function that has some files below /_next/static.
func filesOf(names ...string) func(string) bool {
	return func(path string) bool {
		for _, name := range names {
			if path == "/_next/static/"+name {
				return true
			}
		}
		return false
	}
}

func actionsOf(ids ...string) map[string]struct{} {
	actions := map[string]struct{}{}
	for _, id := range ids {
		actions[id] = struct{}{}
	}
	return actions
}

// plainTargets are deployments without a deployment id: the live one is not the newest, as after a rollback.
func plainTargets() []PinTarget {
	return []PinTarget{{
		ID: "v3", BuildID: "b3", Actions: actionsOf("only3", "old", "all"),
		HasFile: filesOf("chunks/3.js", "chunks/old.js", "chunks/all.js"),
	}, {
		ID: "v2", BuildID: "b2", Actions: actionsOf("only2", "all"),
		HasFile: filesOf("chunks/2.js", "chunks/all.js"), Live: true,
	}, {
		ID: "v1", BuildID: "b1", Actions: actionsOf("only1", "old", "all"),
		HasFile: filesOf("chunks/1.js", "chunks/old.js", "chunks/all.js"),
	}}
}

// namedTargets are deployments with a deployment id, as Next.js 16.2 and later build them.
func namedTargets() []PinTarget {
	targets := plainTargets()
	for i, name := range []string{"dpl3", "dpl2", "dpl1"} {
		targets[i].DeploymentID, targets[i].BuildID = name, constantBuildID
	}
	return targets
}

type pinCase struct {
	name  string
	facts PinFacts
	at    int
	why   PinReason
}

func assertPins(t *testing.T, targets []PinTarget, rows []pinCase) {
	t.Helper()
	pins := NewPins(targets)
	for _, row := range rows {
		at, why := pins.Of(row.facts)
		assert.Equal(t, row.at, at, row.name)
		assert.Equal(t, row.why.String(), why.String(), row.name)
	}
}

func TestWhatNamesADeploymentWithoutDeploymentIDs(t *testing.T) {
	const static = "/_next/static/"
	assertPins(t, plainTargets(), []pinCase{
		{"nothing", PinFacts{}, 1, PinLive},
		{"a document", PinFacts{Document: true, Cookie: "v1", Query: "b1", BuildID: "b1", Action: "only1"}, 1, PinLive},
		{"data", PinFacts{BuildID: "b1"}, 2, PinBuild},
		{"data before the cookie", PinFacts{BuildID: "b1", Cookie: "v3"}, 2, PinBuild},
		{"data of the live one", PinFacts{BuildID: "b2", Cookie: "v3"}, 1, PinBuild},
		{"data too old", PinFacts{BuildID: "b0"}, 1, PinUnknown},
		{"an action that one knows", PinFacts{Action: "only3"}, 0, PinAction},
		{"an action before the cookie", PinFacts{Action: "only3", Cookie: "v1"}, 0, PinAction},
		{"an action that the live one knows", PinFacts{Action: "all", Cookie: "v1"}, 1, PinAction},
		{"an action that two know", PinFacts{Action: "old"}, 0, PinAction},
		{"an action that none knows", PinFacts{Action: "no"}, 1, PinLive},
		{"an action that none knows, of a document", PinFacts{Action: "no", Cookie: "v1"}, 2, PinCookie},
		{"a chunk of one", PinFacts{Path: static + "chunks/1.js"}, 2, PinContent},
		{"a chunk before the cookie", PinFacts{Path: static + "chunks/1.js", Cookie: "v3"}, 2, PinContent},
		{"a chunk of two", PinFacts{Path: static + "chunks/old.js"}, 0, PinContent},
		{"a chunk of all", PinFacts{Path: static + "chunks/all.js", Cookie: "v1"}, 1, PinLive},
		{"a chunk of none", PinFacts{Path: static + "chunks/0.js"}, 1, PinLive},
		{"a chunk of none, of a document", PinFacts{Path: static + "chunks/0.js", Cookie: "v1"}, 2, PinCookie},
		{"a navigation", PinFacts{Cookie: "v1"}, 2, PinCookie},
		{"a navigation of the live one", PinFacts{Cookie: "v2"}, 1, PinCookie},
		{"a navigation that is too old", PinFacts{Cookie: "v0"}, 1, PinUnknown},
		{"a header that names none of them", PinFacts{Header: "v1", Cookie: "v1"}, 1, PinUnknown},
		{"a dpl that names none of them", PinFacts{Query: "v1", Path: static + "chunks/1.js", Cookie: "v1"}, 1, PinUnknown},
	})
}

func TestWhatNamesADeploymentWithDeploymentIDs(t *testing.T) {
	targets := namedTargets()
	targets[2].HasFile = filesOf("chunks/1.js", "immutable/1.js")
	assertPins(t, targets, []pinCase{
		{"nothing", PinFacts{}, 1, PinLive},
		{"the header", PinFacts{Header: "dpl1"}, 2, PinHeader},
		{"the header of a document", PinFacts{Header: "dpl1", Document: true}, 2, PinHeader},
		{"the header before all", PinFacts{Header: "dpl1", Query: "dpl3", BuildID: "b3", Action: "only3", Cookie: "v3"}, 2, PinHeader},
		{"the header of the live one", PinFacts{Header: "dpl2"}, 1, PinHeader},
		{"a header that is too old", PinFacts{Header: "dpl0", Query: "dpl1", Action: "only1"}, 1, PinUnknown},
		{"a header of a document that is too old", PinFacts{Header: "dpl0", Document: true}, 1, PinUnknown},
		{"dpl", PinFacts{Query: "dpl3", Path: "/_next/static/chunks/1.js"}, 0, PinQuery},
		{"dpl of a document", PinFacts{Query: "dpl3", Document: true}, 1, PinLive},
		{"a dpl that is too old", PinFacts{Query: "dpl0", Path: "/_next/static/chunks/1.js", Cookie: "v1"}, 1, PinUnknown},
		{"the constant build id", PinFacts{BuildID: constantBuildID}, 1, PinLive},
		{"the constant build id and dpl", PinFacts{BuildID: constantBuildID, Query: "dpl1"}, 2, PinQuery},
		{"the id of a form's action", PinFacts{Action: "only1"}, 2, PinAction},
		{"a chunk without dpl", PinFacts{Path: "/_next/static/chunks/1.js"}, 1, PinLive},
		{"a chunk that never has a dpl", PinFacts{Path: "/_next/static/immutable/1.js"}, 2, PinContent},
		{"a cookie", PinFacts{Cookie: "v1"}, 1, PinLive},
	})
}

// Two tabs on two builds share their cookies, which name what was loaded last.
func TestTwoTabsOnTwoBuilds(t *testing.T) {
	pins := NewPins(namedTargets())
	for name, want := range map[string]int{"dpl1": 2, "dpl2": 1} {
		at, _ := pins.Of(PinFacts{Header: name, Cookie: "v2"})
		assert.Equal(t, want, at, "with deployment ids both work")
	}

	pins = NewPins(plainTargets())
	at, why := pins.Of(PinFacts{Cookie: "v2"})
	assert.Equal(t, []any{1, PinCookie}, []any{at, why}, "else a navigation of the older tab is a hard one")
	at, why = pins.Of(PinFacts{Cookie: "v2", BuildID: "b1"})
	assert.Equal(t, []any{2, PinBuild}, []any{at, why}, "but not where the path tells")
	at, why = pins.Of(PinFacts{Cookie: "v2", Action: "only1"})
	assert.Equal(t, []any{2, PinAction}, []any{at, why}, "nor with an action")
}

// The first deploys after an application has got a deployment id, or has lost it.
func TestDeploymentsOfBothSorts(t *testing.T) {
	targets := plainTargets()
	targets[1].DeploymentID, targets[1].BuildID = "dpl2", constantBuildID
	assertPins(t, targets, []pinCase{
		{"a tab of the build with one", PinFacts{Header: "dpl2", Cookie: "v1"}, 1, PinHeader},
		{"a tab of a build without", PinFacts{Cookie: "v1"}, 2, PinCookie},
		{"a tab of before, on what has got one", PinFacts{Cookie: "v2"}, 1, PinLive},
		{"a chunk of a build without", PinFacts{Path: "/_next/static/chunks/1.js"}, 2, PinContent},
		{"data of a build without", PinFacts{BuildID: "b1"}, 2, PinBuild},
	})
	assert.Empty(t, NewPins(targets).CookieID())
	assert.Equal(t, "v2", NewPins(plainTargets()).CookieID())
}

func TestWhatDeploymentsShare(t *testing.T) {
	same := func(live int) []PinTarget {
		targets := make([]PinTarget, 3)
		for i := range targets {
			targets[i] = PinTarget{
				ID: "v", DeploymentID: "dpl", BuildID: "b", Actions: actionsOf("a"), HasFile: filesOf("x.js"), Live: i == live,
			}
		}
		return targets
	}
	for live := range 3 {
		assertPins(t, same(live), []pinCase{
			{"a deployment id", PinFacts{Header: "dpl"}, live, PinHeader},
			{"dpl", PinFacts{Query: "dpl"}, live, PinQuery},
			{"a build id", PinFacts{BuildID: "b"}, live, PinLive},
			{"an action", PinFacts{Action: "a"}, live, PinAction},
			{"a file", PinFacts{Path: "/_next/static/x.js"}, live, PinLive},
		})
	}
	targets := plainTargets()
	targets[0].DeploymentID, targets[2].DeploymentID = "dpl", "dpl"
	assertPins(t, targets, []pinCase{{"a deployment id of two that are not live", PinFacts{Header: "dpl"}, 0, PinHeader}})

	targets = plainTargets()
	targets[0].BuildID = "b1"
	assertPins(t, targets, []pinCase{
		{"a build id of two", PinFacts{BuildID: "b1"}, 1, PinLive},
		{"a build id of two, and a cookie", PinFacts{BuildID: "b1", Cookie: "v1"}, 2, PinCookie},
		{"a build id of one", PinFacts{BuildID: "b2"}, 1, PinBuild},
	})
}

// Of a deployment without a build directory little is known; of a zone that was deployed once there is but one.
func TestDeploymentsOfWhichLittleIsKnown(t *testing.T) {
	assertPins(t, []PinTarget{{ID: "v2", Live: true}, {ID: "v1"}}, []pinCase{
		{"data", PinFacts{BuildID: "b1"}, 0, PinLive},
		{"data of a document", PinFacts{BuildID: "b1", Cookie: "v1"}, 1, PinCookie},
		{"an action of a document", PinFacts{Action: "a", Cookie: "v1"}, 1, PinCookie},
		{"a chunk of a document", PinFacts{Path: "/_next/static/chunks/1.js", Cookie: "v1"}, 1, PinCookie},
	})
	assertPins(t, []PinTarget{{ID: "v2", Live: true}, {ID: "v1", HasFile: filesOf("chunks/1.js")}}, []pinCase{
		{"a file that one is known to have", PinFacts{Path: "/_next/static/chunks/1.js"}, 1, PinContent},
	})
	assertPins(t, plainTargets()[1:2], []pinCase{
		{"the only one", PinFacts{Cookie: "v2"}, 0, PinCookie},
		{"what was retired", PinFacts{Cookie: "v1"}, 0, PinUnknown},
	})
	assertPins(t, []PinTarget{{ID: "v2"}, {ID: "v1"}}, []pinCase{{"none is live", PinFacts{Document: true}, 0, PinLive}})
	assertPins(t, nil, []pinCase{{"none at all", PinFacts{Header: "x"}, 0, PinLive}})
	var none *Pins
	at, why := none.Of(PinFacts{Header: "x"})
	assert.Equal(t, []any{0, PinLive}, []any{at, why})
	assert.Empty(t, none.CookieID())
}

// Whatever deployments are alike in, and whatever a request says, one of them has it.
func TestEveryRequestBelongsToADeployment(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	words := []string{"", "a", "b", "c", constantBuildID, "\x00", strings.Repeat("x", 5000)}
	word := func() string { return words[random.IntN(len(words))] }
	for range 20_000 {
		targets := make([]PinTarget, 1+random.IntN(4))
		for i := range targets {
			targets[i] = PinTarget{ID: word(), DeploymentID: word(), BuildID: word(), Live: random.IntN(3) == 0}
			if random.IntN(2) == 0 {
				targets[i].Actions = actionsOf(word(), word())
			}
			if random.IntN(2) == 0 {
				has := word()
				targets[i].HasFile = func(path string) bool { return path == has }
			}
		}
		facts := PinFacts{
			Header: word(), Query: word(), BuildID: word(), Action: word(), Path: word(), Cookie: word(),
			Document: random.IntN(2) == 0,
		}
		pins := NewPins(targets)
		at, why := pins.Of(facts)
		if !assert.True(t, at >= 0 && at < len(targets) && why < PinReasons, "%+v of %+v: %d", facts, targets, at) {
			return
		}
		if facts.Document && facts.Header == "" {
			assert.Equal(t, pins.live, at, "%+v", facts)
		}
		if why == PinLive || why == PinUnknown {
			assert.Equal(t, pins.live, at, "%+v", facts)
		}
	}
}

func TestPinsDoNotAllocate(t *testing.T) {
	pins := NewPins(benchTargets(5))
	for _, row := range benchFacts {
		assert.Zero(t, testing.AllocsPerRun(100, func() { pins.Of(row.facts) }), row.name)
	}
}
