package caddymodule

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// steered is an edge that commands steer by its nextjs_control.
type steered struct {
	*edgetest.Edge
	way []string // of the commands
}

// steer serves zones of the directive.
func steer(t *testing.T, zones string) steered {
	t.Helper()
	token := edgetest.File(t, "s3cret")
	e := edgetest.Serve(t, fmt.Sprintf("handle_path /_edge/* {\n nextjs_control {\n token_file %s\n }\n}\nnextjs {\n%s\n}", token, zones), edgetest.State(t.TempDir()))
	return steered{e, []string{"--control", e.URL("/_edge"), "--token-file", token}}
}

// run runs a command and returns what it prints.
func (s steered) run(ctx context.Context, args ...string) (string, error) {
	cmd := commandTree()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(append(args, s.way...))
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	err := cmd.ExecuteContext(ctx)
	return out.String(), err
}

// drains are what is out of rotation now, and by whom.
func drains() map[string]deploy.Drained { return running.app().fleet.State().Drains }

func TestPauseAndResumeCommands(t *testing.T) {
	s := steer(t, " zone / home "+edgetest.Named(t, "home"))
	text, err := s.run(t.Context(), "pause", "home", "--for", "5m", "--wait", "5s")
	require.NoError(t, err)
	assert.Regexp(t, `^home is paused until \d\d:\d\d:\d\d, 0 in flight, 0 waiting\n$`, text)
	text, err = s.run(t.Context(), "status")
	require.NoError(t, err)
	assert.Regexp(t, `home +- +paused +- +- +- +paused until \d\d:\d\d:\d\d\n`, text)
	text, err = s.run(t.Context(), "resume", "home")
	require.NoError(t, err)
	assert.Equal(t, "home is not paused, 0 in flight, 0 waiting\n", text)
	_, err = s.run(t.Context(), "pause", "home", "--for", "11m")
	require.ErrorContains(t, err, `refuses: for takes a duration of at most 10m0s, such as 30s; found "11m0s"`)
	_, err = s.run(t.Context(), "pause", "shop")
	require.ErrorContains(t, err, `refuses: unknown zone "shop"; the configuration has: home`)
}

func TestUndrainCommandAsksFirst(t *testing.T) {
	away := edgetest.NewRestartable(t, nil)
	s := steer(t, " zone / home "+away.Address)
	_, err := s.run(t.Context(), "drain", away.Address)
	require.NoError(t, err)
	away.Stop()
	_, err = s.run(t.Context(), "undrain", away.Address, "--healthy", "200ms")
	require.ErrorContains(t, err, away.Address+" did not answer within 200ms, and stays out: ")
	away.Start()
	text, err := s.run(t.Context(), "undrain", away.Address, "--healthy", "30s")
	require.NoError(t, err)
	assert.Equal(t, away.Address+" of home is healthy, 0 in flight\n", text)
}

// Each upstream is out while its command runs, and no other one is. The command learns which it is.
func TestRollingRestartRunsTheCommandForOneUpstreamAfterTheOther(t *testing.T) {
	a, b, left := edgetest.Named(t, "a"), edgetest.Named(t, "b"), edgetest.Named(t, "left")
	s := steer(t, fmt.Sprintf(" zone / home %s %s %s", a, left, b))
	_, err := s.run(t.Context(), "drain", left)
	require.NoError(t, err)
	ran := filepath.Join(t.TempDir(), "ran")
	text, err := s.run(t.Context(), "rolling-restart", "home", "--exec",
		`echo "$NEXTJS_UPSTREAM $NEXTJS_HOST $NEXTJS_PORT $NEXTJS_ZONE" >> `+ran+`; echo "done with $NEXTJS_PORT"`)
	require.NoError(t, err, text)
	said, err := os.ReadFile(ran)
	require.NoError(t, err)
	portOf := func(address string) string {
		_, port, err := net.SplitHostPort(address)
		require.NoError(t, err)
		return port
	}
	assert.Equal(t, fmt.Sprintf("%s 127.0.0.1 %s home\n%s 127.0.0.1 %s home\n", a, portOf(a), b, portOf(b)), string(said))
	assert.Equal(t, strings.Join([]string{
		left + ": left alone: taken out of rotation",
		a + ": taken out of rotation", a + " | done with " + portOf(a), a + ": back in rotation after 0s",
		b + ": taken out of rotation", b + " | done with " + portOf(b), b + ": back in rotation after 0s",
		"Restarted all of home: " + a + ", " + b, "",
	}, "\n"), text)
	assert.Len(t, drains(), 1, "what an operator has drained stays so")
}

func TestRollingRestartStopsAtTheFirstFailure(t *testing.T) {
	a, b, c := edgetest.Named(t, "a"), edgetest.Named(t, "b"), edgetest.Named(t, "c")
	s := steer(t, fmt.Sprintf(" zone / home %s %s %s", a, b, c))
	text, err := s.run(t.Context(), "rolling-restart", "home", "--exec",
		`test $NEXTJS_UPSTREAM = `+a+` && exit; seq 30; printf "no such unit" >&2; exit 3`)
	require.Error(t, err)
	var last strings.Builder
	for i := 12; i <= 30; i++ {
		fmt.Fprintf(&last, "  %d\n", i)
	}
	assert.Equal(t, b+" stays out of rotation: its command has failed: exit status 3\nThe last lines of its command:\n"+last.String()+
		"  no such unit\nRestarted: "+a+"\nNot begun: "+c+"\nWhen it answers, put it back by: caddy nextjs undrain "+b, err.Error())
	assert.Contains(t, text, b+" | no such unit\n")
	require.Contains(t, drains(), b)
	assert.Empty(t, drains()[b].Holder)
	assert.True(t, drains()[b].Durable, "it stays out by itself")
	assert.Len(t, drains(), 1)
}

// Those that are out together are finished when one of them fails.
func TestRollingRestartOfSeveralAtATime(t *testing.T) {
	a, b, c := edgetest.Named(t, "a"), edgetest.Named(t, "b"), edgetest.Named(t, "c")
	s := steer(t, fmt.Sprintf(" zone / home %s %s %s", a, b, c))
	dir := t.TempDir()
	_, err := s.run(t.Context(), "rolling-restart", "home", "--max-out", "2", "--exec",
		`cd `+dir+`; touch $NEXTJS_PORT; until test $(ls | wc -l) -ge 2; do sleep .05; done; test $NEXTJS_UPSTREAM = `+a+` && sleep 1`)
	require.ErrorContains(t, err, b+" stays out of rotation: its command has failed: exit status 1\nRestarted: "+a+"\nNot begun: "+c)
	assert.Len(t, drains(), 1)
}

func TestRollingRestartWantsTheUpstreamBack(t *testing.T) {
	away := edgetest.NewRestartable(t, nil)
	s := steer(t, " zone / home "+away.Address)
	away.Stop()
	_, err := s.run(t.Context(), "rolling-restart", "home", "--exec", "true", "--healthy", "300ms")
	require.ErrorContains(t, err, away.Address+" stays out of rotation: it is not back after ")
	require.ErrorContains(t, err, "connecting: ")
	assert.Contains(t, drains(), away.Address)
}

// Two restarts at once would have two upstreams out.
func TestRollingRestartOfAZoneThatIsBeingRestarted(t *testing.T) {
	a, b := edgetest.Named(t, "a"), edgetest.Named(t, "b")
	s := steer(t, fmt.Sprintf(" zone / home %s %s", a, b))
	_, err := running.app().fleet.Do(deploy.Drain{Address: b, Holder: "another", Until: time.Now().Add(time.Hour)})
	require.NoError(t, err)
	_, err = s.run(t.Context(), "rolling-restart", "home", "--exec", "true")
	require.ErrorContains(t, err, b+" is taken out of rotation by another until ")
	assert.Len(t, drains(), 1)
}

// An operator who drains the upstream meanwhile is heard: the restart leaves it to him.
func TestRollingRestartThatLosesItsLease(t *testing.T) {
	a, b := edgetest.Named(t, "a"), edgetest.Named(t, "b")
	s := steer(t, fmt.Sprintf(" zone / home %s %s", a, b))
	begun := filepath.Join(t.TempDir(), "begun")
	go func() {
		edgetest.Poll(edgetest.Patience, func() bool {
			_, err := os.Stat(begun)
			return err == nil
		})
		_, err := running.app().fleet.Do(deploy.Drain{Address: a})
		assert.NoError(t, err)
	}()
	_, err := s.run(t.Context(), "rolling-restart", "home", "--exec", "touch "+begun+"; sleep 1")
	require.ErrorContains(t, err, a+": its lease is lost: ")
	require.ErrorContains(t, err, "an operator has drained this upstream")
	require.ErrorContains(t, err, "Not begun: "+b)
	assert.Len(t, drains(), 1)
}

// When the command is to end, what it runs is told so, and its upstream is put back by the end of the lease.
func TestRollingRestartThatIsInterrupted(t *testing.T) {
	a, b := edgetest.Named(t, "a"), edgetest.Named(t, "b")
	s := steer(t, fmt.Sprintf(" zone / home %s %s", a, b))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	begun := filepath.Join(t.TempDir(), "begun")
	go func() {
		edgetest.Poll(edgetest.Patience, func() bool {
			_, err := os.Stat(begun)
			return err == nil
		})
		cancel()
	}()
	text, err := s.run(ctx, "rolling-restart", "home", "--exec", "trap 'echo told; exit 0' TERM; touch "+begun+"; sleep 1000")
	require.ErrorContains(t, err, a+": its restart was interrupted: it is put back by itself within 15s")
	require.ErrorContains(t, err, "Not begun: "+b)
	assert.Contains(t, text, a+" | told\n")
	require.Contains(t, drains(), a)
	assert.NotEmpty(t, drains()[a].Holder)
}

func TestRollingRestartSaysWhatIsWrong(t *testing.T) {
	a := edgetest.Named(t, "a")
	s := steer(t, " zone / home "+a)
	for message, args := range map[string][]string{
		"--exec is missing":                      {"home"},
		"--max-out takes a number of at least 1": {"home", "--exec", "true", "--max-out", "0"},
		"--wait takes a duration":                {"home", "--exec", "true", "--healthy", "0s"},
		`unknown zone "shop"; there are: home`:   {"shop", "--exec", "true"},
	} {
		_, err := s.run(t.Context(), append([]string{"rolling-restart"}, args...)...)
		assert.ErrorContains(t, err, message)
	}
	_, err := s.run(t.Context(), "drain", a)
	require.NoError(t, err)
	_, err = s.run(t.Context(), "rolling-restart", "home", "--exec", "true")
	assert.EqualError(t, err, "zone home has no upstream to restart")
}
