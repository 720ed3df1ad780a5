//go:build e2e

package harness

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

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// HopHeaders may differ between an answer through the edge and the same answer from the application: they belong to one
// connection, to the moment, or say that an edge was there.
var HopHeaders = map[string]bool{
	"Cache-Status": true, "Age": true,
	"Connection": true, "Keep-Alive": true, "Transfer-Encoding": true, "Date": true, "Via": true, "Server": true,
	"Content-Length": true, "Alt-Svc": true,
}

// LeakedHeaders are those that Next.js means for itself or its maker.
var LeakedHeaders = map[string]bool{
	"X-Powered-By": true, "X-Middleware-Rewrite": true, "X-Middleware-Set-Cookie": true,
	"X-Next-Cache-Tags": true,
}

// Differences says in words how an answer through the edge differs from the application's own.
func Differences(through, direct edgetest.Answer) []string {
	var found []string
	if through.StatusCode != direct.StatusCode {
		found = append(found, fmt.Sprintf("status %d instead of %d", through.StatusCode, direct.StatusCode))
	}
	names := slices.Collect(maps.Keys(direct.Header))
	names = append(names, slices.Collect(maps.Keys(through.Header))...)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if HopHeaders[name] {
			continue
		}
		got, want := HeaderValue(through, name), HeaderValue(direct, name)
		if name == "Vary" {
			// The edge compresses, so it adds what it compresses by.
			got, want = WithoutAcceptEncoding(got), WithoutAcceptEncoding(want)
		}
		if name == "Cache-Control" {
			want = WantedCacheControl(direct, through)
		}
		if name == "Etag" && IsLong404(direct) {
			want = ""
		}
		if LeakedHeaders[name] {
			want = "" // docs/differences.md: the edge removes them
		}
		if got != want {
			found = append(found, fmt.Sprintf("%s %q instead of %q", name, got, want))
		}
	}
	if body, want := comparable(through), comparable(direct); body != want {
		found = append(found, fmt.Sprintf("body of %d bytes %s instead of %d bytes %s", len(body), Excerpt(body), len(want),
			Excerpt(want)))
	}
	return found
}

// AssertSame compares an answer through the edge with the application's own. Pages and pictures that Next.js makes
// again now and then may be made again between the two: then both are asked for once more.
func AssertSame(t testing.TB, through, direct func() edgetest.Answer) {
	t.Helper()
	var found []string
	edgetest.Poll(2*time.Second, func() bool {
		found = Differences(through(), direct())
		return len(found) == 0
	})
	assert.Empty(t, found)
}

// HeaderValue returns all values of a header, divided by bars.
func HeaderValue(a edgetest.Answer, name string) string { return strings.Join(a.Header[name], " | ") }

// WithoutAcceptEncoding returns a Vary without the field that the edge adds where it compresses.
func WithoutAcceptEncoding(vary string) string {
	var kept []string
	for field := range strings.FieldsFuncSeq(vary, func(r rune) bool { return r == ',' || r == '|' }) {
		if field = strings.ToLower(strings.TrimSpace(field)); field != "accept-encoding" && field != "" {
			kept = append(kept, field)
		}
	}
	return strings.Join(kept, ", ")
}

// comparable returns the body, or of the echo of a request what the edge must not change.
func comparable(a edgetest.Answer) string {
	var echo struct {
		Method, URL string
		Headers     http.Header `json:"-"`
	}
	isJSON := strings.HasPrefix(a.Header.Get("Content-Type"), "application/json")
	if isJSON && json.Unmarshal([]byte(a.Text), &echo) == nil && echo.Method != "" {
		return echo.Method + " " + echo.URL
	}
	return a.Text
}

// Excerpt returns the beginning of a text, quoted.
func Excerpt(text string) string {
	if len(text) > 120 {
		text = text[:120] + "…"
	}
	return fmt.Sprintf("%q", text)
}

// Asked is a request for a page or file of an application.
type Asked struct {
	Target  string
	Headers []string
}

// Level takes away what differs between two answers without the edge: the body of a page that is made for each request,
// the age of a page that is made again now and then. It reports whether the body did.
func Level(through, before, after *edgetest.Answer) bool {
	for name := range before.Header {
		if HeaderValue(*before, name) != HeaderValue(*after, name) {
			for _, a := range []*edgetest.Answer{through, before, after} {
				a.Header.Del(name)
			}
		}
	}
	if before.Text == after.Text {
		return false
	}
	through.Text, before.Text, after.Text = "", "", ""
	return true
}
