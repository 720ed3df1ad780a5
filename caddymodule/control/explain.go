package control

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/internal/httpwriter"
)

// SiteURL reads the URL of something on a site.
func SiteURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%q is no URL of a site: it must begin with http:// or https:// and a host", text)
	}
	return u, nil
}

// Question is what Explain asks.
type Question struct {
	URL     *url.URL
	Headers []string // as `Name: value`
	Into    any      // the report, a pointer to one of package report
	// Zone is the name of the zone that has filled it, "" before.
	Zone func() string
}

// Explain sends a request through the running servers as the caller would, for a report instead of an answer, until one
// has filled it. The error is answered: a caller that is limited to zones learns nothing of what is not theirs.
func Explain(ctx context.Context, caller Caller, q Question) (report.Answered, error) {
	answer, err := explain(ctx, caller, q)
	if !caller.May(q.Zone()) {
		return report.Answered{}, caller.refuse()
	}
	if err != nil {
		return report.Answered{}, Error(http.StatusBadRequest, err)
	}
	return answer, nil
}

func explain(ctx context.Context, caller Caller, q Question) (answer report.Answered, err error) {
	now := edge.Current.Load()
	if now == nil {
		return answer, errors.New("no configuration with nextjs is running")
	}
	servers, there := serversOf(now, q.URL)
	if caller.address != "" { // who is elsewhere has no other servers asked from here, where they may trust whoever asks
		servers = slices.DeleteFunc(servers, func(server *caddyhttp.Server) bool { return !hasZones(now, server) })
		if len(servers) == 0 {
			return answer, fmt.Errorf("no zone is served at %s", q.URL.Host)
		}
	}
	found := false
	for _, server := range servers {
		if !there {
			answer.Elsewhere = strings.Join(server.Listen, " ")
		}
		r, err := q.request(ctx, caller)
		if err != nil {
			return answer, err
		}
		w := httpwriter.NewDiscard()
		server.ServeHTTP(w, r)
		if q.Zone() != "" {
			return answer, nil
		}
		answer.Answer = w.Status
		found = found || w.Status != 0 || hasSite(server, r)
	}
	if !found {
		answer.UnknownHost = q.URL.Hostname()
	}
	return answer, nil
}

// request is one as the caller would send it: from its own address, which sites may ask for.
func (q Question) request(ctx context.Context, caller Caller) (*http.Request, error) {
	u := q.URL
	r, err := http.NewRequestWithContext(report.With(ctx, q.Into), http.MethodGet, u.RequestURI(), http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("making a request of %s: %w", u, err)
	}
	r.RequestURI, r.Host, r.RemoteAddr = u.RequestURI(), u.Host, cmp.Or(caller.address, "127.0.0.1:0")
	if u.Scheme == "https" {
		r.TLS = &tls.ConnectionState{HandshakeComplete: true, ServerName: u.Hostname()}
	}
	for _, header := range q.Headers {
		if name, value, ok := strings.Cut(header, ":"); ok {
			r.Header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
		}
	}
	return r, nil
}

// hasZones reports whether a server has a site with zones.
func hasZones(now *edge.Serving, server *caddyhttp.Server) bool {
	return slices.ContainsFunc(now.Sites, func(site *edge.Site) bool { return slices.Equal(site.Listen, server.Listen) })
}

// hasSite reports whether a server has a route for the host of a request, or for all hosts.
func hasSite(server *caddyhttp.Server, r *http.Request) bool {
	r = caddyhttp.PrepareRequest(r, caddy.NewReplacer(), httpwriter.NewDiscard(), server)
	for _, route := range server.Routes {
		if len(route.MatcherSets) == 0 {
			return true
		}
		for _, set := range route.MatcherSets {
			ofOther := func(matcher any) bool {
				hosts, ok := matcher.(*caddyhttp.MatchHost)
				if !ok {
					return false
				}
				matches, err := hosts.MatchWithError(r)
				return err == nil && !matches
			}
			if !slices.ContainsFunc(set, ofOther) {
				return true
			}
		}
	}
	return false
}

// serversOf returns the servers that listen where a URL points to. If there are none it returns all, for an edge may be
// reached through other ports than its own; there is false then.
func serversOf(now *edge.Serving, u *url.URL) (servers []*caddyhttp.Server, there bool) {
	if now.HTTP == nil {
		return nil, false
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	var listening, others []*caddyhttp.Server
	for _, server := range now.HTTP.Servers {
		listens := slices.ContainsFunc(server.Listen, func(address string) bool {
			_, found, err := net.SplitHostPort(address)
			return err == nil && found == port
		})
		if listens {
			listening = append(listening, server)
		} else {
			others = append(others, server)
		}
	}
	if len(listening) > 0 {
		return listening, true
	}
	return others, false
}
