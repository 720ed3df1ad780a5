package caddymodule

import (
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// placesOf returns where the handler is served that is set up now: each address at which its server listens, with each
// host that the routes around it ask for, such as "example.com :443", or ":8080" of a site for all hosts. nil: that is
// not known. lineage are the modules that the handler is in, as caddy.Context has them.
func placesOf(server *caddyhttp.Server, lineage []caddy.Module) (places []string) {
	hosts, found := hostsAround(server, lineage)
	if !found {
		return nil
	}
	for _, listen := range server.Listen {
		if len(hosts) == 0 {
			places = append(places, listen)
		}
		for _, host := range hosts {
			places = append(places, host+" "+listen)
		}
	}
	return places
}

// hostsAround returns the hosts that the innermost matchers around the handler ask for which is set up now; none: all
// hosts. found is false where no route of the server leads to it: who asks for what in a named route is not known.
func hostsAround(server *caddyhttp.Server, lineage []caddy.Module) (hosts []string, found bool) {
	if server == nil {
		return nil, false
	}
	route := setUpNow(server.Routes, server.Errors)
	if route == nil {
		return nil, false
	}
	hosts = hostsAsked(route, nil)
	for _, module := range lineage {
		inner, ok := module.(*caddyhttp.Subroute)
		if !ok {
			continue
		}
		if route = setUpNow(inner.Routes, inner.Errors); route == nil {
			return nil, false
		}
		hosts = hostsAsked(route, hosts)
	}
	return hosts, true
}

// setUpNow returns the route whose handlers are set up now, nil if it is none of these. Caddy sets up one route after
// the other, and clears what it has read of each (caddy.Context.LoadModule): it is the first that is not cleared.
func setUpNow(routes caddyhttp.RouteList, onError *caddyhttp.HTTPErrorConfig) *caddyhttp.Route {
	for i := range routes {
		if routes[i].HandlersRaw != nil {
			return &routes[i]
		}
	}
	if onError == nil {
		return nil
	}
	return setUpNow(onError.Routes, nil)
}

// hostsAsked returns the hosts that a route asks for, none: it is for all. outside are those of the routes around it.
func hostsAsked(route *caddyhttp.Route, outside []string) (hosts []string) {
	for _, set := range route.MatcherSets {
		asked := outside
		for _, matcher := range set {
			if match, ok := matcher.(*caddyhttp.MatchHost); ok {
				asked = namesOf(*match)
			}
		}
		if len(asked) == 0 {
			return outside
		}
		hosts = append(hosts, asked...)
	}
	if len(route.MatcherSets) == 0 {
		return outside
	}
	return hosts
}

// namesOf returns the hosts of a matcher as they are now: a placeholder may stand for another one later.
func namesOf(match caddyhttp.MatchHost) (names []string) {
	for _, host := range match {
		names = append(names, strings.ToLower(caddy.NewReplacer().ReplaceKnown(host, "")))
	}
	return names
}
