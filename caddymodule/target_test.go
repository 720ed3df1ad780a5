package caddymodule

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
)

// The upstream reads the request target that the client wrote, byte by byte but for needless escapes, and the zone is
// the one Next.js would match.
func TestThePathPassesByteByByte(t *testing.T) {
	echo := func(zone string) string {
		return edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = fmt.Fprintf(w, "%s %s", zone,
				r.RequestURI)
		})
	}
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone / %s\n zone /blog %s\n}", echo("root"), echo("blog")))
	for _, c := range []struct{ target, zone string }{
		{"/", "root"},
		{"/?a=b%2Fc&d=|\\^", "root"},
		{"/blog?x", "blog"},
		{"/blog/%7Euser/~user", "blog"},
		{"/blog%2Fa", "root"},
		{"/%62log", "root"},
		{"/a%2fb%2Fc", "root"},
		{`/blog\a`, "blog"},
		{`/\blog`, "blog"},
		{"//blog/a", "blog"},
		{"/blog//a/", "blog"},
		{"/blog/../a", "root"},
		{"/x/%2e%2E/blog", "blog"},
		{"/blog/./a", "blog"},
		{"/a|b^c`{}\"<>", "root"},
		{"/f\xc3\xa4hre", "root"},
		{"/blog;x=1/a", "root"},
		{"/blog:x", "root"},
		{"/Blog", "root"},
		{"/%E0%A4%A", "bad"},
	} {
		conn, err := net.Dial("tcp", "localhost:"+e.Port)
		require.NoError(t, err)
		require.NoError(t, conn.SetDeadline(time.Now().Add(edgetest.Patience)))
		_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", c.target)
		require.NoError(t, err)
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err, c.target)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		if c.zone == "bad" {
			assert.Equal(t, http.StatusBadRequest, res.StatusCode, "Next.js answers 400 to it too")
		} else {
			plain, _ := spelling.Respell(c.target)
			assert.Equal(t, c.zone+" "+plain, string(body))
		}
		_ = conn.Close()
	}
}
