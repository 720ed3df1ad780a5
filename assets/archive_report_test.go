package assets

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatIsSaidOfAnArchive(t *testing.T) {
	a := openArchive(t, t.TempDir())
	a.SetLimits(1_000_000, time.Hour)
	before := time.Now()
	a.Use(shop, 1)
	k, _, _ := newTestKeep(t)
	k.LearnInto(a.Archive, shop, "")
	_, _, _ = askKept(t, k, newUpstream(script), http.MethodGet, keptPath+"?dpl=old", nil)
	a.work(t.Context())
	a.add(t, shop, "new", map[string]string{"static/chunks/a.js": "a", "static/chunks/b.js": "bb"})
	for range 2 {
		builds := a.Builds(shop)
		require.Len(t, builds, 2)
		for i := range builds {
			assert.NotEmpty(t, builds[i].List)
			for _, at := range []*time.Time{&builds[i].FirstSeen, &builds[i].Last} {
				assert.WithinRange(t, *at, before.Add(-time.Second), time.Now()) // a file system may round
				*at = time.Time{}
			}
			builds[i].List = ""
		}
		assert.Equal(t, []ArchivedBuild{
			{Build: "build-1", Deployment: "new", Files: 2, Bytes: 3},
			{Deployment: "old", IsLearnt: true, Files: 1, Bytes: int64(len(script))},
		}, builds)
		assert.Empty(t, a.Builds(web))
		a = a.reopened(t)
	}
	size, maxAge := a.Limits()
	assert.EqualValues(t, DefaultArchiveSize, size)
	assert.Equal(t, DefaultArchiveAge, maxAge)
}
