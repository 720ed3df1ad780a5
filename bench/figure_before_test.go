package main

import (
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// Each kind of request must go the way that its name says, or something else would be measured.
func TestTheBuildOfTheComparisonHasEachKind(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".next")
	build, err := beforeBuild()
	require.NoError(t, err)
	buildtest.Write(t, dir, build)
	read, err := nextbuild.Read(dir)
	require.NoError(t, err)
	ruleSet := rules.NewSet(read)
	for _, kind := range (&bench{scale: shortScale}).beforeKinds() {
		target := kind.path
		if kind.fresh {
			target += "1"
		}
		u, err := url.Parse(target)
		require.NoError(t, err)
		r := &http.Request{Method: http.MethodGet, URL: u, Header: http.Header{}}
		verdict := ruleSet.Verdict(r, rules.Target{Full: u.Path, AsWritten: true})
		_, kept := ruleSet.Prerendered(verdict)
		word, _, _ := strings.Cut(kind.name, " ")
		want := map[string]string{"proxied": "page", "missed": "page", "kept": "page", "file": "static", "picture": "image"}[word]
		assert.Equal(t, want, verdict.String(), kind.name)
		assert.Equal(t, word == "missed" || word == "kept", kept, kind.name)
	}
}
