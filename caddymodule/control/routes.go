package control

import (
	"fmt"
	"net/http"

	"go.uber.org/zap"
)

// Route is something that the edge answers about itself.
type Route struct {
	// path on the admin endpoint. Its last segment is the route's name for nextjs_control.
	path   string
	method string
	// scoped says that nextjs_control has the route, too: whoever has a token may ask.
	scoped bool
	// handler answers. Its error is a caddy.APIError that says what is wrong.
	handler func(w http.ResponseWriter, r *http.Request, log *zap.Logger) error
}

// routes are those of all rooms.
var routes []Route

// Handle adds routes. It is for the initialization of the process only.
func Handle(list ...Route) { routes = append(routes, list...) }

// serve refuses other methods than that of the route.
func (o Route) serve(w http.ResponseWriter, r *http.Request, log *zap.Logger) error {
	if r.Method != o.method {
		w.Header().Set("Allow", o.method)
		return Error(http.StatusMethodNotAllowed, fmt.Errorf("method %s is not allowed here, only %s is", r.Method, o.method))
	}
	return o.handler(w, r, log)
}

// Read is a route that changes nothing and logs nothing.
func Read(path string, handler func(http.ResponseWriter, *http.Request) error) Route {
	return Route{path: path, method: http.MethodGet, handler: func(w http.ResponseWriter, r *http.Request, _ *zap.Logger) error {
		return handler(w, r)
	}}
}
