package picomatch

import (
	"strings"
	"testing"
)

// Any glob compiles or says why not, and the shapes that need no expression say what the expression says.
func FuzzGlob(f *testing.F) {
	for _, glob := range globs {
		f.Add(glob, "/a/b.png", true)
	}
	f.Add("/a/**", "/a/../b", true)
	f.Add("*.example.com", "a.b.example.com", false)
	f.Fuzz(func(t *testing.T, glob, text string, dot bool) {
		if len(glob) > 200 || len(text) > 1000 {
			return
		}
		g, err := Compile(glob, dot)
		if err != nil {
			if g != nil || err.Error() == "" {
				t.Fatalf("%q: %v, %v", glob, g, err)
			}
			return
		}
		got := g.Match(text)
		if g.shape == general || g.shape == nothing || !isASCII(text) {
			return
		}
		if want := g.program.match(text); got != want {
			t.Errorf("%q (dot %v) for %q: %v by its shape, %v by its expression", glob, dot, text, got, want)
		}
	})
}

// The time for a long text made to be difficult is that of a pass through it: a test of the number of steps would be a
// test of the implementation, but an exponential one would not end.
func TestDifficultTextsEnd(t *testing.T) {
	for _, glob := range []string{"/**/*a*/**/*a*/**/*a*b", "/+(a|aa|+(a))b", "/*(*(*(*(a))))b", "/!(*a*b)/**/!(*a*b)c", "/*a*a*a*a*a*a*a*a*b"} {
		g, err := Compile(glob, true)
		if err != nil {
			t.Fatal(err)
		}
		if g.Match("/" + strings.Repeat("a", 1500) + "/" + strings.Repeat("a/", 700)) {
			t.Errorf("%q matches what has no b or c", glob)
		}
	}
}
