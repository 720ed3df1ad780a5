package codings

import (
	"net/http"
	"slices"
	"testing"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp/encode"
	"github.com/stretchr/testify/assert"
)

func TestChoose(t *testing.T) {
	for accept, want := range map[string]string{
		"":                                 "",
		"gzip, deflate, br, zstd":          "br",
		"gzip, deflate, br":                "br",
		"gzip":                             "gzip",
		"GZIP":                             "gzip",
		"zstd, gzip":                       "zstd",
		"gzip;q=1, br;q=0.5":               "gzip",
		"br;q=0, gzip;q=0.1":               "gzip",
		"br;q=0":                           "",
		"identity, br":                     "br",
		"identity, br;q=0.9":               "",
		"identity;q=0.5, br;q=0.9":         "br",
		"deflate, *":                       "",
		"br ; q=0.2 , zstd; Q=0.3; more=1": "zstd",
		"br;q=nonsense, gzip":              "br",
		"br;q=7":                           "br",
	} {
		assert.Equal(t, want, Choose([]string{accept}), accept)
	}
	assert.Empty(t, Choose(nil))
	assert.Equal(t, "zstd", Choose([]string{"gzip", "zstd"}), "lines are one list (RFC 9110, 5.3)")
	lines := []string{"gzip, deflate, br, zstd"}
	assert.Zero(t, testing.AllocsPerRun(100, func() { Choose(lines) }))
}

func TestAccepts(t *testing.T) {
	lines := []string{"gzip;q=0.1, br;q=0", "ZSTD"}
	assert.True(t, Accepts(lines, "gzip"))
	assert.True(t, Accepts(lines, "zstd"))
	assert.False(t, Accepts(lines, "br"))
	assert.False(t, Accepts(nil, "gzip"))
}

// FuzzChoose compares Choose with Caddy, whose `encode` takes what is chosen for the answer as it is.
func FuzzChoose(f *testing.F) {
	for _, accept := range []string{"gzip, deflate, br, zstd", "br;q=0.2, gzip;q=0.3;x, identity;q=0.5", "br;q=1e-6, zstd;q=nan", "gzip;q=,br;q=0.000009", " ,;q=1"} {
		f.Add(accept, "")
		f.Add("gzip;q=0.5", accept)
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		lines := []string{first, second}
		want := ""
		for _, name := range encode.AcceptedEncodings(&http.Request{Header: http.Header{"Accept-Encoding": lines}}, Names[:]) {
			if name == "identity" || slices.Contains(Names[:], name) {
				want = name
				break
			}
		}
		if want == "identity" {
			want = ""
		}
		assert.Equal(t, want, Choose(lines))
	})
}
