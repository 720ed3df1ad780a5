package resolve

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/caddy-nextjs/caddy-nextjs/internal/dnstest"
)

const patience = 30 * time.Second

// watched is what Watch told of a name.
type watched struct {
	found  chan []Target
	failed chan error
	kick   chan struct{}
}

// watchName runs Watch until the test ends, asking the server many times a second, which may take its time.
func watchName(t *testing.T, server *dnstest.Server, name Name, s Settings) *watched {
	t.Helper()
	w := &watched{make(chan []Target, 1000), make(chan error, 1000), make(chan struct{}, 1)}
	if server != nil {
		s.Resolvers = append(s.Resolvers, server.Addr())
	}
	if s.Refresh == 0 {
		s.Refresh = 5 * time.Millisecond
	}
	if s.Timeout == 0 {
		s.Timeout = patience
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		Watch(ctx, name, s, nil, w.kick, func(targets []Target) { w.found <- targets }, func(err error) {
			select {
			case w.failed <- err:
			default:
			}
		})
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return w
}

func (w *watched) next(t *testing.T) []string {
	t.Helper()
	return dials(receive(t, w.found))
}

// nextFailure waits for a failure that comes from now on.
func (w *watched) nextFailure(t *testing.T) error {
	t.Helper()
	for len(w.failed) > 0 {
		<-w.failed
	}
	_ = receive(t, w.failed) // its question may have been under way
	return receive(t, w.failed)
}

// unchanged waits for failures and sees that the last answer stands.
func (w *watched) unchanged(t *testing.T) error {
	t.Helper()
	err := w.nextFailure(t)
	assert.Empty(t, w.found)
	return err
}

func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(patience):
		require.FailNow(t, "waited in vain")
		panic("unreachable")
	}
}

func dials(targets []Target) []string {
	list := []string{}
	for _, target := range targets {
		list = append(list, target.Dial)
	}
	return list
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestFollowsANameThatLeadsElsewhere(t *testing.T) {
	server := dnstest.Start(t)
	server.SetA("web.", "127.0.0.2")
	w := watchName(t, server, Name{Host: "web", Port: "3000"}, Settings{})
	assert.Equal(t, []string{"127.0.0.2:3000"}, w.next(t))

	server.SetA("web.", "127.0.0.6", "127.0.0.2", "127.0.0.5", "127.0.0.3", "127.0.0.4")
	five := []string{"127.0.0.2:3000", "127.0.0.3:3000", "127.0.0.4:3000", "127.0.0.5:3000", "127.0.0.6:3000"}
	assert.Equal(t, five, w.next(t), "in order of addresses")

	server.SetA("web.", "127.0.0.3", "127.0.0.4", "127.0.0.3")
	assert.Equal(t, []string{"127.0.0.3:3000", "127.0.0.4:3000"}, w.next(t), "none twice")

	server.SetA("web.")
	assert.Empty(t, w.next(t), "a name without addresses")

	server.SetA("web.", "127.0.0.7", "127.0.0.8", "127.0.0.9")
	assert.Equal(t, []string{"127.0.0.7:3000", "127.0.0.8:3000", "127.0.0.9:3000"}, w.next(t))

	server.NXDomain("web.")
	assert.Empty(t, w.next(t), "a name that is no more")
}

func TestAFailureChangesNothing(t *testing.T) {
	failures := map[string]func(*dnstest.Server){
		"SERVFAIL":        func(s *dnstest.Server) { s.Fail("web", dnsmessage.RCodeServerFailure) },
		"REFUSED":         func(s *dnstest.Server) { s.Fail("web", dnsmessage.RCodeRefused) },
		"not implemented": func(s *dnstest.Server) { s.Fail("web", dnsmessage.RCodeNotImplemented) },
		"silence":         func(s *dnstest.Server) { s.Silent("web") },
		"garbage":         func(s *dnstest.Server) { s.Garbage("web") },
		"cut, without TCP": func(s *dnstest.Server) {
			s.StopTCP()
			s.SetA("web", manyAddresses(200)...)
		},
		"cut, with TCP hung up": func(s *dnstest.Server) {
			s.HangUp()
			s.SetA("web", manyAddresses(200)...)
		},
		"of IPv4 alone, where IPv6 is answered": func(s *dnstest.Server) {
			s.SetAAAA("web", "fd00::2")
			s.Fail("web", dnsmessage.RCodeServerFailure, dnsmessage.TypeA)
		},
		"of IPv6, where there is no IPv4": func(s *dnstest.Server) {
			s.Fail("web", dnsmessage.RCodeServerFailure, dnsmessage.TypeAAAA)
			s.SetA("web")
		},
		"silence of IPv6, where there is no IPv4": func(s *dnstest.Server) {
			s.Silent("web", dnsmessage.TypeAAAA)
			s.SetA("web")
		},
	}
	for name, fail := range failures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := dnstest.Start(t)
			server.SetA("web", "127.0.0.2")
			w := watchName(t, server, Name{Host: "web", Port: "80"}, Settings{Timeout: 200 * time.Millisecond})
			assert.Equal(t, []string{"127.0.0.2:80"}, w.next(t))
			fail(server)
			err := w.unchanged(t)
			assert.ErrorContains(t, err, "records: lookup web")
			assert.Contains(t, err.Error(), server.Addr(), "the server that was asked, not one of the system")
		})
	}
}

func TestRecoversFromAFailure(t *testing.T) {
	server := dnstest.Start(t)
	server.Silent("web")
	w := watchName(t, server, Name{Host: "web", Port: "80"}, Settings{Timeout: 100 * time.Millisecond})
	assert.ErrorContains(t, w.unchanged(t), "i/o timeout")
	server.SetA("web", "127.0.0.2")
	assert.Equal(t, []string{"127.0.0.2:80"}, w.next(t))
}

func TestVersions(t *testing.T) {
	const four, six = "127.0.0.2:80", "[fd00::2]:80"
	v4, v6 := []string{"127.0.0.2"}, []string{"fd00::2"}
	tests := map[string]struct {
		versions   Versions
		a, aaaa    []string
		want       []string
		notAsked   dnsmessage.Type
		alsoSilent bool
	}{
		"IPv4 of both":              {PreferIPv4, v4, v6, []string{four}, dnsmessage.TypeAAAA, false},
		"IPv6 where there is no A":  {PreferIPv4, nil, v6, []string{six}, 0, false},
		"IPv4, IPv6 unanswered":     {PreferIPv4, v4, nil, []string{four}, dnsmessage.TypeAAAA, true},
		"only IPv4":                 {OnlyIPv4, v4, v6, []string{four}, dnsmessage.TypeAAAA, false},
		"only IPv4, which is none":  {OnlyIPv4, nil, v6, []string{}, dnsmessage.TypeAAAA, false},
		"only IPv6":                 {OnlyIPv6, v4, v6, []string{six}, dnsmessage.TypeA, false},
		"only IPv6, which is none":  {OnlyIPv6, v4, nil, []string{}, dnsmessage.TypeA, false},
		"both":                      {BothVersions, v4, v6, []string{four, six}, 0, false},
		"both, where there is one":  {BothVersions, nil, v6, []string{six}, 0, false},
		"both, where there is none": {BothVersions, nil, nil, []string{}, 0, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := dnstest.Start(t)
			server.SetA("web", test.a...)
			server.SetAAAA("web", test.aaaa...)
			if test.alsoSilent {
				server.Silent("web", dnsmessage.TypeAAAA)
			}
			w := watchName(t, server, Name{Host: "web", Port: "80"}, Settings{Versions: test.versions})
			assert.Equal(t, test.want, w.next(t))
			if test.notAsked != 0 {
				assert.Zero(t, server.Asked("web", test.notAsked))
			}
		})
	}
}

func TestBothVersionsWantBothAnswers(t *testing.T) {
	for _, unanswered := range []dnsmessage.Type{dnsmessage.TypeA, dnsmessage.TypeAAAA} {
		server := dnstest.Start(t)
		server.SetAAAA("web", "fd00::2")
		server.SetA("web", "127.0.0.2")
		w := watchName(t, server, Name{Host: "web", Port: "80"}, Settings{Versions: BothVersions})
		assert.Equal(t, []string{"127.0.0.2:80", "[fd00::2]:80"}, w.next(t))
		server.Fail("web", dnsmessage.RCodeServerFailure, unanswered)
		record := strings.TrimPrefix(unanswered.String(), "Type")
		assert.ErrorContains(t, w.unchanged(t), "asking for "+record+" records")
	}
}

func TestService(t *testing.T) {
	server := dnstest.Start(t)
	name := "_web._tcp.example"
	server.SetA("a.example", "10.0.0.1")
	server.SetA("b.example", "10.0.0.2")
	server.SetA("a-spare.example", "10.0.0.9")
	server.SetSRV(name,
		dnstest.SRV{Priority: 20, Weight: 9, Port: 3000, Target: "a-spare.example."},
		dnstest.SRV{Priority: 10, Weight: 1, Port: 3001, Target: "b.example."},
		dnstest.SRV{Priority: 10, Weight: 5, Port: 3000, Target: "A.example."},
		dnstest.SRV{Priority: 30, Port: 3001, Target: "b.example."})
	w := watchName(t, server, Name{Host: name, Service: true}, Settings{})
	assert.Equal(t, []Target{
		{"10.0.0.1:3000", "a.example", 10}, {"10.0.0.2:3001", "b.example", 10}, {"10.0.0.9:3000", "a-spare.example", 20},
	}, receive(t, w.found))

	server.SetSRV(name, dnstest.SRV{Target: "."})
	assert.Empty(t, w.next(t), "no such service")
	server.SetSRV(name, dnstest.SRV{Priority: 1, Port: 80, Target: "a.example"})
	assert.Equal(t, []Target{{"10.0.0.1:80", "a.example", 1}}, receive(t, w.found))

	server.Fail(name, dnsmessage.RCodeServerFailure)
	assert.ErrorContains(t, w.unchanged(t), "asking for SRV records: lookup "+name)
	server.SetSRV(name)
	assert.Empty(t, w.next(t), "no records")
	server.SetSRV(name, dnstest.SRV{Port: 80, Target: "a.example"})
	assert.Equal(t, []string{"10.0.0.1:80"}, w.next(t))
	server.NXDomain(name)
	assert.Empty(t, w.next(t))
}

// What knows a service may be all that knows its hosts.
func TestTheHostsOfAServiceAreAskedOfTheSameServer(t *testing.T) {
	server := dnstest.Start(t)
	name := "_web._tcp.example"
	server.SetA("a.example", "10.0.0.1", "10.0.0.2")
	server.SetAAAA("a.example", "fd00::1")
	server.SetAAAA("b.example", "fd00::2")
	server.SetA("same.example", "10.0.0.1")
	server.SetSRV(name,
		dnstest.SRV{Priority: 2, Port: 80, Target: "a.example"}, dnstest.SRV{Priority: 2, Port: 81, Target: "a.example"},
		dnstest.SRV{Priority: 3, Port: 80, Target: "b.example"}, dnstest.SRV{Priority: 1, Port: 80, Target: "same.example"},
		dnstest.SRV{Port: 80, Target: "nobody.example"})
	w := watchName(t, server, Name{Host: name, Service: true}, Settings{})
	assert.Equal(t, []Target{
		{"10.0.0.1:80", "same.example", 1},
		{"10.0.0.1:81", "a.example", 2},
		{"10.0.0.2:80", "a.example", 2},
		{"10.0.0.2:81", "a.example", 2},
		{"[fd00::2]:80", "b.example", 3},
	}, receive(t, w.found))

	server.SetSRV(name, dnstest.SRV{Port: 80, Target: "a.example"})
	assert.Equal(t, []string{"10.0.0.1:80", "10.0.0.2:80"}, w.next(t))
	server.SetA("a.example", "10.0.0.3")
	assert.Equal(t, []string{"10.0.0.3:80"}, w.next(t), "a host that is elsewhere")
	server.Fail("a.example", dnsmessage.RCodeServerFailure)
	assert.ErrorContains(t, w.unchanged(t), "asking for A records: lookup a.example")
	server.SetA("a.example", "10.0.0.4")
	assert.Equal(t, []string{"10.0.0.4:80"}, w.next(t))
}

// A host of a service that gives no answer is where it was, and those that answer are used meanwhile.
func TestAHostOfAServiceFails(t *testing.T) {
	const name = "_web._tcp.example"
	service := Name{Host: name, Service: true}
	for how, fail := range map[string]func(*dnstest.Server){
		"SERVFAIL": func(s *dnstest.Server) { s.Fail("a.example", dnsmessage.RCodeServerFailure) },
		"silence":  func(s *dnstest.Server) { s.Silent("a.example") },
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			server := dnstest.Start(t)
			server.SetA("a.example", "10.0.0.1")
			server.SetA("b.example", "10.0.0.2")
			a, b := dnstest.SRV{Port: 80, Target: "a.example"}, dnstest.SRV{Port: 80, Target: "b.example"}
			server.SetSRV(name, a, b)
			short := Settings{Timeout: 200 * time.Millisecond}
			w := watchName(t, server, service, short)
			assert.Equal(t, []string{"10.0.0.1:80", "10.0.0.2:80"}, w.next(t))

			fail(server)
			assert.ErrorContains(t, w.unchanged(t), "asking for A records: lookup a.example")
			server.SetA("b.example", "10.0.0.3")
			assert.Equal(t, []string{"10.0.0.1:80", "10.0.0.3:80"}, w.next(t), "the other one is elsewhere")
			server.NXDomain("b.example")
			assert.Equal(t, []string{"10.0.0.1:80"}, w.next(t), "that it is nowhere is an answer")
			server.SetSRV(name, a)
			require.Error(t, w.unchanged(t))

			fresh := watchName(t, server, service, short)
			require.Error(t, fresh.unchanged(t), "nothing is known")
			server.SetA("b.example", "10.0.0.2")
			server.SetSRV(name, a, b)
			assert.Equal(t, []string{"10.0.0.2:80"}, fresh.next(t), "where the other one is was never known")
			assert.Equal(t, []string{"10.0.0.1:80", "10.0.0.2:80"}, w.next(t))

			server.SetSRV(name, b)
			assert.Equal(t, []string{"10.0.0.2:80"}, w.next(t), "the service has left it")
			server.SetSRV(name, a, b)
			require.Error(t, w.unchanged(t))

			server.SetA("a.example", "10.0.0.4")
			assert.Equal(t, []string{"10.0.0.2:80", "10.0.0.4:80"}, w.next(t))
		})
	}
}

func TestWhereAHostWasIsKnownFromBefore(t *testing.T) {
	server := dnstest.Start(t)
	server.Fail("a.example", dnsmessage.RCodeServerFailure)
	server.SetA("b.example", "10.0.0.2")
	server.SetSRV("_web._tcp.example", dnstest.SRV{Port: 80, Target: "a.example"}, dnstest.SRV{Port: 81, Target: "b.example"})
	before := []Target{{"10.0.0.1:79", "a.example", 1}, {"10.0.0.3:81", "b.example", 0}, {"c.example:80", "c.example", 0}}
	s := Settings{Resolvers: []string{server.Addr()}, Timeout: patience}
	now, err := newAsker(Name{Host: "_web._tcp.example", Service: true}, s, before).ask(t.Context())
	require.NoError(t, err)
	require.Error(t, now.missing)
	assert.Equal(t, []string{"10.0.0.1:80", "10.0.0.2:81"}, dials(now.targets))
}

func TestTheNextServerMayKnowTheHostThatOneDoesNot(t *testing.T) {
	const name = "_web._tcp.example"
	half, whole := dnstest.Start(t), dnstest.Start(t)
	for _, server := range []*dnstest.Server{half, whole} {
		server.SetA("a.example", "10.0.0.1")
		server.SetA("b.example", "10.0.0.2")
		server.SetSRV(name, dnstest.SRV{Port: 80, Target: "a.example"}, dnstest.SRV{Port: 80, Target: "b.example"})
	}
	half.Fail("b.example", dnsmessage.RCodeServerFailure)
	w := watchName(t, whole, Name{Host: name, Service: true}, Settings{Resolvers: []string{half.Addr()}})
	assert.Equal(t, []string{"10.0.0.1:80", "10.0.0.2:80"}, w.next(t))
	assert.Empty(t, w.failed)

	whole.Fail(name, dnsmessage.RCodeServerFailure)
	half.SetA("a.example", "10.0.0.3")
	assert.Equal(t, []string{"10.0.0.2:80", "10.0.0.3:80"}, w.next(t))
	err := w.unchanged(t)
	assert.ErrorContains(t, err, "lookup b.example")
	assert.ErrorContains(t, err, "lookup "+name)
}

// With one after another they would not be answered in time: each takes two tries of a quarter of it.
func TestHostsOfAServiceAreAskedAtOnce(t *testing.T) {
	const name = "_web._tcp.example"
	server := dnstest.Start(t)
	var services []dnstest.SRV
	for i := range questionsAtOnce {
		host := fmt.Sprintf("%02d.example", i)
		services = append(services, dnstest.SRV{Port: 80, Target: host})
		if i < questionsAtOnce-1 {
			server.Silent(host)
		} else {
			server.SetA(host, "10.0.0.1")
		}
	}
	server.SetSRV(name, services...)
	s := Settings{Resolvers: []string{server.Addr()}, Timeout: 2 * time.Second}
	now, err := newAsker(Name{Host: name, Service: true}, s, nil).ask(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"10.0.0.1:80"}, dials(now.targets))
}
