package rules

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// What a condition decides on has a part in what the path is.
func TestChoice(t *testing.T) {
	ruleSet := ruled(t)
	choice := func(target string, headers ...string) string {
		return verdictOf(ruleSet, http.MethodGet, target, headers...).Choice()
	}
	assert.Empty(t, choice("/about"))
	assert.Empty(t, choice("/about", "Cookie", "plan=pro"))
	assert.Empty(t, choice("/items/two"))
	assert.Empty(t, choice("/nowhere"))

	assert.NotEmpty(t, choice("/member"))
	assert.Equal(t, choice("/member"), choice("/member", "Cookie", "plan=free"))
	assert.NotEqual(t, choice("/asked"), choice("/asked?q=1"), "another header")
	assert.NotEqual(t, choice("/gallery/1"), choice("/gallery/1", "Next-Url", "/gallery"))
	assert.Equal(t, choice("/gallery/1", "Next-Url", "/gallery/2"), choice("/gallery/1", "Next-Url", "/gallery"), "the page is the same; which of its payloads is for the key to say")
	assert.Equal(t, choice("/gallery/1"), choice("/gallery/1", "Next-Url", "/elsewhere"))
}

// What has been judged once is known, and stays within its bound.
func TestVerdictsAreRemembered(t *testing.T) {
	ruleSet := ruled(t)
	first := verdictOf(ruleSet, http.MethodGet, "/items/two")
	assert.Same(t, first, verdictOf(ruleSet, http.MethodGet, "/items/two"))
	long := "/items/" + strings.Repeat("x", maxRecentPath)
	assert.NotSame(t, verdictOf(ruleSet, http.MethodGet, long), verdictOf(ruleSet, http.MethodGet, long))
	for n := range 3 * maxRecent {
		verdictOf(ruleSet, http.MethodGet, "/items/n"+strings.Repeat("y", n%100)+string(rune('a'+n%26)))
		verdictOf(ruleSet, http.MethodGet, "/nowhere/"+strings.Repeat("y", n%100))
		assert.LessOrEqual(t, len(ruleSet.recent.now), maxRecent)
	}
	assert.Nil(t, ruleSet.recent.get("/nowhere/y"), "Next.js decides on it")
	for range 2 {
		for n := range maxRecent {
			ruleSet.recent.put(strings.Repeat("z", n%500)+string(rune('0'+n)), first)
		}
	}
	assert.Nil(t, ruleSet.recent.get("/items/two"), "it was not asked for any more")
}

// Of a visitor nothing is asked with that no rule asks for.
func TestAsked(t *testing.T) {
	ruleSet := ruled(t)
	h := http.Header{"Cookie": {"a=b; plan=pro", " session=secret;plan=team"}, "X-User": {"runa"}, "Accept-Language": {"de"}, "Next-Url": {"/gallery"}}
	assert.Equal(t, http.Header{"Cookie": {"plan=pro", "plan=team"}, "X-User": {"runa"}, "Next-Url": {"/gallery"}}, ruleSet.ConditionHeaders(h))
	assert.Empty(t, ruleSet.ConditionHeaders(http.Header{}))
}
