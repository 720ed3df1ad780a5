package control

import (
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

// Admin adds to Caddy's admin API what commands ask the running edge:
//
// Request | Answer
// --------|-------
// `GET /nextjs/v1/files` | Which files of which builds the edge serves, as `caddy nextjs files --json` prints it.
// `GET /nextjs/v1/explain?url=…` | How it answers a request, as `caddy nextjs explain --json` prints it.
// `GET /nextjs/v1/image?url=…` | What it answers to a request for a picture, as `caddy nextjs image --json` prints it.
// `GET /nextjs/v1/status` | What answers for the zones, as `caddy nextjs status --json` prints it.
// `POST /nextjs/v1/purge` | What was removed from a cache, as `nextjs_control` answers.
// `POST /nextjs/v1/drain`, `…/undrain` | The state of an upstream that was taken out of rotation, or put back.
// `PUT /nextjs/v1/zones/{zone}/deployments/{id}` | The deployment that was made the live one of a zone.
// `POST /nextjs/v1/rollback`, `…/promote`, `…/retire`, `…/forget` | What has become of the deployments of a zone.
//
// Files, explain, image and purge are there without `v1/`, too.
type Admin struct{}

// CaddyModule returns the Caddy module information.
func (Admin) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "admin.api.nextjs", New: func() caddy.Module { return new(Admin) }}
}

// Routes implements caddy.AdminRouter.
func (Admin) Routes() []caddy.AdminRoute {
	list := []caddy.AdminRoute{adminRoute("/nextjs/", func(http.ResponseWriter, *http.Request, *zap.Logger) error {
		return notFound("/nextjs")
	})}
	for _, one := range routes {
		serve := func(w http.ResponseWriter, r *http.Request, log *zap.Logger) error {
			return one.serve(w, r, operator, log)
		}
		list = append(list, adminRoute(report.AdminPath(one.name), serve))
		if one.bareOnAdmin {
			list = append(list, adminRoute(report.UnversionedAdminPath(one.name), serve))
		}
	}
	return list
}

// adminRoute has Caddy answer errors, which it does in the shape that nextjs_control has too.
func adminRoute(pattern string, serve func(http.ResponseWriter, *http.Request, *zap.Logger) error) caddy.AdminRoute {
	handler := func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Cache-Control", "no-store")
		return serve(w, r, caddy.Log().Named("admin.api.nextjs"))
	}
	return caddy.AdminRoute{Pattern: pattern, Handler: caddy.AdminHandlerFunc(handler)}
}

// Interface guard
var _ caddy.AdminRouter = Admin{}
