//go:build e2e

package skew_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Actions find the build that knows them with nothing but their id: the client has no cookie and says no deployment.
func TestActionsFindTheirBuild(t *testing.T) {
	for _, knowsBuild := range []bool{true, false} {
		t.Run(fmt.Sprintf("builds known: %v", knowsBuild), func(t *testing.T) {
			actions := filepath.Join(t.TempDir(), "actions")
			one, two, three := buildOf(t, "16", "a1").serve(t, actions), buildOf(t, "16", "a2").serve(t, actions),
				buildOf(t, "16", "a3").serve(t, actions)
			s := startSite(t, one, knowsBuild)
			s.deploy(t, two, knowsBuild)
			mark := s.Log.Mark()
			s.deploy(t, three, knowsBuild)
			if knowsBuild {
				assert.Contains(t, s.Log.Since(mark), "encrypt server actions with different keys")
			}
			x := &skew{t: t, actions: actions, old: one, new: three}
			for _, of := range []*served{one, two, three} {
				for how, send := range map[string]func(*tab, string, string) (answer, error){
					"script": (*tab).call, "form": (*tab).submit, "form of useActionState": (*tab).submitBound,
				} {
					c := newTab(t, s.base)
					c.of = of.build
					said, err := submits(func(c *tab, _, token string) (answer, error) { return send(c, of.own, token) })(x, c)
					require.NoError(t, err)
					assert.Equal(t, "executed by "+of.name, said, "%s, %s", how, of.name)
				}
			}
		})
	}
}

// What nobody knows is answered as by the live build, and nothing is executed.
func TestActionsThatNobodyKnows(t *testing.T) {
	actions := filepath.Join(t.TempDir(), "actions")
	old, live := buildOf(t, "16", "a1").serve(t, actions), buildOf(t, "16", "a2").serve(t, actions)
	s := startSite(t, old, true)
	c := openTab(t, s.base, "/act", old.build)
	s.deploy(t, live, true)
	for name, id := range map[string]string{"unknown": "60" + strings.Repeat("ab", 20), "malformed": "no-id"} {
		t.Run(name, func(t *testing.T) {
			for _, send := range []func(*tab, string, string) (answer, error){(*tab).call, (*tab).submit} {
				want, err := send(c.asked(live.URL("")), id, "token")
				require.NoError(t, err)
				got, err := send(c, id, "token")
				require.NoError(t, err)
				assert.Equal(t, want.status, got.status)
				assert.Equal(t, want.header.Get("X-Nextjs-Action-Not-Found"), got.header.Get("X-Nextjs-Action-Not-Found"))
			}
			assert.Empty(t, executed(t, actions))
		})
	}
}

// The cookie is on documents that belong to one visitor, of builds without a deployment id. What follows a document of an old build is
// for one visitor too, as its URL does not name the build.
func TestTheCookieOfADocument(t *testing.T) {
	actions := filepath.Join(t.TempDir(), "actions")
	old, live := buildOf(t, "16", "a1").serve(t, actions), buildOf(t, "16", "a2").serve(t, actions)
	s := startSite(t, old, true)
	cookieOf := func(path string, headers ...string) string {
		a, err := newTab(t, s.base).ask(http.MethodGet, path, nil, asDocument, headers)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, a.status)
		return strings.Join(a.header["Set-Cookie"], "\n")
	}
	s.deploy(t, live, true)
	given := cookieOf("/act")
	for _, part := range []string{"; HttpOnly", "; SameSite=Lax", "; Path=/"} {
		assert.Contains(t, given, part)
	}
	assert.Empty(t, cookieOf("/act", "Sec-Purpose", "prefetch"), "a document that may never be seen")
	assert.Empty(t, cookieOf("/"), "a document that a shared cache may keep")
	assert.Empty(t, cookieOf("/act", "Sec-Fetch-Dest", "empty", "Sec-Fetch-Mode", "cors"), "not a document")

	s.order(t, "rollback")
	c := openTab(t, s.base, "/act", old.build)
	c.setRSC(t, old.App)
	s.order(t, "promote", "--id", liveID(t, s, live))
	a, err := c.ask(http.MethodGet, "/static?"+c.rsc, nil, c.navigation())
	require.NoError(t, err)
	assert.Equal(t, "shows Static of a1", c.shows(a))
	assert.Equal(t, "private, no-store", a.header.Get("Cache-Control"))
	a, err = c.ask(http.MethodGet, "/_next/data/"+old.id+"/p/gsp/1.json", nil, []string{"X-Nextjs-Data", "1"}, asFetch)
	require.NoError(t, err)
	assert.Equal(t, "private, no-store", a.header.Get("Cache-Control"))
	a, err = c.ask(http.MethodGet, old.lazy, nil, asScript)
	require.NoError(t, err)
	assert.Contains(t, a.header.Get("Cache-Control"), "immutable", "a file is the same for all")
}

// liveID is the id of the deployment that a server is.
func liveID(t *testing.T, s *site, of *served) string {
	t.Helper()
	_, all := s.deployments(t)
	for _, d := range all {
		if upstreamOf(d) == of.Upstream() {
			return d.ID
		}
	}
	require.Fail(t, "it is not deployed", of.Upstream())
	return ""
}
