package deploy

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/deploy/resolve"
)

func TestAddressesThatDNSTellsHaveTheNameOfTheirCertificate(t *testing.T) {
	name := Source{Kind: DNSSource, Address: Address{Dial: "web:3000"}}
	secureName := Source{Kind: DNSSource, Address: Address{Dial: "web:3000", TLS: true}}
	service := Source{Kind: SRVSource, Address: Address{Dial: "_web._tcp.example"}}
	secureService := Source{Kind: SRVSource, Address: Address{Dial: "_web._tcp.example", TLS: true}}
	located := resolve.Target{Dial: "10.0.0.1:3000", Host: "a.example"}
	for _, c := range []struct {
		source Source
		target resolve.Target
		want   Address
	}{
		{name, resolve.Target{Dial: "10.0.0.1:3000"}, Address{Dial: "10.0.0.1:3000"}},
		{secureName, resolve.Target{Dial: "10.0.0.1:3000"}, Address{Dial: "10.0.0.1:3000", TLS: true, ServerName: "web"}},
		{service, located, Address{Dial: "10.0.0.1:3000"}},
		{secureService, located, Address{Dial: "10.0.0.1:3000", TLS: true, ServerName: "a.example"}},
		{secureService, resolve.Target{Dial: "a.example:3000", Host: "a.example"}, Address{Dial: "a.example:3000", TLS: true}},
	} {
		assert.Equal(t, c.want, c.source.addressOf(c.target), c.source.String())
	}
}
