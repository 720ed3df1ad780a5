package deploy

// Address is where an upstream listens.
type Address struct {
	// Dial is host:port, or a unix socket in Caddy's notation (unix//run/web.sock).
	Dial string
	// TLS says that the upstream speaks HTTPS.
	TLS bool
	// ServerName is the name that its certificate must have. "": the host of Dial.
	ServerName string
}

// String returns the address as it can be written in a configuration, with the name of its certificate where that is
// another one.
func (a Address) String() string {
	text := a.Dial
	if a.TLS {
		text = "https://" + text
	}
	if a.ServerName != "" {
		text += " (" + a.ServerName + ")"
	}
	return text
}

// SourceKind is how a source leads to upstreams.
type SourceKind uint8

// The kinds of sources.
const (
	FixedSource SourceKind = iota // one address
	DNSSource                     // a name, each of whose addresses (A, AAAA) is an upstream
	SRVSource                     // a name, each of whose services (SRV) is an upstream
)

// Source is where upstreams of a zone come from: one address, or a name of DNS that leads to any number of them.
type Source struct {
	Kind SourceKind
	// Address is that of the upstream. Of DNSSource, the host of Dial is the name; of SRVSource, Dial is it.
	Address Address
}

// String returns the source as it is written in a configuration.
func (s Source) String() string {
	if s.Kind == FixedSource {
		return s.Address.String()
	}
	scheme := "http://"
	if s.Address.TLS {
		scheme = "https://"
	}
	return [...]string{DNSSource: "dns+", SRVSource: "srv+"}[s.Kind] + scheme + s.Address.Dial
}
