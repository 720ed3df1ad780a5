package hygiene

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// readBuild writes a build and reads it.
func readBuild(t testing.TB, b buildtest.Build) *nextbuild.Build {
	t.Helper()
	dir := filepath.Join(t.TempDir(), ".next")
	buildtest.Write(t, dir, b)
	build, err := nextbuild.Read(dir)
	require.NoError(t, err)
	return build
}

type object = buildtest.JSON

// verdictAt is what the rules of a build say of a target, its path written as Next.js reads it.
func verdictAt(b *rules.Rulebook, method, target string) *rules.Verdict {
	path, query, _ := strings.Cut(target, "?")
	r := request(method + " " + path)
	r.URL.RawQuery = query
	return b.Verdict(r, rules.Target{Full: path, AsWritten: true})
}

// request makes a request from "METHOD /path" and "Name: value" lines.
func request(line string, headers ...string) *http.Request {
	method, target, _ := strings.Cut(line, " ")
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Method = method
	r.URL.Path = target
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Add(name, value)
	}
	return r
}
