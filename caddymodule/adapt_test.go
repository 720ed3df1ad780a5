package caddymodule

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/caddyserver/caddy/v2/modules/standard" // the directives that surround ours
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/control"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/files"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/fleet"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/images"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/pages"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/proxy"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

var update = flag.Bool("update", false, "write what the adapter says into the golden files")

const goldenSeparator = "\n----------\n"

// Each file of testdata/adapt is a Caddyfile, a line of ten dashes, and what `caddy adapt` makes of it: JSON, or an
// error.
func TestAdaptGoldenFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/adapt/*.caddyfiletest")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".caddyfiletest"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			input, want, _ := strings.Cut(string(data), goldenSeparator)

			got := adaptedText(t, input)
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(input+goldenSeparator+got+"\n"), 0o600))
				return
			}
			assert.Equal(t, strings.TrimSpace(want), got)
			assert.Equal(t, strings.HasPrefix(filepath.Base(file), "error_"), !strings.HasPrefix(got, "{"),
				"files of errors, and only those, are named error_…")
		})
	}
}

func adaptedText(t *testing.T, input string) string {
	t.Helper()
	config, err := edgetest.Adapt(input)
	if err != nil {
		return err.Error()
	}
	var tree any
	require.NoError(t, json.Unmarshal(config, &tree))
	pretty, err := json.MarshalIndent(tree, "", "\t")
	require.NoError(t, err)
	return string(pretty)
}

// Every word of the grammar is in a golden file, an error file and the reference.
func TestEveryWordIsTestedAndDocumented(t *testing.T) {
	golden, errors := readAll(t, "testdata/adapt/[!e]*.caddyfiletest"), readAll(t, "testdata/adapt/error_*.caddyfiletest")
	reference, example := readAll(t, "../docs/caddyfile.md"), readAll(t, "../Caddyfile.example")
	for _, word := range slices.Concat(directiveWords, zoneWords, fleet.HealthWords, fleet.EjectWords,
		globalWords, files.Words, control.Words, control.Scopes, images.Words, images.ZoneWords, pages.Words, pages.SiteWords, edge.RepairNames[:]) {
		for name, text := range map[string]string{
			"a golden file": golden, "an error file": errors, "docs/caddyfile.md": reference, "Caddyfile.example": example,
		} {
			assert.Contains(t, text, word, "the word %s is not in %s", word, name)
		}
	}
	for _, own := range proxy.Instead {
		assert.Contains(t, errors, own.Instead, "no error test for %s in proxy", own.Word)
	}
}

func readAll(t *testing.T, pattern string) string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, files, pattern)
	var all strings.Builder
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		all.Write(data)
	}
	return all.String()
}
