//go:build e2e

package docs_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// docPages are the pages that people copy from.
func docPages(t testing.TB) []string {
	t.Helper()
	pages := []string{"README.md", "CONTRIBUTING.md"}
	for _, pattern := range []string{"docs/*.md", "examples/*/README.md"} {
		found, err := filepath.Glob(filepath.Join(harness.Repository(), pattern))
		require.NoError(t, err)
		for _, page := range found {
			relative, err := filepath.Rel(harness.Repository(), page)
			require.NoError(t, err)
			if relative != "docs/architecture.md" { // its blocks are drawings
				pages = append(pages, filepath.ToSlash(relative))
			}
		}
	}
	return pages
}

// docBlock is a fenced block of a page. Comments before it say how it is tested: `needs: docker` (not here),
// `tested by: TestName`, `in: site` (a part of a Caddyfile), `syntax` (a grammar, whose words other tests compare).
type docBlock struct {
	page, language, text string
	line                 int
	marks                map[string]string
}

func (b docBlock) String() string { return fmt.Sprintf("%s:%d", b.page, b.line) }

var docMark = regexp.MustCompile(`^\s*<!-- ([a-z ]+?)(?:: (.+?))? -->$`)

// docBlocks returns the blocks of a page in their order.
func docBlocks(t testing.TB, page string) (blocks []docBlock) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Repository(), page))
	require.NoError(t, err)
	marks, open := map[string]string{}, -1
	for i, line := range strings.Split(string(text), "\n") {
		trimmed := strings.TrimSpace(line)
		switch mark := docMark.FindStringSubmatch(line); {
		case strings.HasPrefix(trimmed, "```") && open < 0:
			open = len(line) - len(strings.TrimLeft(line, " "))
			blocks = append(blocks, docBlock{page: page, language: strings.Trim(trimmed, "`"), line: i + 1, marks: marks})
			marks = map[string]string{}
		case trimmed == "```":
			open = -1
		case open >= 0:
			blocks[len(blocks)-1].text += strings.TrimPrefix(line, strings.Repeat(" ", open)) + "\n"
		case mark != nil:
			marks[mark[1]] = mark[2]
		case trimmed != "":
			marks = map[string]string{}
		}
	}
	require.Negative(t, open, "a block of %s has no end", page)
	return blocks
}

// Whatever can be copied from a page is run or looked at by a test, or says that it is not, and why.
func TestEveryBlockOfTheDocsIsTested(t *testing.T) {
	files := docFiles(t)
	long, err := os.ReadFile(filepath.Join(harness.Repository(), "docs", "test-long.md"))
	require.NoError(t, err)
	for _, page := range docPages(t) {
		for _, b := range docBlocks(t, page) {
			t.Run(b.String(), func(t *testing.T) {
				_, grammar := b.marks["syntax"]
				needs, elsewhere := b.marks["needs"], b.marks["tested by"]
				switch {
				case grammar:
					assert.Regexp(t, `<\w+>`, b.text)
				case needs != "":
					b.checkUnrun(t)
					row := fmt.Sprintf("| %s | %s |", page, needs)
					assert.Contains(t, string(long), row, "docs/test-long.md lists what no test runs")
				case elsewhere != "":
					b.checkUnrun(t)
					requireTest(t, elsewhere)
				case b.language == "caddyfile":
					b.validate(t, files)
				case b.language == "json":
					assert.True(t, json.Valid([]byte(b.text)))
				case b.language == "console": // TestTheCommandsOfTheDocsAnswerAsPrinted
				case b.language == "sh" && b.page == deploysPage: // TestTheDeploysOfTheDocsRunAsPrinted
				default:
					assert.Fail(t, "nothing tests this block", "language %q, marks %v", b.language, b.marks)
				}
			})
		}
	}
}

// requireTest fails if no test has the name.
func requireTest(t testing.TB, name string) {
	t.Helper()
	for _, pattern := range []string{
		"e2e/*_test.go", "e2e/*/*_test.go", "caddymodule/*_test.go", "caddymodule/*/*_test.go", "scripts/*.sh",
	} {
		files, err := filepath.Glob(filepath.Join(harness.Repository(), pattern))
		require.NoError(t, err)
		if slices.ContainsFunc(files, func(file string) bool {
			text, err := os.ReadFile(file)
			return err == nil && (strings.Contains(string(text), "func "+name+"(") || filepath.Base(file) == name)
		}) {
			return
		}
	}
	assert.Fail(t, "no such test", name)
}

var (
	makeTarget = regexp.MustCompile(`(?m)\bmake ([a-z][a-z-]*)`)
	ownFile    = regexp.MustCompile(`(?m)(?:^|\s)((?:\.\./)*` +
		`(?:scripts|examples|caddy-build|e2e|bench|[\w@*.-]+\.service|Caddyfile[\w.]*)(?:/[\w./-]+)?)(?:\s|$)`)
)

// checkUnrun looks at what is not run here: its language can read it, and the files and make targets that it names are
// there.
func (b docBlock) checkUnrun(t *testing.T) {
	switch b.language {
	case "sh":
		out, err := exec.CommandContext(t.Context(), "bash", "-n", "-c", b.text).CombinedOutput()
		assert.NoError(t, err, string(out))
	case "yaml":
		decoder := yaml.NewDecoder(strings.NewReader(b.text))
		var document any
		assert.NoError(t, decoder.Decode(&document))
	case "caddyfile", "dockerfile":
	default:
		assert.Fail(t, "a block of no known language", b.language)
	}
	makefile, err := os.ReadFile(filepath.Join(harness.Repository(), "Makefile"))
	require.NoError(t, err)
	for _, target := range makeTarget.FindAllStringSubmatch(b.text, -1) {
		assert.Contains(t, string(makefile), "\n"+target[1]+":")
	}
	for _, file := range ownFile.FindAllStringSubmatch(b.text, -1) {
		beside, err := filepath.Glob(filepath.Join(harness.Repository(), filepath.Dir(b.page), file[1]))
		require.NoError(t, err)
		atRoot, err := filepath.Glob(filepath.Join(harness.Repository(), file[1]))
		require.NoError(t, err)
		assert.NotEmpty(t, append(beside, atRoot...), "there is no %s", file[1])
	}
}

// docFiles returns what stands in for the files that blocks name, and the names again.
func docFiles(t testing.TB) (files [][2]string) {
	t.Helper()
	token := filepath.Join(t.TempDir(), "edge-token")
	require.NoError(t, os.WriteFile(token, []byte("s3cret\n"), 0o600))
	in := func(parts ...string) string {
		return filepath.Join(append([]string{harness.Repository()}, parts...)...)
	}
	return [][2]string{
		{"/srv/depot/apps/web", in("e2e", "fixtures", "monorepo", "apps", "web")},
		{"/srv/web/current", in("examples", "multi-zone", "home", ".next", "standalone")},
		{"/srv/web/41", in("examples", "multi-zone", "home", ".next", "standalone")},
		{"/srv/web", in("examples", "multi-zone", "home")},
		{"/srv/blog", in("examples", "multi-zone", "blog")},
		{"/srv/docs", in("examples", "multi-zone", "blog")},
		{"marketing/out", in("e2e", "fixtures", "export", "out")},
		{"marketing/.next", in("e2e", "fixtures", "export", ".next")},
		{"/etc/caddy/edge-token", token},
		{"/etc/caddy/cms-token", token},
		{"/etc/caddy/shop-token", token},
		{"/var/log/caddy", filepath.Dir(token)},
	}
}

// replaced returns a text with other words: pairs of what stands in it, and what will.
func replaced(text string, pairs [][2]string, back bool) string {
	var words []string
	for _, pair := range pairs {
		if back {
			pair[0], pair[1] = pair[1], pair[0]
		}
		words = append(words, pair[0], pair[1])
	}
	return strings.NewReplacer(words...).Replace(text)
}

// docParts are what a part of a Caddyfile stands in.
var docParts = map[string]string{
	"":       "%s",
	"nextjs": "example.com {\n\tnextjs web:3000 {\n%s\t}\n}\n",
	"site":   "example.com {\n%s\tnextjs web:3000\n}\n",
	"global": "{\n%s}\nexample.com {\n\tnextjs web:3000\n}\n",
}

// validate has the server read and provision a block.
func (b docBlock) validate(t *testing.T, files [][2]string) {
	part, ok := docParts[b.marks["in"]]
	require.True(t, ok, "no part of a Caddyfile is called %q", b.marks["in"])
	home := t.TempDir()
	file := filepath.Join(home, "Caddyfile")
	require.NoError(t, os.WriteFile(file, []byte(replaced(fmt.Sprintf(part, b.text), files, false)), 0o600))
	validate := []string{"validate", "--config", file, "--adapter", "caddyfile"}
	cmd := exec.CommandContext(edgetest.Within(t, edgetest.Patience), harness.ServerBinary(t), validate...)
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_DATA_HOME="+home, "XDG_CONFIG_HOME="+home)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}
