package imageopt

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// maxAddresses is how many addresses of one host are tried. All of them are checked.
const maxAddresses = 16

// route is where a connection leads: to one of the checked addresses, in the name of a host. Its text takes the place of the
// host in the URL that http.Transport is given, so the transport, which keeps idle connections by that, uses a connection again
// only for a request that was checked for the same addresses, and the dialer has no name that it could look up once more.
type route struct {
	host  string // for TLS
	port  string
	addrs []netip.Addr
}

// newRoute returns the way to u by addrs.
func newRoute(u *url.URL, addrs []netip.Addr) route {
	port := u.Port()
	if port == "" {
		port = defaultPort(u.Scheme)
	}
	return route{host: u.Hostname(), port: port, addrs: addrs[:min(len(addrs), maxAddresses)]}
}

func defaultPort(scheme string) string {
	if scheme == "https" {
		return "443"
	}
	return "80"
}

// hostHeader is the host of u as it is sent: without the port that the scheme implies.
func hostHeader(u *url.URL) string {
	return strings.TrimSuffix(u.Host, ":"+defaultPort(u.Scheme))
}

// String is the route as host:port of letters, digits and nothing else.
func (r route) String() string {
	var text strings.Builder
	text.WriteString(r.host)
	for _, addr := range r.addrs {
		text.WriteString(" " + addr.String())
	}
	return net.JoinHostPort(hex.EncodeToString([]byte(text.String())), r.port)
}

// parseRoute reads what String wrote.
func parseRoute(text string) (route, error) {
	encoded, port, err := net.SplitHostPort(text)
	if err != nil {
		return route{}, fmt.Errorf("reading the route of a connection: %w", err)
	}
	plain, err := hex.DecodeString(encoded)
	if err != nil {
		return route{}, fmt.Errorf("reading the route of a connection: %w", err)
	}
	fields := strings.Split(string(plain), " ")
	parsed := route{host: fields[0], port: port}
	for _, field := range fields[1:] {
		addr, err := netip.ParseAddr(field)
		if err != nil {
			return route{}, fmt.Errorf("reading the route of a connection: %w", err)
		}
		parsed.addrs = append(parsed.addrs, addr)
	}
	if len(parsed.addrs) == 0 {
		return route{}, errors.New("reading the route of a connection: it has no addresses")
	}
	return parsed, nil
}
