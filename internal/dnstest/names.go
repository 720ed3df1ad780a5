package dnstest

import (
	"net/netip"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// entry is a name that exists.
type entry struct {
	records  map[dnsmessage.Type][]dnsmessage.ResourceBody
	troubles map[dnsmessage.Type]trouble
}

// trouble is what comes instead of records.
type trouble struct {
	code    dnsmessage.RCode
	silent  bool
	garbage bool
}

// SRV is one record of a service. The target "." says that there is no such service (RFC 2782).
type SRV struct {
	Priority, Weight, Port uint16
	Target                 string
}

// SetA makes the name exist with these IPv4 addresses, or with none. It ends what Fail, Silent and Garbage have said of
// questions of this type, and changes nothing of the others.
func (s *Server) SetA(name string, addresses ...string) {
	var records []dnsmessage.ResourceBody
	for _, address := range addresses {
		records = append(records, &dnsmessage.AResource{A: netip.MustParseAddr(address).As4()})
	}
	s.set(name, dnsmessage.TypeA, records)
}

// SetAAAA is SetA of IPv6 addresses.
func (s *Server) SetAAAA(name string, addresses ...string) {
	var records []dnsmessage.ResourceBody
	for _, address := range addresses {
		records = append(records, &dnsmessage.AAAAResource{AAAA: netip.MustParseAddr(address).As16()})
	}
	s.set(name, dnsmessage.TypeAAAA, records)
}

// SetSRV is SetA of the records of a service.
func (s *Server) SetSRV(name string, services ...SRV) {
	var records []dnsmessage.ResourceBody
	for _, service := range services {
		records = append(records, &dnsmessage.SRVResource{
			Priority: service.Priority, Weight: service.Weight, Port: service.Port,
			Target: dnsmessage.MustNewName(strings.TrimSuffix(service.Target, ".") + "."),
		})
	}
	s.set(name, dnsmessage.TypeSRV, records)
}

// NXDomain makes the name not exist.
func (s *Server) NXDomain(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.names, canonical(name))
}

// Fail makes the server answer questions for the name with a code, all of them if no types are named.
func (s *Server) Fail(name string, code dnsmessage.RCode, types ...dnsmessage.Type) {
	s.trouble(name, trouble{code: code}, types)
}

// Silent makes the server not answer questions for the name, none of them if no types are named.
func (s *Server) Silent(name string, types ...dnsmessage.Type) {
	s.trouble(name, trouble{silent: true}, types)
}

// Garbage makes the server answer questions for the name with what is no DNS message.
func (s *Server) Garbage(name string, types ...dnsmessage.Type) {
	s.trouble(name, trouble{garbage: true}, types)
}

func (s *Server) set(name string, of dnsmessage.Type, records []dnsmessage.ResourceBody) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entry(name)
	e.records[of] = records
	delete(e.troubles, of)
}

func (s *Server) trouble(name string, what trouble, types []dnsmessage.Type) {
	if len(types) == 0 {
		types = []dnsmessage.Type{dnsmessage.TypeA, dnsmessage.TypeAAAA, dnsmessage.TypeSRV}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, of := range types {
		s.entry(name).troubles[of] = what
	}
}

func (s *Server) entry(name string) *entry {
	name = canonical(name)
	if s.names[name] == nil {
		s.names[name] = &entry{
			records:  map[dnsmessage.Type][]dnsmessage.ResourceBody{},
			troubles: map[dnsmessage.Type]trouble{},
		}
	}
	return s.names[name]
}
