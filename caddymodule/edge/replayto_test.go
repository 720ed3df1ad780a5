package edge

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

func TestWhoIsAskedForAnActionNext(t *testing.T) {
	deployment := func(name string, actions ...string) *Zone {
		z := &Zone{DeployedAs: name, Upstreams: new(deploy.Rotation)}
		if actions != nil {
			z.Build = &nextbuild.Build{Actions: map[string]struct{}{}}
			for _, id := range actions {
				z.Build.Actions[id] = struct{}{}
			}
		}
		return z
	}
	live, unknown1, unknown2, unknown3 := deployment("live", "d"), deployment("u1"), deployment("u2"), deployment("u3")
	ab, a, none := deployment("ab", "a", "b"), deployment("a", "a"), deployment("none", "x")
	export := &Zone{DeployedAs: "export"}
	for _, c := range []struct {
		name    string
		list    []*Zone
		actions []string
		blindly bool
		to      []*Zone
	}{
		{"who knows it", []*Zone{live, unknown1, none, a}, []string{"a"}, true, []*Zone{a}},
		{"who knows all of them", []*Zone{live, a, ab}, []string{"a", "b"}, true, []*Zone{ab}},
		{"the newest two that know it", []*Zone{ab, live, a, deployment("third", "a")}, []string{"a"}, true, []*Zone{ab, a}},
		{"the newest two of which nothing is known", []*Zone{live, export, unknown1, none, unknown2, unknown3}, []string{"a"}, true, []*Zone{unknown1, unknown2}},
		{"not of those that could not know it", []*Zone{live, unknown1}, []string{"a"}, false, nil},
		{"nobody", []*Zone{live, none}, []string{"a"}, true, nil},
		{"not itself", []*Zone{live, none}, []string{"d"}, true, nil},
		{"nothing to know", []*Zone{live, unknown1}, nil, true, nil},
		{"one deployment", []*Zone{live}, []string{"a"}, true, nil},
	} {
		got := (&Deployments{List: c.list}).ToReplay(live, c.actions, c.blindly)
		assert.Len(t, got, len(c.to), c.name)
		for i := range got {
			assert.Same(t, c.to[i], got[i], c.name)
		}
	}
	assert.Empty(t, (*Deployments)(nil).ToReplay(live, []string{"a"}, true))
}
