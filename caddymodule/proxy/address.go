package proxy

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/caddyserver/caddy/v2"
)

// Address is where an upstream listens: "host:port" or "unix//path", and whether it speaks TLS there.
type Address struct {
	Dial string
	TLS  bool
}

// String returns the address as it can be written in a configuration.
func (a Address) String() string {
	if a.TLS {
		return "https://" + a.Dial
	}
	return a.Dial
}

// LooksLikeAddress tells an upstream from a zone's name by its shape: it has a port, a scheme, a socket path or a
// placeholder.
func LooksLikeAddress(arg string) bool {
	return strings.ContainsAny(arg, ":{") || strings.HasPrefix(arg, "unix/")
}

// ParseAddress reads host:port, unix//path, http://host[:port] or https://host[:port].
func ParseAddress(arg string) (Address, error) {
	if strings.Contains(arg, "://") {
		return parseUpstreamURL(arg)
	}
	if strings.HasPrefix(arg, "unix/") {
		if socket := strings.TrimPrefix(arg, "unix/"); !strings.HasPrefix(socket, "/") {
			return Address{}, errors.New("a unix socket is written unix//path/to/socket")
		}
		return Address{Dial: arg}, nil
	}
	host, port, err := net.SplitHostPort(arg)
	if err != nil {
		return Address{}, errors.New("expected host:port, unix//path, or a URL")
	}
	if host == "" {
		return Address{}, fmt.Errorf("the host is missing; write localhost:%s for this machine", port)
	}
	return checkUpstream(Address{Dial: net.JoinHostPort(host, port)})
}

func parseUpstreamURL(arg string) (Address, error) {
	u, err := url.Parse(arg)
	if err != nil {
		return Address{}, fmt.Errorf("reading the URL: %w", err)
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
		return Address{}, fmt.Errorf("scheme %q is not known; expected http or https", u.Scheme)
	}
	if u.Hostname() == "" {
		return Address{}, errors.New("the host is missing")
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return Address{}, errors.New("an upstream URL has a scheme, a host and a port, nothing else: paths are passed on as they come")
	}
	return checkUpstream(Address{Dial: net.JoinHostPort(u.Hostname(), port), TLS: u.Scheme == "https"})
}

func checkUpstream(address Address) (Address, error) {
	parsed, err := caddy.ParseNetworkAddress(address.Dial)
	if err != nil {
		return Address{}, fmt.Errorf("reading the address: %w", err)
	}
	if parsed.PortRangeSize() != 1 {
		return Address{}, errors.New("expected one port, not a range: list the upstreams one by one")
	}
	if parsed.StartPort == 0 {
		return Address{}, errors.New("the port is missing")
	}
	return address, nil
}
