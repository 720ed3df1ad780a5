//go:build e2e

package image_test

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// imageCase is a request to the optimizer. In target and headers {port} is that of the remote host and {side} tells
// apart who is asked.
type imageCase struct {
	name    string
	method  string // GET if empty
	target  string // the query, or a path that begins with a slash
	headers []string
	status  int    // that Next.js answers, 200 if 0: the case is about what it seems to be about
	kind    string // Content-Type, without image/; if empty, any
	size    string // of the picture, 640x427; if empty, any
	slow    bool   // waits for a deadline
	differs string // a key of imageExceptions
}

const (
	acceptWebP   = "image/webp,*/*"
	acceptAVIF   = "image/avif,image/webp,*/*"
	acceptChrome = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
	acceptSafari = "image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5"
)

// imageQuery is the query as <Image> writes it.
func imageQuery(source string, width, quality int) string {
	return fmt.Sprintf("url=%s&w=%d&q=%d", url.QueryEscape(source), width, quality)
}

// imageName is the name of a case that has none.
func (c imageCase) title() string {
	if c.name != "" {
		return c.name
	}
	return harness.NoSlash(strings.Join(append([]string{cmp.Or(c.method, http.MethodGet), c.target}, c.headers...), " "))
}

// TestImagesAreAsNextMakesThem sends every case to the application itself and through the edge, and compares what the
// answers say and show.
func TestImagesAreAsNextMakesThem(t *testing.T) {
	sources := makeImageSources(t)
	remote := startImageRemote(t, sources)
	lens := newImageLens(t)
	count := 0
	for _, group := range []struct {
		imageVariant
		cases   func(s *imageSite) []imageCase
		stories []imageStory
	}{
		{imageBoth, casesOfBoth, nil},
		{imagePlain, casesOfPlain, nil},
		{imageLoose, casesOfLoose, imageStories},
		{imageBare, casesOfBare, nil},
		{imageOff, casesOfOff, nil},
		{imageNext15, casesOfNext15, nil},
	} {
		t.Run(group.name, func(t *testing.T) {
			site := startImageSite(t, group.imageVariant, remote, lens, sources)
			cases := group.cases(site)
			for _, c := range cases {
				t.Run(c.title(), func(t *testing.T) {
					if c.slow {
						t.Parallel()
						site.checkSlowly(t, c)
						return
					}
					site.check(t, c)
				})
			}
			for _, story := range group.stories {
				t.Run(story.name, func(t *testing.T) { site.checkStory(t, story) })
			}
			if group.name == imageBoth.name {
				t.Run("many at once", site.checkManyAtOnce)
			}
			t.Logf("%d cases and %d stories", len(cases), len(group.stories))
			count += len(cases) + len(group.stories)
		})
	}
	t.Logf("%d cases in all", count)
}

// check asks both sides.
func (s *imageSite) check(t *testing.T, c imageCase) {
	t.Helper()
	direct := s.ask(t, false, c)
	require.Equal(t, cmp.Or(c.status, http.StatusOK), direct.StatusCode, "Next.js itself: %s",
		harness.Excerpt(direct.Text))
	if c.kind != "" {
		require.Equal(t, "image/"+c.kind, direct.Header.Get("Content-Type"), "Next.js itself")
	}
	if c.size != "" {
		view := s.lens.compare(t, []byte(direct.Text), []byte(direct.Text))
		require.Equal(t, c.size, fmt.Sprintf("%dx%d", view.A.Width, view.A.Height), "Next.js itself %s", view.Error)
	}
	s.compare(t, c, s.ask(t, true, c), direct)
}

// checkSlowly asks both sides at once.
func (s *imageSite) checkSlowly(t *testing.T, c imageCase) {
	t.Helper()
	answers := make(map[bool]*edgetest.Answer)
	t.Run("both", func(t *testing.T) {
		for _, through := range []bool{false, true} {
			a := new(edgetest.Answer)
			answers[through] = a
			t.Run(fmt.Sprint(through), func(t *testing.T) {
				t.Parallel()
				*a = s.ask(t, through, c)
			})
		}
	})
	require.Equal(t, c.status, answers[false].StatusCode, "Next.js itself")
	s.compare(t, c, *answers[true], *answers[false])
}

func (s *imageSite) compare(t *testing.T, c imageCase, through, direct edgetest.Answer) {
	t.Helper()
	found := imageDifferences(t, s.lens, through, direct)
	if c.differs != "" && len(found) > 0 {
		exception, known := imageExceptions[c.differs]
		require.True(t, known, "there is no exception %q", c.differs)
		found = exception.check(through, direct)
	}
	assert.Empty(t, found)
}

// ask sends a case to the application itself or through the edge.
func (s *imageSite) ask(t testing.TB, through bool, c imageCase) edgetest.Answer {
	t.Helper()
	address, side := s.direct.Upstream(), "direct"
	if through {
		address, side = s.edge.Address(), "through"
	}
	fill := strings.NewReplacer("{port}", s.remote.port, "{side}", side)
	target := fill.Replace(c.target)
	if !strings.HasPrefix(target, "/") {
		target = s.basePath + "/_next/image" + s.slash() + "?" + target
	}
	headers := make([]string, len(c.headers))
	for i, text := range c.headers {
		headers[i] = fill.Replace(text)
		if strings.Contains(text, "{etag}") {
			plain := harness.RawRequest(t, address, http.MethodGet, target, s.edge.Address(), "", acceptOf(c.headers)...)
			headers[i] = strings.ReplaceAll(headers[i], "{etag}", plain.Header.Get("Etag"))
		}
	}
	return harness.RawRequest(t, address, cmp.Or(c.method, http.MethodGet), target, s.edge.Address(), "", headers...)
}

// acceptOf returns the headers that choose a variant.
func acceptOf(headers []string) []string {
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Accept" {
			return headers[i : i+2]
		}
	}
	return nil
}
