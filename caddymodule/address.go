package caddymodule

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/caddyserver/caddy/v2"
)

// upstreamAddress is where an upstream listens: "host:port" or "unix//path", and whether it speaks TLS there.
type upstreamAddress struct {
	dial string
	tls  bool
}

// String returns the address as it can be written in a configuration.
func (a upstreamAddress) String() string {
	if a.tls {
		return "https://" + a.dial
	}
	return a.dial
}

// looksLikeUpstream tells an upstream from a zone's name by its shape: it has a port, a scheme, a socket path or a placeholder.
func looksLikeUpstream(arg string) bool {
	return strings.ContainsAny(arg, ":{") || strings.HasPrefix(arg, "unix/")
}

// parseUpstream reads host:port, unix//path, http://host[:port] or https://host[:port].
func parseUpstream(arg string) (upstreamAddress, error) {
	if strings.Contains(arg, "://") {
		return parseUpstreamURL(arg)
	}
	if strings.HasPrefix(arg, "unix/") {
		if socket := strings.TrimPrefix(arg, "unix/"); !strings.HasPrefix(socket, "/") {
			return upstreamAddress{}, errors.New("a unix socket is written unix//path/to/socket")
		}
		return upstreamAddress{dial: arg}, nil
	}
	host, port, err := net.SplitHostPort(arg)
	if err != nil {
		return upstreamAddress{}, errors.New("expected host:port, unix//path, or a URL")
	}
	if host == "" {
		return upstreamAddress{}, fmt.Errorf("the host is missing; write localhost:%s for this machine", port)
	}
	return checkUpstream(upstreamAddress{dial: net.JoinHostPort(host, port)})
}

func parseUpstreamURL(arg string) (upstreamAddress, error) {
	u, err := url.Parse(arg)
	if err != nil {
		return upstreamAddress{}, fmt.Errorf("reading the URL: %w", err)
	}
	port := u.Port()
	switch u.Scheme {
	case "http":
		if port == "" {
			port = "80"
		}
	case "https":
		if port == "" {
			port = "443"
		}
	default:
		return upstreamAddress{}, fmt.Errorf("scheme %q is not known; expected http or https", u.Scheme)
	}
	if u.Hostname() == "" {
		return upstreamAddress{}, errors.New("the host is missing")
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return upstreamAddress{}, errors.New("an upstream URL has a scheme, a host and a port, nothing else: paths are passed on as they come")
	}
	return checkUpstream(upstreamAddress{dial: net.JoinHostPort(u.Hostname(), port), tls: u.Scheme == "https"})
}

func checkUpstream(address upstreamAddress) (upstreamAddress, error) {
	parsed, err := caddy.ParseNetworkAddress(address.dial)
	if err != nil {
		return upstreamAddress{}, fmt.Errorf("reading the address: %w", err)
	}
	if parsed.PortRangeSize() != 1 {
		return upstreamAddress{}, errors.New("expected one port, not a range: list the upstreams one by one")
	}
	if parsed.StartPort == 0 {
		return upstreamAddress{}, errors.New("the port is missing")
	}
	return address, nil
}
