package assets

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/internal/heaptest"
)

// The names of kept files that wait for their copies, and those in the store, hold nothing else of their requests.
func TestKeptFilesHoldNoRequests(t *testing.T) {
	store, err := blobstore.Open(blobstore.Settings{Memory: 64 << 20}) // in memory only: its keys are there too
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	copies := NewCopies(store, zap.NewNop())
	k, u := NewKeep(store, copies, "shop"), newUpstream("text")
	grown := heaptest.Growth(func() {
		for i := range 3000 {
			r := heaptest.Request("/_next/static/chunks/"+strconv.Itoa(i)+".js", "")
			_, err := k.Serve(httptest.NewRecorder(), r, Wanted{Path: r.URL.Path}, func() []string { return nil }, nil, u.answer)
			require.NoError(t, err)
		}
	})
	assert.Less(t, grown, int64(12<<20))
	assert.EqualValues(t, 3000, copies.Pending())
	assert.EqualValues(t, 3000, store.Stats().Memory.Entries)
	for i := range 3000 {
		leader, _ := k.flights.Lead(t.Context(), "/_next/static/chunks/"+strconv.Itoa(i)+".js", 0)
		require.NotNil(t, leader, "nobody leads any more")
		leader.End()
	}
	runtime.KeepAlive(k)
}

// Names of any length would fill the memory while they wait for their copies.
func TestAFileWithALongNameIsNotKept(t *testing.T) {
	k, copies, _ := newTestKeep(t)
	u := newUpstream("text")
	long := keptPath + "?dpl=" + strings.Repeat("x", maxKeptName)
	for name, sources := range map[string][]Source{
		long:               {FromUpstream, FromUpstream},
		long[:maxKeptName]: {FromUpstream, FromKept},
	} {
		for _, want := range sources {
			res, body, source := askKept(t, k, u, http.MethodGet, name, nil)
			assert.Equal(t, http.StatusOK, res.StatusCode)
			assert.Equal(t, u.body, string(body))
			assert.Equal(t, want, source)
		}
	}
	assert.EqualValues(t, 1, copies.Pending())
}
