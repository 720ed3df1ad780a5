package images

import (
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/imageopt"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

func TestRemotePatternsOfTheCaddyfile(t *testing.T) {
	for text, want := range map[string]nextbuild.RemotePattern{
		"https://cdn.example.com":                {Protocol: "https", Hostname: "cdn.example.com", Port: new("")},
		"https://**.Example.com/photos/**":       {Protocol: "https", Hostname: "**.example.com", Port: new(""), Pathname: "/photos/**"},
		"http://cdn.test:8080/*?v=1":             {Protocol: "http", Hostname: "cdn.test", Port: new("8080"), Pathname: "/*", Search: new("?v=1")},
		"https://cdn.test:443/a?":                {Protocol: "https", Hostname: "cdn.test", Port: new(""), Pathname: "/a", Search: new("")},
		"http://cdn.test:80":                     {Protocol: "http", Hostname: "cdn.test", Port: new("")},
		"http://cdn.test:443/{a,b}/[0-9]*.{j,p}": {Protocol: "http", Hostname: "cdn.test", Port: new("443"), Pathname: "/{a,b}/[0-9]*.{j,p}"},
	} {
		pattern, err := parseRemotePattern(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, pattern, text)
	}
}

// What the block says takes the place of what the build says; the two permissions add up.
func TestImageSettingsOverABuild(t *testing.T) {
	build := imageopt.DefaultImages(0)
	build.Domains, build.DangerouslyAllowSVG, build.MinimumCacheTTL = []string{"old.test"}, true, 99
	redirects := 1
	for name, c := range map[string]struct {
		block ZoneSettings
		want  func(*nextbuild.Images)
	}{
		"nothing":   {ZoneSettings{}, func(*nextbuild.Images) {}},
		"sizes":     {ZoneSettings{Sizes: []int{5}}, func(i *nextbuild.Images) { i.DeviceSizes, i.ImageSizes = []int{5}, nil }},
		"formats":   {ZoneSettings{Formats: []string{"avif"}}, func(i *nextbuild.Images) { i.Formats = []string{"image/avif"} }},
		"qualities": {ZoneSettings{Qualities: []int{1}}, func(i *nextbuild.Images) { i.Qualities = []int{1} }},
		"min_ttl":   {ZoneSettings{MinTTL: new(caddy.Duration(time.Minute))}, func(i *nextbuild.Images) { i.MinimumCacheTTL = 60 }},
		"redirects": {ZoneSettings{Redirects: &redirects}, func(i *nextbuild.Images) { i.MaximumRedirects = &redirects }},
		"remote": {ZoneSettings{Remote: []string{"https://new.test"}}, func(i *nextbuild.Images) {
			i.Domains, i.RemotePatterns = nil, []nextbuild.RemotePattern{{Protocol: "https", Hostname: "new.test", Port: new("")}}
		}},
		"local": {ZoneSettings{Local: []string{"/a/**"}}, func(i *nextbuild.Images) {
			i.LocalPatterns = []nextbuild.LocalPattern{
				{Pathname: "/_next/static/media/**", Search: new("")}, {Pathname: "/_next/static/immutable/media/**", Search: new("")}, {Pathname: "/a/**"},
			}
		}},
		"permissions": {ZoneSettings{PrivateAddresses: true, MaxSource: 5}, func(i *nextbuild.Images) { i.DangerouslyAllowLocal, i.MaximumResponseBody = true, 5 }},
	} {
		got, want := build, build
		require.NoError(t, c.block.apply(&got), name)
		c.want(&want)
		assert.Equal(t, want, got, name)
	}
	_, known, err := Config{}.images()
	require.NoError(t, err)
	assert.False(t, known, "neither a build nor a block says what is allowed")
}

// JSON is not read by the Caddyfile's parser.
func TestImageSettingsOfJSONAreChecked(t *testing.T) {
	negative := -1
	for message, block := range map[string]ZoneSettings{
		"sizes: 0 is no width":                             {Sizes: []int{0}},
		"formats: \"image/webp\" is neither avif nor webp": {Formats: []string{"image/webp"}},
		"qualities: 0 is not from 1 to 100":                {Qualities: []int{0}},
		"min_ttl, redirects and max_source":                {Redirects: &negative},
		"local \"a\": it must be a path":                   {Local: []string{"a"}},
		"it names neither a header nor a cookie":           {Forward: []ForwardConfig{{Path: "/a"}}},
		"the header range says nothing of who asks":        {Forward: []ForwardConfig{{Path: "/a", Headers: []string{"range"}}}},
	} {
		assert.ErrorContains(t, block.check(), message)
	}
	assert.NoError(t, (*ZoneSettings)(nil).check())
	assert.ErrorContains(t, Settings{Memory: 5}.Check(), "at least 8KiB")
	assert.ErrorContains(t, Settings{Sources: -1}.Check(), "sources must not be negative")
	assert.ErrorContains(t, Settings{FirstFormatAfter: -2}.Check(), "first_format_after must not be negative")
	assert.NoError(t, Settings{Memory: -1, FirstFormatAfter: -1}.Check())
}
