package assets

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// at is the application shop where it is served at some places.
func at(places ...string) *Space { return NewSpace("shop", places...) }

// scriptNamed is a build with one script.
func scriptNamed(name string) map[string]string {
	return map[string]string{"static/chunks/" + name + ".js": name}
}

func (a testArchive) finds(t testing.TB, space *Space, name string) bool {
	t.Helper()
	body := a.get(t, space, "chunks/"+name+".js")
	assert.Contains(t, []string{"", name}, body)
	return body != ""
}

func TestFilesAreFoundAtThePlacesOfTheirBuild(t *testing.T) {
	a := openArchive(t, t.TempDir())
	a.add(t, at("shop.example :443", "www.shop.example :443"), "", scriptNamed("a"))
	for range 2 {
		for name, c := range map[string]struct {
			space *Space
			has   bool
		}{
			"the same in another order": {at("www.shop.example :443", "shop.example :443"), true},
			"a host is added":           {at("a.example :443", "shop.example :443", "www.shop.example :443"), true},
			"a host is taken away":      {at("shop.example :443"), true},
			"other hosts":               {at("a.example :443", "b.example :443"), false},
			"another port":              {at("shop.example :8443"), false},
			"another name":              {NewSpace("web", "shop.example :443"), false},
		} {
			assert.Equal(t, c.has, a.finds(t, c.space, "a"), name)
		}
		a = a.reopened(t)
	}
	assert.True(t, at("a", "b", "a").Is(at("b", "a")))
	assert.False(t, at("a").Is(NewSpace("web", "a")))
}

// Two applications of one name have other bytes under one path.
func TestApplicationsAtOtherPlacesHaveFilesOfTheirOwn(t *testing.T) {
	a := openArchive(t, t.TempDir())
	for _, place := range []string{"one.example :443", "two.example :443"} {
		a.add(t, at(place), "", map[string]string{"static/chunks/page.js": "of " + place, "static/chunks/same.js": "same"})
	}
	for range 2 {
		for _, place := range []string{"one.example :443", "two.example :443"} {
			assert.Equal(t, "of "+place, a.get(t, at(place), "chunks/page.js"))
		}
		assert.Len(t, a.blobs, 3, "what is the same is there once")
		a.requireConsistent(t)
		a = a.reopened(t)
	}
}

// A site has two addresses, or two sites have one application.
func TestABuildThatIsServedAtTwoPlacesHasOneList(t *testing.T) {
	a := openArchive(t, t.TempDir())
	plain, encrypted := at("shop.example :80"), at("shop.example :443")
	a.Use(plain, 1)
	a.Use(encrypted, 1)
	set := a.add(t, plain, "", scriptNamed("a"))
	require.False(t, a.finds(t, encrypted, "a"))
	again := set.index.NewSet(Settings{})
	defer func() { assert.NoError(t, again.Close()) }()
	a.Add(encrypted, "", again)
	a.work(t.Context())
	a.add(t, encrypted, "", scriptNamed("a"))
	for range 2 {
		assert.EqualValues(t, 1, a.Stats().Builds)
		assert.True(t, a.finds(t, plain, "a"))
		assert.True(t, a.finds(t, encrypted, "a"))
		assert.False(t, a.finds(t, at("shop.example :8080"), "a"))
		a.requireConsistent(t)
		a = a.reopened(t)
	}
}

// What passes through is added to a list that no other application has.
func TestApplicationsLearnForThemselves(t *testing.T) {
	a := openArchive(t, t.TempDir())
	k, _, _ := newTestKeep(t)
	learns := func(space *Space, name string) {
		t.Helper()
		a.Use(space, 1)
		defer a.Use(space, -1)
		k.LearnInto(a.Archive, space, "")
		_, _, source := askKept(t, k, newUpstream(name), http.MethodGet, "/_next/static/chunks/"+name+".js", nil)
		require.Equal(t, FromUpstream, source)
		a.work(t.Context())
	}
	one, grown := at("one.example :443"), at("one.example :443", "www.one.example :443")
	learns(one, "a")
	learns(grown, "b")
	assert.EqualValues(t, 1, a.Stats().Builds, "a host was added")
	assert.True(t, a.finds(t, grown, "a"))
	assert.True(t, a.finds(t, one, "b"))

	other := at("two.example :443", "www.one.example :443")
	learns(other, "c")
	assert.EqualValues(t, 2, a.Stats().Builds, "the host is another application's now")
	assert.True(t, a.finds(t, other, "a"), "pages of it are open there")
	assert.True(t, a.finds(t, other, "c"))
	assert.False(t, a.finds(t, one, "c"))
	a = a.reopened(t)
	assert.True(t, a.finds(t, grown, "b"))
	assert.False(t, a.finds(t, one, "c"))
	a.requireConsistent(t)
}

// Two sites had one build, and one of them has another one now: both builds are live.
func TestTheNewestBuildOfEachSiteIsLive(t *testing.T) {
	a := openArchive(t, t.TempDir())
	one, two := at("one.example :443"), at("two.example :443")
	a.Use(one, 1)
	a.Use(two, 1)
	a.add(t, one, "", scriptNamed("a"))
	a.add(t, one, "", scriptNamed("b"))
	a.add(t, two, "", scriptNamed("a"))
	assert.EqualValues(t, 2, a.Stats().Builds)
	later := time.Now().Add(2 * liveEvery)
	a.keepLive(later)
	for _, b := range a.lists {
		assert.Equal(t, later, b.last, "%v", b.places)
	}
}
