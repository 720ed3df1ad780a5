//go:build e2e

package harness

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// MarkHeader names a request, to find it in the access log.
const MarkHeader = "X-E2e-Mark"

var marks atomic.Int64

// NextMark returns a value of MarkHeader that no other request has.
func NextMark() string { return "m" + strconv.FormatInt(marks.Add(1), 10) }

// Logged is what the access log says of a request.
type Logged struct {
	Zone    string `json:"zone"`
	Kind    string `json:"kind"`
	Status  int    `json:"status"`
	Request struct {
		Headers http.Header `json:"headers"`
	} `json:"request"`
}

// LoggedAs returns the line of the access log for a request with the given mark.
func (e *Edge) LoggedAs(t testing.TB, mark string) Logged {
	t.Helper()
	var found Logged
	edgetest.Eventually(t, edgetest.Patience/3, func() bool {
		text, err := os.ReadFile(e.AccessLog())
		if err != nil {
			return false
		}
		lines := bufio.NewScanner(bytes.NewReader(text))
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var line Logged
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Request.Headers.Get(MarkHeader) == mark {
				found = line
				return true
			}
		}
		return false
	}, "the request is in the access log")
	require.NotEmpty(t, found.Zone, "the access log names the zone")
	return found
}
