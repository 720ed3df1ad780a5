package imageopt

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// Before 16 Next.js followed what fetch of Node.js follows, and connected to any address; the edge does not.
func TestFetchLimitsOfEachVersion(t *testing.T) {
	for _, c := range []struct {
		major int
		want  FetchLimits
	}{
		{16, FetchLimits{MaxBytes: 50_000_000, MaxRedirects: 3}},
		{15, FetchLimits{MaxBytes: 50_000_000, MaxRedirects: 20, Before16: true}},
		{14, FetchLimits{MaxBytes: 50_000_000, MaxRedirects: 20, Before16: true}},
	} {
		assert.Equal(t, c.want, settings(t, c.major, nil).FetchLimits(false), c.major)
	}
	none := 0
	open := settings(t, 16, func(i *nextbuild.Images) {
		i.MaximumRedirects, i.DangerouslyAllowLocal, i.MaximumResponseBody = &none, true, 5
	})
	assert.Equal(t, FetchLimits{MaxBytes: 5, AllowPrivate: true, AllowUnmatchedRedirects: true}, open.FetchLimits(true))
}
