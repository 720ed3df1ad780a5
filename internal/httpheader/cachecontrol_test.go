package httpheader

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDirectives(t *testing.T) {
	for _, c := range []struct {
		lines, want []string
	}{
		{nil, nil},
		{[]string{"", " ,\t, "}, nil},
		{[]string{"public,\tMax-Age=0 ", "s-maxage=5"}, []string{"public", "Max-Age=0", "s-maxage=5"}},
		{[]string{"no-store =x, max-age = 5, pub lic"}, []string{"no-store =x", "max-age = 5", "pub lic"}},
		{[]string{`private="set-cookie, x", no-store`}, []string{`private="set-cookie, x"`, "no-store"}},
		{[]string{`x="a\", b", no-store`}, []string{`x="a\", b"`, "no-store"}},
		{[]string{`x="a\\", no-store`}, []string{`x="a\\"`, "no-store"}},
		{[]string{`x=a\, no-store`}, []string{`x=a\`, "no-store"}},
		// A quote that is not closed hides nothing, nor do those before it.
		{[]string{`x="a, no-store`}, []string{`x="a`, "no-store"}},
		{[]string{`x="a, y="b, no-store, c"`}, []string{`x="a`, `y="b`, "no-store", `c"`}},
		{[]string{`x="a\", no-store, y="", z`}, []string{`x="a\"`, "no-store", `y=""`, "z"}},
		{[]string{`x="a\`, "no-store"}, []string{`x="a\`, "no-store"}},
		{[]string{`x="a, no-store`, `y="b, c"`}, []string{`x="a`, "no-store", `y="b, c"`}},
	} {
		assert.Equal(t, c.want, slices.Collect(Directives(c.lines)), "%q", c.lines)
	}
	lines := []string{`private="set-cookie, x", no-cache, no-store, max-age=0`, "must-revalidate"}
	assert.Zero(t, testing.AllocsPerRun(100, func() { HasDirective(lines, "public") }))
}

func TestHasDirective(t *testing.T) {
	for _, line := range []string{"no-store", "a, No-Store ,b", "no-store=x", "no-store\t=x", `x="a, no-store`} {
		assert.True(t, HasDirective([]string{"public", line}, "no-store"), line)
	}
	for _, line := range []string{"", "no-stored", "no -store", "x=no-store", `x="a, no-store, b"`} {
		assert.False(t, HasDirective([]string{"public", line}, "no-store"), line)
	}
}
