package dnstest

import (
	"golang.org/x/net/dns/dnsmessage"
)

const (
	// ttl is what Docker's server says of containers that may be gone in a second.
	ttl = 600
	// maxMessage is the largest message over TCP, and smallest the one over UDP that every client takes (RFC 1035).
	maxMessage, smallest = 65535, 512
)

// answer returns the answer to a query, or nil if there is none to be sent.
func (s *Server) answer(query []byte, udp bool) []byte {
	var parser dnsmessage.Parser
	header, err := parser.Start(query)
	if err != nil {
		return nil
	}
	asked, err := parser.Question()
	if err != nil {
		return nil
	}
	records, instead := s.look(asked)
	switch {
	case instead.silent:
		return nil
	case instead.garbage:
		return []byte("this is no DNS message")
	}
	head := dnsmessage.Header{
		ID: header.ID, Response: true, RCode: instead.code,
		RecursionDesired: header.RecursionDesired, RecursionAvailable: true,
	}
	most := maxMessage
	if udp {
		most = udpSize(&parser)
	}
	if message := pack(head, asked, records); len(message) <= most {
		return message
	}
	head.Truncated = true
	return pack(head, asked, nil)
}

// look counts the question and returns what is known of it.
func (s *Server) look(asked dnsmessage.Question) ([]dnsmessage.ResourceBody, trouble) {
	name := canonical(asked.Name.String())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[question{name, asked.Type}]++
	known := s.names[name]
	if known == nil {
		return nil, trouble{code: dnsmessage.RCodeNameError}
	}
	if instead, ok := known.troubles[asked.Type]; ok {
		return nil, instead
	}
	return known.records[asked.Type], trouble{}
}

// udpSize returns how large an answer the client takes over UDP, as it says by EDNS (RFC 6891, 6.2.3).
func udpSize(query *dnsmessage.Parser) int {
	if query.SkipAllQuestions() != nil || query.SkipAllAnswers() != nil || query.SkipAllAuthorities() != nil {
		return smallest
	}
	for {
		header, err := query.AdditionalHeader()
		if err != nil {
			return smallest
		}
		if header.Type == dnsmessage.TypeOPT {
			return max(int(header.Class), smallest)
		}
		if query.SkipAdditional() != nil {
			return smallest
		}
	}
}

func pack(head dnsmessage.Header, asked dnsmessage.Question, records []dnsmessage.ResourceBody) []byte {
	message := dnsmessage.Message{Header: head, Questions: []dnsmessage.Question{asked}}
	for _, body := range records {
		message.Answers = append(message.Answers, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: asked.Name, Class: dnsmessage.ClassINET, TTL: ttl}, Body: body,
		})
	}
	packed, err := message.Pack()
	if err != nil {
		panic("packing what the test set: " + err.Error())
	}
	return packed
}
