package caddymodule

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
)

// What users have written into configurations, dashboards and queries keeps its name, wherever its code is. The words
// of the Caddyfile are in testdata/adapt.
func TestNamesGolden(t *testing.T) {
	found := namesInCode(t, parseFace(t))
	assertGolden(t, "testdata/names/logfields.txt", sortedLines(found.logFields))
	assertGolden(t, "testdata/names/directives.txt", sortedLines(found.directives))
	assertGolden(t, "testdata/names/placeholders.txt", sortedLines(found.placeholders))

	var modules []string
	for _, id := range caddy.Modules() {
		if strings.Contains(id, "nextjs") {
			modules = append(modules, id)
		}
	}
	assertGolden(t, "testdata/names/modules.txt", sortedLines(modules))
}

// sortedLines returns each of the lines once.
func sortedLines(lines []string) string {
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(lines))), "\n") + "\n"
}

// parseFace reads the files of caddymodule and of its folders, without tests.
func parseFace(t *testing.T) (files []*ast.File) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == "testdata":
			return filepath.SkipDir
		case filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		files = append(files, file)
		return err
	}))
	return files
}

// codeNames are names that the code has written out.
type codeNames struct{ logFields, directives, placeholders []string }

// registrations are what the functions of package httpcaddyfile that register a name call it.
var registrations = map[string]string{
	"RegisterDirective": "directive", "RegisterHandlerDirective": "directive", "RegisterGlobalOption": "global option",
	"RegisterDirectiveOrder": "order of",
}

func namesInCode(t *testing.T, files []*ast.File) (found codeNames) {
	t.Helper()
	for _, file := range files {
		ast.Inspect(file, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.BasicLit:
				if name, err := strconv.Unquote(node.Value); err == nil && placeholder.MatchString(name) {
					found.placeholders = append(found.placeholders, name)
				}
			case *ast.CallExpr:
				switch pkg, name := calledFunction(node); {
				case pkg == "zap" && name != "NewNop": // all others that the face calls make a field
					found.logFields = append(found.logFields, logField(t, name, node))
				case pkg == "httpcaddyfile" && registrations[name] != "":
					found.directives = append(found.directives, registrations[name]+" "+argumentTexts(node))
				}
			}
			return true
		})
	}
	return found
}

var placeholder = regexp.MustCompile(`^http\.nextjs\.\w+$`)

// calledFunction returns what a call pkg.Name(…) calls.
func calledFunction(call *ast.CallExpr) (pkg, name string) {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	if ident, ok := selector.X.(*ast.Ident); ok {
		pkg = ident.Name
	}
	return pkg, selector.Sel.Name
}

// logField returns the key of a field. It has to be written out where the field is made, so that this test can find it.
func logField(t *testing.T, function string, call *ast.CallExpr) string {
	t.Helper()
	if function == "Error" {
		return zap.Error(assert.AnError).Key
	}
	require.NotEmpty(t, call.Args, "zap.%s has a key", function)
	literal, ok := call.Args[0].(*ast.BasicLit)
	require.True(t, ok, "the key of zap.%s(%s) is a literal", function, argumentTexts(call))
	key, err := strconv.Unquote(literal.Value)
	require.NoError(t, err)
	return key
}

// argumentTexts returns the texts and the names of another package that a call has as arguments. Our own functions
// among them may be named as they like.
func argumentTexts(call *ast.CallExpr) string {
	var texts []string
	for _, argument := range call.Args {
		switch argument := argument.(type) {
		case *ast.BasicLit:
			texts = append(texts, strings.Trim(argument.Value, `"`))
		case *ast.SelectorExpr:
			if of, ok := argument.X.(*ast.Ident); ok && of.Name == "httpcaddyfile" { // else it is a function
				texts = append(texts, strings.ToLower(argument.Sel.Name))
			}
		}
	}
	return strings.Join(texts, " ")
}
