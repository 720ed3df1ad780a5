package deploy

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/caddy-nextjs/caddy-nextjs/deploy/resolve"
	"github.com/caddy-nextjs/caddy-nextjs/internal/dnstest"
)

// quickly are settings by which upstreams are ejected soon, and for a short time.
var quickly = Ejection{Silence: 300 * time.Millisecond, For: 300 * time.Millisecond}

func TestARefusedUpstreamIsUnhealthyUntilItListensAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2, WatchSettings{})
	s.replicas[0].stop()
	s.connect(0)
	member := s.becomes(0, Unhealthy)
	assert.Contains(t, member.Why, "no connection: ")
	assert.Contains(t, member.Why, "connection refused")
	for range 4 {
		try, err := s.Pick(time.Now(), nil, Affinity{})
		require.NoError(t, err)
		assert.Equal(t, s.replicas[1].address, try.Upstream.Dial)
		try.End()
	}
	s.replicas[0].listen()
	s.becomes(0, Healthy)
	assert.Equal(t, []string{"unhealthy", "healthy"}, s.told(0, 2))
	assert.Empty(t, s.told(1, 0))
}

func TestTheOnlyUpstreamIsTriedThoughItIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, WatchSettings{})
	s.replicas[0].stop()
	s.connect(0)
	s.becomes(0, Unhealthy)
	assert.False(t, s.Zone().IsServed())
	try, err := s.Pick(time.Now(), nil, Affinity{})
	require.NoError(t, err)
	try.End()
	s.replicas[0].answers(status(http.StatusInternalServerError))
	s.replicas[0].listen()
	s.becomes(0, Healthy) // it answers, be it with an error
}

func TestAnUpstreamThatResetsIsEjectedUntilItAnswers(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2, WatchSettings{Ejection: quickly})
	s.replicas[0].eventually(func() bool { return s.Zone().Answered })
	s.replicas[0].answers(abort)
	for range maxResets {
		s.Reset(s.member(0).Upstream)
	}
	member := s.becomes(0, Ejected)
	assert.Equal(t, "it closes connections before it answers", member.Why)
	s.replicas[0].isAskedMore(2) // its time is over, and it does not answer
	assert.Equal(t, Ejected, s.member(0).State)
	s.replicas[0].answers(status(http.StatusOK))
	s.becomes(0, Healthy)
	assert.False(t, time.Now().Before(member.Until))
}

// One reset is no reason to eject it, but it may be that its process has ended.
func TestAnUpstreamWhoseConnectionBreaksIsAsked(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2, WatchSettings{})
	s.replicas[0].eventually(func() bool { return s.Zone().Answered })
	s.Reset(s.member(0).Upstream)
	s.replicas[0].isAskedMore(1)
	assert.Equal(t, Healthy, s.member(0).State)
	s.replicas[0].stop()
	s.Reset(s.member(0).Upstream)
	assert.Contains(t, s.becomes(0, Unhealthy).Why, "no connection: dial")
}

func TestResetsInARowAreReported(t *testing.T) {
	t.Parallel()
	rotation := &Rotation{traffic: &traffic{crossings: make(chan crossing, maxCrossings)}}
	try, err := zoneOfMany(1).pick(Balance{}, 0, simEpoch, nil, Affinity{})
	require.NoError(t, err)
	faults := 0
	for _, c := range []struct {
		resets, reports int
		answered        bool
	}{
		{maxResets - 1, 0, true},
		{maxResets - 1, 0, false},
		{1, 1, false},
		{maxResets - 1, 1, false},
		{1, 2, true},
	} {
		for range c.resets {
			rotation.Reset(try.Upstream)
			if one := <-rotation.traffic.crossings; one.kind == faulty {
				faults++
			} else {
				assert.Equal(t, broken, one.kind, "it is to be asked")
			}
		}
		assert.Equal(t, c.reports, faults)
		if c.answered {
			try.Sent(simEpoch)
			try.Answered(http.StatusOK, simEpoch)
		}
	}
}

// hang has a request wait for an upstream for as long as the test lasts.
func (s *site) hang(i int) {
	try := Try{Upstream: s.member(i).Upstream, occupies: true}
	try.Upstream.begin(0)
	try.Sent(time.Now())
	s.t.Cleanup(try.End)
}

func TestASilentUpstreamIsEjectedWhenItDoesNotAnswerAQuestionEither(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2, WatchSettings{Ejection: quickly})
	s.replicas[0].eventually(func() bool { return s.Zone().Answered })
	s.replicas[0].answers(silence)
	s.hang(0)
	member := s.becomes(0, Ejected)
	assert.Equal(t, "requests wait, and nothing comes from it", member.Why)
	s.replicas[0].answers(status(http.StatusNotFound))
	s.becomes(0, Healthy)
}

func TestASlowRouteIsNoReasonToEject(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2, WatchSettings{Ejection: quickly})
	s.replicas[0].eventually(func() bool { return s.Zone().Answered })
	s.hang(0)
	s.replicas[0].isAskedMore(4)
	assert.Empty(t, s.told(0, 0), "it answers others meanwhile")
}

func TestNobodyIsAskedWhileSomethingComes(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2, WatchSettings{Ejection: quickly})
	s.replicas[0].eventually(func() bool { return s.Zone().Answered })
	s.hang(0)
	asked := len(s.replicas[0].questions())
	until := time.Now().Add(4 * quickly.Silence)
	s.replicas[0].eventually(func() bool {
		s.member(0).NoteReceived()
		return time.Now().After(until)
	})
	assert.LessOrEqual(t, len(s.replicas[0].questions()), asked+1, "one may have been under way")
}

func TestTheOnlyUpstreamIsNotEjected(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, WatchSettings{Ejection: quickly})
	s.replicas[0].eventually(func() bool { return s.Zone().Answered })
	s.replicas[0].answers(abort)
	s.hang(0)
	s.becomes(0, Unhealthy)
	assert.True(t, s.MustWait(), "requests had better wait than be sent to it")
	s.replicas[0].answers(func(http.ResponseWriter, *http.Request) {})
	s.becomes(0, Healthy)
	assert.False(t, s.MustWait())
}

func TestAtMostHalfAreEjected(t *testing.T) {
	t.Parallel()
	s := newSite(t, 5, WatchSettings{Ejection: Ejection{For: time.Hour}})
	for i := range s.replicas {
		for range maxResets {
			s.Reset(s.member(i).Upstream)
		}
	}
	s.becomes(0, Ejected)
	s.becomes(1, Ejected)
	s.replicas[0].eventually(func() bool { return len(s.traffic.crossings) == 0 })
	for i := 2; i < 5; i++ {
		assert.Equal(t, Healthy, s.member(i).State)
	}
}

func TestEjectionCanBeOff(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2, WatchSettings{Ejection: Ejection{Off: true, Silence: time.Millisecond}})
	s.replicas[0].eventually(func() bool { return s.Zone().Answered })
	s.replicas[0].answers(abort)
	s.hang(0)
	for range maxResets {
		s.Reset(s.member(0).Upstream)
	}
	s.replicas[1].stop()
	s.connect(1)
	s.becomes(1, Unhealthy) // what was reported before has been looked at
	assert.Empty(t, s.told(0, 0))
}

func TestAnUpstreamThatFailsWhereOthersAnswerIsEjected(t *testing.T) {
	t.Parallel()
	s := newSite(t, 3, WatchSettings{Ejection: quickly})
	now := time.Now()
	for range maxFaults {
		s.Answered(s.member(0).Upstream, "/", http.StatusInternalServerError, now)
		s.Answered(s.member(1).Upstream, "/", http.StatusOK, now)
		s.Answered(s.member(2).Upstream, "/", http.StatusOK, now)
	}
	assert.Equal(t, "it fails where others answer", s.becomes(0, Ejected).Why)
	s.replicas[0].answers(abort)
	s.becomes(0, Healthy) // no question could clear it: it gets another chance when its time is over
}

func TestAZoneHasAnsweredWhenAQuestionWasAnswered(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, WatchSettings{})
	s.replicas[0].eventually(func() bool { return s.Zone().Answered })
	assert.Equal(t, AnyAnswer.Path, s.replicas[0].questions()[0].URL.Path)

	late := newSite(t, 1, WatchSettings{})
	late.replicas[0].stop()
	again := late.fleetWith(t, late.replicas[0])
	assert.False(t, again.Zone().Answered)
	late.replicas[0].listen()
	late.replicas[0].eventually(func() bool { return again.Zone().Answered })
}

// fleetWith returns the rotation of another fleet that has a replica.
func (s *site) fleetWith(t *testing.T, r *replica) *Rotation {
	t.Helper()
	source := Source{Address: Address{Dial: r.address}}
	rotation := openFleet(t, Settings{}).Join(ZoneSettings{
		ID: "late", Sources: []Source{source}, Watch: WatchSettings{UntilAnswered: true},
	})
	t.Cleanup(rotation.Leave)
	return rotation
}

func TestAZoneHasAnsweredWhenARequestWas(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, WatchSettings{})
	s.replicas[0].answers(abort)
	s.Answered(s.member(0).Upstream, "/", http.StatusOK, time.Now())
	s.replicas[0].eventually(func() bool { return s.Zone().Answered })
}

// nobodyTells has no server of DNS answer.
var nobodyTells = WatchSettings{Resolve: resolve.Settings{Resolvers: []string{"127.0.0.1:1"}}, UntilAnswered: true}

func TestAGoneUpstreamStaysUntilItIsEmpty(t *testing.T) {
	t.Parallel()
	fleet := openFleet(t, Settings{})
	rotation := fleet.Join(ZoneSettings{ID: "web", Name: "web", Sources: []Source{dns("pods")}, Watch: nobodyTells})
	t.Cleanup(rotation.Leave)
	first, second := newReplica(t), newReplica(t)
	fleet.find(t, "web", 0, first.address)
	try, err := rotation.Pick(time.Now(), nil, Affinity{})
	require.NoError(t, err)
	fleet.find(t, "web", 0, second.address)
	member := rotation.Zone().Find(first.address)
	assert.Equal(t, Draining, member.State)
	assert.Equal(t, "DNS names it no more", member.Why)
	for range 4 {
		next, err := rotation.Pick(time.Now(), nil, Affinity{})
		require.NoError(t, err)
		assert.Equal(t, second.address, next.Upstream.Dial)
		next.End()
	}
	assert.Never(t, func() bool { return rotation.Zone().Find(first.address) == nil }, 3*watchEvery, watchEvery/4)
	try.End()
	first.eventually(func() bool { return rotation.Zone().Find(first.address) == nil })
	assert.Equal(t, 1, fleet.addresses.Len())
}

// Who looks after the upstreams next goes on with where a host was that nobody can tell now.
func TestAHostThatFailsIsKnownToWhoWatchesNext(t *testing.T) {
	t.Parallel()
	server := dnstest.Start(t)
	server.SetA("a.example", "127.0.0.2")
	server.SetA("b.example", "127.0.0.3")
	server.SetSRV("web.example", dnstest.SRV{Port: 1, Target: "a.example"}, dnstest.SRV{Port: 1, Target: "b.example"})
	fleet := openFleet(t, Settings{})
	watch := WatchSettings{Resolve: resolve.Settings{Resolvers: []string{server.Addr()}, Refresh: 50 * time.Millisecond}}
	service := Source{Kind: SRVSource, Address: Address{Dial: "web.example"}}
	rotation := fleet.Join(ZoneSettings{ID: "web", Name: "web", Sources: []Source{service}, Watch: watch})
	t.Cleanup(rotation.Leave)
	<-rotation.Found()
	require.Len(t, rotation.Upstreams(), 2)

	server.Fail("a.example", dnsmessage.RCodeServerFailure)
	watch.Resolve.Refresh = 60 * time.Millisecond
	fleet.Serve("web", watch)
	server.SetA("b.example", "127.0.0.4")
	require.Eventually(t, func() bool { return rotation.Zone().Find("127.0.0.4:1") != nil }, 20*time.Second, 10*time.Millisecond)
	assert.Equal(t, Healthy, rotation.Zone().Find("127.0.0.2:1").State)
}

func TestNobodyWatchesWhatAllHaveLeft(t *testing.T) {
	before := goleak.IgnoreCurrent()
	fleet := openFleet(t, Settings{})
	r := newReplica(t)
	var rotations []*Rotation
	for range 2 {
		rotations = append(rotations, fleet.Join(ZoneSettings{
			ID: "web", Sources: []Source{{Address: Address{Dial: r.address}}, dns("pods")},
			Watch: WatchSettings{Health: HealthCheck{Mode: HealthHTTP, Path: "/", Interval: 10 * time.Millisecond}},
		}))
	}
	r.isAskedMore(2)
	rotations[0].Leave()
	r.isAskedMore(2)
	rotations[1].Leave()
	assert.Zero(t, fleet.addresses.Len())
	require.NoError(t, fleet.Close())
	r.stop()
	goleak.VerifyNone(t, before)
}

func TestAnUpstreamIsAskedByTheNameOfItsCertificate(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(status(http.StatusTeapot))
	server.StartTLS()
	t.Cleanup(server.Close)
	names := make(chan string, 2)
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		names <- req.TLS.ServerName
		w.WriteHeader(http.StatusTeapot)
	})
	u := &Upstream{Address: Address{Dial: server.Listener.Addr().String(), TLS: true, ServerName: "web.example"}}
	code, err := u.Ask(t.Context(), AnyAnswer)
	require.NoError(t, err)
	assert.Equal(t, http.StatusTeapot, code)
	assert.Equal(t, "web.example", <-names)
}

func TestAnUpstreamCanBeASocket(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/web.sock"
	listener, err := net.Listen("unix", path)
	require.NoError(t, err)
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: status(http.StatusNoContent)}}
	server.Start()
	t.Cleanup(server.Close)
	code, err := (&Upstream{Address: Address{Dial: "unix/" + path}}).Ask(t.Context(), AnyAnswer)
	require.NoError(t, err)
	assert.Equal(t, http.StatusNoContent, code)
}
