package control

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
)

// Handler lets who has a token ask and steer the edge. Where it is found is for its site to say:
//
//	handle_path /_edge/* {
//		nextjs_control {
//			token_file /run/secrets/edge-token
//			token read /run/secrets/read-token
//			token adapter shop /run/secrets/shop-token
//		}
//	}
//
// Request | Scopes | What it does
// --------|--------|-------------
// `GET …/v1/files`, `…/v1/explain?url=…`, `…/v1/image?url=…`, `…/v1/status` | `read` | Says what commands of these names print as JSON.
// `POST …/v1/purge` | `purge`, `adapter` | Removes what a cache keeps. The body is JSON: `{"cache": "images"}` with `zone`, `source` or both, or with `"all": true`. `…/purge` is the same.
// `POST …/v1/drain`, `…/v1/undrain` | `deploy` | Takes an upstream out of rotation, or puts it back. The body is JSON: `{"upstream": "host:port"}`.
// `PUT …/v1/zones/{zone}/deployments/{id}` | `deploy` | Makes a deployment the live one of a zone, once it is healthy. The body is JSON: `{"upstreams": ["host:port"]}` with `build` and `timeout`.
// `POST …/v1/rollback`, `…/v1/promote`, `…/v1/retire`, `…/v1/forget` | `deploy` | Makes another deployment the live one, ends one, or removes what is known of it. The body is JSON: `{"zone": "shop", "deployment": "42"}`.
//
// The last segments of the path count; others are answered with 404. Each request needs `Authorization: Bearer
// <token>`, or is answered with 401; one whose token is not for it, or that a browser sends for a page of another site,
// with 403. Errors are JSON: `{"error": "…"}`. The same requests are answered below `/nextjs` on Caddy's admin endpoint.
type Handler struct {
	// File that holds a token for everything: one line of printable ASCII without spaces. A file that changes is noticed
	// within a second; while there is none in it, nobody is let in by it. Needed if there are no tokens.
	TokenFile string `json:"token_file,omitempty"`
	// Tokens that are for one thing, or for one zone.
	Tokens []Token `json:"tokens,omitempty"`

	keys   keyring
	logger *zap.Logger
}

// CaddyModule returns the Caddy module information.
func (*Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.nextjs_control", New: func() caddy.Module { return new(Handler) }}
}

// Provision implements caddy.Provisioner.
func (c *Handler) Provision(ctx caddy.Context) error {
	if err := c.check(); err != nil {
		return err
	}
	if _, err := ctx.App("nextjs"); err != nil { // it has the metrics
		return fmt.Errorf("loading the nextjs app: %w", err)
	}
	c.logger = ctx.Logger()
	var err error
	if c.keys, err = newKeyring(c.TokenFile, c.Tokens, c.logger); err != nil {
		return fmt.Errorf("nextjs_control: %w", err)
	}
	return nil
}

// check finds what is wrong with the configuration.
func (c *Handler) check() error {
	if c.TokenFile == "" && len(c.Tokens) == 0 {
		return errNoTokens
	}
	for _, token := range c.Tokens {
		if err := token.check(); err != nil {
			return err
		}
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

// answer answers errors of the API in its one shape.
func (c *Handler) answer(w http.ResponseWriter, r *http.Request) error {
	err := c.serve(w, r)
	if refused := (caddy.APIError{}); errors.As(err, &refused) {
		return AnswerJSON(w, refused.HTTPStatus, refused)
	}
	return err
}

func (c *Handler) serve(w http.ResponseWriter, r *http.Request) error {
	caller, known := c.keys.callerOf(r)
	if !known {
		w.Header().Set("WWW-Authenticate", "Bearer")
		return Error(http.StatusUnauthorized, errUnknownToken)
	}
	if isFromElsewhere(r) {
		return Error(http.StatusForbidden, errors.New("a page of another site asks"))
	}
	route, found := routeAt(r)
	if !found {
		return notFound("…")
	}
	return route.serve(w, r, caller, c.logger)
}

// errUnknownToken is all that is said to those without a token.
var errUnknownToken = errors.New("a token that is known here is needed, as Authorization: Bearer and the token")

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
