package main

import (
	"errors"
	"fmt"
	"go/token"
	"go/types"
	"maps"
	"path/filepath"
	"slices"

	"golang.org/x/tools/go/packages"
)

// graph has the files of one package, tests left out, by their base names. An arrow goes from a file to each other
// file that declares something it uses.
type graph struct {
	pkg    string
	files  []string
	arrows map[string]map[string]names
}

// names are the identifiers that make an arrow.
type names map[string]bool

// load reads and checks packages, whose patterns are those of go list.
func load(patterns []string) ([]*graph, error) {
	config := &packages.Config{Mode: packages.NeedName | packages.NeedCompiledGoFiles | packages.NeedImports |
		packages.NeedTypes | packages.NeedSyntax | packages.NeedTypesInfo}
	loaded, err := packages.Load(config, patterns...)
	if err != nil {
		return nil, fmt.Errorf("loading the packages: %w", err)
	}
	if len(loaded) == 0 {
		return nil, errors.New("loading the packages: there are none")
	}
	graphs := make([]*graph, 0, len(loaded))
	for _, pkg := range loaded {
		for _, problem := range pkg.Errors {
			return nil, fmt.Errorf("loading %s: %w", pkg.PkgPath, problem)
		}
		graphs = append(graphs, newGraph(pkg))
	}
	return graphs, nil
}

// newGraph finds the arrows of a package. Whatever is used in another file than it is declared in belongs to the
// package as a whole: an identifier of the package, a method or a field. What is used without being named makes no
// arrow, as the methods that make a type implement an interface.
func newGraph(pkg *packages.Package) *graph {
	g := &graph{pkg: pkg.PkgPath, arrows: map[string]map[string]names{}}
	for _, file := range pkg.Syntax {
		name := baseName(pkg.Fset, file.FileStart)
		g.files = append(g.files, name)
		g.arrows[name] = map[string]names{}
	}
	slices.Sort(g.files)
	for ident, used := range pkg.TypesInfo.Uses {
		if used.Pkg() != pkg.Types {
			continue
		}
		from, to := baseName(pkg.Fset, ident.Pos()), baseName(pkg.Fset, used.Pos())
		if from == to {
			continue
		}
		if g.arrows[from][to] == nil {
			g.arrows[from][to] = names{}
		}
		g.arrows[from][to][nameOf(used)] = true
	}
	return g
}

func baseName(files *token.FileSet, pos token.Pos) string {
	return filepath.Base(files.File(pos).Name())
}

// nameOf returns how messages name an object: a method by its type, a field by a dot before it.
func nameOf(object types.Object) string {
	switch object := object.(type) {
	case *types.Var:
		if object.IsField() {
			return "." + object.Name()
		}
	case *types.Func:
		if receiver := object.Signature().Recv(); receiver != nil {
			return typeName(receiver.Type()) + "." + object.Name()
		}
	}
	return object.Name()
}

// typeName returns the name of a receiver's type, or nothing where an interface has none.
func typeName(t types.Type) string {
	if pointer, ok := t.(*types.Pointer); ok {
		t = pointer.Elem()
	}
	if named, ok := t.(*types.Named); ok {
		return named.Obj().Name()
	}
	return ""
}

func (g *graph) has(file string) bool { return g.arrows[file] != nil }

// next returns the files that a file uses, in order.
func (g *graph) next(file string) []string { return slices.Sorted(maps.Keys(g.arrows[file])) }

// names returns the identifiers that make the arrow between two files, in order.
func (g *graph) names(from, to string) []string { return slices.Sorted(maps.Keys(g.arrows[from][to])) }
