package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	line = "github.com/caddy-nextjs/caddy-nextjs/tools/filecycles/testdata/line"
	ring = "github.com/caddy-nextjs/caddy-nextjs/tools/filecycles/testdata/ring"
)

func TestAGroupWithinTheLimitIsPrinted(t *testing.T) {
	out, err := run([]string{"-max", "3", "./testdata/line", "./testdata/ring"})
	require.NoError(t, err)
	assert.Equal(t, line+": no files depend on each other\n"+
		ring+": 3 files depend on each other: counter.go, shop.go, total.go\n", out)
}

func TestAGroupAboveTheLimitFailsWithACycle(t *testing.T) {
	out, err := run([]string{"-max", "2", "./testdata/ring"})
	require.ErrorIs(t, err, errTooLarge)
	assert.Equal(t, ring+": 3 files depend on each other: counter.go, shop.go, total.go\n"+
		ring+": that is more than 2; one of the cycles:\n"+
		"\tcounter.go → shop.go: Price\n"+
		"\tshop.go → total.go: Plain.Total\n"+
		"\ttotal.go → counter.go: .count, Counter\n", out)
}

func TestEightFilesMayDependOnEachOtherByDefault(t *testing.T) {
	files := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	_, err := check([]*graph{circle(files...)}, 8)
	require.NoError(t, err)
	_, err = check([]*graph{circle(append(files, "i")...)}, 8)
	require.ErrorIs(t, err, errTooLarge)
}

func TestTheArrowsOfOneFile(t *testing.T) {
	out, err := run([]string{"-from", "total.go", "./testdata/line", "./testdata/ring"})
	require.NoError(t, err)
	assert.Equal(t, ring+":\n\ttotal.go → counter.go: .count, Counter\n\ttotal.go → plain.go: Plain\n", out)

	out, err = run([]string{"-from", "user.go", "./testdata/ring"})
	require.NoError(t, err)
	assert.Equal(t, ring+":\n\tuser.go → shop.go: Price\n", out)

	_, err = run([]string{"-from", "user_test.go", "./testdata/ring"})
	assert.EqualError(t, err, "none of the packages has the file user_test.go, or it is a test")
}

func TestWhatCannotBeLoadedIsNamed(t *testing.T) {
	_, err := run([]string{"./testdata/none"})
	assert.ErrorContains(t, err, "loading ")
}

// circle makes a graph in which each file uses the next one.
func circle(files ...string) *graph {
	g := &graph{pkg: "circle", files: files, arrows: map[string]map[string]names{}}
	for i, file := range files {
		g.arrows[file] = map[string]names{files[(i+1)%len(files)]: {"next": true}}
	}
	return g
}

func TestComponents(t *testing.T) {
	g := circle("a", "b", "c")
	g.files = append(g.files, "d", "e", "f")
	g.arrows["a"]["d"] = names{"x": true}
	g.arrows["d"] = map[string]names{"e": {"x": true}}
	g.arrows["e"] = map[string]names{"d": {"x": true}, "f": {"x": true}}
	assert.ElementsMatch(t, [][]string{{"a", "b", "c"}, {"d", "e"}, {"f"}}, g.components())
	assert.Equal(t, []string{"a", "b", "c"}, g.largest())

	g.arrows["c"]["b"] = names{"back": true}
	assert.Equal(t, []string{"b", "c"}, g.shortestCycle(g.largest()), "the shortest one is the easiest to read")
	g.arrows["f"] = map[string]names{"a": {"x": true}}
	assert.Len(t, g.largest(), 6, "the two groups have become one")
}
