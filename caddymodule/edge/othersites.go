package edge

import (
	"net/http"
	"slices"

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// otherSites lets pages of other sites use a file: as a font or module (CORS), and where they are isolated (COEP).
var otherSites = []nextbuild.Header{
	{Key: "Access-Control-Allow-Origin", Value: "*"}, {Key: "Cross-Origin-Resource-Policy", Value: "cross-origin"}, {Key: "Timing-Allow-Origin", Value: "*"},
}

// AllowOtherSites adds what otherSites says. What the application says itself stays.
func AllowOtherSites(h http.Header) {
	for _, header := range otherSites {
		if len(h[header.Key]) == 0 {
			h[header.Key] = []string{header.Value}
		}
	}
}

// OtherSitesHeaders returns the headers of a file: the last one of a name counts.
func OtherSitesHeaders(own []nextbuild.Header) []nextbuild.Header {
	if len(own) == 0 {
		return otherSites
	}
	return slices.Concat(otherSites, own)
}
