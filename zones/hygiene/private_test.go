package hygiene

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMakePrivate(t *testing.T) {
	for was, becomes := range map[string]string{
		"public, max-age=0, s-maxage=60, must-revalidate": "private, max-age=0, must-revalidate",
		"s-maxage=60, stale-while-revalidate=30":          "private, no-cache, stale-while-revalidate=30",
		"private, no-store":                               "private, no-cache, no-store",
		"PUBLIC, max-age=60, no-transform":                "private, max-age=60, no-transform",
		"":                                                "private, no-cache",
	} {
		h := http.Header{"Cdn-Cache-Control": {"max-age=9"}, "Surrogate-Control": {"max-age=9"}, "Etag": {`"x"`}}
		if was != "" {
			h["Cache-Control"] = []string{was}
		}
		MakePrivate(h)
		assert.Equal(t, http.Header{"Cache-Control": {becomes}, "Etag": {`"x"`}}, h, was)
	}
}

func TestKeepNowhere(t *testing.T) {
	for was, becomes := range map[string]string{
		"public, max-age=31536000, immutable": "private, no-store",
		"s-maxage=60, no-transform":           "private, no-store, no-transform",
		"":                                    "private, no-store",
	} {
		h := http.Header{"Cdn-Cache-Control": {"max-age=9"}}
		if was != "" {
			h["Cache-Control"] = []string{was}
		}
		KeepNowhere(h)
		assert.Equal(t, http.Header{"Cache-Control": {becomes}}, h, was)
	}
}
