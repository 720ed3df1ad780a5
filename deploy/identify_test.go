package deploy

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The beginnings and ends of payloads are those of Next.js 15.5.28 and 16.4.5.
func TestWhatAnApplicationSaysOfItsBuild(t *testing.T) {
	const script = `<script src="/_next/static/chunks/a.js?dpl=d-1"></script>`
	for name, c := range map[string]struct {
		payload, header, document string
		want                      Identity
	}{
		"16":                    {payload: "1:[]\n0:{\"P\":null,\"c\":[\"\"],\"b\":\"Pg-1\"}\n", want: Identity{BuildID: "Pg-1"}},
		"15":                    {payload: "0:{\"P\":null,\"b\":\"PJ_2\",\"p\":\"\",\"S\":true}\n", want: Identity{BuildID: "PJ_2"}},
		"the application's own": {payload: "1:{\"b\":\"theirs\"}\n0:{\"P\":null,\"c\":[{\"b\":\"theirs\"}],\"b\":\"ours\"}\n", want: Identity{BuildID: "ours"}},
		"nothing but theirs":    {payload: "0:{\"c\":[{\"b\":\"theirs\"}],\"S\":true}\n", want: Identity{}},
		"a deployment id":       {payload: "0:{}\n", header: "d-0", document: script, want: Identity{DeploymentID: "d-0"}},
		"15, by its scripts":    {payload: "0:{\"P\":null,\"b\":\"PJ\",\"p\":\"\"}\n", document: script, want: Identity{"d-1", "PJ"}},
		"Pages Router":          {payload: "<html>", document: `{"buildId":"pages-1"}`, want: Identity{BuildID: "pages-1"}},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Rsc") == "" {
				_, _ = io.WriteString(w, c.document)
				return
			}
			if c.header != "" {
				w.Header().Set("X-Nextjs-Deployment-Id", c.header)
			}
			_, _ = io.WriteString(w, c.payload)
		}))
		upstream := &Upstream{Address: Address{Dial: server.Listener.Addr().String()}}
		said, err := upstream.Identify(t.Context(), Question{Path: "/"})
		server.Close()
		require.NoError(t, err, name)
		assert.Equal(t, c.want, said, name)
	}
}
