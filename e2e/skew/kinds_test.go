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

// kind is something that a document does when its build is not the live one any more.
type kind struct {
	name string
	does func(x *skew, c *tab) (string, error)
	// alive is what comes of it while the old servers are there, gone what does when they are not. OLD and NEW stand for the builds.
	alive, gone string
	// isFile says that an old server alone has what is asked for, and the edge has it when that is gone.
	isFile bool
}

const (
	isShown    = "shows %s of OLD"
	isReloaded = "hard navigation to %s of NEW"
)

// kinds are the seventeen. What is right was asked of `next start`: the old server says what `alive` is, the new one what `gone` is, and
// the test asks both again.
//
// Chromium sends with a navigation of the App Router: rsc, next-router-state-tree, next-url, `?_rsc=<hash of these>`, and
// x-deployment-id if the build has one; with _next/data: x-nextjs-data and x-deployment-id; with calls of actions: next-action,
// next-router-state-tree, x-deployment-id; with scripts and pictures: `?dpl`; with a form without JavaScript and an application's own
// fetch: nothing. A redirect is followed with the same headers.
//
// Next.js 16 looks at x-nextjs-deployment-id of answers, or else at the build id in the payload; 15 at the build id alone.
// An unknown action is 409 in 16 and 404 in 15, from a form without JavaScript 500 in 15. A file of another build is 404, a picture made
// from one 404 in 16 and 400 in 15: there the edge has what a new server has not. Data of another build id is 404; builds of 16 with a
// deploymentId have one build id, so the new server answers, and names itself.
var kinds = []kind{
	{name: "App Router, link", does: follows("/target/1"), alive: fmt.Sprintf(isShown, "1"), gone: fmt.Sprintf(isReloaded, "1")},
	{name: "App Router, action", does: calls, alive: "executed by OLD", gone: "UNKNOWN"},
	{name: "App Router, route handler with the header", does: asksWithHeader("/api/where"), alive: "answer of HEADER", gone: "answer of NEW"},
	{name: "App Router, route handler without the header", does: asks("/api/where"), alive: "answer of NEW", gone: "answer of NEW"},
	{name: "Pages Router, static page", does: loads(func(b *build) string { return b.pagesStatic }), alive: "its file", gone: "its file", isFile: true},
	{name: "Pages Router, getStaticProps", does: getsData("/p/gsp/1"), alive: "shows data of OLD", gone: "hard navigation DATA"},
	{name: "Pages Router, getServerSideProps", does: getsData("/p/gssp"), alive: "shows data of OLD", gone: "hard navigation DATA"},
	{name: "Pages Router, API", does: asksWithHeader("/api/pages-where"), alive: "answer of HEADER", gone: "answer of NEW"},
	{name: "middleware, next", does: follows("/mw/next"), alive: fmt.Sprintf(isShown, "Next"), gone: fmt.Sprintf(isReloaded, "Next")},
	{name: "middleware, redirect", does: follows("/mw/redirect"), alive: fmt.Sprintf(isShown, "mw-OLD"), gone: fmt.Sprintf(isReloaded, "mw-NEW")},
	{name: "middleware, rewrite", does: follows("/mw/rewrite"), alive: fmt.Sprintf(isShown, "mw-OLD"), gone: fmt.Sprintf(isReloaded, "mw-NEW")},
	{name: "middleware, its own answer", does: follows("/mw/own"), alive: `hard navigation after 200 {"variant":"OLD"}`, gone: `hard navigation after 200 {"variant":"NEW"}`},
	{name: "redirect of the configuration", does: follows("/moved"), alive: fmt.Sprintf(isShown, "moved-OLD"), gone: fmt.Sprintf(isReloaded, "moved-NEW")},
	{name: "rewrite of the configuration", does: follows("/alias"), alive: fmt.Sprintf(isShown, "alias-OLD"), gone: fmt.Sprintf(isReloaded, "alias-NEW")},
	{name: "dynamic import", does: loads(func(b *build) string { return b.lazy }), alive: "its file", gone: "its file", isFile: true},
	{name: "image", does: loads(func(b *build) string { return b.picture }), alive: "its file", gone: "its file", isFile: true},
	{name: "form without JavaScript", does: submits((*tab).submit), alive: "executed by OLD", gone: "UNKNOWN FORM"},
}

// more are variants of them.
var more = []kind{
	{name: "form of useActionState without JavaScript", does: submits((*tab).submitBound), alive: "executed by OLD", gone: "UNKNOWN FORM"},
	{name: "image by the optimizer", does: func(_ *skew, c *tab) (string, error) { return c.look() }, alive: "its image", gone: "its image", isFile: true},
}

func follows(path string) func(*skew, *tab) (string, error) {
	return func(_ *skew, c *tab) (string, error) { return c.navigate(path) }
}

func asks(path string) func(*skew, *tab) (string, error) {
	return func(_ *skew, c *tab) (string, error) { return c.where(path) }
}

func asksWithHeader(path string) func(*skew, *tab) (string, error) {
	return func(_ *skew, c *tab) (string, error) { return c.where(path, c.says()...) }
}

func getsData(page string) func(*skew, *tab) (string, error) {
	return func(_ *skew, c *tab) (string, error) { return c.data(page) }
}

func loads(url func(*build) string) func(*skew, *tab) (string, error) {
	return func(_ *skew, c *tab) (string, error) { return c.load(url(c.of)) }
}

func calls(x *skew, c *tab) (string, error) { return submits((*tab).call)(x, c) }

func submits(how func(c *tab, id, token string) (answer, error)) func(*skew, *tab) (string, error) {
	return func(x *skew, c *tab) (string, error) {
		x.tokens++
		token := fmt.Sprintf("token%d", x.tokens)
		a, err := how(c, c.of.own, token)
		if err != nil {
			return "", err
		}
		return x.fate(token, a), nil
	}
}

// skew is two builds of the application, a client of the old one, and what it has done.
type skew struct {
	t        *testing.T
	old, new *served
	actions  string // the file that executed actions are written to
	tokens   int
}

// fate is what has become of an action: by whom it was executed, or how it was refused.
func (x *skew) fate(token string, a answer) string {
	var by []string
	for _, line := range executed(x.t, x.actions) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[2] == token {
			by = append(by, fields[0])
		}
	}
	switch {
	case len(by) > 0 && a.status == http.StatusOK:
		return "executed by " + strings.Join(by, " and ")
	case len(by) > 0:
		return fmt.Sprintf("executed by %v, and answered %d", by, a.status)
	}
	return fmt.Sprintf("not executed: %d %s", a.status, a.header.Get("X-Nextjs-Action-Not-Found"))
}

// spelled is what comes of a kind in these builds.
func (x *skew) spelled(outcome string) string {
	header, data, unknown, unknownForm := x.new.name, "after 404", "not executed: 409 1", "not executed: 409 1"
	if x.old.deploymentID != "" {
		header = x.old.name
		if x.old.next != "15" {
			// The build id is the same, so the header tells them apart.
			data = "to data of NEW"
		}
	}
	if x.old.next == "15" {
		unknown, unknownForm = "not executed: 404 1", "not executed: 500 "
	}
	return strings.NewReplacer("UNKNOWN FORM", unknownForm, "UNKNOWN", unknown, "DATA", strings.ReplaceAll(data, "NEW", x.new.name),
		"HEADER", header, "OLD", x.old.name, "NEW", x.new.name).Replace(outcome)
}

func TestSeventeenKindsOfSkew(t *testing.T) {
	for _, test := range []struct {
		next, old, new string
		knowsBuild     bool
	}{
		{"16", "a1", "a2", true},
		{"16", "a1", "a2", false},
		{"16", "b1", "b2", true},
		{"16", "b1", "b2", false},
		{"15", "a1", "b1", false},
		// A form without JavaScript of Next.js 15 finds its build only where the edge knows that.
		{"15", "b1", "a1", true},
	} {
		name := fmt.Sprintf("Next.js %s, %s to %s", test.next, test.old, test.new)
		if !test.knowsBuild {
			name += ", builds not known"
		}
		t.Run(name, func(t *testing.T) {
			actions := filepath.Join(t.TempDir(), "actions")
			x := &skew{
				t: t, actions: actions,
				old: buildOf(t, test.next, test.old).serve(t, actions), new: buildOf(t, test.next, test.new).serve(t, actions),
			}
			s := startSite(t, x.old, test.knowsBuild)
			c := openTab(t, s.base, "/act", x.old.build)
			c.setRSC(t, x.new.App)
			x.isRight(t, "at first", s, c, x.old, func(k kind) string { return strings.NewReplacer("NEW", "OLD", "HEADER", "OLD").Replace(k.alive) })

			id := s.deploy(t, x.new, test.knowsBuild)
			openTab(t, s.base, "/act", x.new.build)
			x.isRight(t, "while the old servers live", s, c, x.old, func(k kind) string { return k.alive })

			s.retire(t, inConfig, x.old)
			x.isRight(t, "when they are gone", s, c, x.new, func(k kind) string { return k.gone })
			live, _ := s.deployments(t)
			assert.Equal(t, id, live.ID)
		})
	}
}

// isRight has a tab do all there is, and compares what comes of it with what does where a server is asked directly.
func (x *skew) isRight(t *testing.T, when string, s *site, c *tab, oracle *served, want func(kind) string) {
	for _, k := range append(kinds[:len(kinds):len(kinds)], more...) {
		t.Run(when+", "+k.name, func(t *testing.T) {
			right := x.spelled(want(k))
			direct := oracle
			if right == "answer of "+x.new.name {
				direct = x.new
			}
			if !k.isFile || direct == x.old {
				said, err := k.does(x, c.asked(direct.URL("")))
				require.NoError(t, err)
				require.Equal(t, right, said, "by Next.js itself")
			}
			said, err := k.does(x, c.asked(s.base))
			require.NoError(t, err)
			assert.Equal(t, right, said)
		})
	}
}
