package caddymodule

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// slowUpload is a body whose rest does not come within the time that the edge reads on for.
type slowUpload struct{}

// Read implements io.Reader.
func (slowUpload) Read(p []byte) (int, error) {
	time.Sleep(50 * time.Millisecond)
	return copy(p, "x"), nil
}

// An upstream that ends in the middle of an upload is no fault of the client, whose body is still on its way.
func TestAnUpstreamThatEndsDuringAnUploadIsABadGateway(t *testing.T) {
	address := edgetest.Upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		if conn, _, err := http.NewResponseController(w).Hijack(); assert.NoError(t, err) {
			_ = conn.Close()
		}
	})
	e := edgetest.Serve(t, "nextjs "+address)
	client, base := e.Client(t, edgetest.H1)
	req := edgetest.Request(t, edgetest.Within(t, edgetest.Patience), http.MethodPost, base+"/api/upload",
		io.LimitReader(slowUpload{}, 100))
	assert.Equal(t, http.StatusBadGateway, edgetest.Do(t, client, req).StatusCode)
}
