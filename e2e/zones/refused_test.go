//go:build e2e

package zones_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// Next.js 16 answers /page.rsc with the payload of /page, and middleware is asked for /page.rsc.
func TestPathsOfPayloadsAreRefused(t *testing.T) {
	e, f := harness.SharedEdge(t)
	direct := edgetest.Get(t, edgetest.PlainClient(t), f.Home.URL("/tonight.rsc"))
	require.Equal(t, http.StatusOK, direct.StatusCode)
	require.Equal(t, "text/x-component", direct.Header.Get("Content-Type"), "without the edge it is answered: this test is sharp")
	for _, path := range []string{
		"/tonight.rsc", "/keepers.rsc", "/about.rsc", "/x/../tonight.rsc", "/about.segments/_tree.segment.rsc",
		"/blog/fog-signal.rsc", "/blog/fog-signal.segments/_tree.segment.rsc", "/shop/p/gannet.rsc",
	} {
		mark := harness.NextMark()
		a := harness.RawGet(t, e.Address(), path, e.Address(), harness.MarkHeader, mark, "RSC", "1")
		assert.Equal(t, http.StatusNotFound, a.StatusCode, path)
		assert.Empty(t, a.Text, path)
		assert.Equal(t, "refused", e.LoggedAs(t, mark).Kind)
	}
}

func TestTargetsThatNameAHostAreRefused(t *testing.T) {
	e, f := harness.SharedEdge(t)
	direct := harness.RawGet(t, f.Home.Upstream(), "http://"+e.Address()+"/about", e.Address())
	require.NotEqual(t, http.StatusBadRequest, direct.StatusCode, "without the edge it is answered: this test is sharp")
	for _, headers := range [][]string{
		nil, {"RSC", "1"}, {"Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="},
	} {
		mark := harness.NextMark()
		a := harness.RawGet(t, e.Address(), "http://"+e.Address()+"/about", e.Address(), append(headers, harness.MarkHeader,
			mark)...)
		assert.Equal(t, http.StatusBadRequest, a.StatusCode)
		assert.Equal(t, "refused", e.LoggedAs(t, mark).Kind)
	}
}
