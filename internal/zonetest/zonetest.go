// Package zonetest is what tests of zones and of their rules share: builds that are read, and requests from short
// texts. It is apart from buildtest, which the tests of nextbuild import.
package zonetest

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// ReadBuild writes a build and reads it.
func ReadBuild(t testing.TB, b buildtest.Build) *nextbuild.Build {
	t.Helper()
	dir := filepath.Join(t.TempDir(), ".next")
	buildtest.Write(t, dir, b)
	build, err := nextbuild.Read(dir)
	require.NoError(t, err)
	return build
}

// Request makes a request from "METHOD /path" and "Name: value" lines.
func Request(line string, headers ...string) *http.Request {
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

// DevRequest makes a GET of a path that a zone under `next dev` is asked for.
func DevRequest(secure bool, host, path string, headers ...string) *http.Request {
	r := Request("GET "+path, headers...)
	r.Host = host
	if secure {
		r.TLS = new(tls.ConnectionState)
	}
	return r
}
