package caddymodule

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/heaptest"
)

// Whatever the edge remembers of requests, it does not remember all that they have brought: each has 14 KiB that
// nothing needs later.
func TestTheEdgeHoldsNoRequests(t *testing.T) {
	dir := t.TempDir()
	buildtest.Write(t, filepath.Join(dir, ".next"), buildtest.Build{
		Config: buildtest.JSON{"basePath": "/built"},
		App:    map[string]string{"/page": "/", "/items/[id]/page": "/items/[id]"},
		Routes: buildtest.JSON{"dynamicRoutes": []any{
			buildtest.JSON{"page": "/items/[id]", "regex": "^/items/([^/]+?)(?:/)?$"},
		}},
	})
	app := newApplication(t, "A")
	private := edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "fails") {
			w.WriteHeader(http.StatusInternalServerError)
		}
		w.Header().Set("Cache-Control", "private, no-store")
		_, _ = io.WriteString(w, "x")
	})
	e := edgetest.Serve(t, fmt.Sprintf(`nextjs {
		zone / %[1]s
		zone private /private %[2]s
		zone made /made %[1]s {
			image {
				local /**
			}
		}
		zone built %[1]s {
			build %[3]s
		}
		cache {
			ignore_query pad
			recheck 1ms
		}
	}`, app.address, private, dir), fmt.Sprintf(`nextjs {
		state %s
		static {
			memory 1MiB
			precompress off
		}
		image {
			memory 1MiB
		}
		cache {
			memory 1MiB
		}
	}`, t.TempDir()))
	conn, err := net.Dial("tcp", "localhost:"+e.Port)
	require.NoError(t, err)
	defer conn.Close()
	answers := bufio.NewReader(conn)
	ask := func(target string, headers ...string) int {
		_, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", target, strings.Join(headers, ""))
		require.NoError(t, err)
		res, err := http.ReadResponse(answers, nil)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, res.Body)
		require.NoError(t, err)
		return res.StatusCode
	}
	const requests = 1000
	cookies := []string{"Cookie: " + heaptest.Padding + "\r\n"}
	payload := []string{"RSC: 1\r\nNext-Url: /a\r\n"}
	for name, c := range map[string]struct {
		target  string
		headers []string
		status  int // 200 if it is not set
	}{
		"verdicts":                    {target: "/built/items/%d?" + heaptest.Padding},
		"pages":                       {target: "/page/%d?" + heaptest.Padding},
		"pages again":                 {target: "/page/1?n=%d&" + heaptest.Padding},
		"payloads":                    {target: "/page/%d?_rsc=1&" + heaptest.Padding, headers: payload},
		"pages that are not kept":     {target: "/private/%d?" + heaptest.Padding},
		"pages that fail":             {target: "/private/fails/%d?" + heaptest.Padding, status: 500},
		"pages of many cookies":       {target: "/private/cookies/%d", headers: cookies},
		"files":                       {target: "/_next/static/chunks/%d.js?" + heaptest.Padding},
		"pictures made here":          {target: "/made/_next/image?url=/made/a.png&w=32&q=75&x=%d", headers: cookies},
		"pictures of the application": {target: "/_next/image?url=/%d.png&w=32&q=75&" + heaptest.Padding},
		"pictures that are refused":   {target: "/made/_next/image?url=/%d.png&w=31&q=75&" + heaptest.Padding, status: 400},
		"refused paths":               {target: "/%d.rsc?" + heaptest.Padding, status: 404},
	} {
		for i := range 50 { // pools, counters and tables are there
			require.Equal(t, cmp.Or(c.status, http.StatusOK), ask(fmt.Sprintf(c.target, requests+i), c.headers...), name)
		}
		grown := heaptest.Growth(func() {
			for i := range requests {
				ask(fmt.Sprintf(c.target, i), c.headers...)
			}
		})
		assert.Less(t, grown, int64(requests*len(heaptest.Padding)/2), name)
	}
}
