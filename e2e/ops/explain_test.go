//go:build e2e

package ops_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

// What the command says of a request is what the edge then does, and it does nothing itself.
func TestTheExplainCommand(t *testing.T) {
	s := harness.StartPageSite(t, "stale_if_error 1h")
	address := fmt.Sprintf("localhost:%d", s.AdminPort)
	type explained struct {
		Zone, Build, Kind, Verdict, By string
		NotKept                        string `json:"not_kept"`
		Answer                         int
		Page                           *struct {
			Result, Reason, Key, Variant, Refused string
			Kept                                  *struct {
				Status, Bytes     int
				Age, Fresh, Stale float64
				ETag              string
				Tags              []string
			}
		}
	}
	explain := func(path string, args ...string) (report explained) {
		t.Helper()
		text, failure := harness.NextjsCommand(t, append([]string{"explain", s.URL(path), "--json", "--address", address},
			args...)...)
		require.Empty(t, failure)
		require.NoError(t, json.Unmarshal([]byte(text), &report), text)
		return report
	}
	for range 2 {
		before := explain("/gallery")
		require.NotNil(t, before.Page)
		assert.Equal(t, []string{"next16", "document", "page", "page", "miss", "absent"}, []string{before.Zone, before.Kind, before.Verdict, before.By, before.Page.Result, before.Page.Reason})
		assert.Nil(t, before.Page.Kept)
	}
	assert.Zero(t, s.Door.Count("/gallery"), "nothing was asked of Next.js")
	page, _ := s.Ask(t, "/gallery")
	after := explain("/gallery")
	require.NotNil(t, after.Page.Kept)
	assert.Equal(t, []string{"hit", "fresh", "/gallery", "html"}, []string{after.Page.Result, after.Page.Reason, after.Page.Key, after.Page.Variant})
	assert.Equal(t, []any{200, len(page.Text), page.Header.Get("Etag")}, []any{after.Page.Kept.Status, after.Page.Kept.Bytes, after.Page.Kept.ETag})
	assert.Contains(t, after.Page.Kept.Tags, "_N_T_/gallery")
	assert.Positive(t, after.Page.Kept.Fresh)
	payload := explain("/gallery", "-H", "RSC: 1", "-H", "Next-Router-Prefetch: 1")
	assert.Equal(t, []string{"prefetch", "miss", "prefetch"}, []string{payload.Kind, payload.Page.Result, payload.Page.Variant})
	draft := explain("/gallery", "-H", "Cookie: __prerender_bypass=x")
	assert.Equal(t, []string{"bypass", "draft-cookie"}, []string{draft.Page.Result, draft.Page.Reason})

	s.Ask(t, "/dynamic")
	dynamic := explain("/dynamic")
	assert.Equal(t, []string{"miss", "private"}, []string{dynamic.Page.Result, dynamic.Page.Refused})
	private := explain("/private")
	assert.Equal(t, []string{"middleware", "bypass", "verdict"}, []string{private.Verdict, private.Page.Result, private.Page.Reason})
	assert.Equal(t, "file", explain("/plain.txt").By)
	assert.Equal(t, "next", explain("/_next/image?url=%2Fa.jpg&w=640&q=75").By, "middleware runs for it")

	for path, want := range map[string]string{
		"/gallery": "answer    from the page cache\nkey       /gallery, variant html",
		"/private": "kept      never, because middleware runs for the path",
		"/dynamic": "kept      not the last answer: the answer says private, no-store or no-cache\n",
	} {
		text, failure := harness.NextjsCommand(t, "explain", s.URL(path), "--address", address)
		require.Empty(t, failure)
		assert.Contains(t, text, want)
	}
	_, failure := harness.NextjsCommand(t, "explain", "/gallery", "--address", address)
	assert.Contains(t, failure, `"/gallery" is no URL of a site`)
}
