package imageopt

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

func TestSettingsErrorsNameTheSetting(t *testing.T) {
	for _, c := range []struct {
		change  func(*nextbuild.Images)
		message string
	}{
		{func(i *nextbuild.Images) { i.DeviceSizes = []int{0} }, "images.deviceSizes and images.imageSizes: 0 is no width"},
		{func(i *nextbuild.Images) { i.Formats = []string{"image/png"} }, `images.formats: "image/png" is neither image/avif nor image/webp`},
		{func(i *nextbuild.Images) { i.Qualities = []int{101} }, "images.qualities: 101 is not from 1 to 100"},
		{func(i *nextbuild.Images) { i.MinimumCacheTTL = -1 }, "images.minimumCacheTTL: -1 is negative"},
		{func(i *nextbuild.Images) { i.ContentDispositionType = "a b" }, `images.contentDispositionType: "a b" is no type`},
		{func(i *nextbuild.Images) { i.RemotePatterns = []nextbuild.RemotePattern{{}} }, "images.remotePatterns[0].hostname: the glob is empty"},
		{func(i *nextbuild.Images) {
			i.RemotePatterns = []nextbuild.RemotePattern{{Hostname: "a"}, {Hostname: "a", Pathname: "(?<!a)"}}
		}, "images.remotePatterns[1].pathname: the glob \"(?<!a)\": the regular expression is of a kind that is not evaluated"},
		{func(i *nextbuild.Images) { i.LocalPatterns = []nextbuild.LocalPattern{{Pathname: "(a)\\1"}} }, "images.localPatterns[0].pathname"},
	} {
		images := DefaultImages(16)
		c.change(&images)
		_, err := NewSettings(images, "", false, 16)
		require.Error(t, err, c.message)
		assert.Contains(t, err.Error(), c.message)
	}
}

func TestEnabled(t *testing.T) {
	s := settings(t, 16, nil)
	assert.True(t, s.Enabled())
	assert.True(t, settings(t, 16, func(i *nextbuild.Images) { i.Loader = "" }).Enabled())
	assert.False(t, settings(t, 16, func(i *nextbuild.Images) { i.Loader = "custom" }).Enabled())
	assert.False(t, settings(t, 16, func(i *nextbuild.Images) { i.Unoptimized = true }).Enabled())
}

func TestUnknownVersionCountsAsTheNewest(t *testing.T) {
	s, err := NewSettings(DefaultImages(0), "", false, 0)
	require.NoError(t, err)
	assert.Equal(t, 16, s.Major)
	assert.Equal(t, DefaultImages(16), s.Images)
}

// IMAGES.md 2.
func TestQueryPairs(t *testing.T) {
	read := func(raw string) []string {
		var pairs []string
		for key, value := range queryPairs(raw) {
			pairs = append(pairs, key+"|"+value)
		}
		return pairs
	}
	assert.Empty(t, read(""))
	assert.Empty(t, read("&&&"))
	assert.Equal(t, []string{"a|b c", "d|", "|e", "f|g=h", "i;j|k"}, read("a=b+c&d&=e&f=g=h&i;j=k#l=m"))
	assert.Equal(t, []string{"é|%zz", "x|é%", "y|\uFFFD", "z|Ã©"}, read("%C3%A9=%zz&x=%C3%A9%&y=%ff&z=\xc3\xa9"))
	assert.Equal(t, []string{"a|éé%"}, read("a=%C3%A9\xc3\xa9%"), "bytes, where not all is valid")
	assert.Len(t, read(strings.Repeat("a&", 1500)), 1000)
}

func TestNumbers(t *testing.T) {
	for n, want := range map[float64]string{0: "0", 641: "641", 1e20: "100000000000000000000", 1e21: "1e+21", 1.2345678901234568e22: "1.2345678901234568e+22"} {
		assert.Equal(t, want, formatNumber(n))
	}
	for text, want := range map[string]float64{"12": 12, " \u00a012x": 12, "-5": -5, "+7": 7, "0x1f": 0} {
		assert.Equal(t, want, parseInteger(text, false), text)
	}
	assert.Equal(t, 31.0, parseInteger("0x1f", true))
	for text, want := range map[string]float64{"0.5x": 0.5, ".5": 0.5, "5.": 5, "1e-1": 0.1, "0x1": 0} {
		assert.Equal(t, want, parseDecimal(text), text)
	}
	for _, text := range []string{"", "x", ".", "Infinity", "1e999"} {
		assert.True(t, parseDecimal(text) != parseDecimal(text), "%q is not a number", text)
	}
}

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
