//go:build e2e

package harness

import (
	"bufio"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// Metric returns the value of a metric, given as it stands in the edge's own list: name{label="value"}. One that is not
// there is 0.
func (e *Edge) Metric(t testing.TB, series string) float64 {
	t.Helper()
	a := edgetest.Get(t, edgetest.PlainClient(t), fmt.Sprintf("http://localhost:%d/metrics", e.AdminPort))
	require.Equal(t, http.StatusOK, a.StatusCode)
	for lines := bufio.NewScanner(strings.NewReader(a.Text)); lines.Scan(); {
		if value, found := strings.CutPrefix(lines.Text(), series+" "); found {
			number, err := strconv.ParseFloat(value, 64)
			require.NoError(t, err)
			return number
		}
	}
	return 0
}
