package spelling

import (
	"encoding/json"
	"math/rand/v2"
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEscapedPathIsWhatTheClientWrote(t *testing.T) {
	for _, target := range []string{"/", "/a%2Fb", "/a%2fb", "/%62log", "/a|b", "/a\\b", "/f\xc3\xa4hre", "//x", "/a#b", "/a%20b"} {
		u, err := url.ParseRequestURI(target)
		require.NoError(t, err, target)
		assert.Equal(t, target, EscapedPath(u))
	}
}

func TestCanonicalPath(t *testing.T) {
	for _, c := range []struct {
		path, canonical string
	}{
		{"/", "/"},
		{"/blog/", "/blog/"},
		{"/.well-known/x", "/.well-known/x"},
		{"/a..b/..c/d.", "/a..b/..c/d."},
		{"/...", "/..."},
		{"/%2e%2e%2e", "/%2e%2e%2e"},
		{"/a%2Fb%5Cc", "/a%2Fb%5Cc"},
		{"//blog", "/blog"},
		{"/blog///a", "/blog/a"},
		{`/\blog`, "/blog"},
		{`/blog\..\x`, "/x"},
		{"/blog/../about", "/about"},
		{"/blog/%2e%2E/about", "/about"},
		{"/blog/.%2e/about", "/about"},
		{"/blog/./a", "/blog/a"},
		{"/blog/.", "/blog/"},
		{"/blog/a/..", "/blog/"},
		{"/..", "/"},
		{"/../../a", "/a"},
		{"/blog#x", "/blog"},
		{"*", "*"},
		{"", ""},
	} {
		canonical, asWritten := CanonicalPath(c.path)
		assert.Equal(t, c.canonical, canonical, c.path)
		assert.Equal(t, c.path == c.canonical, asWritten, c.path)
	}
}

// Next.js takes paths through Node's URL class after it collapsed slashes, so that class is the oracle.
func TestCanonicalPathAgreesWithNode(t *testing.T) {
	node, err := exec.LookPath("node")
	require.NoError(t, err, "the tests need Node.js in PATH")

	parts := []string{"/", "/", "/", ".", "..", "%2e", "%2E", "%2f", "%5c", "\\", "blog", "a", "_next", "#", "...", "%252e", ";", ":", "@", "~"}
	random := rand.New(rand.NewPCG(1, 2))
	paths := make([]string, 5000)
	for i := range paths {
		var b strings.Builder
		b.WriteByte('/')
		for range random.IntN(9) {
			b.WriteString(parts[random.IntN(len(parts))])
		}
		paths[i] = b.String()
	}
	const script = `const paths = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const collapse = (p) => p.replace(/\\/g, '/').replace(/\/\/+/g, '/');
process.stdout.write(JSON.stringify(paths.map((p) => new URL('http://n' + collapse(p)).pathname)));`
	input, err := json.Marshal(paths)
	require.NoError(t, err)
	command := exec.Command(node, "-e", script)
	command.Stdin = strings.NewReader(string(input))
	output, err := command.Output()
	require.NoError(t, err)
	var want []string
	require.NoError(t, json.Unmarshal(output, &want))
	require.Len(t, want, len(paths))
	for i, path := range paths {
		canonical, _ := CanonicalPath(path)
		assert.Equal(t, want[i], canonical, path)
	}
}

func FuzzCanonicalPath(f *testing.F) {
	for _, seed := range []string{"/", "//", "/a/../b", "/%2e%2e/", `\\`, "/a#b", "*", "/a/./../..", "/.%2e/x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		canonical, asWritten := CanonicalPath(path)
		again, stable := CanonicalPath(canonical)
		assert.Equal(t, canonical, again)
		assert.True(t, stable)
		assert.Equal(t, asWritten, canonical == path)
		assert.NotContains(t, canonical, "//")
		assert.NotContains(t, canonical, `\`)
		assert.False(t, hasDotSegment(canonical) && strings.HasPrefix(path, "/"), canonical)
	})
}
