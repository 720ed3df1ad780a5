package imageopt

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
)

// addressRange is a block of addresses that no image is fetched from.
type addressRange struct {
	prefix netip.Prefix
	use    string
}

// specialRanges are the IANA special-purpose registries. Next.js refuses the same (ipaddr.js, everything that is not
// `unicast`), but for fec0::/10, 3fff::/20, 5f00::/16, 64:ff9b:1::/48 and ::/96, which it forgets.
var specialRanges = []addressRange{
	{netip.MustParsePrefix("0.0.0.0/8"), "this network"},
	{netip.MustParsePrefix("10.0.0.0/8"), "private"},
	{netip.MustParsePrefix("100.64.0.0/10"), "carrier-grade NAT"},
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback"},
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local"},
	{netip.MustParsePrefix("172.16.0.0/12"), "private"},
	{netip.MustParsePrefix("192.0.0.0/24"), "protocol assignments"},
	{netip.MustParsePrefix("192.0.2.0/24"), "documentation"},
	{netip.MustParsePrefix("192.31.196.0/24"), "AS112"},
	{netip.MustParsePrefix("192.52.193.0/24"), "automatic multicast tunneling"},
	{netip.MustParsePrefix("192.88.99.0/24"), "6to4 relay"},
	{netip.MustParsePrefix("192.168.0.0/16"), "private"},
	{netip.MustParsePrefix("192.175.48.0/24"), "AS112"},
	{netip.MustParsePrefix("198.18.0.0/15"), "benchmarking"},
	{netip.MustParsePrefix("198.51.100.0/24"), "documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), "documentation"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved"}, // with 255.255.255.255

	{netip.MustParsePrefix("::/128"), "unspecified"},
	{netip.MustParsePrefix("::1/128"), "loopback"},
	{netip.MustParsePrefix("::/96"), "IPv4-compatible"},
	{netip.MustParsePrefix("::ffff:0:0:0/96"), "IPv4-translated"},
	{netip.MustParsePrefix("64:ff9b::/96"), "NAT64"},
	{netip.MustParsePrefix("64:ff9b:1::/48"), "NAT64 of a network"},
	{netip.MustParsePrefix("100::/64"), "discard"},
	{netip.MustParsePrefix("2001::/32"), "Teredo"},
	{netip.MustParsePrefix("2001::/23"), "protocol assignments"},
	{netip.MustParsePrefix("2001:db8::/32"), "documentation"},
	{netip.MustParsePrefix("2002::/16"), "6to4"},
	{netip.MustParsePrefix("2620:4f:8000::/48"), "AS112"},
	{netip.MustParsePrefix("3fff::/20"), "documentation"},
	{netip.MustParsePrefix("5f00::/16"), "segment routing"},
	{netip.MustParsePrefix("fc00::/7"), "unique local"},
	{netip.MustParsePrefix("fe80::/10"), "link-local"},
	{netip.MustParsePrefix("fec0::/10"), "site-local"},
	{netip.MustParsePrefix("ff00::/8"), "multicast"},
}

// globalUnicast is all of IPv6 that IANA has given out for hosts of the internet.
var globalUnicast = netip.MustParsePrefix("2000::/3")

// specialUse names what an address is kept for, and is empty for an address of a host of the internet. IPv4 within IPv6
// (::ffff:0:0/96) is judged as IPv4. An address with a zone belongs to one network card.
func specialUse(addr netip.Addr) string {
	if !addr.IsValid() {
		return "no address"
	}
	if addr.Zone() != "" {
		return "scoped"
	}
	addr = addr.Unmap()
	for _, special := range specialRanges {
		if special.prefix.Contains(addr) {
			return special.use
		}
	}
	if addr.Is6() && !globalUnicast.Contains(addr) {
		return "not global unicast"
	}
	return ""
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
		if use := f.refuses(addr); use != "" {
			return nil, &FetchError{
				Status: http.StatusBadRequest, Text: textNotAllowed, Cause: CauseAddress,
				Reason: fmt.Errorf("the host has the address %s (%s); images.dangerouslyAllowLocalIP of next.config would allow it", addr, use),
			}
		}
	}
	return addrs, nil
}

// refuses names why addr is not connected to, if it is not.
func (f *Fetcher) refuses(addr netip.Addr) string {
	if f.limits.AllowPrivate {
		return ""
	}
	return f.special(addr)
}
