package deploy

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWhatAnUpstreamSaysOfAFile(t *testing.T) {
	directly := func(ctx context.Context, u *Upstream, q Question) (int, error) { return u.Ask(ctx, q) }
	ask := func(address string) Reply {
		return RepliesOf(t.Context(), []*Upstream{{Address: Address{Dial: address}}}, directly, "/_next/static/x.js")[0]
	}
	assert.Equal(t, ReplySilent, ask("127.0.0.1:1"))
	for status, want := range map[int]Reply{
		200: ReplyHas, 404: ReplyHasNot, 302: ReplyUnclear, 401: ReplyUnclear, 500: ReplyUnclear,
	} {
		asked := atomic.Int32{}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			assert.Equal(t, http.MethodHead, r.Method)
			assert.Equal(t, "/_next/static/x.js", r.URL.Path)
			w.Header().Set("Location", "/login")
			w.WriteHeader(status)
		}))
		assert.Equal(t, want, ask(server.Listener.Addr().String()), status)
		server.Close()
		assert.EqualValues(t, 1, asked.Load(), "redirects are not followed")
	}
}
