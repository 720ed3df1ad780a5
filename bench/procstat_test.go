package main

import (
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func members(t *testing.T, group int) int {
	t.Helper()
	all, err := groupMembers(group)
	assert.NoError(t, err)
	return len(all)
}

func TestGroupUsageCountsTheChildren(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "sleep 60 & sleep 60")
	cmd.SysProcAttr = ownGroup()
	require.NoError(t, cmd.Start())
	group := cmd.Process.Pid
	defer killGroup(group)

	require.Eventually(t, func() bool { return members(t, group) >= 2 }, 10*time.Second, time.Millisecond)
	used, err := groupUsage(group)
	require.NoError(t, err)
	assert.Positive(t, used.rss)
	assert.GreaterOrEqual(t, used.peak, used.rss)

	killGroup(group)
	assert.Error(t, cmd.Wait())
	require.Eventually(t, func() bool { return members(t, group) == 0 }, 10*time.Second, time.Millisecond)
	_, err = groupUsage(group)
	assert.ErrorContains(t, err, "has ended")
}
