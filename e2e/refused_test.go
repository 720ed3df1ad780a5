//go:build e2e

package e2e_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Next.js 16 answers /page.rsc with the payload of /page, and middleware is asked for /page.rsc.
func TestPathsOfPayloadsAreRefused(t *testing.T) {
	e, f := sharedEdge(t)
	direct := get(t, plainClient(t), f.home.url("/tonight.rsc"))
	require.Equal(t, http.StatusOK, direct.StatusCode)
	require.Equal(t, "text/x-component", direct.Header.Get("Content-Type"), "without the edge it is answered: this test is sharp")
	for _, path := range []string{
		"/tonight.rsc", "/keepers.rsc", "/about.rsc", "/x/../tonight.rsc", "/about.segments/_tree.segment.rsc",
		"/blog/fog-signal.rsc", "/blog/fog-signal.segments/_tree.segment.rsc", "/shop/p/gannet.rsc",
	} {
		mark := nextMark()
		a := rawGet(t, e.address(), path, e.address(), markHeader, mark, "RSC", "1")
		assert.Equal(t, http.StatusNotFound, a.StatusCode, path)
		assert.Empty(t, a.body, path)
		assert.Equal(t, "refused", e.loggedAs(t, mark).Kind)
	}
}

func TestTargetsThatNameAHostAreRefused(t *testing.T) {
	e, f := sharedEdge(t)
	direct := rawGet(t, f.home.upstream(), "http://"+e.address()+"/about", e.address())
	require.NotEqual(t, http.StatusBadRequest, direct.StatusCode, "without the edge it is answered: this test is sharp")
	for _, headers := range [][]string{
		nil, {"RSC", "1"}, {"Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="},
	} {
		mark := nextMark()
		a := rawGet(t, e.address(), "http://"+e.address()+"/about", e.address(), append(headers, markHeader, mark)...)
		assert.Equal(t, http.StatusBadRequest, a.StatusCode)
		assert.Equal(t, "refused", e.loggedAs(t, mark).Kind)
	}
}
