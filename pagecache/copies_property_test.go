package pagecache

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/codings"
	"github.com/caddy-nextjs/caddy-nextjs/internal/codingtest"
	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// TestACopyIsOfTheBodyThatIsServed has many clients ask for pages in all codings, while they are published, revalidated
// and purged: what they decode is what the page is as it is, of no older version than somebody had before.
func TestACopyIsOfTheBodyThatIsServed(t *testing.T) {
	w := &world{versions: map[string]int{}, lets: 20}
	o := &observer{seen: map[string]int{}}
	bodyOf := func(path string, version int) string { return long(fmt.Sprintf("%s %d", path, version)) }
	s := newSite(t, Settings{}, func(rw http.ResponseWriter, r *http.Request) {
		w.letOthers()
		version := w.version(r.URL.Path)
		w.letOthers()
		h := rw.Header()
		h.Set("Cache-Control", "s-maxage=10, stale-while-revalidate=30")
		h.Set("Content-Type", "text/html")
		h.Set("Etag", fmt.Sprintf(`"%d"`, version))
		h.Set(policy.TagsHeader, "all")
		if r.Header.Get("If-None-Match") == h.Get("Etag") {
			rw.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(rw, bodyOf(r.URL.Path, version))
	})
	check := func(path, accept string) {
		before := o.newest(path)
		a := s.ask(path, policy.VariantHTML, "Accept-Encoding", accept)
		if !assert.NoError(t, a.err) || !assert.Equal(t, http.StatusOK, a.Code) {
			return
		}
		coding := a.Header().Get("Content-Encoding")
		body := codingtest.Decode(t, coding, a.Body.Bytes())
		var version int
		_, err := fmt.Sscanf(body, "<p>"+path+" %d", &version)
		assert.NoError(t, err)
		assert.Equal(t, bodyOf(path, version), body)
		want := fmt.Sprintf(`"%d"`, version)
		if coding != "" {
			assert.Equal(t, accept, coding)
			want = fmt.Sprintf(`"%d-%s"`, version, coding)
		}
		assert.Equal(t, want, a.Header().Get("Etag"))
		assert.GreaterOrEqual(t, version, before, "%+v", a.result)
		o.saw(path, version)
	}
	var clients sync.WaitGroup
	for client := range uint64(6) {
		clients.Go(func() {
			random := rand.New(rand.NewPCG(client, 11))
			for range 800 {
				path := []string{"/a", "/b"}[random.IntN(2)]
				switch n := random.IntN(200); {
				case n < 190:
					check(path, append(codings.Names[:], "identity")[random.IntN(len(codings.Names)+1)])
				case n < 193:
					w.publish(path)
				case n < 197:
					s.pass(time.Duration(random.IntN(10)) * time.Second)
				default:
					selector := []Selector{{Group: groupOf(path)}, {Tag: "all"}, {All: true}}[random.IntN(3)]
					selector.Space, selector.Soft = "zone", random.IntN(2) == 0
					assert.NoError(t, s.cache.Purge(selector))
				}
			}
		})
	}
	clients.Wait()
	s.idle()
	s.copied()
	var served uint64
	for _, stats := range s.cache.Stats().Copies {
		served += stats.Served
		require.NotEmpty(t, strings.TrimSpace(stats.Coding))
	}
	require.Positive(t, served, "copies took part")
}
