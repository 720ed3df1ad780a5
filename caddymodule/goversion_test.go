package caddymodule

import (
	"go/version"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// goOfTheModule returns what the `go` line of go.mod says, as go/version writes it.
func goOfTheModule(t *testing.T) string {
	t.Helper()
	module, err := os.ReadFile("../go.mod")
	require.NoError(t, err)
	line := regexp.MustCompile(`(?m)^go (\S+)$`).FindSubmatch(module)
	require.NotNil(t, line)
	return "go" + string(line[1])
}

// Who builds with xcaddy needs a Go as new as our line says, so it says no more than what is built in needs.
func TestTheModuleNeedsNoNewerGoThanItsDependencies(t *testing.T) {
	needs := "{{with .Module}}{{if not .Main}}go{{.GoVersion}}{{end}}{{end}}"
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", needs, "./caddy-build")
	list.Dir = ".."
	out, err := list.Output()
	require.NoError(t, err)
	newest := ""
	for _, needed := range strings.Fields(string(out)) {
		if version.Compare(needed, newest) > 0 {
			newest = needed
		}
	}
	assert.Equal(t, newest, goOfTheModule(t))
}

// The image has the fixes of later patch releases.
func TestTheImageIsBuiltByAGoThatIsNewEnough(t *testing.T) {
	dockerfile, err := os.ReadFile("../caddy-build/Dockerfile")
	require.NoError(t, err)
	image := regexp.MustCompile(`/golang:([\d.]+)-`).FindSubmatch(dockerfile)
	require.NotNil(t, image)
	assert.GreaterOrEqual(t, version.Compare("go"+string(image[1]), goOfTheModule(t)), 0)
}
