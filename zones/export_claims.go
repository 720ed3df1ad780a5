package zones

import (
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// NewExportClaims returns what a build and its export name. Payloads of pages are files there, by which other zones
// must not be asked.
func NewExportClaims(b *nextbuild.Build, e *nextbuild.Export) *Claims {
	c := NewClaims(b)
	for name, path := range e.Names() {
		switch {
		case strings.HasPrefix(path, "/_next/static/"):
			c.static[path] = true
		case isRootFile(path):
		default:
			c.files[path] = true
			c.files[browserPath(name)] = true
		}
	}
	return c
}

// isRootFile reports whether every export has a file of that name: what belongs to its page / and to what is not found.
func isRootFile(path string) bool {
	for _, own := range []string{"/index.", "/404", "/_not-found", "/__next."} {
		if strings.HasPrefix(path, own) {
			return true
		}
	}
	return isMetadata(path)
}

// browserPath writes a name as the client of an exported application asks for it.
func browserPath(name string) string {
	return spelling.EscapeBytes(name, func(c byte) bool {
		return spelling.IsAlphanumeric(c) || strings.IndexByte("/-_.!~*'()$&+,:;=@|", c) >= 0
	})
}
