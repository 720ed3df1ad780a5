package caddymodule

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// actionSettings are what the configuration says of the bodies of actions: of a zone, and of all.
type actionSettings struct{ body, memory string }

// site returns the configuration of a site with these settings, and its global options.
func (s actionSettings) site(upstream, state string) (directives, global string) {
	return fmt.Sprintf("nextjs {\n zone / shop %s {\n queue off\n %s\n }\n}", upstream, s.body),
		fmt.Sprintf("nextjs {\n state %s\n %s\n}", state, s.memory)
}

// The configuration says how large the body of an action may be that is sent once more. What was in the way is counted.
func TestHowMuchIsKeptOfActions(t *testing.T) {
	first, live := newPod(t, actionOfOld), newPod(t, actionOfNew)
	e := newDeployedEdge(t, "nextjs {\n zone / shop "+first.address+"\n}")
	status, text := e.deploy("new", fmt.Sprintf(`{"upstreams": [%q]}`, live.address))
	require.Equal(t, http.StatusOK, status, text)
	client, base := e.Client(t, edgetest.H1)
	for _, c := range []struct {
		actionSettings
		size   int
		result string // "": it was not to be sent once more
		bound  float64
	}{
		{actionSettings{"", ""}, 1 << 20, "done", 64 << 20},
		{actionSettings{"", ""}, 1<<20 + 1, "too_large", 64 << 20},
		{actionSettings{"action_body 2KiB", ""}, 2 << 10, "done", 64 << 20},
		{actionSettings{"action_body 2KiB", ""}, 2<<10 + 1, "too_large", 64 << 20},
		{actionSettings{"action_body 3MiB", ""}, 3 << 20, "done", 64 << 20},
		{actionSettings{"action_body off", ""}, 10, "", 64 << 20},
		{actionSettings{"", "action_memory 64KiB"}, 64 << 10, "done", 64 << 10},
		{actionSettings{"", "action_memory 64KiB"}, 64<<10 + 1, "no_room", 64 << 10},
		{actionSettings{"", "action_memory off"}, 10, "no_room", 0},
	} {
		directives, global := c.site(first.address, e.state)
		require.NoError(t, e.Load(t, directives, global))
		name := fmt.Sprintf("%s %s %d", c.body, c.memory, c.size)
		assert.InDelta(t, c.bound, metric(t, "action_memory_bytes"), 0, name)
		before := replaysByResult(t)
		asked := live.asked.Load()
		answer := callAction(t, client, base+"/", actionOfOld, strings.NewReader(strings.Repeat("x", c.size)))
		assert.Equal(t, asked+1, live.asked.Load(), name)
		if c.result != "" {
			before[c.result]++
		}
		assert.Equal(t, before, replaysByResult(t), name)
		if c.result == "done" {
			assert.Equal(t, "done by "+first.address, answer.Text, name)
		} else {
			assert.Equal(t, http.StatusConflict, answer.StatusCode, name)
		}
		edgetest.Eventually(t, edgetest.Patience, func() bool { return metric(t, "kept_action_bytes") == 0 }, name)
	}
}

// replaysByResult is what has become of actions that were not known.
func replaysByResult(t *testing.T) map[string]float64 {
	t.Helper()
	counts := map[string]float64{}
	for _, result := range []string{"done", "unknown_everywhere", "too_large", "no_room", "failed"} {
		counts[result] = replayed(t, result)
	}
	return counts
}

// A bound that could never be used is refused, and the error says which word it is of.
func TestBoundsOfActionsThatAreRefused(t *testing.T) {
	e := edgetest.New(t)
	for want, s := range map[string]actionSettings{
		"zone shop: action_body must be at most action_memory (65536 bytes), found 1048576 bytes": {"action_body 1MiB", "action_memory 64KiB"},
		"action_body must be at most action_memory (67108864 bytes), found 134217728 bytes":       {"action_body 128MiB", ""},
		"action_body must be at most action_memory (0 bytes)":                                     {"action_body 1MiB", "action_memory off"},
		"action_memory must be at least 32KiB, or off; found 1024 bytes":                          {"", "action_memory 1KiB"},
	} {
		directives, global := s.site("localhost:1", t.TempDir())
		assert.ErrorContains(t, e.Load(t, directives, global), want)
	}
}
