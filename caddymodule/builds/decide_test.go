package builds

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

func TestDecideWaiting(t *testing.T) {
	for name, c := range map[string]struct {
		answers   []reply
		confirmed bool
		waited    time.Duration
		want      decision
	}{
		"the only one runs it":                   {[]reply{has}, true, 0, takes},
		"all run it":                             {[]reply{has, has}, false, 0, takes},
		"the other is down":                      {[]reply{has, silent}, true, 0, takes},
		"the other is starting":                  {[]reply{has, unclear}, true, 0, takes},
		"one runs it, one does not":              {[]reply{has, hasNot}, true, time.Hour, waitsMixed},
		"likewise, and nobody knows of before":   {[]reply{has, hasNot, silent}, false, time.Hour, waitsMixed},
		"none runs it":                           {[]reply{hasNot, hasNot}, true, time.Hour, waits},
		"all are down":                           {[]reply{silent, silent}, false, time.Hour, waits},
		"nobody would tell, and it has not been": {[]reply{hasNot}, false, unprovenTime - 1, waits},
		"nobody would tell, for long":            {[]reply{hasNot}, false, unprovenTime, takesUnproven},
		"a login answers, for long":              {[]reply{unclear, silent}, false, unprovenTime, takesUnproven},
		"an error answers":                       {[]reply{unclear}, true, time.Hour, waits},
	} {
		assert.Equal(t, c.want, decideWaiting(c.answers, c.confirmed, c.waited), name)
	}
}

func TestProofOf(t *testing.T) {
	first := &nextbuild.Build{ID: "a", Static: []string{"/_next/static/a/_ssgManifest.js", "/_next/static/chunks/one.js", "/_next/static/chunks/two.js"}}
	first.BasePath = "/docs"
	second := &nextbuild.Build{ID: "b", Static: []string{"/_next/static/b/_ssgManifest.js", "/_next/static/chunks/one.js"}}
	second.BasePath = "/docs"
	deployed := &nextbuild.Build{ID: "a", Static: []string{"/_next/static/a/_ssgManifest.js", "/_next/static/chunks/one.js", "/_next/static/chunks/three.js"}}
	deployed.BasePath = "/docs"
	assert.Equal(t, "/docs/_next/static/b/_ssgManifest.js", distinctFile(second, first))
	assert.Equal(t, "/docs/_next/static/a/_ssgManifest.js", distinctFile(first, nil))
	assert.Equal(t, "/docs/_next/static/chunks/three.js", distinctFile(deployed, first), "with a deployment id all builds have one build id")
	assert.Empty(t, distinctFile(first, first))
	moved := *first
	moved.BasePath = "/guide"
	assert.Equal(t, "/guide/_next/static/a/_ssgManifest.js", distinctFile(&moved, first))
}
