package imageopt

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"code.dny.dev/ssrf"
)

// ssrfGuard knows the IANA special-purpose registries, and takes no IPv6 but global unicast. Next.js refuses the same
// (ipaddr.js, everything that is not `unicast`), but for fec0::/10, 3fff::/20, 5f00::/16, 64:ff9b:1::/48 and ::/96,
// which it forgets.
var ssrfGuard = ssrf.New()

// specialUse says what an address is kept for, and is nil for an address of a host of the internet. IPv4 within IPv6
// (::ffff:0:0/96) is judged as IPv4. An address with a zone belongs to one network card.
func specialUse(addr netip.Addr) error {
	if !addr.IsValid() {
		return errors.New("no address")
	}
	if addr.Zone() != "" {
		return fmt.Errorf("%s is scoped", addr)
	}
	return ssrfGuard.SafeAddr(addr.Unmap())
}

// Resolver finds the addresses of a host; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// hostAddresses returns the addresses that host may be connected at: all that it has, or none if one of them is
// special, for then somebody points a public name at a private network. Literal addresses are not looked up.
func (f *Fetcher) hostAddresses(client, hop context.Context, host string) ([]netip.Addr, *FetchError) {
	addrs := make([]netip.Addr, 1)
	var err error
	if addrs[0], err = netip.ParseAddr(host); err != nil {
		if addrs, err = f.resolver.LookupNetIP(hop, "ip", host); err != nil {
			return nil, networkFailure(client, hop, CauseLookup, fmt.Errorf("looking up the addresses of the host: %w", err))
		}
	}
	if len(addrs) == 0 {
		return nil, networkFailure(client, hop, CauseLookup, errors.New("the host has no addresses"))
	}
	for _, addr := range addrs {
		if err := f.refuses(addr); err != nil {
			return nil, &FetchError{
				Status: http.StatusBadRequest, Text: textNotAllowed, Cause: CauseAddress,
				Reason: fmt.Errorf("%w; images.dangerouslyAllowLocalIP of next.config would allow it", err),
			}
		}
	}
	return addrs, nil
}

// refuses says why addr is not connected to, if it is not.
func (f *Fetcher) refuses(addr netip.Addr) error {
	if f.limits.AllowPrivate {
		return nil
	}
	return f.special(addr)
}

// maxAddresses is how many addresses of one host are tried. All of them are checked.
const maxAddresses = 16

// route is where a connection leads: to one of the checked addresses, in the name of a host. Its text takes the place
// of the host in the URL that http.Transport is given, so the transport, which keeps idle connections by that, uses a
// connection again only for a request that was checked for the same addresses, and the dialer has no name that it could
// look up once more.
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
