package encode

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/encode"

	// The encoders that are used when a configuration names none.
	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp/encode/gzip"
	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp/encode/zstd"

	"github.com/caddy-nextjs/caddy-nextjs/internal/codings"
)

// defaultMinLength is that of Caddy's `encode`: what is shorter fits into the packet of its head anyway.
const defaultMinLength = 512

// Encode compresses answers by the encoders of Caddy's `encode`, whose settings it takes. It differs from it in when it
// decides: at the head of an answer, not at the first byte of the body.
//
//   - The head of an answer is sent when it is there, whatever the client accepts.
//   - A stream is compressed however short its first chunk is: `minimum_length` is about answers that say how long they
//     are.
//   - An answer without a content type stays without one.
//
// Event streams, which are open for hours, get encoders that hold little memory, whatever the settings of their coding
// are.
//
// Default encodings: zstd, then br, then gzip.
type Encode struct {
	// Encodings to choose from.
	EncodingsRaw caddy.ModuleMap `json:"encodings,omitempty" caddy:"namespace=http.encoders"`

	// The order of encodings that a client likes equally well, by their names in Accept-Encoding.
	Prefer []string `json:"prefer,omitempty"`

	// Leave an answer alone if its Content-Length is less; default 512. An answer without Content-Length is a stream.
	MinLength int `json:"minimum_length,omitempty"`

	// Compress only what this matches; default: the text-like content types of Caddy's `encode`.
	Matcher *caddyhttp.ResponseMatcher `json:"match,omitempty"`

	codings map[string]*coding
}

// coding is an encoding and its encoders that have nothing to do.
type coding struct {
	name   string
	suffix string // what an ETag of an answer in this coding ends in, with the closing quote
	idle   sync.Pool
}

// CaddyModule returns the Caddy module information.
func (Encode) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.nextjs_encode", New: func() caddy.Module { return new(Encode) }}
}

// Provision implements caddy.Provisioner.
func (e *Encode) Provision(ctx caddy.Context) error {
	if len(e.EncodingsRaw) == 0 {
		e.EncodingsRaw = caddy.ModuleMap{"zstd": []byte("{}"), "nextjs_br": []byte("{}"), "gzip": []byte("{}")}
	}
	modules, err := ctx.LoadModule(e, "EncodingsRaw")
	if err != nil {
		return fmt.Errorf("loading encodings: %w", err)
	}
	e.codings = make(map[string]*coding)
	for module, value := range modules.(map[string]any) {
		encoding, ok := value.(encode.Encoding)
		if !ok {
			return fmt.Errorf("encodings: %s does not encode answers", module)
		}
		name := encoding.AcceptEncoding()
		if e.codings[name] != nil {
			return fmt.Errorf("encodings: %s is there twice, the second time as %s", name, module)
		}
		e.codings[name] = &coding{name: name, suffix: "-" + name + `"`, idle: sync.Pool{New: func() any { return encoding.NewEncoder() }}}
	}
	if len(e.Prefer) == 0 {
		for _, name := range []string{"zstd", "br", "gzip"} {
			if e.codings[name] != nil {
				e.Prefer = append(e.Prefer, name)
			}
		}
	}
	if e.MinLength == 0 {
		e.MinLength = defaultMinLength
	}
	if e.Matcher == nil {
		// Caddy's list of content types is a default of its handler and has no name.
		var defaults encode.Encode
		if err := defaults.Provision(ctx); err != nil {
			return fmt.Errorf("finding the default content types: %w", err)
		}
		e.Matcher = defaults.Matcher
	}
	return nil
}

// Validate implements caddy.Validator.
func (e *Encode) Validate() error {
	for i, name := range e.Prefer {
		if e.codings[name] == nil {
			return fmt.Errorf("prefer: %s is none of the encodings, which are named as in Accept-Encoding: %s",
				name, strings.Join(slices.Sorted(maps.Keys(e.codings)), ", "))
		}
		if slices.Contains(e.Prefer[:i], name) {
			return fmt.Errorf("prefer: %s is there twice", name)
		}
	}
	if e.MinLength < 0 {
		return fmt.Errorf("minimum_length must not be negative, found %d", e.MinLength)
	}
	return nil
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (e *Encode) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	if r.Method == http.MethodConnect {
		return next.ServeHTTP(w, r) // what follows is no answer, but the bytes of a tunnel
	}
	encoding := &encodingWriter{
		ResponseWriterWrapper: caddyhttp.ResponseWriterWrapper{ResponseWriter: w},
		settings:              e,
		request:               r,
		isHead:                r.Method == http.MethodHead,
	}
	if len(r.Header["If-None-Match"]) > 0 {
		if coding := encoding.negotiated(); coding != nil {
			encoding.restoreETags = coding.plainETags(r.Header)
		}
	}
	// Not deferred together with its good end: an answer that is broken off must not look whole.
	defer encoding.release()
	if err := next.ServeHTTP(encoding, r); err != nil {
		return err
	}
	encoding.end()
	return nil
}

// choose returns the coding that a client likes best, nil if that is none of ours.
func (e *Encode) choose(accepts []string) *coding {
	for _, name := range accepts {
		if name == "identity" {
			return nil
		}
		if coding := e.codings[name]; coding != nil {
			return coding
		}
	}
	return nil
}

// plainETags takes the suffix of the coding off the ETags that a client has seen: the application does not know it. It
// reports whether there was one.
func (c *coding) plainETags(h http.Header) bool {
	const name = "If-None-Match"
	found := false
	for _, value := range h[name] {
		found = found || strings.Contains(value, c.suffix)
	}
	if found {
		plain := make([]string, len(h[name]))
		for i, value := range h[name] {
			plain[i] = strings.ReplaceAll(value, c.suffix, `"`)
		}
		h[name] = plain
	}
	return found
}

// tagETag makes an ETag one of the coded answer: each representation has its own (RFC 9110, 8.8.3.3).
func (c *coding) tagETag(h http.Header) {
	const name = "Etag"
	if etags := h[name]; len(etags) > 0 && strings.HasSuffix(etags[0], `"`) && !codings.IsETag(etags[0]) {
		h[name] = []string{strings.TrimSuffix(etags[0], `"`) + c.suffix}
	}
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Encode)(nil)
	_ caddy.Validator             = (*Encode)(nil)
	_ caddyhttp.MiddlewareHandler = (*Encode)(nil)
)
