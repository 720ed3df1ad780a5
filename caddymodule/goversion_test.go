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

// environment is that of the process before TestMain gives it another home.
var environment = os.Environ()

// goList returns what `go list` says in the folder of the module. It runs in the environment of whoever runs the tests,
// because the go command would fetch each module again into the home of these tests.
func goList(t *testing.T, args ...string) string {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
	list.Dir, list.Env = "..", environment
	out, err := list.Output()
	require.NoError(t, err)
	return string(out)
}

func TestGoCommandsUseTheModulesThatAreThere(t *testing.T) {
	dir := strings.TrimSpace(goList(t, "-m", "-f", "{{.Dir}}", "github.com/caddyserver/caddy/v2"))
	assert.DirExists(t, dir)
	assert.NotContains(t, dir, os.Getenv("HOME"), "the home of these tests")
}

// Who builds with xcaddy needs a Go as new as our line says, so it says no more than what is built in needs.
func TestTheModuleNeedsNoNewerGoThanItsDependencies(t *testing.T) {
	needs := "{{with .Module}}{{if not .Main}}go{{.GoVersion}}{{end}}{{end}}"
	newest := ""
	for _, needed := range strings.Fields(goList(t, "-deps", "-f", needs, "./caddy-build")) {
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
