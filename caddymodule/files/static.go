package files

import (
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/encode"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/internal/codings"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// Static answers requests for files, without asking Next.js if it can.
//
// Files of a zone's build are what lies below /_next/static, and public files. It answers with them only where the
// verdict of the build allows it: middleware, redirects and rewrites that come before files in Next.js come before them
// here, and the headers of the build's headers() are set. Where a compressed copy has been made ahead, it is sent.
// Requests that would write to a file are refused, and OPTIONS is answered with what may be done.
//
// Requests to zones with `export` it answers all, as nobody stands behind it.
//
// Of a zone without either it keeps what passes through below /_next/static and says that it is immutable.
//
// What lies below /_next/static of earlier builds it answers with for as long as `static` of the `nextjs` app says, so
// that pages that are still open find it.
//
// Everything else is handed on. It has no settings; the `nextjs` handler in front has found zone and build, and the
// `nextjs` app has the bounds.
type Static struct{}

// CaddyModule returns the Caddy module information.
func (Static) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.nextjs_static", New: func() caddy.Module { return new(Static) }}
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (Static) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	a := edge.Of(r)
	if a != nil && a.Zone.Export != nil {
		return serveExport(w, r, a)
	}
	if a == nil || !isPlain(a, r) {
		return next.ServeHTTP(w, r)
	}
	files := Slot.Of(a.Zone)
	if files.off {
		return next.ServeHTTP(w, r)
	}
	var source assets.Source
	var err error
	from, path := files.answering(r, a)
	switch {
	case files.isOptions(r, a):
		edge.AnswerOptions(w, r, a)
		return nil
	case files.Set != nil && a.Verdict.RefusesMethod() && files.Set.Has(a.Verdict.Path):
		return edge.RefuseMethod(w, a)
	case from != nil:
		source, err = serveFile(w, r, a, from, path, next)
	case files.keeps(r, a) && !a.Returned:
		var complete func(http.Header)
		if a.IsAsset {
			complete = edge.AllowOtherSites
		}
		source, err = files.keep.Serve(w, r, assets.WantedOf(a.Path, r.URL.RawQuery), acceptsOf(r), complete, func(w http.ResponseWriter) error { return next.ServeHTTP(w, r) })
	default:
		return next.ServeHTTP(w, r)
	}
	files.counters.answered(w, source)
	return err
}

// fileServer answers with files of a build.
type fileServer interface {
	Serve(w http.ResponseWriter, r *http.Request, path string, more []nextbuild.Header, accepts assets.Accepts) (assets.Source, error)
}

// serveFile answers with a file of a build, or has Next.js answer if it is gone.
func serveFile(
	w http.ResponseWriter, r *http.Request, a *edge.Request, from fileServer, path string, next caddyhttp.Handler,
) (assets.Source, error) {
	headers := a.Verdict.Headers
	if a.IsAsset {
		headers = edge.OtherSitesHeaders(headers)
	}
	if source, err := from.Serve(w, r, path, headers, acceptsOf(r)); source != assets.NotServed {
		return source, err
	}
	return assets.FromUpstream, next.ServeHTTP(w, r)
}

// acceptsOf returns what tells the codings that the client of a request takes; most requests for files that have no
// copies need not know.
func acceptsOf(r *http.Request) assets.Accepts {
	return func() []string { return encode.AcceptedEncodings(r, codings.Names[:]) }
}

// isPlain reports whether a request wants nothing but the answer itself. To one for a payload Next.js adds how the path
// was rewritten.
func isPlain(a *edge.Request, r *http.Request) bool {
	return a.Kind != zones.KindUpgrade && len(r.Header["Rsc"]) == 0
}

// IsFile reports whether the edge may answer with a file.
func IsFile(v *rules.Verdict) bool {
	return v.Edge() && (v.Output == rules.OutputStatic || v.Output == rules.OutputPublic)
}

// Interface guard
var _ caddyhttp.MiddlewareHandler = (*Static)(nil)
