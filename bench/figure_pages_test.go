package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestIsHit(t *testing.T) {
	for _, c := range []struct {
		name, header, value string
		want                bool
	}{
		{nameOurs, "Cache-Status", "nextjs; hit; ttl=3", true},
		{nameOurs, "Cache-Status", "nextjs; fwd=uri-miss; stored; detail=absent", false},
		{nameNext, "X-Nextjs-Cache", "HIT", true},
		{nameNext, "X-Nextjs-Cache", "MISS", false},
		{nameVarnish, "X-Varnish", "5 3", true},
		{nameVarnish, "X-Varnish", "5", false},
	} {
		assert.Equal(t, c.want, isHit(c.name, http.Header{c.header: {c.value}}), "%s: %s", c.name, c.value)
	}
}
