package caddymodule

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// Where a cookie decides which page is at a path, each of the pages is kept by itself, and asked for once more with
// that cookie and no other.
func TestAPageThatACookieChoosesIsKeptByItself(t *testing.T) {
	dir := t.TempDir()
	buildtest.Write(t, filepath.Join(dir, ".next"), buildtest.Build{
		App: map[string]string{"/home/page": "/home", "/new/page": "/new", "/plain/page": "/plain"},
		Routes: buildtest.JSON{"rewrites": buildtest.JSON{"beforeFiles": []any{buildtest.JSON{
			"source": "/home", "destination": "/new", "regex": "^/home(?:/)?$", "has": []any{buildtest.JSON{"type": "cookie", "key": "new"}},
		}}, "afterFiles": []any{}, "fallback": []any{}}},
	})
	var asked sync.Map
	next := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.Header.Get("Cookie"), true)
		w.Header().Set("Cache-Control", "s-maxage=1, stale-while-revalidate=600")
		w.Header().Set("X-Nextjs-Cache", "HIT")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		page := r.URL.Path
		if _, err := r.Cookie("new"); err == nil && page == "/home" {
			page = "/new"
		}
		_, _ = fmt.Fprintf(w, "page %s", page)
	})
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone / %s {\n build %s\n }\n}", next, dir),
		"nextjs {\n state "+t.TempDir()+"\n}")
	seen := map[string]bool{}
	require.Eventually(t, func() bool {
		body, status := e.Cached(t, "/home", "Cookie", "new=1; session=secret")
		require.Equal(t, "page /new", body, status)
		body, plain := e.Cached(t, "/home", "Cookie", "session=secret")
		require.Equal(t, "page /home", body, plain)
		seen[status], seen[plain] = true, true
		_, again := asked.Load("new=1")
		_, nobody := asked.Load("")
		return again && nobody
	}, 20*time.Second, 50*time.Millisecond, "each was asked for in the background, as by nobody: %v", seen)
}

// Middleware decides for each request, unless the user says that it does not.
func TestPathsThatAreAllowed(t *testing.T) {
	dir := t.TempDir()
	buildtest.Write(t, filepath.Join(dir, ".next"), buildtest.Build{
		App:        map[string]string{"/blog/page": "/blog", "/blog/a/page": "/blog/a", "/blogs/page": "/blogs", "/about/page": "/about"},
		Middleware: buildtest.JSON{"middleware": buildtest.JSON{"/": buildtest.JSON{"matchers": []any{buildtest.JSON{"regexp": "^/.*$"}}}}},
	})
	next := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "s-maxage=31536000")
		w.Header().Set("X-Nextjs-Cache", "HIT")
		w.Header().Set("X-Edge-Tags", "a,b")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, r.URL.Path)
	})
	site := "nextjs {\n zone / %s {\n build %s\n }\n cache {\n allow /blog/*\n tags_header x-edge-tags\n }\n}"
	e := edgetest.Serve(t, fmt.Sprintf(site, next, dir), "nextjs {\n state "+t.TempDir()+"\n}")
	client, _ := e.Client(t, edgetest.H1)
	for path, kept := range map[string]bool{"/blog": true, "/blog/a": true, "/blogs": false, "/about": false} {
		e.Cached(t, path)
		_, status := e.Cached(t, path)
		assert.Equal(t, kept, strings.Contains(status, "; hit"), "%s: %s", path, status)
		res, err := client.Get(e.URL(path))
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Empty(t, res.Header["X-Edge-Tags"], path)
	}
}

// Who names builds himself may make one anew under the same name. Its pages are others.
func TestABuildOfTheSameNameHasItsOwnPages(t *testing.T) {
	dir := t.TempDir()
	write := func(pages ...string) {
		app := map[string]string{}
		for _, page := range pages {
			app[page+"/page"] = page
		}
		buildtest.Write(t, filepath.Join(dir, ".next"), buildtest.Build{App: app})
	}
	write("/about")
	var version atomic.Int64
	next := edgetest.Upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "s-maxage=31536000")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, "version %d", version.Load())
	})
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone / %s {\n build %s\n }\n watch 10ms\n}", next, dir),
		"nextjs {\n state "+t.TempDir()+"\n}")
	require.Eventually(t, func() bool {
		_, status := e.Cached(t, "/about")
		return strings.Contains(status, "; hit")
	}, 20*time.Second, 10*time.Millisecond)
	version.Store(1)
	write("/about", "/more")
	require.Eventually(t, func() bool {
		body, _ := e.Cached(t, "/about")
		return body == "version 1"
	}, 20*time.Second, 10*time.Millisecond)
}

// A site may do without.
func TestCacheOff(t *testing.T) {
	dir := t.TempDir()
	buildtest.Write(t, filepath.Join(dir, ".next"), buildtest.Build{App: map[string]string{"/about/page": "/about"}})
	var asked atomic.Int64
	next := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/about" { // and not what asks for its build
			asked.Add(1)
		}
		w.Header().Set("Cache-Control", "s-maxage=31536000")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "about")
	})
	site := func(word string) string {
		return fmt.Sprintf("nextjs {\n zone / %s {\n build %s\n }\n %s\n}", next, dir, word)
	}
	e := edgetest.Serve(t, site(""), edgetest.State(t.TempDir()))
	require.Eventually(t, func() bool {
		_, status := e.Cached(t, "/about")
		return strings.Contains(status, "; hit")
	}, edgetest.Patience, time.Millisecond, "it is kept without the word")

	require.NoError(t, e.Load(t, site("cache off"), edgetest.State(t.TempDir())))
	for before := asked.Load(); before < 3; before = asked.Load() {
		body, status := e.Cached(t, "/about")
		assert.Equal(t, "about", body)
		assert.Empty(t, status)
		require.Equal(t, before+1, asked.Load(), "each request reaches the application")
	}
}

// Without a build what Next.js marks is kept, where the site says `cache`, and nothing else.
func TestPagesOfAZoneWithoutBuild(t *testing.T) {
	var asked atomic.Int64
	next := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		switch r.URL.Path {
		case "/isr":
			h.Set("X-Nextjs-Cache", "HIT")
			h.Set("Cache-Control", "s-maxage=600, stale-while-revalidate=3000")
		case "/cookie":
			h.Set("X-Nextjs-Cache", "HIT")
			h.Set("Cache-Control", "s-maxage=31536000")
			h.Set("Set-Cookie", "a=b")
		case "/dynamic":
			h.Set("Cache-Control", "private, no-cache, no-store, max-age=0, must-revalidate")
		}
		_, _ = io.WriteString(w, r.URL.Path)
	})
	for name, c := range map[string]struct {
		site string
		kept int64 // how often Next.js is asked for four requests of each of four paths
	}{
		"cache":   {"cache", 1 + 3*4},
		"nothing": {"", 4 * 4},
	} {
		t.Run(name, func(t *testing.T) {
			asked.Store(0)
			e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone / %s\n %s\n}", next, c.site),
				"nextjs {\n state "+t.TempDir()+"\n}")
			for _, path := range []string{"/isr", "/cookie", "/dynamic", "/silent"} {
				for range 4 {
					body, _ := e.Cached(t, path)
					assert.Equal(t, path, body)
				}
			}
			assert.Equal(t, c.kept, asked.Load())
		})
	}
}

// Who joins a request that is on its way is told so (RFC 9211, 2.6).
func TestWhoJoinsARequestIsTold(t *testing.T) {
	begun, finish := make(chan struct{}), make(chan struct{})
	next := edgetest.Upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Nextjs-Cache", "MISS")
		w.Header().Set("Cache-Control", "s-maxage=31536000")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "one ")
		_ = http.NewResponseController(w).Flush()
		close(begun)
		<-finish
		_, _ = io.WriteString(w, "page")
	})
	e := edgetest.Serve(t, "nextjs {\n zone / "+next+"\n cache\n}", "nextjs {\n state "+t.TempDir()+"\n}")
	ask := func() *http.Response {
		client, _ := e.Client(t, edgetest.H1)
		res, err := client.Get(e.URL("/page"))
		require.NoError(t, err)
		return res
	}
	first := ask()
	defer first.Body.Close()
	<-begun
	second := ask()
	defer second.Body.Close()
	close(finish)
	assert.Equal(t, "nextjs; fwd=uri-miss; stored; detail=absent", first.Header.Get("Cache-Status"))
	assert.Equal(t, "nextjs; fwd=uri-miss; collapsed; detail=absent", second.Header.Get("Cache-Status"))
	for _, res := range []*http.Response{first, second} {
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		assert.Equal(t, "one page", string(body))
	}
}

// A header that Connection names is not sent on, so it must not choose the variant: with it, anybody could have the
// payload of the page kept in place of the intercepted one, or of the prefetch.
func TestAHeaderThatConnectionNamesChoosesNoVariant(t *testing.T) {
	next := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/x-component")
		h.Set("Vary", "rsc, next-router-state-tree, next-router-prefetch, next-router-segment-prefetch, next-url")
		h.Set("X-Nextjs-Cache", "HIT")
		h.Set("Cache-Control", "s-maxage=31536000")
		_, _ = fmt.Fprintf(w, "prefetch %q from %q", r.Header.Get("Next-Router-Prefetch"), r.Header.Get("Next-Url"))
	})
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone / %s\n cache\n}", next), "nextjs {\n state "+t.TempDir()+"\n}")
	sum := sha256.Sum256([]byte("1,0,0,/feed"))
	photo := "/photo?_rsc=" + base64.RawURLEncoding.EncodeToString(sum[:12]) // as the client of Next.js writes it: nothing is kept of what has another one
	plain := []string{"RSC", "1", "Next-Router-Prefetch", "1", "Next-Url", "/feed"}
	for range 2 {
		body, _ := e.Cached(t, photo, append(plain, "Connection", "Next-Url, Next-Router-Prefetch")...)
		assert.Equal(t, `prefetch "" from ""`, body)
	}
	for range 2 {
		body, status := e.Cached(t, photo, plain...)
		assert.Equal(t, `prefetch "1" from "/feed"`, body, status)
	}
}

// A page that is fresh for long is compared with Next.js's now and then, unless the site wants it otherwise.
func TestFreshPagesAreRechecked(t *testing.T) {
	var version, asked atomic.Int64
	next := edgetest.Upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("X-Nextjs-Cache", "HIT")
		w.Header().Set("Cache-Control", "s-maxage=31536000")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, "version %d", version.Load())
	})
	keep := func(words string) *edgetest.Edge {
		version.Store(0)
		asked.Store(0)
		e := edgetest.Serve(t, "nextjs {\n zone / "+next+"\n cache {\n "+words+"\n }\n}",
			"nextjs {\n state "+t.TempDir()+"\n}")
		require.Eventually(t, func() bool {
			_, status := e.Cached(t, "/page")
			return strings.Contains(status, "; hit")
		}, 20*time.Second, 5*time.Millisecond)
		version.Store(1)
		return e
	}
	e := keep("recheck 20ms")
	require.Eventually(t, func() bool {
		body, _ := e.Cached(t, "/page")
		return body == "version 1"
	}, 20*time.Second, 5*time.Millisecond)
	e = keep("recheck off")
	before := asked.Load()
	for begun := time.Now(); time.Since(begun) < 100*time.Millisecond; {
		body, status := e.Cached(t, "/page")
		require.Equal(t, "version 0", body)
		require.Contains(t, status, "; hit")
	}
	assert.Equal(t, before, asked.Load())
}

// A page that prints addresses of itself is kept for each scheme of which the application is told: whoever comes by
// http does not get what was made for https. What a client says of the scheme counts where it is a trusted proxy.
func TestPagesAreKeptForEachScheme(t *testing.T) {
	next := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=600")
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, r.Header.Get("X-Forwarded-Proto"))
	})
	for global, schemes := range map[string][]string{
		"servers {\n trusted_proxies static 127.0.0.0/8 ::1/128\n}": {"http", "https"},
		"": {"http", "http"},
	} {
		e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone / %s\n cache\n}", next),
			"nextjs {\n state "+t.TempDir()+"\n}\n"+global)
		for _, how := range []string{"fwd", "hit"} {
			for i, said := range []string{"http", "https"} {
				want := how
				if schemes[i] == schemes[0] && i > 0 {
					want = "hit"
				}
				var body, status string
				require.Eventually(t, func() bool { // who comes right behind the first shares its answer
					body, status = e.Cached(t, "/links", "X-Forwarded-Proto", said)
					return want == "fwd" || strings.Contains(status, "; hit")
				}, 20*time.Second, 10*time.Millisecond)
				assert.Contains(t, status, want, "%s, %s", global, said)
				assert.Equal(t, schemes[i], body, status)
			}
		}
	}
}

// Two sites behind a balancer that asks for both by one name are two.
func TestPagesAreKeptForEachHostThatATrustedProxySays(t *testing.T) {
	next := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=600")
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, r.Header.Get("X-Forwarded-Host"))
	})
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone / %s\n cache\n}", next),
		"nextjs {\n state "+t.TempDir()+"\n}\nservers {\n trusted_proxies static 127.0.0.0/8 ::1/128\n}")
	for range 2 {
		for _, host := range []string{"one.example", "two.example"} {
			body, status := e.Cached(t, "/links", "X-Forwarded-Host", host)
			assert.Equal(t, host, body, status)
		}
	}
}
