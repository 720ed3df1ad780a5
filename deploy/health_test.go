package deploy

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// upCheck asks a path often.
var upCheck = HealthCheck{
	Mode: HealthHTTP, Path: "/up?deep=1", Host: "shop.example", Scheme: "https", Interval: 50 * time.Millisecond,
}

func TestHealthIsAskedAsVisitorsWouldAsk(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, WatchSettings{Health: upCheck})
	assert.Equal(t, "not asked yet", s.member(0).Why)
	s.becomes(0, Healthy)
	assert.True(t, s.Zone().Answered)
	questions := s.replicas[0].questions()
	assert.NotEmpty(t, questions, "where nothing is fit, one good answer is enough")
	asked := questions[0]
	assert.Equal(t, "/up?deep=1", asked.URL.RequestURI())
	assert.Equal(t, "shop.example", asked.Host)
	assert.Equal(t, "shop.example", asked.Header.Get("X-Forwarded-Host"))
	assert.Equal(t, "https", asked.Header.Get("X-Forwarded-Proto"))
	assert.Equal(t, "caddy-nextjs", asked.UserAgent())
}

func TestAnswersFrom200To399AreHealthy(t *testing.T) {
	t.Parallel()
	for code, state := range map[int]Health{
		http.StatusNoContent: Healthy, http.StatusPermanentRedirect: Healthy,
		http.StatusNotFound: Unhealthy, http.StatusInternalServerError: Unhealthy,
	} {
		s := newSite(t, 1, WatchSettings{Health: upCheck})
		s.replicas[0].answers(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(code)
		})
		s.replicas[0].isAskedMore(4)
		s.becomes(0, state)
		for _, asked := range s.replicas[0].questions() {
			assert.Equal(t, "/up", asked.URL.Path, "redirects are not followed")
		}
	}
}

func TestHealthChangesAfterEnoughAnswersInARow(t *testing.T) {
	t.Parallel()
	check := upCheck
	check.Passes, check.Fails = 3, 2
	s := newSite(t, 2, WatchSettings{Health: check})
	s.becomes(0, Healthy)
	var asked atomic.Int64
	s.replicas[0].answers(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1)%2 == 0 { // never two in a row
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	s.replicas[0].isAskedMore(6)
	assert.Equal(t, Healthy, s.member(0).State)

	s.replicas[0].answers(status(http.StatusServiceUnavailable))
	assert.Equal(t, "/up?deep=1 is answered with 503", s.becomes(0, Unhealthy).Why)
	asked.Store(0)
	s.replicas[0].answers(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1)%3 == 0 { // never three in a row
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	s.replicas[0].isAskedMore(8)
	assert.Equal(t, Unhealthy, s.member(0).State)
	s.replicas[0].answers(status(http.StatusOK))
	s.becomes(0, Healthy)
	assert.Equal(t, []string{"healthy", "unhealthy", "healthy"}, s.told(0, 3))
	assert.Equal(t, []string{"healthy"}, s.told(1, 1))
}

func TestHealthCountsWhatIsNotAnsweredInTime(t *testing.T) {
	t.Parallel()
	check := upCheck
	check.Timeout = 100 * time.Millisecond
	s := newSite(t, 1, WatchSettings{Health: check})
	s.becomes(0, Healthy)
	s.replicas[0].answers(silence)
	s.becomes(0, Unhealthy)
	s.replicas[0].answers(status(http.StatusOK))
	s.becomes(0, Healthy)
}

func TestARefusedUpstreamNeedsItsPassesAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, WatchSettings{Health: upCheck})
	s.becomes(0, Healthy)
	s.replicas[0].answers(status(http.StatusInternalServerError))
	s.replicas[0].stop()
	s.connect(0)
	s.becomes(0, Unhealthy)
	s.replicas[0].listen()
	s.replicas[0].isAskedMore(3)
	assert.Equal(t, Unhealthy, s.member(0).State, "it answers, but not well")
	s.replicas[0].answers(status(http.StatusOK))
	s.becomes(0, Healthy)
}

func TestARefusalBetweenTwoQuestionsIsNotForGood(t *testing.T) {
	t.Parallel()
	check := upCheck
	check.Interval = time.Second
	s := newSite(t, 1, WatchSettings{Health: check})
	s.becomes(0, Healthy)
	s.replicas[0].isAskedMore(1)
	s.Refused(s.member(0).Upstream, errors.New("refused")) // and it listens again before it is asked
	s.becomes(0, Unhealthy)
	s.becomes(0, Healthy)
}

func TestHealthByConnections(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, WatchSettings{Health: HealthCheck{Mode: HealthTCP, Interval: 50 * time.Millisecond}})
	s.replicas[0].answers(status(http.StatusInternalServerError))
	s.becomes(0, Healthy)
	assert.Empty(t, s.replicas[0].questions(), "it is not asked for anything")
	s.replicas[0].stop()
	s.becomes(0, Unhealthy)
	s.replicas[0].listen()
	s.becomes(0, Healthy)
}

func TestHealthIsTurnedOnAndOff(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2, WatchSettings{})
	s.replicas[0].eventually(func() bool { return s.Zone().Answered })
	s.replicas[0].answers(status(http.StatusInternalServerError))
	assert.Equal(t, Healthy, s.member(0).State, "nobody asks")

	s.Serve("web", WatchSettings{Health: upCheck, UntilAnswered: true})
	s.becomes(0, Unhealthy)
	s.replicas[1].isAskedMore(2)
	assert.Equal(t, Healthy, s.member(1).State, "it is fit until it is known not to be")

	s.Serve("web", WatchSettings{UntilAnswered: true})
	s.becomes(0, Healthy) // it answers
	for range 2 {
		asked := len(s.replicas[1].questions())
		s.replicas[0].stop()
		s.connect(0)
		s.becomes(0, Unhealthy)
		s.replicas[0].listen()
		s.becomes(0, Healthy)
		assert.Len(t, s.replicas[1].questions(), asked, "it is not asked any more")
	}
}

func TestWhatWasNotAskedYetIsFitWhenHealthIsTurnedOff(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1, WatchSettings{Health: upCheck})
	s.replicas[0].stop()
	s.Serve("web", WatchSettings{UntilAnswered: true})
	assert.NotEqual(t, "not asked yet", s.member(0).Why)
}

func TestWhatWasFoundMeanwhileIsAskedOnceWhenHealthIsOff(t *testing.T) {
	t.Parallel()
	fleet, found := openFleet(t, Settings{}), newReplica(t)
	rotation := fleet.Join(ZoneSettings{ID: "web", Sources: []Source{dns("pods")}, Watch: nobodyTells})
	t.Cleanup(rotation.Leave)
	upstream := fleet.addresses.Use(Address{Dial: found.address})
	defer fleet.addresses.Release(upstream)
	// Who was about to ask has just ended.
	fleet.order(t, Found{ID: "web", Targets: []Target{{Upstream: upstream}}, Checked: true})
	found.eventually(func() bool { return rotation.Zone().IsServed() })
}
