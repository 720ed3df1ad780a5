//go:build e2e

package pages_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// fireApp is an application of the fixtures behind a guard. A page of it says when it was made.
type fireApp struct {
	*harness.Fixture
	*guard
	dated  string // the page that says when it was made, and is made again after five seconds
	steady string // a page that is the same for at least an hour
}

// fireSite is an edge that keeps the pages of Next.js 15, of which it does not know the build, and 16, of which it does.
type fireSite struct {
	*harness.Edge
	next15, next16 *fireApp
	token          string
	state          string
}

func (s *fireSite) apps() []*fireApp { return []*fireApp{s.next15, s.next16} }

// fireSettings are what tests change of such a site.
type fireSettings struct {
	state  string // by default a new directory
	global string // words of the global cache block
	cache  string // words of the site's cache block
}

func startFireSite(t *testing.T, settings fireSettings) *fireSite {
	t.Helper()
	f := harness.Fixtures(t)
	s := &fireSite{
		next15: &fireApp{
			Fixture: f.Next15, guard: startGuard(t, f.Next15.App), dated: "/market/isr/",
			steady: "/market/items/one/",
		},
		next16: &fireApp{Fixture: f.Next16, guard: startGuard(t, f.Next16.App), dated: "/isr", steady: "/gallery"},
		token:  filepath.Join(t.TempDir(), "token"), state: settings.state,
	}
	if s.state == "" {
		s.state = t.TempDir()
	}
	require.NoError(t, os.WriteFile(s.token, []byte("s3cret\n"), 0o600))
	s.Edge = harness.StartEdge(t, nil, harness.Setup{
		Global: fmt.Sprintf("\tmetrics\n\tnextjs {\n\t\tstate %s\n\t\tcache {\n\t\t\t%s\n\t\t}\n\t}\n", s.state,
			settings.global),
		Site: fmt.Sprintf("\thandle_path /_edge/* {\n\t\tnextjs_control {\n\t\t\ttoken_file %s\n\t\t}\n\t}\n", s.token),
		Zones: fmt.Sprintf("\t\tzone next16 / %s {\n\t\t\tbuild %s\n\t\t}\n\t\tzone next15 /market /market-files %s\n\t\tcache {\n\t\t\t%s\n\t\t}\n",
			s.next16.address, s.next16.Build.Dir, s.next15.address, settings.cache),
	})
	return s
}

// howOf is how the cache has answered: hit, stale, miss or bypass.
func howOf(h http.Header) string {
	status := strings.Join(h["Cache-Status"], ", ")
	switch {
	case strings.Contains(status, "; hit; ttl=-"):
		return "stale"
	case strings.Contains(status, "; hit"):
		return "hit"
	case strings.Contains(status, "fwd=bypass"):
		return "bypass"
	case strings.Contains(status, "fwd="):
		return "miss"
	}
	return "no status: " + status
}

// look asks for a page and says how it was answered.
func (s *fireSite) look(t testing.TB, path string, headers ...string) (a edgetest.Answer, how string) {
	t.Helper()
	a = edgetest.Get(t, edgetest.PlainClient(t), s.URL(path), headers...)
	return a, howOf(a.Header)
}

// keep asks for a page until it is kept and fresh.
func (s *fireSite) keep(t testing.TB, path string) (a edgetest.Answer) {
	t.Helper()
	edgetest.Eventually(t, edgetest.Patience, func() (kept bool) {
		var how string
		a, how = s.look(t, path)
		return how == "hit"
	}, "%s is kept", path)
	return a
}

// purge orders a purge of pages by the control handler.
func (s *fireSite) purge(t testing.TB, order string) {
	t.Helper()
	a := edgetest.Post(t, edgetest.PlainClient(t), s.URL("/_edge/purge"), "application/json", order, "Authorization",
		"Bearer s3cret")
	require.Equal(t, http.StatusOK, a.StatusCode, a.Text)
}

var timeText = regexp.MustCompile(`\b1[0-9]{12}\b`)

// madeAt is when a page says that it was made, in milliseconds; 0 if it does not say.
func madeAt(body string) int64 {
	at, _ := strconv.ParseInt(timeText.FindString(body), 10, 64) // 0 is an answer too
	return at
}

// renew has the application make its dated page again, as revalidatePath does, and returns when it was made.
func (a *fireApp) renew(t testing.TB) int64 {
	t.Helper()
	_, secret, _ := strings.Cut(a.PreviewCookie(t), "=")
	renewed := edgetest.Get(t, edgetest.PlainClient(t), a.URL(a.dated), "x-prerender-revalidate", secret)
	require.Equal(t, "REVALIDATED", renewed.Header.Get("X-Nextjs-Cache"), renewed.Header)
	require.NotZero(t, madeAt(renewed.Text), renewed.Text)
	return madeAt(renewed.Text)
}

// number is that by which the guard has numbered the request to the application; 0 without one.
func number(h http.Header) int {
	n, _ := strconv.Atoi(h.Get("X-Number")) // 0 is an answer too
	return n
}

// reply is an answer that was read to its end, or why there is none.
type reply struct {
	status int
	header http.Header
	body   string
	err    error
}

// fetch asks for a URL; unlike get it may be used from any goroutine.
func fetch(ctx context.Context, client *http.Client, url string, headers ...string) reply {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return reply{err: err}
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := client.Do(req)
	if err != nil {
		return reply{err: err}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return reply{res.StatusCode, res.Header, string(body), err}
}

// crowd asks for a URL as n clients at once, each with a connection of its own. The answers come over the channel.
func (s *fireSite) crowd(t testing.TB, n int, path string) <-chan reply {
	t.Helper()
	replies, start := make(chan reply, n), make(chan struct{})
	ctx := edgetest.Within(t, 4*edgetest.Patience)
	for range n {
		transport := &http.Transport{DisableCompression: true}
		go func() {
			defer transport.CloseIdleConnections()
			<-start
			replies <- fetch(ctx, &http.Client{Transport: transport, CheckRedirect: edgetest.StayHere}, s.URL(path))
		}()
	}
	close(start)
	return replies
}

// view is one way to ask for a dated page.
type view struct {
	app     *fireApp
	path    string
	headers []string
}

func (s *fireSite) views() (list []view) {
	for _, a := range s.apps() {
		list = append(list, view{a, a.dated, nil}, view{a, a.dated + "?_rsc=", []string{"RSC", "1"}})
	}
	return list
}

// siege is clients that ask for the dated pages without pause, and check that nobody is given what is older than what somebody had before.
type siege struct {
	site     *fireSite
	mayFail  atomic.Bool // requests may fail now
	answered atomic.Int64
	kept     atomic.Int64 // of them from what was kept

	mu     sync.Mutex
	seen   map[*fireApp]int64 // the newest page that a client has had
	purged map[*fireApp]int   // what has a number up to this was purged
	wrong  []string

	stopping atomic.Bool
	workers  sync.WaitGroup
}

func startSiege(t *testing.T, s *fireSite) *siege {
	t.Helper()
	b := &siege{site: s, seen: map[*fireApp]int64{}, purged: map[*fireApp]int{}}
	t.Cleanup(b.stop)
	for _, v := range s.views() {
		client := edgetest.PlainClient(t)
		for range 2 {
			b.workers.Go(func() {
				for !b.stopping.Load() {
					b.ask(client, v)
				}
			})
		}
	}
	return b
}

func (b *siege) ask(client *http.Client, v view) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*edgetest.Patience)
	defer cancel()
	b.mu.Lock()
	oldest, purged := b.seen[v.app], b.purged[v.app]
	b.mu.Unlock()
	mayFail := b.mayFail.Load()
	a := fetch(ctx, client, b.site.URL(v.path), v.headers...)
	b.mu.Lock()
	defer b.mu.Unlock()
	if a.err != nil || a.status != http.StatusOK {
		if !mayFail && !b.mayFail.Load() {
			b.wrong = append(b.wrong, fmt.Sprintf("%s %v: %d %v", v.path, v.headers, a.status, a.err))
		}
		return
	}
	at := madeAt(a.body)
	switch {
	case !v.app.answered(a.body):
		b.wrong = append(b.wrong, fmt.Sprintf("%s %v: a body that the application has not answered: %q", v.path, v.headers, a.body))
	case at < oldest:
		b.wrong = append(b.wrong, fmt.Sprintf("%s %v: made at %d, somebody had one made at %d: %v", v.path, v.headers, at, oldest, a.header))
	case number(a.header) <= purged:
		b.wrong = append(b.wrong, fmt.Sprintf("%s %v: number %d, purged up to %d: %v", v.path, v.headers, number(a.header), purged, a.header))
	}
	b.seen[v.app] = max(b.seen[v.app], at)
	b.answered.Add(1)
	if how := howOf(a.header); how == "hit" || how == "stale" {
		b.kept.Add(1)
	}
}

// wasPurged says that what has a number up to this is purged.
func (b *siege) wasPurged(a *fireApp, number int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.purged[a] = max(b.purged[a], number)
}

// isMade says that a page was made, so nobody is to get an older one.
func (b *siege) isMade(a *fireApp, at int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen[a] = max(b.seen[a], at)
}

func (b *siege) waitForMore(t testing.TB, n int64) {
	t.Helper()
	until := b.answered.Load() + n
	edgetest.Eventually(t, 2*edgetest.Patience, func() bool { return b.answered.Load() >= until }, "requests go on")
}

func (b *siege) stop() {
	b.stopping.Store(true)
	b.workers.Wait()
}

// wrongs are the first answers that were wrong so far.
func (b *siege) wrongs() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.wrong[:min(len(b.wrong), 5)])
}

// check ends the siege, and reports what was wrong.
func (b *siege) check(t testing.TB) {
	t.Helper()
	b.stop()
	assert.Empty(t, b.wrongs())
	assert.Positive(t, b.kept.Load(), "some came from the cache")
}
