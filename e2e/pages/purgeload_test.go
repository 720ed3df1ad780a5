//go:build e2e

package pages_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// While clients ask without pause: once a purge has answered, nobody gets what was fetched, or made, before it.
func TestPurgesUnderLoad(t *testing.T) {
	s := startFireSite(t, fireSettings{})
	admin := fmt.Sprintf("localhost:%d", s.AdminPort)
	byControl := func(app *fireApp, scope, what string) {
		s.purge(t, fmt.Sprintf(`{"cache": "pages", "zone": %q, %q: %q}`, app.Zone, scope, what))
	}
	byCommand := func(app *fireApp, scope, what string) {
		_, failure := harness.NextjsCommand(t, "purge", "pages", "--address", admin, "--zone", app.Zone, "--"+scope, what)
		require.Empty(t, failure)
	}
	load := startSiege(t, s)
	for round := range harness.LongOr(1, 15) {
		for _, c := range []struct {
			app         *fireApp
			scope, what string
			order       func(app *fireApp, scope, what string)
		}{
			{s.next15, "path", "/market/isr/", byControl},
			{s.next16, "path", "/isr", byControl},
			{s.next16, "tag", "_N_T_/isr", byControl},
			{s.next15, "prefix", "/market/is", byCommand},
			{s.next16, "tag", "_N_T_/layout", byCommand},
			{s.next16, "path", "/isr", byCommand},
		} {
			load.waitForMore(t, 8)
			made := c.app.renew(t)
			before := c.app.last()
			c.order(c.app, c.scope, c.what)
			load.wasPurged(c.app, before)
			load.isMade(c.app, made)
			require.Empty(t, load.wrongs(), "round %d: %s %s", round, c.scope, c.what)
		}
	}
	load.waitForMore(t, 8)
	load.check(t)
}

// What is purged softly is served on while it is fetched, and then never again.
func TestSoftPurgesUnderLoad(t *testing.T) {
	s := startFireSite(t, fireSettings{})
	for _, a := range s.apps() {
		path := a.steady
		old := s.keep(t, path)
		release := a.hold()
		s.purge(t, fmt.Sprintf(`{"cache": "pages", "path": %q, "soft": true}`, path))
		for range 5 {
			again, how := s.look(t, path)
			assert.Contains(t, again.Header.Get("Cache-Status"), "purged")
			assert.Equal(t, "hit", how, "nobody waits")
			assert.Equal(t, old.Header.Get("X-Number"), again.Header.Get("X-Number"))
		}
		edgetest.Eventually(t, edgetest.Patience, func() bool { now, _ := a.held(); return now == 1 }, "it is fetched, once")
		release()
		edgetest.Eventually(t, edgetest.Patience, func() bool {
			fresh, _ := s.look(t, path)
			return number(fresh.Header) > number(old.Header)
		}, "it was fetched")
		assert.Equal(t, 2, a.count(path))
	}
	load := startSiege(t, s)
	for range harness.LongOr(1, 15) {
		for _, a := range s.apps() {
			load.waitForMore(t, 8)
			made := a.renew(t)
			s.purge(t, fmt.Sprintf(`{"cache": "pages", "path": %q, "soft": true}`, a.dated))
			edgetest.Eventually(t, edgetest.Patience, func() bool {
				now, _ := s.look(t, a.dated)
				return madeAt(now.Text) >= made
			}, "the new page is served")
			load.isMade(a, made)
		}
	}
	load.check(t)
}
