//go:build e2e

package outage_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// order sends one to the edge's admin endpoint.
func order(t *testing.T, e *harness.Edge, route string, order any) (status report.PauseStatus) {
	t.Helper()
	body, err := json.Marshal(order)
	require.NoError(t, err)
	url := fmt.Sprintf("http://localhost:%d%s", e.AdminPort, report.AdminPath(route))
	res, err := http.Post(url, "application/json", bytes.NewReader(body))
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.NoError(t, json.NewDecoder(res.Body).Decode(&status))
	return status
}

// While a zone is paused its application gets nothing: pages that are kept go on, all else waits, and nobody gets an
// error.
func TestAZoneIsPausedAtLoad(t *testing.T) {
	t.Parallel()
	e := startKeeping(t, harness.NextApps(t).Home)
	l := startLoad(t, e)
	time.Sleep(time.Second)
	paused := order(t, e, report.PauseRoute, report.PauseOrder{Zone: "home", For: "20s", Wait: "10s"})
	require.NotNil(t, paused.Until)
	assert.Zero(t, paused.InFlight, "what was in flight is answered")
	idle := time.Now()
	time.Sleep(4 * time.Second)
	asked := time.Now()
	status := order(t, e, report.ResumeRoute, report.ResumeOrder{Zone: "home"})
	assert.Nil(t, status.Until)
	resumed := time.Now()
	time.Sleep(2 * time.Second)
	answers := l.Stop()
	harness.RequireNoneFailed(t, answers)
	waited := 0
	for _, a := range answers {
		if isKept(a) {
			assert.Less(t, a.Took(), 2*time.Second, "%s is kept, and waits for nobody", a.Path)
			continue
		}
		if a.Began.After(idle) && a.Began.Before(asked) {
			waited++
			assert.True(t, a.Ended.After(asked), "%s was answered during the pause", a.Path)
			assert.Less(t, a.Ended.Sub(resumed), 4*time.Second, "%s is answered within the time of the pause", a.Path)
		}
	}
	assert.Greater(t, waited, 100)
}

// A pause has an end of its own.
func TestAPauseEndsByItself(t *testing.T) {
	t.Parallel()
	a := newApplication(t, nil)
	a.start(t)
	e := startAlone(t, a, "queue 10 500ms")
	order(t, e, report.PauseRoute, report.PauseOrder{Zone: "web", For: "3s"})
	begin := time.Now()
	answer := edgetest.Get(t, edgetest.PlainClient(t), e.URL("/page"))
	assert.Equal(t, http.StatusOK, answer.StatusCode, "a pause does not count as waiting for the application")
	assert.Greater(t, time.Since(begin), time.Second)
}
