package main

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseProcStatReadsBehindAnAwkwardName(t *testing.T) {
	// Fields 3 to 24: state, ppid, pgrp, …, utime (14), stime (15), …, rss (24).
	line := "42 (a) b (c) S 1 7 7 0 -1 4194560 100 200 0 0 150 50 0 0 20 0 8 0 12345 99999999 321 18446744073709551615 1 1"
	got, err := parseProcStat(line)
	require.NoError(t, err)
	assert.Equal(t, procStat{state: "S", group: 7, usage: usage{cpu: 2 * time.Second, rss: 321 * int64(os.Getpagesize())}}, got)
}

func TestParseProcStatRefusesOtherText(t *testing.T) {
	for _, line := range []string{
		"",
		"42 no name",
		"42 (short) S 1 2 3",
		"42 (letters) S 1 7 7 0 -1 0 0 0 0 0 x 50 0 0 20 0 8 0 12345 99999999 321 0",
	} {
		_, err := parseProcStat(line)
		assert.Error(t, err, "line %q", line)
	}
}

func members(t *testing.T, group int) int {
	t.Helper()
	stats, err := groupStats(group)
	assert.NoError(t, err)
	return len(stats)
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

	killGroup(group)
	assert.Error(t, cmd.Wait())
	require.Eventually(t, func() bool { return members(t, group) == 0 }, 10*time.Second, time.Millisecond)
	_, err = groupUsage(group)
	assert.ErrorContains(t, err, "has ended")
}
