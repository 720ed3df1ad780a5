package control

import (
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

// Explain sends a request through the running servers as a client would, for a report instead of an answer, until
// one has filled it.
func Explain(
	ctx context.Context, u *url.URL, headers []string, into any, filled func() bool,
) (answer report.Answered, err error) {
	now := edge.Current.Load()
	if now == nil {
		return answer, errors.New("no configuration with nextjs is running")
	}
	servers, there := serversOf(now, u)
	found := false
	for _, server := range servers {
		if !there {
			answer.Elsewhere = strings.Join(server.Listen, " ")
		}
		r, err := http.NewRequestWithContext(report.With(ctx, into), http.MethodGet, u.RequestURI(), http.NoBody)
		if err != nil {
			return answer, fmt.Errorf("making a request of %s: %w", u, err)
		}
		r.RequestURI, r.Host, r.RemoteAddr = u.RequestURI(), u.Host, "127.0.0.1:0"
		if u.Scheme == "https" {
			r.TLS = &tls.ConnectionState{HandshakeComplete: true, ServerName: u.Hostname()}
		}
		for _, header := range headers {
			if name, value, ok := strings.Cut(header, ":"); ok {
				r.Header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
			}
		}
		w := httpwriter.NewDiscard()
		server.ServeHTTP(w, r)
		if filled() {
			return answer, nil
		}
		answer.Answer = w.Status
		found = found || w.Status != 0 || hasSite(server, r)
	}
	if !found {
		answer.UnknownHost = u.Hostname()
	}
	return answer, nil
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
