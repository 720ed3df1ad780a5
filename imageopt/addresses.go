package imageopt

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"

	"code.dny.dev/ssrf"
)

// guardian knows the IANA special-purpose registries, and takes no IPv6 but global unicast. Next.js refuses the same (ipaddr.js, everything
// that is not `unicast`), but for fec0::/10, 3fff::/20, 5f00::/16, 64:ff9b:1::/48 and ::/96, which it forgets.
var guardian = ssrf.New()

// specialUse says what an address is kept for, and is nil for an address of a host of the internet. IPv4 within IPv6 (::ffff:0:0/96) is
// judged as IPv4. An address with a zone belongs to one network card.
func specialUse(addr netip.Addr) error {
	if !addr.IsValid() {
		return errors.New("no address")
	}
	if addr.Zone() != "" {
		return fmt.Errorf("%s is scoped", addr)
	}
	return guardian.SafeAddr(addr.Unmap())
}

// Resolver finds the addresses of a host; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// hostAddresses returns the addresses that host may be connected at: all that it has, or none if one of them is special,
// for then somebody points a public name at a private network. Literal addresses are not looked up.
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
				Reason: fmt.Errorf("checking the addresses of the host: %w; images.dangerouslyAllowLocalIP of next.config would allow it", err),
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
