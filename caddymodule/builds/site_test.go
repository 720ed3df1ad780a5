package builds

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
)

// application is one that runs a build, whatever is on the disk.
type application struct {
	upstream *deploy.Upstream
	runs     atomic.Pointer[string]
	asked    atomic.Int64
}

func startApplication(t *testing.T, build string) *application {
	t.Helper()
	a := new(application)
	a.run(build)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.asked.Add(1)
		if !strings.HasPrefix(r.URL.Path, "/_next/static/"+*a.runs.Load()+"/") {
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	a.upstream = &deploy.Upstream{Address: deploy.Address{Dial: server.Listener.Addr().String()}}
	return a
}

// askDirectly asks an upstream by what its address says.
func askDirectly(ctx context.Context, u *deploy.Upstream, q deploy.Question) (int, error) {
	return u.Ask(ctx, q)
}

func (a *application) run(build string) { a.runs.Store(&build) }

// heldFiles is how many files of each build of writeBuild are held open.
const heldFiles = 2

// writeBuild writes a build in the place of another one, as `next build` does.
func writeBuild(t *testing.T, dir, id string) {
	t.Helper()
	require.NoError(t, os.RemoveAll(dir))
	buildtest.Write(t, dir, buildtest.Build{
		ID: id, App: map[string]string{"/page/page": "/page"},
		Files: map[string]string{
			"static/" + id + "/_ssgManifest.js": "", "static/" + id + ".js": "script of " + id, "../public/a.txt": "a",
		},
	})
}

// newBuild writes a build and returns its directory.
func newBuild(t *testing.T, id string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), ".next")
	writeBuild(t, dir, id)
	return dir
}

// site is a subscriber with one zone.
type site struct {
	*Subscription
	full             bool // it has no place for another build
	serves           string
	taken, notPlaced atomic.Int64
	unfinished       atomic.Int64
}

func subscribe(t *testing.T, p *Pool, dir string, upstreams ...*deploy.Upstream) *site {
	t.Helper()
	s := new(site)
	subscription, err := p.Subscribe(Options{
		Source: Source{Build: dir}, Sources: textsOf(upstreams), Label: "main", Log: zap.NewNop(),
		Upstreams: func() []*deploy.Upstream { return upstreams }, Ask: askDirectly,
		Take: func(next *Snapshot) error {
			if s.full {
				return errors.New("it is full")
			}
			s.serves = next.ID
			return nil
		},
		Taken:   func() { s.taken.Add(1) },
		Refused: func() { s.notPlaced.Add(1) }, Unfinished: func() { s.unfinished.Add(1) },
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, subscription.Close()) })
	s.Subscription, s.serves = subscription, subscription.Begin().ID
	return s
}

// setUp has sites be ready for other builds without the goroutine of their directory.
func setUp(sites ...*site) {
	for _, s := range sites {
		s.zone.dir.mu.Lock()
		s.every = time.Hour
		s.zone.dir.mu.Unlock()
	}
}

// looks has the directory of a site be looked at some times.
func looks(t *testing.T, s *site, times int) {
	t.Helper()
	for range times {
		s.zone.dir.look(t.Context())
	}
}

// held counts the builds that the directories of a pool have.
func held(p *Pool) (builds int) { return len(heldBuilds(p)) }

// holds reports whether one of them has an id.
func holds(p *Pool, id string) bool {
	return slices.ContainsFunc(heldBuilds(p), func(b *Build) bool { return b.ID == id })
}

func heldBuilds(p *Pool) (builds []*Build) {
	p.directories.Range(func(_, value any) bool {
		d := value.(*directory)
		d.mu.Lock()
		defer d.mu.Unlock()
		builds = append(builds, d.builds...)
		return true
	})
	return builds
}

// waits is the id of the build that waits, "" for none.
func (s *site) waits() string {
	if waiting := s.Waiting(); waiting != nil {
		return waiting.ID
	}
	return ""
}

// textsOf are the addresses of upstreams.
func textsOf(upstreams []*deploy.Upstream) (texts []string) {
	for _, upstream := range upstreams {
		texts = append(texts, upstream.String())
	}
	return texts
}

// list is the application as the upstreams of a zone.
func (a *application) list() []*deploy.Upstream { return []*deploy.Upstream{a.upstream} }
