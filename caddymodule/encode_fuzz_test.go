package caddymodule

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/codingtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// Whatever is written in whatever pieces comes out again, and all of it that was flushed can be read at that moment.
// The bytes of cuts say how long each piece is, and in their lowest bit whether it is flushed.
func FuzzEncodings(f *testing.F) {
	f.Add([]byte("<i>the lantern is lit</i>"), []byte{1, 3, 0, 255, 254})
	f.Add(bytes.Repeat([]byte("<div class=report>force four</div> "), 4000), []byte{7, 255, 1, 1, 128})
	f.Add([]byte{}, []byte{1})
	f.Add([]byte{0, 1, 2, 3, 255}, []byte{})
	e, err := newEncode(f, `{}`)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, text, cuts []byte) {
		if len(cuts) > 64 || len(text) > 1<<18 {
			t.Skip("each flush decodes all that was written: more would only take longer")
		}
		for i := range 2 * len(codingtest.All) {
			encoding, contentType := codingtest.All[i/2], []string{"text/html", "text/event-stream"}[i%2]
			recorder := httptest.NewRecorder()
			require.NoError(t, e.ServeHTTP(recorder, asking(http.MethodGet, encoding), caddyhttp.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
				w.Header().Set("Content-Type", contentType)
				w.WriteHeader(http.StatusOK)
				rest := text
				for i := 0; len(rest) > 0; i++ {
					length, flush := len(rest), false
					if i < len(cuts) {
						length, flush = min(length, int(cuts[i])*int(cuts[i])), cuts[i]%2 == 1
					}
					if _, err := w.Write(rest[:length]); err != nil {
						return err
					}
					rest = rest[length:]
					if !flush {
						continue
					}
					if err := http.NewResponseController(w).Flush(); err != nil {
						return err
					}
					written := text[:len(text)-len(rest)]
					got := make([]byte, len(written))
					_, err := io.ReadFull(codingtest.Reader(t, encoding, bytes.NewReader(recorder.Body.Bytes())), got)
					require.NoError(t, err, encoding)
					require.True(t, bytes.Equal(written, got), encoding)
				}
				return nil
			})))
			got, err := io.ReadAll(edgetest.Decoded(t, recorder.Result(), encoding))
			require.NoError(t, err, encoding)
			require.True(t, bytes.Equal(text, got), encoding)
		}
	})
}
