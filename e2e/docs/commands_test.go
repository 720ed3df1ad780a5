//go:build e2e

package docs_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// docCommand is a command of a block, after its prompt, and what it prints.
type docCommand struct{ line, printed string }

// commands returns the commands of a block, each of which begins with "$ ".
func (b docBlock) commands(t testing.TB) (list []docCommand) {
	t.Helper()
	more := false
	for line := range strings.Lines(b.text) {
		command, begins := strings.CutPrefix(line, "$ ")
		switch {
		case begins:
			list = append(list, docCommand{line: command})
		case len(list) == 0:
			require.Fail(t, "a block begins with output", b.String())
		case more:
			list[len(list)-1].line += line
		default:
			list[len(list)-1].printed += line
		}
		more = (begins || more) && strings.HasSuffix(strings.TrimSpace(line), `\`)
	}
	return list
}

// purgedNumber is how many were purged, as JSON: a matter of what was asked for before.
var purgedNumber = regexp.MustCompile(`"(pages|pictures)":[0-9]+`)

// lineNames returns what each line says something about: a row of a table, a line of a report.
func lineNames(text string) (names []string) {
	text = purgedNumber.ReplaceAllString(text, `"$1":n`)
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		name, _, found := strings.Cut(strings.TrimLeft(line, " "), "  ")
		if !found {
			name, _, found = strings.Cut(line, ": ")
		}
		if !found {
			name, _, _ = strings.Cut(line, " ")
		}
		names = append(names, name)
	}
	return names
}

// docEdge is the edge that commands of the docs are about: the demo, whose shop has no build here.
func docEdge(t *testing.T, token string) *harness.Edge {
	t.Helper()
	f := harness.NextApps(t)
	return harness.StartEdge(t, nil, harness.Setup{
		Site: fmt.Sprintf("handle_path /_edge/* {\n\tnextjs_control {\n\t\ttoken_file %s\n\t}\n}\n", token),
		Zones: fmt.Sprintf("zone home %s {\n\tbuild %s\n}\nzone blog %s {\n\tbuild %s\n}\nzone shop /shop %s\n",
			f.Home.Upstream(), f.Home.Dir, f.Blog.Upstream(), f.Blog.Dir, f.Shop.Upstream()),
	})
}

func buildID(t *testing.T, a *harness.App) string {
	t.Helper()
	id, err := os.ReadFile(filepath.Join(a.Dir, ".next", "BUILD_ID"))
	require.NoError(t, err)
	return string(id)
}

var askedURL = regexp.MustCompile(`explain (http\S+)`)

// Every command of the pages that is printed with its output runs, and its output has the same lines.
func TestTheCommandsOfTheDocsAnswerAsPrinted(t *testing.T) {
	files := docFiles(t)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "edge-token"), []byte("s3cret\n"), 0o600))
	require.NoError(t, os.Symlink(harness.ServerBinary(t), filepath.Join(dir, "caddy")))
	e := docEdge(t, filepath.Join(dir, "edge-token"))
	admin := fmt.Sprintf("localhost:%d", e.AdminPort)
	apps := harness.NextApps(t)
	areArchived := func() bool { return e.Metric(t, "caddy_nextjs_static_archive_builds") == 2 }
	edgetest.Eventually(t, edgetest.Patience, areArchived, "both builds are in the archive")
	words := append(files, [][2]string{
		{"BlHgoJuEno9lztBUG0mCT", buildID(t, apps.Home)},
		{"GU4ouoHzdWCYf4OhDxfGh", buildID(t, apps.Blog)},
		{"https://example.com", e.URL("")},
		{"localhost:2019", admin},
		{"localhost:3000", apps.Home.Upstream()},
		{"localhost:3001", apps.Blog.Upstream()},
		{"localhost:3002", apps.Shop.Upstream()},
	}...)
	ran := 0
	for _, page := range docPages(t) {
		for _, b := range docBlocks(t, page) {
			if b.language != "console" || len(b.marks) > 0 {
				continue
			}
			for _, c := range b.commands(t) {
				line := replaced(c.line, words, false)
				if asked := askedURL.FindStringSubmatch(line); asked != nil && !strings.Contains(c.printed, "not yet") {
					keeps(t, asked[1])
				}
				cmd := exec.CommandContext(edgetest.Within(t, 2*edgetest.Patience), "bash", "-c", "set -o pipefail\n"+line)
				cmd.Dir = dir
				cmd.Env = append(os.Environ(), "HOME="+dir, "PATH="+dir+":"+os.Getenv("PATH"), "CADDY_ADMIN="+admin, "TOKEN=s3cret")
				var failure strings.Builder
				cmd.Stderr = &failure
				out, err := cmd.Output()
				require.NoError(t, err, "%s: %s: %s", b, line, failure.String())
				assert.NotEmpty(t, out, "%s: %s", b, line)
				if text := replaced(string(out), words, true); c.printed != "" {
					assert.Equal(t, lineNames(c.printed), lineNames(text), "%s: %s prints now:\n%s", b, c.line, text)
				}
				ran++
			}
		}
	}
	assert.Greater(t, ran, 8)
}

// keeps asks for a page until the edge has it, or has said that it will not.
func keeps(t testing.TB, url string) {
	t.Helper()
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		res, err := http.Get(url)
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		said := strings.Join(res.Header["Cache-Status"], ", ")
		return strings.Contains(said, "; hit") || strings.Contains(said, "fwd=bypass") || strings.Contains(said, "fwd=stale")
	}, "%s is kept", url)
}
