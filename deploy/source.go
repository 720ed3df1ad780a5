package deploy

import (
	"net"

	"github.com/caddy-nextjs/caddy-nextjs/deploy/resolve"
)

// name is what DNS is asked for a source.
func (s Source) name() resolve.Name {
	if s.Kind == SRVSource {
		return resolve.Name{Host: s.Address.Dial, Service: true}
	}
	host, port, _ := net.SplitHostPort(s.Address.Dial) // it was checked when the configuration was loaded
	return resolve.Name{Host: host, Port: port}
}

// addressOf is the address of an upstream that a source leads to.
func (s Source) addressOf(target resolve.Target) Address {
	address := Address{Dial: target.Dial, TLS: s.Address.TLS}
	switch {
	case !s.Address.TLS:
	case s.Kind == DNSSource:
		address.ServerName = s.name().Host
	case target.Host != hostOf(target.Dial):
		address.ServerName = target.Host
	}
	return address
}

func hostOf(dial string) string {
	host, _, _ := net.SplitHostPort(dial) // it was joined
	return host
}

// ledTo returns what DNS has told of a source, by its place; nil where it has told nothing yet, or the zone has ended.
func (z *Zone) ledTo(source int) (targets []resolve.Target) {
	if source >= len(z.found) {
		return nil
	}
	for _, target := range z.found[source] {
		targets = append(targets, resolve.Target{Dial: target.Dial, Host: target.Host, Priority: target.Priority})
	}
	return targets
}
