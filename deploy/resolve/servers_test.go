package resolve

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/caddy-nextjs/caddy-nextjs/internal/dnstest"
)

func manyAddresses(n int) []string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("10.0.%d.%d", i/100, 1+i%100))
	}
	return list
}

func TestAnAnswerTooLargeForUDP(t *testing.T) {
	server := dnstest.Start(t)
	server.SetA("web", manyAddresses(200)...)
	w := watchName(t, server, Name{Host: "web", Port: "80"}, Settings{})
	assert.Len(t, w.next(t), 200)
	assert.Empty(t, w.failed)
}

func TestNoMoreThanTheMostTargetsAreUsed(t *testing.T) {
	server := dnstest.Start(t)
	server.SetA("web", manyAddresses(MaxTargets)...)
	w := watchName(t, server, Name{Host: "web", Port: "80"}, Settings{})
	all := w.next(t)
	assert.Len(t, all, MaxTargets)
	assert.Empty(t, w.failed)

	server.SetA("web", manyAddresses(300)...)
	assert.EqualError(t, w.unchanged(t), "the answer has 300 targets, of which the first 256 are used")
	server.SetA("web", manyAddresses(300)[1:]...)
	assert.Equal(t, append(all[1:], "10.0.2.57:80"), w.next(t))
}

func TestAKickOfARefusedConnectionIsFasterThanTheRefresh(t *testing.T) {
	server := dnstest.Start(t)
	server.SetA("web", "127.0.0.2")
	w := watchName(t, server, Name{Host: "web", Port: "80"}, Settings{Refresh: time.Hour})
	w.next(t)
	server.SetA("web", "127.0.0.3")
	w.kick <- struct{}{}
	assert.Equal(t, []string{"127.0.0.3:80"}, w.next(t))
	assert.Equal(t, 2, server.Asked("web", dnsmessage.TypeA))
}

func TestAnAddressLeadsToItself(t *testing.T) {
	for host, want := range map[string]string{
		"127.0.0.2":        "127.0.0.2:80",
		"::ffff:127.0.0.2": "127.0.0.2:80",
		"fd00::2":          "[fd00::2]:80",
		"fe80::2%eth0":     "[fe80::2%eth0]:80",
	} {
		for _, versions := range []Versions{PreferIPv4, OnlyIPv4, OnlyIPv6, BothVersions} {
			w := watchName(t, nil, Name{Host: host, Port: "80"}, Settings{Versions: versions})
			assert.Equal(t, []string{want}, w.next(t), "%s, versions %d", host, versions)
		}
	}
}

func TestTheNextServerIsAskedWhereOneFails(t *testing.T) {
	broken, good := dnstest.Start(t), dnstest.Start(t)
	broken.Fail("web", dnsmessage.RCodeServerFailure)
	good.SetA("web", "127.0.0.2")
	w := watchName(t, good, Name{Host: "web", Port: "80"}, Settings{Resolvers: []string{broken.Addr()}})
	assert.Equal(t, []string{"127.0.0.2:80"}, w.next(t))
	asked, before := broken.Asked("web", dnsmessage.TypeA), good.Asked("web", dnsmessage.TypeA)
	askedMore := func() bool { return good.Asked("web", dnsmessage.TypeA) > before+5 }
	require.Eventually(t, askedMore, patience, time.Millisecond)
	assert.Equal(t, asked, broken.Asked("web", dnsmessage.TypeA), "the one that answered is the first now")
	assert.Empty(t, w.failed)
}

func TestSilentServersLeaveTimeForTheNext(t *testing.T) {
	silent, good := dnstest.Start(t), dnstest.Start(t)
	silent.Silent("web")
	good.SetA("web", "127.0.0.2")
	s := Settings{Resolvers: []string{silent.Addr(), silent.Addr(), silent.Addr()}, Timeout: time.Second}
	w := watchName(t, good, Name{Host: "web", Port: "80"}, s)
	assert.Equal(t, []string{"127.0.0.2:80"}, w.next(t))
}

func TestWhatTheFirstServerSaysIsBelieved(t *testing.T) {
	first, second := dnstest.Start(t), dnstest.Start(t)
	second.SetA("web", "127.0.0.2")
	w := watchName(t, second, Name{Host: "web", Port: "80"}, Settings{Resolvers: []string{first.Addr()}})
	assert.Empty(t, w.next(t), "that there is no such name, too")
	assert.Zero(t, second.Asked("web", dnsmessage.TypeA))

	first.Fail("web", dnsmessage.RCodeRefused)
	assert.Equal(t, []string{"127.0.0.2:80"}, w.next(t))
	second.Fail("web", dnsmessage.RCodeRefused)
	err := w.unchanged(t)
	assert.Contains(t, err.Error(), first.Addr())
	assert.Contains(t, err.Error(), second.Addr())
}

func TestAMessageThatIsLostIsSentAgain(t *testing.T) {
	server := dnstest.Start(t)
	server.Silent("web")
	s := Settings{Resolvers: []string{server.Addr()}, Timeout: 400 * time.Millisecond}
	_, err := newAsker(Name{Host: "web"}, s, nil).ask(t.Context())
	require.ErrorContains(t, err, "i/o timeout")
	assert.Greater(t, server.Asked("web", dnsmessage.TypeA), 1, "within one question")
}

func TestWatchEndsInTheMiddleOfAQuestion(t *testing.T) {
	server := dnstest.Start(t)
	for _, name := range []Name{{Host: "web"}, {Host: "_web._tcp.example", Service: true}} {
		server.Silent(name.Host)
		before := goleak.IgnoreCurrent()
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s := Settings{Resolvers: []string{server.Addr()}, Timeout: time.Hour}
			never := func() { assert.Fail(t, "told after the end") }
			Watch(ctx, name, s, nil, nil, func([]Target) { never() }, func(error) { never() })
		}()
		of := dnsmessage.TypeA
		if name.Service {
			of = dnsmessage.TypeSRV
		}
		require.Eventually(t, func() bool { return server.Asked(name.Host, of) > 0 }, patience, time.Millisecond)
		cancel()
		receive(t, ended)
		goleak.VerifyNone(t, before)
	}
}

func TestServersWithoutPort(t *testing.T) {
	for server, want := range map[string]string{
		"10.0.0.53":      "10.0.0.53:53",
		"10.0.0.53:5353": "10.0.0.53:5353",
		"fd00::53":       "[fd00::53]:53",
		"[fd00::53]":     "[fd00::53]:53",
		"[fd00::53]:54":  "[fd00::53]:54",
	} {
		assert.Equal(t, want, withPort(server))
	}
}

func TestAnAnswerThatIsCutOverTCPIsAFailure(t *testing.T) {
	ours, theirs := net.Pipe()
	answer := make([]byte, 12)
	answer[flagsAt] = 0x80 | truncated
	go func() {
		_, _ = theirs.Write(append([]byte{0, 12}, answer[:5]...))
		_, _ = theirs.Write(answer[5:])
	}()
	read := make([]byte, 14)
	s := &stream{Conn: ours, stop: func() bool { return true }}
	n, err := s.Read(read[:2])
	require.NoError(t, err)
	require.Equal(t, 2, n)
	n, err = s.Read(read[2:])
	require.NoError(t, err)
	require.Equal(t, 12, n)
	assert.Equal(t, byte(serverFailure), read[2+codeAt])
	require.NoError(t, s.Close())
	require.NoError(t, theirs.Close())
}
