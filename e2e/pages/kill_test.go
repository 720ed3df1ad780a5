//go:build e2e

package pages_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// The edge is killed at any moment while pages are asked for, made again and purged. What it serves after that is
// whole, and neither older than what a client had before, nor purged.
func TestPagesAfterTheEdgeWasKilled(t *testing.T) {
	s := startFireSite(t, fireSettings{})
	for _, a := range s.apps() {
		s.keep(t, a.steady)
	}
	load := startSiege(t, s)
	load.mayFail.Store(true)
	for kill := range harness.LongOr(5, 50) {
		load.waitForMore(t, 20)
		killed := make(chan struct{})
		until := load.answered.Load() + rand.Int64N(60)
		go func(p *harness.Process) {
			defer close(killed)
			// The moment is any: between two answers, during a purge, while the next page is made.
			edgetest.Poll(edgetest.Patience, func() bool { return load.answered.Load() >= until })
			time.Sleep(time.Duration(rand.Int64N(int64(5 * time.Millisecond))))
			p.Kill()
		}(s.Process)
		purgeUntilKilled(t, s, load, killed)
		s.Restart(t)
		for _, a := range s.apps() {
			first, how := s.look(t, a.steady)
			require.Equal(t, "hit", how, "kill %d: %s was kept: %v", kill, a.steady, first.Header)
		}
		require.Empty(t, load.wrongs(), "kill %d", kill)
	}
	load.check(t)

	// A clean end loses nothing either, not even what is being fetched again at that moment.
	release := s.next15.hold()
	s.purge(t, fmt.Sprintf(`{"cache": "pages", "path": %q, "soft": true}`, s.next15.steady))
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		_, _ = s.look(t, s.next15.steady) // the first one may find that a fetch from before the purge is still going on
		now, _ := s.next15.held()
		return now == 1
	}, "it is fetched")
	s.Terminate(t)
	<-s.Done
	release()
	s.Restart(t)
	for _, a := range s.apps() {
		_, how := s.look(t, a.steady)
		assert.Equal(t, "hit", how, "the first request after a restart: %s", a.steady)
	}
}

// purgeUntilKilled makes the dated pages again and purges them in turn. Only what the edge has confirmed counts.
func purgeUntilKilled(t *testing.T, s *fireSite, load *siege, killed <-chan struct{}) {
	t.Helper()
	client := &http.Client{Timeout: edgetest.Patience}
	for n := 0; ; n++ {
		select {
		case <-killed:
			return
		default:
		}
		a := s.apps()[n%2]
		made, before := a.renew(t), a.last()
		order := fmt.Sprintf(`{"cache": "pages", "path": %q}`, a.dated)
		if n%4 == 1 {
			order = `{"cache": "pages", "tag": "_N_T_/isr"}`
		}
		if purged(client, s.URL("/_edge/purge"), order) {
			load.wasPurged(a, before)
			load.isMade(a, made)
		}
	}
}

// purged orders a purge, and reports whether the edge has confirmed it.
func purged(client *http.Client, url, order string) bool {
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(order))
	if err != nil {
		return false
	}
	req.Header.Set("Authorization", "Bearer s3cret")
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return err == nil && res.StatusCode == http.StatusOK
}

// A reload loses neither a request nor what is kept.
func TestReloadsKeepPages(t *testing.T) {
	s := startFireSite(t, fireSettings{})
	kept := map[*fireApp]edgetest.Answer{}
	for _, a := range s.apps() {
		kept[a] = s.keep(t, a.steady)
	}
	config, err := os.ReadFile(s.CaddyfilePath())
	require.NoError(t, err)
	load := startSiege(t, s)
	for i := range harness.LongOr(3, 50) {
		load.waitForMore(t, 20)
		s.WriteCaddyfile(t, strings.Replace(string(config), "nextjs {\n\t\tzone",
			fmt.Sprintf("header X-Config %d\n\tnextjs {\n\t\tzone", i), 1))
		// As an operator does it.
		reload := exec.CommandContext(edgetest.Within(t, 2*edgetest.Patience), s.Cmd.Path, "reload", "--config",
			s.CaddyfilePath(), "--adapter", "caddyfile",
			"--address", fmt.Sprintf("localhost:%d", s.AdminPort))
		reload.Env = append(os.Environ(), "HOME="+s.Dir, "XDG_DATA_HOME="+s.Dir, "XDG_CONFIG_HOME="+s.Dir)
		output, err := reload.CombinedOutput()
		require.NoError(t, err, string(output))
		for _, a := range s.apps() {
			again, how := s.look(t, a.steady)
			require.Equal(t, "hit", how, "reload %d", i)
			require.Equal(t, fmt.Sprint(i), again.Header.Get("X-Config"))
			require.Equal(t, kept[a].Header.Get("Etag"), again.Header.Get("Etag"))
		}
	}
	load.waitForMore(t, 20)
	load.check(t)
}
