//go:build e2e

package deploy_test

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

const (
	// loadEvery is the time between two requests of a load: it does not wait for answers.
	loadEvery = 40 * time.Millisecond
	// slowEvery is which of them answers after slowTime: as Envoy Gateway tests its shutdown.
	slowEvery = 8
	slowTime  = 3 * time.Second
)

// load asks a site for pages all the time, and now and then for what answers late.
type load struct {
	base   string
	client *http.Client
	stop   chan struct{}
	done   sync.WaitGroup

	mu       sync.Mutex
	answers  []loadAnswer
	inFlight int
}

// loadAnswer is what became of a request.
type loadAnswer struct {
	path   string
	status int // 0: none came
	err    error
	began  time.Time
	took   time.Duration
	from   string // what the answer says of who made it
}

// startLoad begins to ask for paths in turn. Each eighth request is for one that answers after three seconds.
func startLoad(t *testing.T, base string, paths ...string) *load {
	t.Helper()
	l := &load{
		base: base, stop: make(chan struct{}),
		client: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
	}
	l.done.Go(func() {
		ticker := time.NewTicker(loadEvery)
		defer ticker.Stop()
		for i := 0; ; i++ {
			select {
			case <-l.stop:
				return
			case <-ticker.C:
			}
			path := paths[i%len(paths)]
			if i%slowEvery == 0 {
				path = fmt.Sprintf("/api/slow?ms=%d", slowTime.Milliseconds())
			}
			l.done.Go(func() { l.ask(path) })
		}
	})
	t.Cleanup(func() { l.end() })
	return l
}

func (l *load) ask(path string) {
	l.mu.Lock()
	l.inFlight++
	l.mu.Unlock()
	a := loadAnswer{path: path, began: time.Now()}
	res, err := l.client.Get(l.base + path)
	if err == nil {
		a.status, a.from = res.StatusCode, res.Header.Get("X-From")
		_, err = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
	a.err, a.took = err, time.Since(a.began)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inFlight--
	l.answers = append(l.answers, a)
}

// end stops asking, waits for the answers, and returns them in the order of the requests.
func (l *load) end() []loadAnswer {
	select {
	case <-l.stop:
	default:
		close(l.stop)
	}
	l.done.Wait()
	slices.SortFunc(l.answers, func(a, b loadAnswer) int { return cmp.Compare(a.began.UnixNano(), b.began.UnixNano()) })
	return l.answers
}

// failed are those that got no answer, or one of the server's errors.
func failed(answers []loadAnswer) (list []loadAnswer) {
	for _, a := range answers {
		if a.err != nil || a.status != http.StatusOK {
			list = append(list, a)
		}
	}
	return list
}

// requireNoneFailed says which requests failed, when, and how.
func requireNoneFailed(t *testing.T, answers []loadAnswer) {
	t.Helper()
	requireFewFailed(t, answers, 0)
}

// requireFewFailed allows for some that do.
func requireFewFailed(t *testing.T, answers []loadAnswer, most int) {
	t.Helper()
	require.Greater(t, len(answers), 40, "the load was none")
	bad := failed(answers)
	var said strings.Builder
	for _, a := range bad {
		fmt.Fprintf(&said, "\n%s after %s, at %s: %d %v", a.path, a.took.Round(time.Millisecond), a.began.Format("15:04:05.000"), a.status, a.err)
	}
	require.LessOrEqual(t, len(bad), most, "%d of %d requests failed:%s", len(bad), len(answers), said.String())
}

// replicas starts servers of the home application.
func replicas(t *testing.T, count int) []*harness.App {
	t.Helper()
	home := *harness.NextApps(t).Home
	list := make([]*harness.App, count)
	for i := range list {
		replica := harness.App{Zone: fmt.Sprintf("home %d", i), Dir: home.Dir, Ready: home.Ready}
		list[i] = &replica
		list[i].Serve(t)
	}
	return list
}

// upstreamsOf are the addresses of applications as they stand in a Caddyfile.
func upstreamsOf(list []*harness.App) string {
	var addresses []string
	for _, a := range list {
		addresses = append(addresses, a.Upstream())
	}
	return strings.Join(addresses, " ")
}
