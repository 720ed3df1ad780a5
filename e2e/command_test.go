//go:build e2e

package e2e_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// nextjsCommand runs `caddy nextjs …` and returns what it prints, and what it says when it fails.
func nextjsCommand(t testing.TB, args ...string) (text, failure string) {
	t.Helper()
	cmd := exec.CommandContext(within(t, 2*patience), serverBinary(t), append([]string{"nextjs"}, args...)...)
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
