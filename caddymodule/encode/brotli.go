package encode

import (
	"fmt"

	"github.com/andybalholm/brotli"
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/encode"
)

// The defaults suit streamed pages, see docs/benchmarks.md: a higher quality costs more time than the bytes it saves
// are worth, and from 4 on several times the memory for a large file; a larger window costs memory and saves nothing on
// a page.
const (
	defaultQuality = 3
	defaultWindow  = 17
)

// Brotli compresses answers by Brotli. Caddy has no such encoder. The module's name is nextjs_br, because br may be
// that of another plugin; `prefer` and Accept-Encoding call it br.
type Brotli struct {
	// How much time to spend, from 1 to 9; default 3.
	Quality int `json:"quality,omitempty"`

	// How far back repetitions are found, as a power of two: from 10 (1 KiB) to 24 (16 MiB); default 17 (128 KiB). Most
	// of the memory of a stream is four times this.
	Window int `json:"window,omitempty"`
}

// CaddyModule returns the Caddy module information.
func (Brotli) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.encoders.nextjs_br", New: func() caddy.Module { return new(Brotli) }}
}

// Provision implements caddy.Provisioner.
func (b *Brotli) Provision(caddy.Context) error {
	if b.Quality == 0 {
		b.Quality = defaultQuality
	}
	if b.Window == 0 {
		b.Window = defaultWindow
	}
	return nil
}

// Validate implements caddy.Validator. Quality 10 and 11 are for what is compressed once and served many times.
func (b *Brotli) Validate() error {
	if b.Quality < 1 || b.Quality > 9 {
		return fmt.Errorf("quality of nextjs_br must be from 1 to 9, found %d", b.Quality)
	}
	if b.Window < 10 || b.Window > 24 {
		return fmt.Errorf("window of nextjs_br must be from 10 to 24 (a power of two), found %d", b.Window)
	}
	return nil
}

// AcceptEncoding implements encode.Encoding.
func (*Brotli) AcceptEncoding() string { return "br" }

// NewEncoder implements encode.Encoding.
func (b *Brotli) NewEncoder() encode.Encoder {
	return brotli.NewWriterOptions(nil, brotli.WriterOptions{Quality: b.Quality, LGWin: b.Window})
}

// Interface guards
var (
	_ caddy.Provisioner = (*Brotli)(nil)
	_ caddy.Validator   = (*Brotli)(nil)
	_ encode.Encoding   = (*Brotli)(nil)
)
