//go:build e2e

package stream_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// Each part of the body is sent only when the one before has come back. The first part is small: compression must not
// wait for more, nor give up because of it.
func TestABodyStreamsUpWhileItsEchoComesBack(t *testing.T) {
	e, _ := harness.SharedEdge(t)
	for _, protocol := range edgetest.Protocols {
		for _, coding := range harness.Codings {
			t.Run(edgetest.InShort(protocol)+" "+coding, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(context.Background(), edgetest.Patience)
				defer cancel()
				body, writer := io.Pipe()
				context.AfterFunc(ctx, func() { _ = writer.CloseWithError(ctx.Err()) })
				req := edgetest.Request(t, ctx, http.MethodPost, e.TLSURL("/api/echo"), body, "Content-Type", "text/plain")

				first := make(chan error, 1)
				go func() {
					_, err := io.WriteString(writer, "part 0;")
					first <- err
				}()
				echoed := harness.Open(t, e.Client(t, protocol), req, protocol, coding)
				require.NoError(t, edgetest.Receive(t, first, "the first part is sent"))
				echoed.ReadUntil(t, "part 0;")
				for i := 1; i < 6; i++ {
					part := fmt.Sprintf("part %d;", i)
					_, err := io.WriteString(writer, part)
					require.NoError(t, err)
					echoed.ReadUntil(t, part)
				}
				require.NoError(t, writer.Close())
				assert.Equal(t, "part 0;part 1;part 2;part 3;part 4;part 5;", echoed.ReadToEnd(t))
			})
		}
	}
}

func TestALargeUploadArrivesWhole(t *testing.T) {
	e, _ := harness.SharedEdge(t)
	data := make([]byte, 20<<20)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(data)
	sum := sha256.Sum256(data)
	for _, protocol := range edgetest.Protocols {
		t.Run(edgetest.InShort(protocol), func(t *testing.T) {
			req := edgetest.Request(t, edgetest.Within(t, 2*edgetest.Patience), http.MethodPost, e.TLSURL("/api/upload"),
				bytes.NewReader(data),
				"Content-Type", "application/octet-stream")
			a := edgetest.Do(t, e.Client(t, protocol), req)
			require.Equal(t, http.StatusOK, a.StatusCode, a.Text)
			var arrived struct {
				Bytes  int
				SHA256 string
			}
			require.NoError(t, json.Unmarshal([]byte(a.Text), &arrived))
			assert.Equal(t, len(data), arrived.Bytes)
			assert.Equal(t, hex.EncodeToString(sum[:]), arrived.SHA256)
		})
	}
}
