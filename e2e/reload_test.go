//go:build e2e

package e2e_test

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
)

func TestAReloadKeepsOpenConnections(t *testing.T) {
	f := nextApps(t)
	zones := "\t\tzone /ws " + echoServer(t) + "\n"
	e := startEdge(t, f, setup{zones: zones})
	ctx := within(t, 4*patience)
	socket := dialSocket(t, ctx, e, "/ws")
	sayAndHear(t, ctx, socket, "before")
	client := e.client(t, "HTTP/2.0")
	events := listen(t, ctx, client, e.tlsURL(""), "HTTP/2.0", "gzip")
	hold := "reload-" + nextMark()
	page := open(t, client, request(t, ctx, http.MethodGet, e.tlsURL("/live?hold="+hold), nil), "HTTP/2.0", "zstd")
	page.readUntil(t, shellMark)

	// As an operator does it: the command line tool, with a changed file.
	e.writeCaddyfile(t, e.caddyfile(t, f, setup{zones: zones + "\t\tupgrade_timeout 7s\n", site: "\theader X-Config second\n"}))
	reload := exec.CommandContext(ctx, e.cmd.Path, "reload", "--config", e.caddyfilePath(), "--adapter", "caddyfile",
		"--address", fmt.Sprintf("localhost:%d", e.adminPort))
	reload.Env = append(os.Environ(), "HOME="+e.dir, "XDG_DATA_HOME="+e.dir, "XDG_CONFIG_HOME="+e.dir)
	output, err := reload.CombinedOutput()
	require.NoError(t, err, string(output))
	require.Equal(t, "second", get(t, e.client(t, "HTTP/1.1"), e.tlsURL("/about")).Header.Get("X-Config"), "the new configuration serves")

	for i := range 5 {
		sayAndHear(t, ctx, socket, fmt.Sprintf("after the reload, %d", i))
	}
	text := "after the reload, " + nextMark()
	wave(t, e.client(t, "HTTP/1.1"), e.tlsURL(""), text)
	events.readUntil(t, text)
	release(t, e.client(t, "HTTP/1.1"), e.tlsURL(""), hold)
	assert.Contains(t, page.readToEnd(t), "You let go.")
}

func TestARefusedReloadChangesNothing(t *testing.T) {
	f := nextApps(t)
	echo := echoServer(t)
	e := startEdge(t, f, setup{zones: "\t\tzone /ws " + echo + "\n"})
	ctx := within(t, 4*patience)
	socket := dialSocket(t, ctx, e, "/ws")
	sayAndHear(t, ctx, socket, "before")

	refusal := e.load(t, e.caddyfile(t, f, setup{zones: "\t\tzone magazine /blog " + echo + "\n", site: "\theader X-Config bad\n"}))
	require.NotEmpty(t, refusal, "two zones cannot both have /blog")
	assert.Contains(t, refusal, "magazine")
	assert.Contains(t, refusal, "blog")
	assert.Contains(t, refusal, "both claim /blog")

	a := get(t, e.client(t, "HTTP/2.0"), e.tlsURL("/blog"))
	assert.Equal(t, http.StatusOK, a.StatusCode)
	assert.Equal(t, "blog", parseHTML(t, a.body).zone())
	assert.Empty(t, a.Header.Get("X-Config"), "the old configuration serves")
	sayAndHear(t, ctx, socket, "after")
	sayAndHear(t, ctx, dialSocket(t, ctx, e, "/ws"), "new")
}

// POSTs count most: nobody may repeat one whose connection was closed while it was under way.
func TestReloadsLoseNoRequest(t *testing.T) {
	f := nextApps(t)
	e := startEdge(t, f, setup{})
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(inShort(protocol), func(t *testing.T) {
			hammer := startHammer(t, e, protocol)
			for i := range longOr(10, 100) {
				hammer.waitForMore(t, 8)
				refusal := e.load(t, e.caddyfile(t, f, setup{zones: fmt.Sprintf("\t\tupgrade_timeout %ds\n", 20+i)}))
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

func startHammer(t testing.TB, e *edge, protocol string) *hammer {
	t.Helper()
	h := new(hammer)
	t.Cleanup(h.stop)
	for worker := range 4 {
		// Each has a connection of its own, which is never idle for long: see docs/shutdown.md for those that are.
		client := e.client(t, protocol)
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

func (h *hammer) hit(client *http.Client, e *edge, post bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	method, path, want := http.MethodGet, "/about", `data-zone="home"`
	var body io.Reader
	if post {
		method, path, want = http.MethodPost, "/api/echo", "echo this"
		body = strings.NewReader(want)
	}
	req, err := http.NewRequestWithContext(ctx, method, e.tlsURL(path), body)
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
	eventually(t, patience, func() bool { return h.answered.Load() >= until }, "requests go on")
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
