package control

import (
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/words"
)

// Words are those of the directive. A test compares them with the reference in docs/caddyfile.md.
var Words = []string{"token_file"}

// Handler lets who has a token control the edge. Where it is found is for its site to say:
//
//	handle_path /_edge/* {
//		nextjs_control {
//			token_file /run/secrets/edge-token
//		}
//	}
//
// Request | What it does
// --------|-------------
// `POST …/purge` | Removes what a cache keeps. The body is JSON: `{"cache": "images"}` with `zone`, `source` or both, or with `"all": true`.
//
// The last segment of the path counts; any other one is answered with 404. Each request needs `Authorization: Bearer
// <token>`, or is answered with 401. Requests that a browser sends for a page of another site are answered with 403.
// The same requests are answered below `/nextjs` on Caddy's admin endpoint.
type Handler struct {
	// File that holds the token: one line of printable ASCII without spaces. A file that changes is noticed within a
	// second; while there is none in it, nobody is let in.
	TokenFile string `json:"token_file,omitempty"`

	token  *bearerToken
	logger *zap.Logger
}

// CaddyModule returns the Caddy module information.
func (*Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.nextjs_control", New: func() caddy.Module { return new(Handler) }}
}

// Parse reads the directive:
//
//	nextjs_control [<matcher>] {
//		token_file <path>
//	}
func Parse(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	control := new(Handler)
	return control, control.UnmarshalCaddyfile(h.Dispenser)
}

// UnmarshalCaddyfile implements caddyfile.Unmarshaler.
func (c *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if d.NextArg() {
		return d.Errf("nextjs_control takes a block, found %q", d.Val())
	}
	for d.NextBlock(0) {
		if d.Val() != "token_file" {
			return d.Errf("unknown word %q in nextjs_control; allowed: %s", d.Val(), strings.Join(Words, ", "))
		}
		if err := words.OneArg(d, &c.TokenFile, "a file"); err != nil {
			return err
		}
	}
	if c.TokenFile == "" {
		return d.WrapErr(errNoTokenFile)
	}
	return nil
}

var errNoTokenFile = errors.New("nextjs_control needs token_file, a file that holds the token of those who may control the edge")

// Provision implements caddy.Provisioner.
func (c *Handler) Provision(ctx caddy.Context) error {
	if c.TokenFile == "" {
		return errNoTokenFile
	}
	if _, err := ctx.App("nextjs"); err != nil { // it has the metrics
		return fmt.Errorf("loading the nextjs app: %w", err)
	}
	c.logger = ctx.Logger()
	var err error
	if c.token, err = newBearerToken(caddy.NewReplacer().ReplaceKnown(c.TokenFile, ""), c.logger); err != nil {
		return fmt.Errorf("nextjs_control: token_file: %w", err)
	}
	return nil
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (c *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	if body := edge.GuardBody(w, r); body != nil {
		return body.Finish(c.answer(body, r))
	}
	return c.answer(w, r)
}

func (c *Handler) answer(w http.ResponseWriter, r *http.Request) error {
	if !c.token.isIn(r.Header) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		w.WriteHeader(http.StatusUnauthorized)
		return nil
	}
	err := c.serve(w, r)
	if refused := (caddy.APIError{}); errors.As(err, &refused) {
		return AnswerJSON(w, refused.HTTPStatus, refused)
	}
	return err
}

func (c *Handler) serve(w http.ResponseWriter, r *http.Request) error {
	if isFromElsewhere(r) {
		return Error(http.StatusForbidden, errors.New("a page of another site asks"))
	}
	for _, one := range routes {
		if one.scoped && strings.HasSuffix(r.URL.Path, "/"+path.Base(one.path)) {
			return one.serve(w, r, c.logger)
		}
	}
	return Error(http.StatusNotFound, errors.New("nothing is here; POST …/purge is"))
}

// isFromElsewhere reports whether a browser says that a page of another site sends a request. A site whose TLS ends
// before the edge is plain HTTP here, so its pages may be of either scheme then.
func isFromElsewhere(r *http.Request) bool {
	origins := r.Header["Origin"]
	if len(origins) != 1 {
		return len(origins) > 1
	}
	scheme, host, _ := strings.Cut(origins[0], "://")
	port := map[string]string{"https": ":443", "http": ":80"}[scheme]
	if port == "" || scheme == "http" && r.TLS != nil {
		return true
	}
	return !strings.EqualFold(strings.TrimSuffix(host, port), strings.TrimSuffix(r.Host, port))
}

// Interface guards
var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddyfile.Unmarshaler       = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
