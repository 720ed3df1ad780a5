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
	"strconv"
	"strings"
	"testing"

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

// fireSite is an edge that keeps the pages of Next.js 15, of which it does not know the build, and 16, of which it
// does.
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
	zone   string // words of both zones
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
		Zones: fmt.Sprintf("\t\tzone next16 / %s {\n\t\t\tbuild %s\n\t\t\t%s\n\t\t}\n\t\tzone next15 /market /market-files %s {\n\t\t\t%s\n\t\t}\n\t\tcache {\n\t\t\t%s\n\t\t}\n",
			s.next16.address, s.next16.Build.Dir, settings.zone, s.next15.address, settings.zone, settings.cache),
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
