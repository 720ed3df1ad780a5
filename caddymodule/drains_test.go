package caddymodule

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// A drain holds when no zone has its upstream any more: who starts the edge is told, status shows it, and it can be
// undone.
func TestDrainsOfUpstreamsThatNoZoneHas(t *testing.T) {
	gone, stays := edgetest.Named(t, "gone"), edgetest.Named(t, "stays")
	state, log := t.TempDir(), filepath.Join(t.TempDir(), "log")
	all, limited := edgetest.File(t, "all"), edgetest.File(t, "limited")
	e := edgetest.New(t)
	t.Cleanup(func() { require.NoError(t, caddy.Stop()) })
	load := func(upstreams ...string) {
		require.NoError(t, e.Load(t, fmt.Sprintf("handle_path /_edge/* {\n nextjs_control {\n token_file %s\n token deploy root %s\n token read root %s\n }\n}\nnextjs %s",
			all, limited, limited, strings.Join(upstreams, " ")), edgetest.State(state), fmt.Sprintf("log {\n output file %s\n format json\n}", log)))
	}
	said := func() (lines []string) {
		text, err := os.ReadFile(log)
		require.NoError(t, err)
		for line := range strings.Lines(string(text)) {
			if strings.Contains(line, "upstreams are drained") {
				lines = append(lines, line)
			}
		}
		return lines
	}
	client, base := e.Client(t, edgetest.H1)
	order := func(route, token, upstream string) edgetest.Answer {
		return edgetest.Post(t, client, base+"/_edge/v1/"+route, "application/json", fmt.Sprintf(`{"upstream": %q}`, upstream), "Authorization", "Bearer "+token)
	}
	drains := func(token string) []report.DrainStatus {
		var status report.Status
		res := edgetest.Get(t, client, base+"/_edge/v1/status", "Authorization", "Bearer "+token)
		require.NoError(t, json.Unmarshal([]byte(res.Text), &status), res.Text)
		return status.Drains
	}

	load(gone, stays)
	require.Equal(t, http.StatusOK, order("drain", "all", gone).StatusCode)
	assert.Empty(t, drains("all"), "a zone has it")
	require.NoError(t, caddy.Stop())
	assert.Empty(t, said())

	load(gone, stays)
	require.Len(t, said(), 1, "at the start")
	assert.Contains(t, said()[0], fmt.Sprintf(`"upstreams":[%q],"of_no_zone":[]`, gone))
	load(stays)
	edgetest.AfterReload(t, func() bool { return len(drains("all")) == 1 })
	require.Len(t, said(), 2, "and for each configuration")
	require.NoError(t, caddy.Stop())
	load(stays)
	require.Len(t, said(), 3)
	assert.Contains(t, said()[2], fmt.Sprintf(`"upstreams":[%[1]q],"of_no_zone":[%[1]q]`, gone))

	require.Len(t, drains("all"), 1)
	assert.Equal(t, gone, drains("all")[0].Upstream)
	assert.True(t, drains("all")[0].Durable)
	assert.Empty(t, drains("limited"), "nobody knows whose it was")
	res := order("undrain", "limited", gone)
	assert.Equal(t, http.StatusBadRequest, res.StatusCode)
	assert.JSONEq(t, fmt.Sprintf(`{"error": "unknown upstream \"%s\"; there are: %s"}`, gone, stays), res.Text)
	res = order("undrain", "all", "10.9.9.9:3000")
	assert.Equal(t, http.StatusBadRequest, res.StatusCode)
	assert.Contains(t, res.Text, gone)

	res = order("undrain", "all", gone)
	require.Equal(t, http.StatusOK, res.StatusCode, res.Text)
	var answer report.Drained
	require.NoError(t, json.Unmarshal([]byte(res.Text), &answer))
	assert.Equal(t, "unknown", answer.State)
	assert.Equal(t, []string{}, answer.Zones)
	assert.True(t, answer.Durable)
	assert.Empty(t, drains("all"))
	load(stays)
	assert.Len(t, said(), 3, "nothing is drained any more")
}
