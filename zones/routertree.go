package zones

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// maxTreeDepth bounds how deep a router's state may be nested: no application has as many folders.
const maxTreeDepth = 64

// routerFromOtherApp reports whether the client's router says that it is at a page of another application, by the names
// that builds give their pages. It says so only if the zone that is asked has no page of that name and another one
// has.
func (c *Crossings) routerFromOtherApp(r *http.Request, zone *Zone) bool {
	if zone.Claims == nil || len(zone.Claims.build.Routes) == 0 {
		return false
	}
	has, mayHave := (*Claims).shows, (*Claims).shows
	at, ok := routeOfTree(httpheader.First(r.Header, "Next-Router-State-Tree"))
	if !ok {
		// A segment is asked for with the path alone, which a route with parameters may match too.
		at, has, mayHave = httpheader.First(r.Header, "Next-Url"), (*Claims).showsAt, (*Claims).mayShowAt
		if !strings.HasPrefix(at, "/") || strings.ContainsAny(at, "(?#") {
			return false
		}
	}
	if mayHave(zone.Claims, at) {
		return false
	}
	return slices.ContainsFunc(c.list, func(other *Zone) bool {
		return other.Claims != nil && !isSameApp(other, zone) && other.isOn(r.Host) && has(other.Claims, at)
	})
}

// isOn reports whether a zone is on the host of a request.
func (z *Zone) isOn(host string) bool {
	if len(z.Hosts) == 0 {
		return true
	}
	host = Hostname(host)
	_, parent, _ := strings.Cut(host, ".")
	return slices.Contains(z.Hosts, host) || slices.Contains(z.Hosts, "*."+parent)
}

// shows reports whether the build has a page of the App Router with a route.
func (c *Claims) shows(route string) bool {
	known, ok := c.build.Routes[route]
	return ok && known.Kind == nextbuild.AppPage
}

// showsAt reports whether the build has a page of the App Router at a path that it names.
func (c *Claims) showsAt(path string) bool { return c.shows(c.page(path)) }

// mayShowAt reports whether a path may be one of a page of the build. The router falls back to the address of the
// window, which has the basePath.
func (c *Claims) mayShowAt(path string) bool {
	for _, path := range [...]string{path, strings.TrimPrefix(path, c.build.BasePath)} {
		if c.pages[c.page(path)] || c.routes(path) >= 0 {
			return true
		}
	}
	return false
}

// routeOfTree returns the route of the page that a router's state tells of, such as /items/[slug]. ok is false for a
// state of another form, one with an intercepted route, and none.
func routeOfTree(header string) (route string, ok bool) {
	if header == "" {
		return "", false
	}
	text, err := url.PathUnescape(header)
	if err != nil {
		return "", false
	}
	state := json.RawMessage(text)
	for range maxTreeDepth {
		var node []json.RawMessage
		var slots map[string]json.RawMessage
		if json.Unmarshal(state, &node) != nil || len(node) < 2 || json.Unmarshal(node[1], &slots) != nil {
			return "", false
		}
		name, ok := segmentName(node[0])
		switch {
		case !ok:
			return "", false
		case strings.HasPrefix(name, "__PAGE__"):
			if route == "" {
				route = "/"
			}
			return route, true
		case name != "" && !isRouteGroup(name):
			route += "/" + name
		}
		if state, ok = slots["children"]; !ok {
			return "", false
		}
	}
	return "", false
}

// segmentName returns the folder of a segment: its name, or for one with a parameter [name, value, type, …].
func segmentName(segment json.RawMessage) (name string, ok bool) {
	if json.Unmarshal(segment, &name) == nil {
		return name, !strings.HasPrefix(name, "(.") && name != "__DEFAULT__" && name != "/_not-found"
	}
	var parts []json.RawMessage
	var kind string
	if json.Unmarshal(segment, &parts) != nil || len(parts) < 3 || json.Unmarshal(parts[0], &name) != nil ||
		json.Unmarshal(parts[2], &kind) != nil {
		return "", false
	}
	switch kind {
	case "d":
		return "[" + name + "]", true
	case "c":
		return "[..." + name + "]", true
	case "oc":
		return "[[..." + name + "]]", true
	}
	return "", false // an intercepted route
}

func isRouteGroup(name string) bool {
	return strings.HasPrefix(name, "(") && strings.HasSuffix(name, ")")
}
