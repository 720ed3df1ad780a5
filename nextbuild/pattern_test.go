package nextbuild

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPatternsAreJavaScripts(t *testing.T) {
	for source, want := range map[string]map[string]bool{
		`^(?:\/((?!api|_next\/static).*))$`: {"/api/x": false, "/apples": true, "/a": true, "/_next/static/x": false, "/api": false},
		`^/items/(?<slug>[^/]+?)(?:/)?$`:    {"/items/a": true, "/items/": false, "/items/a/": true},
		`^/\d+$`:                            {"/12": true, "/٣": false},
	} {
		pattern := NewPattern(source, false)
		for text, matches := range want {
			got, err := pattern.Match(text)
			require.NoError(t, err)
			assert.Equal(t, matches, got, "%s on %s", source, text)
		}
	}
	ignoring, err := NewPattern("^/Old$", true).Match("/oLD")
	require.NoError(t, err)
	assert.True(t, ignoring)

	_, err = NewPattern("(", false).Match("x")
	require.Error(t, err)
	_, err = Pattern{}.Match("x")
	require.Error(t, err)
	_, err = NewPattern("^(a+)+$", false).Match(strings.Repeat("a", 60) + "!")
	assert.ErrorContains(t, err, "timeout", "a pattern that never ends says so")
}

// One try of many is enough: a machine that is busy makes some of them longer, a limit that is not kept all of them.
func TestAPatternThatNeverEndsIsEndedSoon(t *testing.T) {
	pattern, shortest := NewPattern("^(a+)+$", false), time.Hour
	for tries := 0; tries < 20 && shortest >= 8*patternTimeout; tries++ {
		begin := time.Now()
		_, err := pattern.Match(strings.Repeat("a", 60) + "!")
		shortest = min(shortest, time.Since(begin))
		require.ErrorContains(t, err, "timeout")
	}
	assert.Less(t, shortest, 8*patternTimeout)
}

func TestPatternGroup(t *testing.T) {
	group, err := NewPattern(`^/a/(.+)$`, false).Group("/a/b/c", 1)
	require.NoError(t, err)
	assert.Equal(t, "b/c", group)
	group, err = NewPattern(`^/a$`, false).Group("/b", 1)
	require.NoError(t, err)
	assert.Empty(t, group)
}
