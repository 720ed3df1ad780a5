package caddymodule

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestARequestOfTheApplicationItselfIsNoticed(t *testing.T) {
	core, logs := observer.New(zap.WarnLevel)
	logger := zap.New(core)
	ours, others := noticesOf("came back", "a"), noticesOf("came back", "b")
	sent := func(z *zoneNotices, via ...string) *http.Request {
		r := httptest.NewRequest(http.MethodGet, "/a", nil)
		r.Header["Via"] = append([]string{}, via...)
		z.markVia(r.Header)
		return r
	}
	for _, c := range []struct {
		from *zoneNotices
		via  []string
		want int
	}{
		{ours, nil, 0},
		{ours, []string{"1.1 proxy.example"}, 0},
		{others, []string{"1.1 Caddy"}, 0}, // the application of another site, whose zone has the same name
		{ours, []string{"1.1 Caddy"}, 1},
		{ours, []string{"1.1 proxy.example", "2.0 Caddy"}, 0}, // within the hour
	} {
		before := logs.Len()
		ours.ofRequest(sent(c.from, c.via...), logger)
		assert.Equal(t, c.want, logs.Len()-before, "%v", c.via)
	}
	ours.said[noticeCameBack].Add(-int64(noticeEvery + time.Minute))
	ours.ofRequest(sent(ours, "3.0 Caddy"), logger)
	require.Equal(t, 2, logs.Len())
	assert.Equal(t, "/a", logs.All()[1].ContextMap()["path"])
	assert.NotEqual(t, "1.1 Caddy", sent(ours, "1.1 Caddy").Header.Get("Via"))
	assert.Equal(t, []string{"1.1 proxy.example"}, sent(ours, "1.1 proxy.example").Header["Via"], "another's is left alone")

	h := http.Header{"Via": {"1.1 Caddy"}}
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		h["Via"][0] = "1.1 Caddy"
		ours.markVia(h)
		ours.ofRequest(&http.Request{Header: http.Header{}}, logger)
	}))
}
