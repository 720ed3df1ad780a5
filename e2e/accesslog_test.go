//go:build e2e

package e2e_test

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
)

// markHeader names a request, to find it in the access log.
const markHeader = "X-E2e-Mark"

var marks atomic.Int64

func nextMark() string { return "m" + strconv.FormatInt(marks.Add(1), 10) }

// logged is what the access log says of a request.
type logged struct {
	Zone    string `json:"zone"`
	Kind    string `json:"kind"`
	Status  int    `json:"status"`
	Request struct {
		Headers http.Header `json:"headers"`
	} `json:"request"`
}

// loggedAs returns the line of the access log for a request with the given mark.
func (e *edge) loggedAs(t testing.TB, mark string) logged {
	t.Helper()
	var found logged
	eventually(t, patience/3, func() bool {
		text, err := os.ReadFile(e.accessLog())
		if err != nil {
			return false
		}
		lines := bufio.NewScanner(bytes.NewReader(text))
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var line logged
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Request.Headers.Get(markHeader) == mark {
				found = line
				return true
			}
		}
		return false
	}, "the request is in the access log")
	require.NotEmpty(t, found.Zone, "the access log names the zone")
	return found
}
