//go:build e2e

package image_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// imageStory is what becomes of one picture over several requests, told in lines that must be the same on both sides.
type imageStory struct {
	name   string
	source string // {side} keeps the two sides apart at the source
	tell   func(t testing.TB, ask func() edgetest.Answer, fetches func() int) []string
	want   []string // what Next.js tells
}

func (s *imageSite) checkStory(t *testing.T, story imageStory) {
	t.Helper()
	tell := func(through bool, side string) []string {
		source := strings.NewReplacer("{remote}", "http://localhost:"+s.remote.port, "{side}", side).Replace(story.source)
		ask := func() edgetest.Answer { return s.ask(t, through, imageCase{target: imageQuery(source, 64, 75)}) }
		fetches := func() int {
			u, err := url.Parse(source)
			if err != nil {
				return 0
			}
			return s.remote.count(u.Path)
		}
		return story.tell(t, ask, fetches)
	}
	assert.Equal(t, story.want, tell(false, "direct"), "Next.js itself")
	assert.Equal(t, story.want, tell(true, "through"))
}

// checkManyAtOnce asks through the edge for 20 pictures 25 times each, all at once: each is fetched once.
func (s *imageSite) checkManyAtOnce(t *testing.T) {
	const pictures, times = 20, 25
	client := edgetest.PlainClient(t)
	var group sync.WaitGroup
	var mu sync.Mutex
	bodies := make(map[string]map[string]bool)
	for i := range pictures * times {
		path := fmt.Sprintf("/many/%s-%d/exif-1.jpg", s.name, i%pictures)
		target := s.edge.URL(s.basePath + "/_next/image" + s.slash() + "?" + imageQuery("http://localhost:"+s.remote.port+path, 64, 75))
		group.Go(func() {
			res, err := client.Do(edgetest.Request(t, edgetest.Within(t, 2*edgetest.Patience), http.MethodGet, target, nil))
			if !assert.NoError(t, err) {
				return
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			assert.NoError(t, err)
			assert.Equal(t, http.StatusOK, res.StatusCode)
			mu.Lock()
			defer mu.Unlock()
			if bodies[path] == nil {
				bodies[path] = make(map[string]bool)
			}
			bodies[path][hashTag(string(body))] = true
		})
	}
	group.Wait()
	assert.Len(t, bodies, pictures)
	for path, kinds := range bodies {
		assert.Len(t, kinds, 1, path)
		assert.Equal(t, 1, s.remote.count(path), path)
	}
}

// told is what a line says of an answer.
func told(a, first edgetest.Answer) string {
	picture := "the first picture"
	if a.Text != first.Text {
		picture = "another picture"
	}
	return fmt.Sprintf("%d %s, %s, %s", a.StatusCode, a.Header.Get("X-Nextjs-Cache"), a.Header.Get("Cache-Control"), picture)
}

// threeTimes asks three times at once, one after the other.
func threeTimes(_ testing.TB, ask func() edgetest.Answer, _ func() int) []string {
	first := ask()
	return []string{told(first, first), told(ask(), first), told(ask(), first)}
}

// untilAnother asks until there is another picture.
func untilAnother(t testing.TB, ask func() edgetest.Answer, _ func() int) []string {
	first := ask()
	lines := []string{told(first, first), told(ask(), first)}
	edgetest.Eventually(t, edgetest.Patience, func() bool { return ask().Text != first.Text }, "another picture")
	return lines
}

// untilKept asks until the old picture is kept for some seconds, because the source fails.
func untilKept(t testing.TB, ask func() edgetest.Answer, _ func() int) []string {
	first := ask()
	lines := []string{told(first, first), told(ask(), first)}
	var last edgetest.Answer
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		last = ask()
		return last.Header.Get("X-Nextjs-Cache") == "HIT"
	}, "the old picture is fresh again")
	return append(lines, told(last, first))
}

// untilFetchedAgain asks until the source has been asked three times.
func untilFetchedAgain(t testing.TB, ask func() edgetest.Answer, fetches func() int) []string {
	first := ask()
	lines := []string{told(first, first)}
	edgetest.Eventually(t, edgetest.Patience, func() bool { ask(); return fetches() >= 3 }, "the source is asked again")
	return append(lines, told(ask(), first))
}

// countFetches asks twice and says how often the source has been asked.
func countFetches(_ testing.TB, ask func() edgetest.Answer, fetches func() int) []string {
	first := ask()
	return []string{told(first, first), told(ask(), first), fmt.Sprintf("%d fetches", fetches())}
}

const (
	freshForAnHour  = "public, max-age=3600, must-revalidate"
	freshForNothing = "public, max-age=0, must-revalidate"
	freshForMoments = "public, max-age=3, must-revalidate"
)

// imageStories are of a site that keeps nothing for longer than its source says.
var imageStories = []imageStory{
	{"fresh from afar", "{remote}/counted/lasts/{side}/small.jpg", countFetches, []string{
		"200 MISS, " + freshForAnHour + ", the first picture", "200 HIT, " + freshForAnHour + ", the first picture", "1 fetches",
	}},
	{"fresh from the application", "/api/counted/a/lasts/x.png", threeTimes, []string{
		"200 MISS, " + freshForAnHour + ", the first picture", "200 HIT, " + freshForAnHour + ", the first picture", "200 HIT, " + freshForAnHour + ", the first picture",
	}},
	{"stale from afar", "{remote}/counted/changes/{side}/small.jpg", untilAnother, []string{
		"200 MISS, " + freshForNothing + ", the first picture", "200 STALE, " + freshForNothing + ", the first picture",
	}},
	{"stale from the application", "/api/counted/b/changes/x.png", untilAnother, []string{
		"200 MISS, " + freshForNothing + ", the first picture", "200 STALE, " + freshForNothing + ", the first picture",
	}},
	{"unchanged for an ETag", `{remote}/counted/changes+"v1"/{side}/small.jpg`, untilFetchedAgain, []string{
		"200 MISS, " + freshForNothing + ", the first picture", "200 STALE, " + freshForNothing + ", the first picture",
	}},
	{"unchanged for its bytes", "{remote}/counted/same/{side}/small.jpg", untilFetchedAgain, []string{
		"200 MISS, " + freshForNothing + ", the first picture", "200 STALE, " + freshForNothing + ", the first picture",
	}},
	{"failing afar", "{remote}/counted/fails/{side}/small.jpg", untilKept, []string{
		"200 MISS, " + freshForNothing + ", the first picture", "200 STALE, " + freshForNothing + ", the first picture", "200 HIT, " + freshForMoments + ", the first picture",
	}},
	{"failing in the application", "/api/counted/c/fails/x.png", untilKept, []string{
		"200 MISS, " + freshForNothing + ", the first picture", "200 STALE, " + freshForNothing + ", the first picture", "200 HIT, " + freshForMoments + ", the first picture",
	}},
	{"no picture any more", "/api/counted/d/text/x.png", untilKept, []string{
		"200 MISS, " + freshForNothing + ", the first picture", "200 STALE, " + freshForNothing + ", the first picture", "200 HIT, " + freshForMoments + ", the first picture",
	}},
	{"undecodable", "{remote}/cache/max-age=3600/{side}/truncated.jpg", countUndecodable, []string{
		"200 MISS, " + freshForNothing + ", the first picture", "200 STALE, " + freshForNothing + ", the first picture",
	}},
	{"errors are not kept", "{remote}/status/503/{side}/small.jpg", countErrors, []string{"503", "503", "2 fetches"}},
	{"texts are not kept", "{remote}/plain/{side}/words.txt", countErrors, []string{"400", "400", "2 fetches"}},
}

// countUndecodable: how long the source says is not how long it is kept.
func countUndecodable(_ testing.TB, ask func() edgetest.Answer, _ func() int) []string {
	first := ask()
	return []string{told(first, first), told(ask(), first)}
}

func countErrors(_ testing.TB, ask func() edgetest.Answer, fetches func() int) []string {
	return []string{fmt.Sprint(ask().StatusCode), fmt.Sprint(ask().StatusCode), fmt.Sprintf("%d fetches", fetches())}
}
