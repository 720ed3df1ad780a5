package control

import (
	"net/http"

	"github.com/caddyserver/caddy/v2"
)

// Admin adds to Caddy's admin API what commands ask the running edge:
//
// Request | Answer
// --------|-------
// `GET /nextjs/files` | Which files of which builds the edge serves, as `caddy nextjs files --json` prints it.
// `GET /nextjs/explain?url=…` | How it answers a request, as `caddy nextjs explain --json` prints it.
// `GET /nextjs/image?url=…` | What it answers to a request for a picture, as `caddy nextjs image --json` prints it.
// `POST /nextjs/purge` | What was removed from a cache, as `nextjs_control` answers.
type Admin struct{}

// CaddyModule returns the Caddy module information.
func (Admin) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "admin.api.nextjs", New: func() caddy.Module { return new(Admin) }}
}

// Routes implements caddy.AdminRouter.
func (Admin) Routes() []caddy.AdminRoute {
	list := make([]caddy.AdminRoute, len(routes))
	for i, one := range routes {
		list[i] = caddy.AdminRoute{Pattern: one.path, Handler: caddy.AdminHandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
			return one.serve(w, r, caddy.Log().Named("admin.api.nextjs"))
		})}
	}
	return list
}

// Interface guard
var _ caddy.AdminRouter = Admin{}
