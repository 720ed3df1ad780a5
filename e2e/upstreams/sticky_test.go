//go:build e2e

package upstreams_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/dnstest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// stickyCookie is the name of the cookie of zone web.
const stickyCookie = "nextjs_upstream_web"

// cookieOf returns the cookie that an answer sets, nil for none.
func cookieOf(a edgetest.Answer) *http.Cookie {
	for _, cookie := range a.Cookies() {
		if cookie.Name == stickyCookie {
			return cookie
		}
	}
	return nil
}

// asVisitor is a header by which a visitor is known.
func asVisitor(cookie *http.Cookie) []string {
	return []string{"Cookie", cookie.Name + "=" + cookie.Value}
}

func TestAVisitorStaysAtOneReplicaByItsCookie(t *testing.T) {
	e, dns, replicas := startService(t, 5, 4, "sticky cookie")
	client := edgetest.PlainClient(t)
	first := edgetest.Get(t, client, e.URL("/quick"))
	cookie := cookieOf(first)
	require.NotNil(t, cookie)
	assert.NotContains(t, cookie.Value, first.Text, "it does not say where the replica is")

	stays := func() {
		var asking sync.WaitGroup
		for range 10 {
			asking.Go(func() {
				for range harness.LongOr(100, 1000) {
					a := edgetest.Get(t, client, e.URL("/quick"), asVisitor(cookie)...)
					assert.Equal(t, first.Text, a.Text)
					assert.Nil(t, cookieOf(a), "it has it")
				}
			})
		}
		asking.Wait()
	}
	stays()
	rename(dns, replicas...)
	edgetest.Eventually(t, edgetest.Patience, func() bool { return stateOf(t, e, replicas[4], "healthy") == 1 }, "one more is there")
	stays()

	e.Terminate(t)
	edgetest.Receive(t, e.Done, "the edge ends")
	e.Restart(t)
	a := edgetest.Get(t, client, e.URL("/quick"), asVisitor(cookie)...)
	assert.Equal(t, first.Text, a.Text, "after a restart, too")
	assert.Nil(t, cookieOf(a))
	a = edgetest.Get(t, client, e.URL("/quick"), "Cookie", stickyCookie+"=made-up")
	assert.Equal(t, http.StatusOK, a.StatusCode)
	assert.NotNil(t, cookieOf(a), "a name that is none is replaced")
}

func TestAVisitorWhoseReplicaHasGoneGetsAnother(t *testing.T) {
	for name, leave := range map[string]func(*dnstest.Server, *replica, *replica){
		"DNS names it no more": func(dns *dnstest.Server, _, other *replica) { rename(dns, other) },
		"it has stopped":       func(_ *dnstest.Server, its, _ *replica) { its.stop(t) },
	} {
		t.Run(name, func(t *testing.T) {
			e, dns, replicas := startService(t, 2, 2, "sticky cookie")
			client := edgetest.PlainClient(t)
			first := edgetest.Get(t, client, e.URL("/quick"))
			cookie := cookieOf(first)
			require.NotNil(t, cookie)
			its, other := replicas[0], replicas[1]
			if first.Text == other.host {
				its, other = other, its
			}

			leave(dns, its, other)
			var a edgetest.Answer
			edgetest.Eventually(t, edgetest.Patience, func() bool {
				a = edgetest.Get(t, client, e.URL("/quick"), asVisitor(cookie)...)
				assert.Equal(t, http.StatusOK, a.StatusCode)
				return a.Text == other.host
			}, "another one answers")
			again := cookieOf(a)
			require.NotNil(t, again)
			assert.NotEqual(t, cookie.Value, again.Value)
			a = edgetest.Get(t, client, e.URL("/quick"), asVisitor(again)...)
			assert.Equal(t, other.host, a.Text)
			assert.Nil(t, cookieOf(a))
		})
	}
}

// A shared cache that kept an answer with the cookie would give it to everybody.
func TestTheCookieIsSetOnlyWhereNoSharedCacheMayKeepTheAnswer(t *testing.T) {
	replicas, port := startReplicas(t, hosts[:2]...)
	dns := dnstest.Start(t)
	rename(dns, replicas...)
	e := harness.StartEdge(t, nil, harness.Setup{Zones: zoneOf(dns, port, "sticky cookie") + pagesAreKept})
	plain, secure := edgetest.PlainClient(t), e.Client(t, edgetest.H2)
	for path, isSet := range map[string]bool{
		"/quick": true, "/private": true, "/public": false, "/unsaid": false, "/kept": false, "/kept/again": false,
	} {
		for range 3 { // the last of them is a hit where the answer is kept
			a := edgetest.Get(t, plain, e.URL(path))
			b := edgetest.Get(t, secure, e.TLSURL(path))
			require.Equal(t, http.StatusOK, a.StatusCode)
			require.Equal(t, http.StatusOK, b.StatusCode)
			if !isSet {
				assert.Empty(t, a.Cookies(), path)
				assert.Empty(t, b.Cookies(), path)
				continue
			}
			for _, c := range []struct {
				*http.Cookie
				secure bool
			}{{cookieOf(a), false}, {cookieOf(b), true}} {
				require.NotNil(t, c.Cookie, path)
				assert.True(t, c.HttpOnly)
				assert.Equal(t, http.SameSiteLaxMode, c.SameSite)
				assert.Equal(t, "/", c.Path)
				assert.Equal(t, c.secure, c.Secure)
			}
		}
	}
	assert.NotEmpty(t, waitKept(t, e), "the page is kept, though")
}

func TestWithOneReplicaMoreFewVisitorsMove(t *testing.T) {
	e, dns, replicas := startService(t, 5, 4, "sticky header X-User")
	before := whereEachIs(t, e)
	assert.Equal(t, before, whereEachIs(t, e), "each stays")
	at := map[string]int{}
	for _, host := range before {
		at[host]++
	}
	assert.Len(t, at, 4, "they are at all of them")

	rename(dns, replicas...)
	edgetest.Eventually(t, edgetest.Patience, func() bool { return stateOf(t, e, replicas[4], "healthy") == 1 }, "one more is there")
	moved := 0
	for user, host := range whereEachIs(t, e) {
		if host != before[user] {
			moved++
			assert.Equal(t, replicas[4].host, host, "who moves goes to the new one")
		}
	}
	assert.Positive(t, moved)
	assert.Less(t, moved, len(before)/4)
}

// whereEachIs returns which replica answers each of 1000 users.
func whereEachIs(t testing.TB, e *harness.Edge) map[string]string {
	t.Helper()
	const clients, users = 10, 1000
	client := edgetest.PlainClient(t)
	var mu sync.Mutex
	at := map[string]string{}
	var asking sync.WaitGroup
	for n := range clients {
		asking.Go(func() {
			for i := n; i < users; i += clients {
				user := fmt.Sprintf("user-%d", i)
				host := edgetest.Get(t, client, e.URL("/quick"), "X-User", user).Text
				mu.Lock()
				at[user] = host
				mu.Unlock()
			}
		})
	}
	asking.Wait()
	return at
}
