//go:build e2e

package ops_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

func TestAReloadKeepsOpenConnections(t *testing.T) {
	f := harness.NextApps(t)
	zones := "\t\tzone /ws " + harness.EchoServer(t) + "\n"
	e := harness.StartEdge(t, f, harness.Setup{Zones: zones})
	ctx := edgetest.Within(t, 4*edgetest.Patience)
	socket := harness.DialSocket(t, ctx, e, "/ws")
	harness.SayAndHear(t, ctx, socket, "before")
	client := e.Client(t, edgetest.H2)
	events := harness.Listen(t, ctx, client, e.TLSURL(""), edgetest.H2, "gzip")
	hold := "reload-" + harness.NextMark()
	page := harness.Open(t, client, edgetest.Request(t, ctx, http.MethodGet, e.TLSURL("/live?hold="+hold), nil),
		edgetest.H2, "zstd")
	page.ReadUntil(t, harness.ShellMark)

	// As an operator does it: the command line tool, with a changed file.
	e.WriteCaddyfile(t, e.Caddyfile(t, f, harness.Setup{
		Zones: zones + "\t\tupgrade_timeout 7s\n",
		Site:  "\theader X-Config second\n",
	}))
	reload := exec.CommandContext(ctx, e.Cmd.Path, "reload", "--config", e.CaddyfilePath(), "--adapter", "caddyfile",
		"--address", fmt.Sprintf("localhost:%d", e.AdminPort))
	reload.Env = append(os.Environ(), "HOME="+e.Dir, "XDG_DATA_HOME="+e.Dir, "XDG_CONFIG_HOME="+e.Dir)
	output, err := reload.CombinedOutput()
	require.NoError(t, err, string(output))
	require.Equal(t, "second", edgetest.Get(t, e.Client(t, edgetest.H1), e.TLSURL("/about")).Header.Get("X-Config"),
		"the new configuration serves")

	for i := range 5 {
		harness.SayAndHear(t, ctx, socket, fmt.Sprintf("after the reload, %d", i))
	}
	text := "after the reload, " + harness.NextMark()
	harness.Wave(t, e.Client(t, edgetest.H1), e.TLSURL(""), text)
	events.ReadUntil(t, text)
	harness.Release(t, e.Client(t, edgetest.H1), e.TLSURL(""), hold)
	assert.Contains(t, page.ReadToEnd(t), "You let go.")
}

func TestARefusedReloadChangesNothing(t *testing.T) {
	f := harness.NextApps(t)
	echo := harness.EchoServer(t)
	e := harness.StartEdge(t, f, harness.Setup{Zones: "\t\tzone /ws " + echo + "\n"})
	ctx := edgetest.Within(t, 4*edgetest.Patience)
	socket := harness.DialSocket(t, ctx, e, "/ws")
	harness.SayAndHear(t, ctx, socket, "before")

	refusal := e.Load(t, e.Caddyfile(t, f, harness.Setup{
		Zones: "\t\tzone magazine /blog " + echo + "\n",
		Site:  "\theader X-Config bad\n",
	}))
	require.NotEmpty(t, refusal, "two zones cannot both have /blog")
	assert.Contains(t, refusal, "magazine")
	assert.Contains(t, refusal, "blog")
	assert.Contains(t, refusal, "both claim /blog")

	a := edgetest.Get(t, e.Client(t, edgetest.H2), e.TLSURL("/blog"))
	assert.Equal(t, http.StatusOK, a.StatusCode)
	assert.Equal(t, "blog", harness.ParseHTML(t, a.Text).Zone())
	assert.Empty(t, a.Header.Get("X-Config"), "the old configuration serves")
	harness.SayAndHear(t, ctx, socket, "after")
	harness.SayAndHear(t, ctx, harness.DialSocket(t, ctx, e, "/ws"), "new")
}

// POSTs count most: nobody may repeat one whose connection was closed while it was under way.
func TestReloadsLoseNoRequest(t *testing.T) {
	f := harness.NextApps(t)
	e := harness.StartEdge(t, f, harness.Setup{})
	for _, protocol := range []string{edgetest.H1, edgetest.H2} {
		t.Run(edgetest.InShort(protocol), func(t *testing.T) {
			hammer := startHammer(t, e, protocol)
			for i := range harness.LongOr(10, 100) {
				hammer.waitForMore(t, 8)
				refusal := e.Load(t, e.Caddyfile(t, f, harness.Setup{Zones: fmt.Sprintf("\t\tupgrade_timeout %ds\n", 20+i)}))
				require.Empty(t, refusal)
			}
			hammer.waitForMore(t, 8)
			hammer.stop()
			assert.Empty(t, hammer.failures())
		})
	}
}

// hammer asks without pause on kept connections.
type hammer struct {
	answered atomic.Int64
	stopping atomic.Bool
	workers  sync.WaitGroup
	mu       sync.Mutex
	failed   []string
}

func startHammer(t testing.TB, e *harness.Edge, protocol string) *hammer {
	t.Helper()
	h := new(hammer)
	t.Cleanup(h.stop)
	for worker := range 4 {
		// Each has a connection of its own, which is never idle for long: see docs/shutdown.md for those that are.
		client := e.Client(t, protocol)
		h.workers.Go(func() {
			for !h.stopping.Load() {
				if err := h.hit(client, e, worker%2 == 0); err != nil {
					h.mu.Lock()
					h.failed = append(h.failed, err.Error())
					h.mu.Unlock()
				}
				h.answered.Add(1)
			}
		})
	}
	return h
}

func (h *hammer) hit(client *http.Client, e *harness.Edge, post bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*edgetest.Patience)
	defer cancel()
	method, path, want := http.MethodGet, "/about", `data-zone="home"`
	var body io.Reader
	if post {
		method, path, want = http.MethodPost, "/api/echo", "echo this"
		body = strings.NewReader(want)
	}
	req, err := http.NewRequestWithContext(ctx, method, e.TLSURL(path), body)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return fmt.Errorf("reading the answer to %s %s: %w", method, path, err)
	case res.StatusCode != http.StatusOK:
		return fmt.Errorf("%s %s: status %d", method, path, res.StatusCode)
	case !strings.Contains(string(text), want):
		return errors.New(method + " " + path + ": another body")
	}
	return nil
}

// waitForMore waits until n more requests were answered.
func (h *hammer) waitForMore(t testing.TB, n int64) {
	t.Helper()
	until := h.answered.Load() + n
	edgetest.Eventually(t, edgetest.Patience, func() bool { return h.answered.Load() >= until }, "requests go on")
}

func (h *hammer) stop() {
	h.stopping.Store(true)
	h.workers.Wait()
}

func (h *hammer) failures() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.failed
}
