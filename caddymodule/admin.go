package caddymodule

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/caddyserver/caddy/v2"
)

// Where the admin endpoint says what files are served, and takes orders to purge.
const (
	filesPath = "/nextjs/files"
	purgePath = "/nextjs/purge"
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
	return []caddy.AdminRoute{
		{Pattern: filesPath, Handler: onlyGet(serveFilesReport)},
		{Pattern: explainPath, Handler: onlyGet(serveRequestReport)},
		{Pattern: imagePath, Handler: onlyGet(serveImageReport)},
		{Pattern: purgePath, Handler: caddy.AdminHandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
			return servePurge(w, r, caddy.Log().Named("admin.api.nextjs"))
		})},
	}
}

// onlyGet refuses requests that would change something.
func onlyGet(next caddy.AdminHandlerFunc) caddy.AdminHandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		if r.Method != http.MethodGet {
			w.Header().Set("Allow", http.MethodGet)
			return caddy.APIError{HTTPStatus: http.StatusMethodNotAllowed, Err: fmt.Errorf("method %s is not allowed for %s, only GET is", r.Method, r.URL.Path)}
		}
		return next(w, r)
	}
}

func serveFilesReport(w http.ResponseWriter, _ *http.Request) error {
	text, err := json.Marshal(runningFiles(running.handlers()))
	if err != nil {
		return caddy.APIError{HTTPStatus: http.StatusInternalServerError, Err: fmt.Errorf("writing what files are served: %w", err)}
	}
	w.Header().Set("Content-Type", "application/json")
	if _, err := w.Write(append(text, '\n')); err != nil {
		return caddy.APIError{HTTPStatus: http.StatusInternalServerError, Err: fmt.Errorf("writing what files are served: %w", err)}
	}
	return nil
}

// Interface guard
var _ caddy.AdminRouter = Admin{}
