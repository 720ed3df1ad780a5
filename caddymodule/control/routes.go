package control

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

// Route is something that the edge says of itself, or an order that it takes. It is found at AdminPath of its name on
// the admin endpoint, and where a path ends in its version and name for nextjs_control.
type Route struct {
	// name is a segment, or several as net/http writes patterns: those in braces are path values.
	name   string
	method string
	// scopes are those of which a token needs one.
	scopes []string
	// Where it is found without a version too, as it was before there were any.
	bareOnAdmin, bareOnControl bool
	// handler answers. Its error is a caddy.APIError that says what is wrong.
	handler func(w http.ResponseWriter, r *http.Request, caller Caller, log *zap.Logger) error
}

// routes are those of all rooms.
var routes []Route

// Handle adds routes. It is for the initialization of the process only.
func Handle(list ...Route) { routes = append(routes, list...) }

// Read is a route that changes nothing and logs nothing: GET, by tokens of the scope read. A caller that is limited to
// zones must learn nothing of others from its handler.
func Read(name string, handler func(http.ResponseWriter, *http.Request, Caller) error) Route {
	serve := func(w http.ResponseWriter, r *http.Request, caller Caller, _ *zap.Logger) error {
		return handler(w, r, caller)
	}
	return Route{name: name, method: http.MethodGet, scopes: []string{ScopeRead}, handler: serve}
}

// Order is a route that changes something: POST, by tokens of a scope. Its handler finds the zones that are meant by
// ZonesMeant, which refuses what the caller may not do.
func Order(name, scope string, handler func(http.ResponseWriter, *http.Request, Caller, *zap.Logger) error) Route {
	return Route{name: name, method: http.MethodPost, scopes: []string{scope}, handler: handler}
}

// Put is a route that makes something be as the order says: PUT, by tokens of a scope. What it is about is in its path,
// for r.PathValue: the pattern is one of net/http, such as zones/{zone}, and each value one segment. Its handler finds
// the zones that are meant as that of Order does.
func Put(pattern, scope string, handler func(http.ResponseWriter, *http.Request, Caller, *zap.Logger) error) Route {
	return Route{name: pattern, method: http.MethodPut, scopes: []string{scope}, handler: handler}
}

// Unversioned is a route that the admin endpoint also has without a version, as before there were any.
func (o Route) Unversioned() Route {
	o.bareOnAdmin = true
	return o
}

// serve refuses callers without the scope, those whose zone is not one application, and other methods than that of the
// route. A caller knows of the route only what its scopes let it do.
func (o Route) serve(w http.ResponseWriter, r *http.Request, caller Caller, log *zap.Logger) error {
	caller, err := caller.as(o.scopes...)
	if err != nil {
		return err
	}
	if err := caller.checkOneApplicationEach(); err != nil {
		return err
	}
	if r.Method != o.method {
		w.Header().Set("Allow", o.method)
		return Error(http.StatusMethodNotAllowed, fmt.Errorf("method %s is not allowed here, only %s is", r.Method, o.method))
	}
	return o.handler(w, r, caller, log)
}

// anyVersion is a segment that says for which version of the API a request is.
var anyVersion = regexp.MustCompile(`^v[0-9]+$`)

// routeAt finds the route for a request to nextjs_control, and notes its path values there. A request for a version
// that is not known has none, or it would get what another one means. A path that has values is looked at first: one of
// them may be called as another route is.
func routeAt(r *http.Request) (Route, bool) {
	requestPath := r.URL.EscapedPath()
	for _, one := range routes {
		if values, ok := one.valuesIn(requestPath); ok {
			for name, value := range values {
				r.SetPathValue(name, value)
			}
			return one, true
		}
	}
	before, name := path.Split(requestPath)
	version := path.Base(before)
	at := slices.IndexFunc(routes, func(o Route) bool {
		return o.name == name && (version == report.APIVersion || o.bareOnControl && !anyVersion.MatchString(version))
	})
	if at < 0 {
		return Route{}, false
	}
	return routes[at], true
}

// valuesIn returns the path values of a path, as its client escaped it; false if the path is another one, or the route
// has no values.
func (o Route) valuesIn(escapedPath string) (map[string]string, bool) {
	if !strings.Contains(o.name, "{") {
		return nil, false
	}
	pattern := strings.Split(report.APIVersion+"/"+o.name, "/")
	segments := strings.Split(escapedPath, "/")
	if len(segments) < len(pattern) {
		return nil, false
	}
	values := map[string]string{}
	for i, segment := range segments[len(segments)-len(pattern):] {
		text, err := url.PathUnescape(segment)
		name, isValue := strings.CutPrefix(pattern[i], "{")
		switch {
		case err != nil, text == "", !isValue && text != pattern[i]:
			return nil, false
		case isValue:
			values[strings.TrimSuffix(name, "}")] = text
		}
	}
	return values, true
}

// notFound says which routes there are, below a path.
func notFound(below string) caddy.APIError {
	list := make([]string, len(routes))
	for i, one := range routes {
		list[i] = one.method + " " + below + "/" + report.APIVersion + "/" + one.name
	}
	return Error(http.StatusNotFound, fmt.Errorf("nothing is here; there are %s", strings.Join(list, ", ")))
}
