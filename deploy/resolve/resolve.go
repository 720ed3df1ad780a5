// Package resolve asks DNS which addresses a name leads to, again and again: names of containers and pods lead
// elsewhere within a second, whatever time to live the answers claim (Docker says 600 s, and Go's resolver tells none).
//
// It tells "there is none", which is believed, from "it could not be learnt", which changes nothing.
package resolve

import (
	"context"
	"time"
)

// Name is what is asked for.
type Name struct {
	// Host is a name without port, or an IP address, which leads to itself. Of a service it is the whole name of the
	// SRV records, such as _web._tcp.example.
	//
	// As everywhere on the system, /etc/hosts comes first, and the search domains of resolv.conf are tried for a name
	// without a dot at its end. One of them that fails makes the question fail, as the name may be there. One that
	// answers any name (*.example.com) answers this one as soon as the domains before have none: whoever has such a
	// domain writes the whole name, with a dot at its end.
	Host string
	// Port is that of the targets. A service has its own.
	Port string
	// Service says that SRV records are asked for.
	Service bool
}

// Versions says which addresses of a name are used, of the hosts of services, too, where Resolvers are asked for them.
type Versions int

const (
	// PreferIPv4 uses the IPv4 addresses, and the IPv6 ones only where there are none of these: a pod that has one of
	// each must not count twice.
	PreferIPv4 Versions = iota
	// OnlyIPv4 asks for no IPv6 addresses.
	OnlyIPv4
	// OnlyIPv6 asks for no IPv4 addresses.
	OnlyIPv6
	// BothVersions uses all addresses. An answer counts when both were answered.
	BothVersions
)

const (
	// DefaultRefresh is how often a name is asked for: changes are seen within a second or two.
	DefaultRefresh = time.Second
	// DefaultTimeout is more than a server needs that has to ask others. It has room for four tries of half a second,
	// as a packet may be lost or the first server be dead; Go's resolver alone would wait 5 s before the second one.
	DefaultTimeout = 2 * time.Second
	// MaxTargets is how many targets of one answer are used.
	MaxTargets = 256
)

// Settings say how a name is asked for.
type Settings struct {
	// Refresh is the pause after an answer; 0: DefaultRefresh.
	Refresh time.Duration
	// Timeout bounds one question with all its tries, over all servers and both versions; 0: DefaultTimeout. A try gets
	// a quarter of it.
	Timeout time.Duration
	// Resolvers are name servers by address, host:port or without port (53). They are asked in turn until one answers,
	// first the one that did so last. They are asked for the hosts of services, too, which others may not know. Without
	// any, those of the system are asked, and hosts of services are left to who connects.
	Resolvers []string
	// Versions says which addresses are used.
	Versions Versions
}

// Target is what a name leads to.
type Target struct {
	// Dial is host:port, an IPv6 address in brackets. The host is an address; of a service it is the name that its
	// record has, unless Resolvers were asked for the addresses of that.
	Dial string
	// Host is the name that the record of a service has for its host, in lower case and without the dot at its end. "":
	// the target is none of a service.
	Host string
	// Priority is that of the SRV record: the lowest is to be used first (RFC 2782). Of addresses it is 0. The weight
	// is not told: balancing has better grounds.
	Priority uint16
}

// Watch asks until ctx ends; then it returns, with no question left under way. It asks one question at a time: at once,
// then each time Refresh has passed since the last answer, and earlier when something is received from kick, yet not
// within 200 ms of the last answer. kick should have room for one, and be sent to without waiting, so that any number
// of kicks during a question count as one after it. It may be nil.
//
// found gets each answer that is believed and differs from the one before, and the first. Targets are in order of
// priority, then of address, none twice; there are none where the name does not exist, has no records of this type, or
// says that there is no service (the target "."). They must not be changed.
//
// before is what the name has led to until now, as far as somebody knows: where a host of a service is that gives no
// answer to the first question.
//
// failed gets why an answer is not believed: a time-out, SERVFAIL, REFUSED, or what is no answer. The last one stands;
// where it is a host of a service that fails, what that host has led to. It gets also that an answer has more than
// MaxTargets, of which the first are used. It may be called with each question: to log less is up to the caller.
//
// Both are called by the goroutine that called Watch, and delay the next question. Neither is called once ctx has
// ended.
func Watch(
	ctx context.Context, name Name, s Settings, before []Target, kick <-chan struct{}, found func([]Target), failed func(error),
) {
	if s.Refresh <= 0 {
		s.Refresh = DefaultRefresh
	}
	if s.Timeout <= 0 {
		s.Timeout = DefaultTimeout
	}
	asker := newAsker(name, s, before)
	watch(ctx, s.Refresh, kick, asker.ask, found, failed)
}
