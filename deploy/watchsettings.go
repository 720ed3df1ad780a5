package deploy

import (
	"cmp"
	"crypto/tls"
	"reflect"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/deploy/resolve"
)

// WatchSettings say how the upstreams of a zone are found and looked after.
type WatchSettings struct {
	// Resolve says how names are looked up.
	Resolve resolve.Settings
	// Health says what upstreams are asked.
	Health HealthCheck
	// Ejection says what becomes of those whose answers are bad.
	Ejection Ejection
	// TLS has upstreams be asked over TLS, whatever their addresses say, for requests go to them so (Question.TLS).
	TLS *tls.Config
	// UntilAnswered says that upstreams are asked until one has answered once, for somebody waits for that.
	UntilAnswered bool
	// Mixed says whether it is looked whether they run one build.
	Mixed MixedCheck
}

// equal reports whether both are the same. Those of TLS are if they are one value.
func (s WatchSettings) equal(other WatchSettings) bool {
	isSameTLS := s.TLS == other.TLS
	s.TLS, other.TLS = nil, nil
	return isSameTLS && reflect.DeepEqual(s, other)
}

// Differences returns which settings do not come to the same, by their words in a configuration.
func (s WatchSettings) Differences(other WatchSettings) (words []string) {
	if s.Health.effective() != other.Health.effective() {
		words = append(words, "health")
	}
	if s.Ejection.effective() != other.Ejection.effective() {
		words = append(words, "eject")
	}
	if cmp.Or(s.Resolve.Refresh, resolve.DefaultRefresh) != cmp.Or(other.Resolve.Refresh, resolve.DefaultRefresh) {
		words = append(words, "refresh")
	}
	return words
}

// HealthMode is what upstreams are asked to find out whether they are fit.
type HealthMode uint8

// The modes.
const (
	HealthOff  HealthMode = iota // nothing: what requests show is all that is known
	HealthTCP                    // whether they take connections
	HealthHTTP                   // whether they answer a path with 200 to 399
)

// HealthCheck says what upstreams are asked, and how often. Zero values stand for the defaults.
type HealthCheck struct {
	Mode HealthMode
	// Path is asked with the host and the scheme by which visitors come, or applications redirect it.
	Path, Host, Scheme string
	// Interval is the time between two questions. Default: 2 s.
	Interval time.Duration
	// Timeout bounds the answer. Default: 2 s.
	Timeout time.Duration
	// Passes is how many answers in a row make an upstream fit, Fails how many unfit. Default: 2.
	Passes, Fails int
}

// Ejection says how long upstreams are out of rotation whose answers are bad. Zero values stand for the defaults.
type Ejection struct {
	Off bool
	// Silence is how long requests may wait while nothing at all comes from an upstream. Default: 5 s.
	Silence time.Duration
	// For is how long the first ejection lasts; each one in a row lasts twice as long as the one before. Default: 5 s.
	For time.Duration
	// Max is the longest. Default: 1 min.
	Max time.Duration
}

// Defaults of HealthCheck and Ejection.
const (
	DefaultInterval = 2 * time.Second
	DefaultTimeout  = 2 * time.Second
	DefaultStreak   = 2
	DefaultSilence  = 5 * time.Second
	DefaultEject    = 5 * time.Second
	DefaultMaxEject = time.Minute
)

func (c HealthCheck) withDefaults() HealthCheck {
	c.Interval, c.Timeout = cmp.Or(c.Interval, DefaultInterval), cmp.Or(c.Timeout, DefaultTimeout)
	c.Passes, c.Fails = cmp.Or(c.Passes, DefaultStreak), cmp.Or(c.Fails, DefaultStreak)
	return c
}

// effective is what is done: nothing, whatever else is said, where the mode is off.
func (c HealthCheck) effective() HealthCheck {
	if c.Mode == HealthOff {
		return HealthCheck{}
	}
	return c.withDefaults()
}

// effective is what is done, likewise.
func (e Ejection) effective() Ejection {
	if e.Off {
		return Ejection{Off: true}
	}
	return e.withDefaults()
}

func (e Ejection) withDefaults() Ejection {
	e.Silence, e.For = cmp.Or(e.Silence, DefaultSilence), cmp.Or(e.For, DefaultEject)
	e.Max = max(cmp.Or(e.Max, DefaultMaxEject), e.For)
	return e
}
