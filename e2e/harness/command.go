//go:build e2e

package harness

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// NextjsCommand runs `caddy nextjs …` and returns what it prints, and what it says when it fails.
func NextjsCommand(t testing.TB, args ...string) (text, failure string) {
	t.Helper()
	cmd := exec.CommandContext(edgetest.Within(t, 2*edgetest.Patience), ServerBinary(t), append([]string{"nextjs"},
		args...)...)
	cmd.Env = append(cmd.Environ(), "HOME="+t.TempDir(), "CADDY_ADMIN=")
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit)
		return stdout.String(), stderr.String()
	}
	return stdout.String(), ""
}

// FilesAnswer is what the tests read of `caddy nextjs files --json`.
type FilesAnswer struct {
	Zones []struct {
		Name  string
		Paths []string
		Build *struct {
			ID             string
			Static, Public ClassOfFiles
			NotServed      []ClassOfFiles `json:"not_served"`
			JavaScript     struct{ App, Pages *ScriptsOfRouter }
		}
	}
}

// ClassOfFiles is how many files there are of a kind, and how large they are.
type ClassOfFiles struct {
	Path, Reason string
	Files        int
	Bytes        int64
	Memory       struct{ Files int }
	Compressed   map[string]struct{ Files, Bytes, Raw int64 }
}

// ScriptsOfRouter has what the pages of a router begin with.
type ScriptsOfRouter struct {
	Routes []struct {
		Route     string
		FirstLoad ClassOfFiles `json:"first_load"`
	}
}

// FilesCommand runs the command and returns what it prints, and what it says when it fails.
func FilesCommand(t testing.TB, args ...string) (text, failure string) {
	t.Helper()
	return NextjsCommand(t, append([]string{"files"}, args...)...)
}

// FilesInJSON runs the command with --json.
func FilesInJSON(t testing.TB, args ...string) (a FilesAnswer) {
	t.Helper()
	text, failure := FilesCommand(t, append(args, "--json")...)
	require.Empty(t, failure)
	require.NoError(t, json.Unmarshal([]byte(text), &a))
	return a
}
