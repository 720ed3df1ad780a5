//go:build e2e

package pages_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

// guard is a proxy before an application that can fail as one does. It numbers what it is asked, says the number in
// X-Number of the answer, and remembers the sums of all bodies that the application has answered.
type guard struct {
	address string
	proxy   *httputil.ReverseProxy

	mu      sync.Mutex
	server  *http.Server
	number  int
	asked   []string
	bodies  map[[sha256.Size]byte]bool
	instead http.HandlerFunc // answers in place of the application; nil: the application does
	waiting int              // requests in instead
	most    int              // of waiting
}

type guardNumber struct{}

func startGuard(t testing.TB, a *harness.App) *guard {
	t.Helper()
	target, err := url.Parse(a.URL(""))
	require.NoError(t, err)
	g := &guard{proxy: httputil.NewSingleHostReverseProxy(target), bodies: map[[sha256.Size]byte]bool{}, address: "127.0.0.1:0"}
	g.proxy.ModifyResponse = g.remember
	g.proxy.ErrorLog = log.New(io.Discard, "", 0) // of an edge that was killed
	g.open(t)
	t.Cleanup(g.close)
	return g
}

// open accepts connections, at the address of before.
func (g *guard) open(t testing.TB) {
	t.Helper()
	listener, err := net.Listen("tcp", g.address)
	require.NoError(t, err)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.address, g.server = listener.Addr().String(), &http.Server{Handler: http.HandlerFunc(g.serve)}
	go func(server *http.Server) { _ = server.Serve(listener) }(g.server)
}

// close closes all connections, and refuses others.
func (g *guard) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	_ = g.server.Close()
}

func (g *guard) serve(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	g.number++
	number, instead := g.number, g.instead
	g.asked = append(g.asked, r.URL.Path)
	if instead != nil {
		g.waiting++
		g.most = max(g.most, g.waiting)
	}
	g.mu.Unlock()
	if instead != nil {
		defer func() {
			g.mu.Lock()
			defer g.mu.Unlock()
			g.waiting--
		}()
		instead(w, r)
		return
	}
	g.pass(w, r, number)
}

func (g *guard) pass(w http.ResponseWriter, r *http.Request, number int) {
	g.proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), guardNumber{}, number)))
}

// remember notes the body before anybody can have it.
func (g *guard) remember(res *http.Response) error {
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	_ = res.Body.Close()
	res.Body = io.NopCloser(bytes.NewReader(body))
	number, _ := res.Request.Context().Value(guardNumber{}).(int)
	res.Header.Set("X-Number", strconv.Itoa(number))
	g.mu.Lock()
	defer g.mu.Unlock()
	g.bodies[sha256.Sum256(body)] = true
	return nil
}

// answered reports whether the application has answered with a body.
func (g *guard) answered(body string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.bodies[sha256.Sum256([]byte(body))]
}

// answerInstead has requests answered in another way from now on; nil: by the application.
func (g *guard) answerInstead(how http.HandlerFunc) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.instead, g.most = how, g.waiting
}

// hold holds requests back until release is called.
func (g *guard) hold() (release func()) {
	released := make(chan struct{})
	g.answerInstead(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-released:
			g.pass(w, r, g.last())
		case <-r.Context().Done():
		}
	})
	return sync.OnceFunc(func() {
		g.answerInstead(nil)
		close(released)
	})
}

// last is the number of the newest request.
func (g *guard) last() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.number
}

// count is how often a path was asked for.
func (g *guard) count(path string) (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, one := range g.asked {
		if one == path {
			n++
		}
	}
	return n
}

// held is how many requests wait in place of the application, now and at most.
func (g *guard) held() (now, most int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.waiting, g.most
}
