package caddymodule

import (
	"fmt"
	gobuild "go/build"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	projectPath = "github.com/caddy-nextjs/caddy-nextjs"
	facePath    = projectPath + "/caddymodule"
	caddyPath   = "github.com/caddyserver/caddy"
)

// faceLeaves are the folders of the face that any other may import. Each other folder is a room: a feature of its own,
// which only the face itself puts together with the others.
var faceLeaves = []string{"edge", "builds", "report", "words", "leases", "control"}

// cliImports is what of the project the commands are made of: nothing that runs.
var cliImports = []string{"report", "control"}

// notLibraries are the folders of the project with programs, tests of whole programs, or no Go.
var notLibraries = []string{"bench", "bin", "caddy-build", "caddymodule", "docs", "e2e", "examples", "scripts", "tools"}

// testPackage is imported by tests only. It runs a Caddy.
const testPackage = projectPath + "/internal/edgetest"

// brokenRule returns which rule of docs/architecture.md an import of a package breaks, or nothing.
func brokenRule(from, to string) string {
	room, inFace := faceRoom(from)
	if !inFace {
		if from != testPackage && (isOrIsBelow(to, caddyPath) || isOrIsBelow(to, facePath)) {
			return "only caddymodule imports Caddy, and no library imports caddymodule"
		}
		return ""
	}
	if room == "" {
		return ""
	}
	target, toFace := faceRoom(to)
	switch {
	case to == facePath:
		return "no folder of caddymodule imports caddymodule itself"
	case room == "cli" && isOrIsBelow(to, projectPath) && target != room && !slices.Contains(cliImports, target):
		return "of the project, caddymodule/cli imports only " + strings.Join(cliImports, " and ")
	case !toFace || target == room || slices.Contains(faceLeaves, target):
		return ""
	case slices.Contains(faceLeaves, room):
		return fmt.Sprintf("%s is a leaf of caddymodule, and a leaf imports no room", room)
	default:
		return "no room of caddymodule imports another one"
	}
}

// faceRoom returns in which folder of the face a package is: none for the face itself.
func faceRoom(importPath string) (room string, inFace bool) {
	if !isOrIsBelow(importPath, facePath) {
		return "", false
	}
	room, _, _ = strings.Cut(strings.TrimPrefix(strings.TrimPrefix(importPath, facePath), "/"), "/")
	return room, true
}

func isOrIsBelow(importPath, parent string) bool {
	return importPath == parent || strings.HasPrefix(importPath, parent+"/")
}

func TestWhichImportsAreAllowed(t *testing.T) {
	const caddy, room, library = "only caddymodule imports Caddy, and no library imports caddymodule",
		"no room of caddymodule imports another one", projectPath + "/zones"
	face := func(room string) string { return facePath + "/" + room }
	for _, c := range []struct{ from, to, rule string }{
		{library, "net/http", ""},
		{library, projectPath + "/nextbuild", ""},
		{library, "github.com/caddyserver/certmagic", ""},
		{library, caddyPath + "/v2", caddy},
		{projectPath + "/internal/vips", caddyPath + "/v2/modules/caddyhttp", caddy},
		{library, facePath, caddy},
		{library, face("edge"), caddy},

		{facePath, face("images"), ""},
		{facePath, face("edge"), ""},
		{face("images"), face("edge"), ""},
		{face("images"), face("images/sources"), ""},
		{face("images"), projectPath + "/imageopt", ""},
		{face("images"), caddyPath + "/v2", ""},
		{face("images"), facePath, "no folder of caddymodule imports caddymodule itself"},
		{face("images"), face("pages"), room},
		{face("images/sources"), face("pages"), room},
		{face("pages"), face("cli"), room},
		{face("proxy"), face("a-new-one"), room},

		{face("control"), face("leases"), ""},
		{face("control"), projectPath + "/zones", ""},
		{face("edge"), facePath, "no folder of caddymodule imports caddymodule itself"},
		{face("edge"), face("images"), "edge is a leaf of caddymodule, and a leaf imports no room"},

		{face("cli"), "github.com/spf13/cobra", ""},
		{face("cli"), caddyPath + "/v2/cmd", ""},
		{face("cli"), face("report"), ""},
		{face("cli"), face("control"), ""},
		{face("cli"), face("edge"), "of the project, caddymodule/cli imports only report and control"},
		{face("cli"), face("images"), "of the project, caddymodule/cli imports only report and control"},
		{face("cli"), library, "of the project, caddymodule/cli imports only report and control"},
	} {
		assert.Equal(t, c.rule, brokenRule(c.from, c.to), "%s → %s", c.from, c.to)
	}
}

func TestTheImportsKeepTheRules(t *testing.T) {
	found := map[string]bool{}
	for importPath, dir := range facesAndLibraries(t) {
		context := gobuild.Default
		context.UseAllFiles = true // those under a build tag, too
		pkg, err := context.ImportDir(dir, 0)
		require.NoError(t, err)
		for _, imported := range pkg.Imports {
			found[imported] = true
			if rule := brokenRule(importPath, imported); rule != "" {
				assert.Fail(t, "an import breaks a rule", "%s → %s\n%s", importPath, imported, rule)
			}
		}
	}
	assert.True(t, found[caddyPath+"/v2"], "the imports of the face were read")
	assert.True(t, found[projectPath+"/nextbuild"], "and those of the libraries")
}

// facesAndLibraries returns the folders of the project's packages by their import paths, without those that are
// programs.
func facesAndLibraries(t *testing.T) map[string]string {
	t.Helper()
	args := []string{"-find", "-f", "{{.ImportPath}}\t{{.Dir}}", "./caddymodule/..."}
	folders, err := os.ReadDir("..")
	require.NoError(t, err)
	for _, folder := range folders {
		if folder.IsDir() && !strings.HasPrefix(folder.Name(), ".") && !slices.Contains(notLibraries, folder.Name()) {
			args = append(args, "./"+folder.Name()+"/...")
		}
	}
	dirs := map[string]string{}
	for line := range strings.Lines(goList(t, args...)) {
		importPath, dir, _ := strings.Cut(strings.TrimSpace(line), "\t")
		dirs[importPath] = dir
	}
	return dirs
}
