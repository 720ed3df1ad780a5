package hygiene

import (
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
)

// locationHeaders are the headers of an answer that are one URL.
var locationHeaders = [...]string{"Location", "X-Nextjs-Redirect"}

// RelativeLocations makes the URLs to which an answer sends its visitor relative where they name the upstream:
// next start builds the URL of a request from its own address, so `new URL('/login', request.url)` does. It reports
// the first URL that it has changed, "" if none. Upstream is an address as Upstream has it, and hosts are the hosts
// by which the visitor has come: such a URL stays, for it may lead from http to https.
func RelativeLocations(h http.Header, upstream string, hosts []string) (changed string) {
	for _, name := range locationHeaders {
		values := h[name]
		if len(values) != 1 {
			continue
		}
		if relative, ok := relativeLocation(values[0], upstream, hosts); ok {
			changed = firstOf(changed, values[0])
			h[name] = []string{relative}
		}
	}
	if values := h["Refresh"]; len(values) == 1 {
		before, url := cutRefresh(values[0])
		if relative, ok := relativeLocation(url, upstream, hosts); ok {
			changed = firstOf(changed, url)
			h["Refresh"] = []string{before + relative}
		}
	}
	return changed
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// cutRefresh parts the URL of a Refresh header (`0;url=/login`) from what stands before it.
func cutRefresh(value string) (before, url string) {
	semicolon := strings.IndexByte(value, ';')
	if semicolon < 0 {
		return value, ""
	}
	url = strings.TrimLeft(value[semicolon+1:], " ")
	const key = "url="
	if len(url) < len(key) || !strings.EqualFold(url[:len(key)], key) {
		return value, ""
	}
	url = url[len(key):]
	return value[:len(value)-len(url)], url
}

// relativeLocation removes the origin of a URL that names the upstream. Only a URL that all clients read alike is
// changed: without the origin, `//` or `/\` at the beginning of the path would name a host.
func relativeLocation(location, upstream string, hosts []string) (string, bool) {
	scheme, rest, ok := strings.Cut(location, "://")
	if !ok {
		return "", false
	}
	var defaultPort string
	switch {
	case strings.EqualFold(scheme, "http"):
		defaultPort = "80"
	case strings.EqualFold(scheme, "https"):
		defaultPort = "443"
	default:
		return "", false
	}
	authority, target := rest, ""
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority, target = rest[:end], rest[end:]
	}
	host, port := splitHost(authority, defaultPort)
	if !namesUpstream(host, port, upstream) {
		return "", false
	}
	for visitors := range httpheader.Tokens(hosts) {
		if name, at := splitHost(visitors, defaultPort); strings.EqualFold(name, host) && at == port {
			return "", false
		}
	}
	if target == "" || target[0] != '/' {
		target = "/" + target
	}
	isControl := func(char rune) bool { return char < ' ' || char == 0x7f }
	if len(target) > 1 && (target[1] == '/' || target[1] == '\\') || strings.ContainsFunc(target, isControl) {
		return "", false
	}
	return target, true
}

// namesUpstream reports whether a host and port mean the upstream: any address, which only a server can call itself,
// or at the port of the upstream this machine or the upstream's name.
func namesUpstream(host, port, upstream string) bool {
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return false
	}
	address, _ := netip.ParseAddr(host) // of a name: none, which is neither
	address = address.Unmap()
	if address.IsUnspecified() {
		return true
	}
	name, own, err := net.SplitHostPort(upstream)
	if err != nil || port != own {
		return false // a unix socket has no port
	}
	return address.IsLoopback() || strings.EqualFold(host, "localhost") || strings.EqualFold(host, name)
}

// splitHost parts the host and the port of an authority; without a port it is the default.
func splitHost(authority, defaultPort string) (host, port string) {
	host, port, err := net.SplitHostPort(authority)
	if err != nil || port == "" {
		host, port = strings.TrimSuffix(authority, ":"), defaultPort
	}
	return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"), port
}
