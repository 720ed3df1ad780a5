package fleet

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

// LooksLikeAddress tells an upstream from a zone's name by its shape: it has a port, a scheme, a socket path or a
// placeholder.
func LooksLikeAddress(arg string) bool {
	return strings.ContainsAny(arg, ":{") || strings.HasPrefix(arg, "unix/")
}

// ParseSource reads host:port, unix//path, http://host[:port] or https://host[:port], which are one upstream, or
// dns+http://host[:port] and srv+http://name (or https), which are those that DNS tells.
func ParseSource(arg string) (deploy.Source, error) {
	if strings.Contains(arg, "://") {
		return parseURL(arg)
	}
	if strings.HasPrefix(arg, "unix/") {
		if socket := strings.TrimPrefix(arg, "unix/"); !strings.HasPrefix(socket, "/") {
			return deploy.Source{}, errors.New("a unix socket is written unix//path/to/socket")
		}
		return deploy.Source{Address: deploy.Address{Dial: arg}}, nil
	}
	host, port, err := net.SplitHostPort(arg)
	if err != nil {
		return deploy.Source{}, errors.New("expected host:port, unix//path, or a URL")
	}
	if host == "" {
		return deploy.Source{}, fmt.Errorf("the host is missing; write localhost:%s for this machine", port)
	}
	source := deploy.Source{Address: deploy.Address{Dial: net.JoinHostPort(host, port)}}
	return source, checkDial(source.Address.Dial)
}

// kinds are the kinds of sources by how the scheme of a URL begins.
var kinds = map[string]deploy.SourceKind{"": deploy.FixedSource, "dns": deploy.DNSSource, "srv": deploy.SRVSource}

func parseURL(arg string) (deploy.Source, error) {
	u, err := url.Parse(arg)
	if err != nil {
		return deploy.Source{}, fmt.Errorf("reading the URL: %w", err)
	}
	how, scheme, combined := strings.Cut(u.Scheme, "+")
	if !combined {
		how, scheme = "", u.Scheme
	}
	kind, known := kinds[how]
	if !known || combined && how == "" || scheme != "http" && scheme != "https" {
		return deploy.Source{}, fmt.Errorf("scheme %q is not known; expected http or https, with dns+ or srv+ before it for what DNS tells",
			u.Scheme)
	}
	if u.Hostname() == "" {
		return deploy.Source{}, errors.New("the host is missing")
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return deploy.Source{}, errors.New("an upstream URL has a scheme, a host and a port, nothing else: paths are passed on as they come")
	}
	source := deploy.Source{Kind: kind, Address: deploy.Address{TLS: scheme == "https"}}
	if kind == deploy.SRVSource {
		if u.Port() != "" {
			return deploy.Source{}, errors.New("a service of DNS has no port here: its SRV records tell it")
		}
		source.Address.Dial = u.Hostname()
		return source, nil
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[scheme]
	}
	source.Address.Dial = net.JoinHostPort(u.Hostname(), port)
	return source, checkDial(source.Address.Dial)
}

func checkDial(dial string) error {
	parsed, err := caddy.ParseNetworkAddress(dial)
	if err != nil {
		return fmt.Errorf("reading the address: %w", err)
	}
	if parsed.Network != "tcp" || strings.Contains(dial, "/") {
		return errors.New("expected host:port without a network before it, unix//path, or a URL")
	}
	if parsed.PortRangeSize() != 1 {
		return errors.New("expected one port, not a range: list the upstreams one by one")
	}
	if parsed.StartPort == 0 {
		return errors.New("the port is missing")
	}
	return nil
}
