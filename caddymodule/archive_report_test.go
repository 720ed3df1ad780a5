package caddymodule

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// Of the zone in the report there is what its two addresses have in common, once.
func TestTheReportOfTheArchive(t *testing.T) {
	assert.Nil(t, runningReport(t).Archive)
	one, two := writeScripts(t, "one", map[string]string{"a.js": "a", "b.js": "bb"}), writeScripts(t, "two", map[string]string{"a.js": "a"})
	state := fmt.Sprintf("nextjs {\n state %s\n static {\n assets_size 2MiB\n assets_max_age 2d\n }\n}", t.TempDir())
	site := func(dir string) string { return "nextjs localhost:1 {\n build " + dir + "\n}" }
	e := edgetest.Serve(t, site(one), state)
	awaitArchived(t, 1)
	require.NoError(t, e.Load(t, site(two), state))
	awaitArchived(t, 2)
	answer := runningReport(t)
	assert.Positive(t, answer.Archive.Bytes)
	assert.EqualValues(t, 2<<20, answer.Archive.Size)
	assert.EqualValues(t, 2*24*60*60, answer.Archive.MaxAge)
	require.Len(t, answer.Zones, 1)
	builds := answer.Zones[0].Archive
	require.Len(t, builds, 2)
	for i, want := range []struct {
		build string
		live  bool
		files int
		bytes int64
	}{{"two", true, 2, 1 + 15}, {"one", false, 3, 3 + 15}} {
		assert.Equal(t, want.build, builds[i].Build)
		assert.Equal(t, want.live, builds[i].Live)
		assert.Equal(t, want.files, builds[i].Files)
		assert.Equal(t, want.bytes, builds[i].Bytes)
		assert.False(t, builds[i].PassedThrough)
		assert.False(t, builds[i].FirstSeen.After(builds[i].Last))
	}
}
