package caddymodule

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

const imageCaddyfile = "../caddy-build/image/Caddyfile"

// shipped is what the tests look at in the configuration that a Caddyfile stands for.
type shipped struct {
	Apps struct {
		HTTP struct {
			GracePeriod   caddy.Duration `json:"grace_period"`
			ShutdownDelay caddy.Duration `json:"shutdown_delay"`
			Servers       map[string]struct {
				Listen []string        `json:"listen"`
				Routes json.RawMessage `json:"routes"`
			} `json:"servers"`
		} `json:"http"`
	} `json:"apps"`
}

// stopTime is how long a process of this configuration may take to end: the handover, the delay and the grace period.
func (s *shipped) stopTime() time.Duration {
	return 300*time.Millisecond + time.Duration(s.Apps.HTTP.ShutdownDelay+s.Apps.HTTP.GracePeriod)
}

// routes returns the routes of the server that listens on an address.
func (s *shipped) routes(t *testing.T, listen string) string {
	t.Helper()
	for _, server := range s.Apps.HTTP.Servers {
		if slices.Contains(server.Listen, listen) {
			return string(server.Routes)
		}
	}
	require.Failf(t, "nothing listens", "on %s", listen)
	return ""
}

// readShipped reads a Caddyfile of the repository in an environment, with the files beside it that it imports.
func readShipped(t *testing.T, file string, env map[string]string) *shipped {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	beside, err := filepath.Abs(filepath.Dir(file))
	require.NoError(t, err)
	for name, value := range env {
		t.Setenv(name, value)
	}
	t.Chdir(beside)
	config, err := edgetest.Adapt(string(data))
	require.NoError(t, err, file)
	s := new(shipped)
	require.NoError(t, json.Unmarshal(config, s))
	return s
}

func TestEveryCaddyfileOfTheExamplesIsValid(t *testing.T) {
	files, err := filepath.Glob("../examples/*/Caddyfile")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			assert.NotEmpty(t, readShipped(t, file, nil).Apps.HTTP.Servers)
		})
	}
}

func TestTheCaddyfileOfTheImageIsFilledInByTheEnvironment(t *testing.T) {
	t.Run("an upstream is enough", func(t *testing.T) {
		s := readShipped(t, imageCaddyfile, map[string]string{"NEXTJS_UPSTREAM": "web:3000"})
		assert.Contains(t, s.routes(t, ":80"), `"upstreams":["web:3000"]`)
		assert.Contains(t, s.routes(t, ":8081"), `"nextjs_health"`)
		assert.Less(t, s.stopTime(), 10*time.Second, "Docker kills after that")
	})
	t.Run("every variable", func(t *testing.T) {
		s := readShipped(t, imageCaddyfile, map[string]string{
			"NEXTJS_UPSTREAM": "web-1:3000 web-2:3000", "NEXTJS_SITE": "example.com www.example.com", "NEXTJS_OPTIONS": "upgrade_timeout 3s",
			"NEXTJS_DIRECTIVES": "log\nheader X-Edge frankfurt", "NEXTJS_GLOBAL_OPTIONS": "email me@example.com\nservers {\n\ttrusted_proxies static private_ranges\n}",
			"NEXTJS_HEALTH_PORT": "9000", "NEXTJS_SHUTDOWN_DELAY": "5s", "NEXTJS_GRACE_PERIOD": "45s",
		})
		site := s.routes(t, ":443")
		assert.Contains(t, site, `"upstreams":["web-1:3000","web-2:3000"]`)
		assert.Contains(t, site, `"host":["example.com","www.example.com"]`)
		assert.Contains(t, site, `"upgrade_timeout":3000000000`)
		assert.Contains(t, site, `"X-Edge":["frankfurt"]`)
		assert.Contains(t, s.routes(t, ":9000"), `"nextjs_health"`)
		assert.Equal(t, 50*time.Second+300*time.Millisecond, s.stopTime())
	})
	t.Run("zones instead of an upstream", func(t *testing.T) {
		s := readShipped(t, imageCaddyfile, map[string]string{"NEXTJS_OPTIONS": "zone / web:3000\nzone /shop shop:3000"})
		assert.Contains(t, s.routes(t, ":80"), `"paths":["/shop"]`)
	})
	t.Run("nothing", func(t *testing.T) {
		data, err := os.ReadFile(imageCaddyfile)
		require.NoError(t, err)
		_, err = edgetest.Adapt(string(data))
		assert.ErrorContains(t, err, "nextjs needs an upstream")
	})
}

// What kills the edge gives it the time that its configuration says.
func TestWhateverStopsTheEdgeWaitsLongEnough(t *testing.T) {
	t.Run("systemd", func(t *testing.T) {
		unit, err := os.ReadFile("../examples/systemd/caddy-nextjs.service")
		require.NoError(t, err)
		s := readShipped(t, "../examples/systemd/Caddyfile", nil)
		assert.Less(t, s.stopTime(), namedDuration(t, string(unit), `(?m)^TimeoutStopSec=(\S+)$`))
	})
	t.Run("compose", func(t *testing.T) {
		compose := readCompose(t)
		edge := compose.Services["edge"]
		wait, err := time.ParseDuration(edge.StopGracePeriod)
		require.NoError(t, err)
		s := readShipped(t, imageCaddyfile, edge.Environment)
		assert.Less(t, s.stopTime(), wait)
	})
	t.Run("Kubernetes", func(t *testing.T) {
		page, err := os.ReadFile("../docs/delivery.md")
		require.NoError(t, err)
		s := readShipped(t, imageCaddyfile, map[string]string{
			"NEXTJS_UPSTREAM":       "web:3000",
			"NEXTJS_SHUTDOWN_DELAY": namedDuration(t, string(page), `name: NEXTJS_SHUTDOWN_DELAY, value: (\S+?) }`).String(),
			"NEXTJS_GRACE_PERIOD":   namedDuration(t, string(page), `name: NEXTJS_GRACE_PERIOD, value: (\S+?) }`).String(),
		})
		wait := namedDuration(t, regexp.MustCompile(`terminationGracePeriodSeconds: (\d+)`).ReplaceAllString(string(page), "terminationGracePeriodSeconds: ${1}s"),
			`terminationGracePeriodSeconds: (\S+)`)
		assert.Less(t, s.stopTime(), wait)
	})
}

func TestTheComposeFileSaysWhatTheImageUnderstands(t *testing.T) {
	compose := readCompose(t)
	edge, app := compose.Services["edge"], compose.Services["app"]
	known := variablesOf(t)
	for name := range edge.Environment {
		assert.Contains(t, known, name)
	}
	host, _, _ := strings.Cut(edge.Environment["NEXTJS_UPSTREAM"], ":")
	assert.Contains(t, compose.Services, host, "the upstream is a service")
	assert.True(t, edge.ReadOnly)
	assert.True(t, app.ReadOnly)
	for _, volume := range edge.Volumes {
		name, _, _ := strings.Cut(volume, ":")
		assert.Contains(t, compose.Volumes, name)
	}
	for name, service := range compose.Services {
		file := filepath.Join("../examples/docker", service.Build.Context, service.Build.Dockerfile)
		assert.FileExists(t, file, name)
	}
}

func TestTheVariablesOfTheImageAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/delivery.md")
	require.NoError(t, err)
	var documented []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(NEXTJS_[A-Z_]+)` \\|").FindAllStringSubmatch(string(page), -1) {
		documented = append(documented, row[1])
	}
	assert.ElementsMatch(t, variablesOf(t), documented)
}

// compose is what the tests look at in examples/docker/compose.yaml.
type compose struct {
	Services map[string]struct {
		Build struct {
			Context    string `yaml:"context"`
			Dockerfile string `yaml:"dockerfile"`
		} `yaml:"build"`
		Environment     map[string]string `yaml:"environment"`
		Volumes         []string          `yaml:"volumes"`
		ReadOnly        bool              `yaml:"read_only"`
		StopGracePeriod string            `yaml:"stop_grace_period"`
	} `yaml:"services"`
	Volumes map[string]any `yaml:"volumes"`
}

// readCompose reads the compose file as Docker Compose does in an environment without variables: ${NAME:-default} is
// the default.
func readCompose(t *testing.T) *compose {
	t.Helper()
	data, err := os.ReadFile("../examples/docker/compose.yaml")
	require.NoError(t, err)
	data = regexp.MustCompile(`\$\{\w+:-([^}]*)\}`).ReplaceAll(data, []byte("$1"))
	c := new(compose)
	require.NoError(t, yaml.Unmarshal(data, c))
	return c
}

// variablesOf returns the variables that the Caddyfile of the image reads.
func variablesOf(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile(imageCaddyfile)
	require.NoError(t, err)
	var names []string
	for _, match := range regexp.MustCompile(`\{\$(\w+)`).FindAllStringSubmatch(string(data), -1) {
		names = append(names, match[1])
	}
	return names
}

func namedDuration(t *testing.T, text, pattern string) time.Duration {
	t.Helper()
	match := regexp.MustCompile(pattern).FindStringSubmatch(text)
	require.NotNil(t, match, pattern)
	d, err := time.ParseDuration(match[1])
	require.NoError(t, err)
	return d
}
