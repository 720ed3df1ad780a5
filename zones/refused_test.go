package zones

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

func TestRefusal(t *testing.T) {
	built := &Zone{Name: "built", HasFile: func(path string) bool { return path == "/router/setup.rsc" }}
	for _, c := range []struct {
		target string
		zone   *Zone
		want   error
	}{
		{"/", nil, nil},
		{"*", nil, nil},
		{"/about", nil, nil},
		{"//host/about", nil, nil},
		{"http://host/about", nil, ErrTarget},
		{"http://host", nil, ErrTarget},
		{"HTTPS://host:1/about", nil, ErrTarget},
		{"host:3000", nil, ErrTarget},

		{"/about.rsc", nil, ErrPayloadPath},
		{"/.rsc", nil, ErrPayloadPath},
		{"/about.prefetch.rsc", nil, ErrPayloadPath},
		{"/about.rsc?x=1", nil, ErrPayloadPath},
		{"/x/../about.rsc", nil, ErrPayloadPath},
		{"/about.segments/_tree.segment.rsc", nil, ErrPayloadPath},
		{"/about.segments/_full", nil, ErrPayloadPath},
		{"/about%2Esegments/_tree.segment.rsc", nil, ErrPayloadPath},
		{"/_next/static/a.rsc", nil, ErrPayloadPath},

		// Next.js reads these as pages of that name, or redirects them.
		{"/about%2Ersc", nil, nil},
		{"/about.rs%63", nil, nil},
		{"/about.RSC", nil, nil},
		{"/about.rsc/", nil, nil},
		{"/about.rsc/x", nil, nil},
		{"/about.rscx", nil, nil},
		{"/about?x=.rsc", nil, nil},
		{"/about.segments", nil, nil},
		{"/rsc", nil, nil},
		{"/api/router/setup.rsc", nil, nil},
		{"/apis/setup.rsc", nil, ErrPayloadPath},

		{"/router/setup.rsc", built, nil},
		{"/router/other.rsc", built, ErrPayloadPath},
		{"http://host/router/setup.rsc", built, ErrTarget},
	} {
		u, err := url.ParseRequestURI(c.target)
		if c.target == "host:3000" {
			u, err = &url.URL{Host: c.target}, nil // as net/http has it from CONNECT
		}
		require.NoError(t, err, c.target)
		path, asWritten := spelling.CanonicalPath(spelling.EscapedPath(u))
		m := Match{Zone: c.zone, Path: path, Target: rules.Target{AsWritten: asWritten}}
		r := request("GET /")
		r.URL = u
		assert.Equal(t, c.want, Refusal(r, m), c.target)
		assert.Equal(t, c.want != nil, KindOf(r, m) == KindRefused, c.target)
		r.Header = http.Header{"Connection": {"upgrade"}, "Upgrade": {"websocket"}}
		assert.Equal(t, c.want != nil, KindOf(r, m) == KindRefused, "upgrade of %s", c.target)
	}
}
