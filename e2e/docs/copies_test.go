//go:build e2e

package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// What examples/docker and the page on deploys run in the application's image leaves all that the edge reads.
func TestACopyOfABuildOutOfAnImageIsWhole(t *testing.T) {
	image := filepath.Join(harness.Repository(), "examples", "single", "app", ".next", "standalone")
	whole := harness.FilesInJSON(t, image).Zones[0].Build
	for _, c := range []struct {
		name, mounted, build string
		command              []string
	}{
		{"compose", "/build", "/build", composeCopy(t)},
		{"Kubernetes", "/srv/web", "/srv/web/current", jobCopy(t)},
	} {
		t.Run(c.name, func(t *testing.T) {
			volume := t.TempDir()
			var args []string
			for _, arg := range c.command {
				args = append(args, strings.ReplaceAll(arg, c.mounted, volume))
			}
			for range 2 { // the second deploy finds what the first has left
				copying := exec.CommandContext(edgetest.Within(t, edgetest.Patience), args[0], args[1:]...)
				copying.Dir = image
				out, err := copying.CombinedOutput()
				require.NoError(t, err, "%s", out)
			}
			build := strings.Replace(c.build, c.mounted, volume, 1)
			read := harness.FilesInJSON(t, build).Zones[0].Build
			assert.Equal(t, whole.ID, read.ID)
			assert.Equal(t, whole.Static.Files, read.Static.Files)
			assert.Equal(t, whole.Public.Files, read.Public.Files)
			text, failure := harness.FilesCommand(t, build)
			require.Empty(t, failure)
			assert.Contains(t, text, " of Next.js 16.", "the version is known")
		})
	}
}

// composeCopy is the command of the service that copies the build.
func composeCopy(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Repository(), "examples", "docker", "compose.yaml"))
	require.NoError(t, err)
	var file struct {
		Services map[string]struct{ Command []string }
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	return file.Services["build"].Command
}

// jobCopy is the command of the job that copies the build.
func jobCopy(t *testing.T) []string {
	t.Helper()
	for _, b := range docBlocks(t, deploysPage) {
		var job struct {
			Kind string
			Spec struct {
				Template struct {
					Spec struct {
						Containers []struct{ Command []string }
					}
				}
			}
		}
		if b.language == "yaml" && yaml.Unmarshal([]byte(b.text), &job) == nil && job.Kind == "Job" {
			return job.Spec.Template.Spec.Containers[0].Command
		}
	}
	require.Fail(t, "the page has no job")
	return nil
}
