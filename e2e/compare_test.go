//go:build e2e

package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// hopHeaders may differ between an answer through the edge and the same answer from the application: they belong to one
// connection, to the moment, or say that an edge was there.
var hopHeaders = map[string]bool{
	"Cache-Status": true, "Age": true,
	"Connection": true, "Keep-Alive": true, "Transfer-Encoding": true, "Date": true, "Via": true, "Server": true, "Content-Length": true, "Alt-Svc": true,
}

// leakedHeaders are those that Next.js means for itself or its maker.
var leakedHeaders = map[string]bool{"X-Powered-By": true, "X-Middleware-Rewrite": true, "X-Middleware-Set-Cookie": true, "X-Next-Cache-Tags": true}

// differences says in words how an answer through the edge differs from the application's own.
func differences(through, direct answer) []string {
	var found []string
	if through.StatusCode != direct.StatusCode {
		found = append(found, fmt.Sprintf("status %d instead of %d", through.StatusCode, direct.StatusCode))
	}
	names := slices.Collect(maps.Keys(direct.Header))
	names = append(names, slices.Collect(maps.Keys(through.Header))...)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if hopHeaders[name] {
			continue
		}
		got, want := headerValue(through, name), headerValue(direct, name)
		if name == "Vary" {
			// The edge compresses, so it adds what it compresses by.
			got, want = withoutAcceptEncoding(got), withoutAcceptEncoding(want)
		}
		if name == "Cache-Control" {
			want = wantedCacheControl(direct, through)
		}
		if name == "Etag" && isLong404(direct) {
			want = ""
		}
		if leakedHeaders[name] {
			want = "" // docs/differences.md: the edge removes them
		}
		if got != want {
			found = append(found, fmt.Sprintf("%s %q instead of %q", name, got, want))
		}
	}
	if body, want := comparable(through), comparable(direct); body != want {
		found = append(found, fmt.Sprintf("body of %d bytes %s instead of %d bytes %s", len(body), excerpt(body), len(want), excerpt(want)))
	}
	return found
}

// assertSame compares an answer through the edge with the application's own. Pages and pictures that Next.js makes again now and
// then may be made again between the two: then both are asked for once more.
func assertSame(t testing.TB, through, direct func() answer) {
	t.Helper()
	var found []string
	poll(2*time.Second, func() bool {
		found = differences(through(), direct())
		return len(found) == 0
	})
	assert.Empty(t, found)
}

func headerValue(a answer, name string) string { return strings.Join(a.Header[name], " | ") }

func withoutAcceptEncoding(vary string) string {
	var kept []string
	for field := range strings.FieldsFuncSeq(vary, func(r rune) bool { return r == ',' || r == '|' }) {
		if field = strings.ToLower(strings.TrimSpace(field)); field != "accept-encoding" && field != "" {
			kept = append(kept, field)
		}
	}
	return strings.Join(kept, ", ")
}

// comparable returns the body, or of the echo of a request what the edge must not change.
func comparable(a answer) string {
	var echo struct {
		Method, URL string
		Headers     http.Header `json:"-"`
	}
	if strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") && json.Unmarshal([]byte(a.body), &echo) == nil && echo.Method != "" {
		return echo.Method + " " + echo.URL
	}
	return a.body
}

func excerpt(text string) string {
	if len(text) > 120 {
		text = text[:120] + "…"
	}
	return fmt.Sprintf("%q", text)
}
