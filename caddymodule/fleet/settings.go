package fleet

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"golang.org/x/net/http/httpguts"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/deploy/resolve"
)

// defaultSlowStart is how long an upstream that is fit again gets fewer requests than the others.
const defaultSlowStart = caddy.Duration(10 * time.Second)

// Settings say how the upstreams of a zone are found, looked after and used.
type Settings struct {
	// What upstreams are asked to find out whether they are fit. Default: nothing; what requests show is all that is
	// known.
	Health *Health `json:"health,omitempty"`

	// When upstreams are out of rotation for a while because of their answers.
	Eject *Eject `json:"eject,omitempty"`

	// How long an upstream that is fit again, or new, gets fewer requests than the others. Default: `10s`; -1: at once
	// as many.
	SlowStart caddy.Duration `json:"slow_start,omitempty"`

	// How many requests keep one upstream busy at most. Event streams, upgraded connections and bodies that wait for
	// their client do not count. Where all upstreams have so many, a request waits in the queue. Default: any number.
	MaxConcurrent int `json:"max_concurrent,omitempty"`

	// How many requests may wait while no upstream takes them, and how long.
	Queue *Queue `json:"queue,omitempty"`

	// Whether a GET or HEAD never goes to another upstream after one has ended its connection before the answer began.
	RetriesOff bool `json:"retries_off,omitempty"`

	// Whether requests of one visitor go to one upstream. Default: no.
	Sticky *Sticky `json:"sticky,omitempty"`

	// How often DNS is asked for `dns+` and `srv+` upstreams. Default: `1s`.
	Refresh caddy.Duration `json:"refresh,omitempty"`

	// The name servers that are asked, also for the hosts that SRV records name: host or host:port. Default: those of
	// the system.
	Resolvers []string `json:"resolvers,omitempty"`

	// Which addresses of a `dns+` name are upstreams: `ipv4`, `ipv6`, or both. Default: those of IPv4, and those of
	// IPv6 only where there are none.
	Versions []string `json:"versions,omitempty"`

	// Which documents set a cookie that names their deployment, where the build has no deploymentId: `on`, those that
	// no shared cache may keep; `all`, the others too, which become private; `off`, none. Default: as `on`, once
	// something was deployed; where it is written, before that too.
	PinCookie string `json:"pin_cookie,omitempty"`

	// How many deployments stay for documents of before that are not live any more. Default: 5.
	Keep int `json:"keep,omitempty"`

	// How long at most after the switch to another one they stay. Default: `24h`.
	MaxAge caddy.Duration `json:"max_age,omitempty"`

	// How large a body of a server action may be, in bytes, so that it is kept until its deployment has answered: an
	// action that this one does not know is sent once more, to another. -1: none is kept or sent once more. Default: 1
	// MiB.
	ActionBody int64 `json:"action_body,omitempty"`
}

// Health is what upstreams are asked.
type Health struct {
	// A path that upstreams answer with 200 to 399, `tcp` for whether they take connections, or `off`.
	Ask string `json:"ask,omitempty"`

	// The time between two questions. Default: `2s`.
	Interval caddy.Duration `json:"interval,omitempty"`

	// How long an answer may take. Default: `2s`.
	Timeout caddy.Duration `json:"timeout,omitempty"`

	// How many good answers in a row make an upstream fit. Default: 2.
	Passes int `json:"passes,omitempty"`

	// How many bad ones make it unfit. Default: 2.
	Fails int `json:"fails,omitempty"`

	// The host by which upstreams are asked. Default: the first one of the site.
	Host string `json:"host,omitempty"`
}

// Eject says when upstreams are out of rotation for a while because of their answers.
type Eject struct {
	// Whether they never are.
	Off bool `json:"off,omitempty"`

	// How long requests may wait while nothing at all comes from an upstream. Default: `5s`.
	Silence caddy.Duration `json:"silence,omitempty"`

	// How long the first time lasts; each one in a row lasts twice as long as the one before. Default: `5s`.
	For caddy.Duration `json:"for,omitempty"`

	// How long one lasts at most. Default: `1m`.
	Max caddy.Duration `json:"max,omitempty"`
}

// Queue says how many requests may wait while no upstream takes them.
type Queue struct {
	// Whether none may.
	Off bool `json:"off,omitempty"`

	// How many. Default: 512.
	Size int `json:"size,omitempty"`

	// How long. Default: `10s`.
	Within caddy.Duration `json:"within,omitempty"`
}

const (
	defaultQueueSize   = 512
	defaultQueueWithin = 10 * time.Second
)

// Sticky says what tells visitors apart: one of the two.
type Sticky struct {
	// A header of requests. Those with one value go to one upstream.
	Header string `json:"header,omitempty"`

	// Whether a cookie names the upstream.
	Cookie bool `json:"cookie,omitempty"`

	// What the names in cookies are made with, the same on all edges of a site. Default: one that is kept in `state`.
	Secret string `json:"secret,omitempty"`
}

var versionNames = []string{"ipv4", "ipv6"}

// Check refuses what cannot be meant.
func (s Settings) Check() error {
	for _, duration := range []struct {
		word  string
		value caddy.Duration
	}{{"slow_start", s.SlowStart + 1}, {"refresh", s.Refresh}, {"max_age", s.MaxAge}} {
		if duration.value < 0 {
			return fmt.Errorf("%s must not be negative", duration.word)
		}
	}
	if s.MaxConcurrent < 0 {
		return errors.New("max_concurrent must not be negative")
	}
	for _, version := range s.Versions {
		if !slices.Contains(versionNames, version) {
			return fmt.Errorf("unknown version %q; allowed: %s", version, strings.Join(versionNames, ", "))
		}
	}
	for _, server := range s.Resolvers {
		if strings.Contains(server, "/") || server == "" {
			return fmt.Errorf("resolver %q is no name server: expected a host or host:port", server)
		}
	}
	return errors.Join(s.Health.check(), s.Eject.check(), s.Sticky.check(), s.Queue.check(), s.checkDeployments())
}

func (h *Health) check() error {
	switch {
	case h == nil:
	case h.Ask == "":
		return errors.New("health takes a path, tcp or off")
	case h.Ask != "tcp" && h.Ask != "off" && !strings.HasPrefix(h.Ask, "/"):
		return fmt.Errorf("health takes a path, tcp or off, found %q", h.Ask)
	case h.Interval < 0 || h.Timeout < 0 || h.Passes < 0 || h.Fails < 0:
		return errors.New("health: interval, timeout, passes and fails must not be negative")
	}
	return nil
}

func (e *Eject) check() error {
	switch {
	case e == nil:
	case e.Silence < 0 || e.For < 0 || e.Max < 0:
		return errors.New("eject: silence, for and max must not be negative")
	case e.Off && (e.Silence > 0 || e.For > 0 || e.Max > 0):
		return errors.New("eject off excludes silence, for and max")
	}
	return nil
}

func (q *Queue) check() error {
	switch {
	case q == nil:
	case q.Size < 0 || q.Within < 0:
		return errors.New("queue: size and time must not be negative")
	case q.Off && (q.Size > 0 || q.Within > 0):
		return errors.New("queue off excludes a size and a time")
	}
	return nil
}

func (s *Sticky) check() error {
	switch {
	case s == nil:
	case s.Cookie == (s.Header != ""):
		return errors.New("sticky takes `cookie` or `header <name>`")
	case s.Header != "" && !httpguts.ValidHeaderFieldName(s.Header):
		return fmt.Errorf("sticky header: %q is no name of a header", s.Header)
	case s.Secret != "" && !s.Cookie:
		return errors.New("sticky: a secret is for cookies")
	}
	return nil
}

// Balance is how requests are spread.
func (s Settings) Balance() deploy.Balance {
	slowStart := s.SlowStart
	if slowStart == 0 {
		slowStart = defaultSlowStart
	}
	return deploy.Balance{MaxConcurrent: int64(s.MaxConcurrent), SlowStart: time.Duration(max(slowStart, 0))}
}

// Waits is how many requests may wait for an upstream, and how long.
func (s Settings) Waits() deploy.QueueSettings {
	q := s.Queue
	switch {
	case q == nil:
		q = new(Queue)
	case q.Off:
		return deploy.QueueSettings{}
	}
	return deploy.QueueSettings{
		Size: cmp.Or(q.Size, defaultQueueSize), Within: cmp.Or(time.Duration(q.Within), defaultQueueWithin),
	}
}

// Watch is how upstreams are looked after. host and scheme are those by which visitors reach the site, "" where they
// are not known.
func (s Settings) Watch(host, scheme string) deploy.WatchSettings {
	w := deploy.WatchSettings{Resolve: resolve.Settings{
		Refresh: time.Duration(s.Refresh), Resolvers: s.NameServers(), Versions: s.versions(),
	}}
	if s.Health != nil {
		w.Health = s.Health.question(host, scheme)
	}
	if s.Eject != nil {
		w.Ejection = deploy.Ejection{
			Off: s.Eject.Off, Silence: time.Duration(s.Eject.Silence), For: time.Duration(s.Eject.For), Max: time.Duration(s.Eject.Max),
		}
	}
	return w
}

// NameServers are the servers that are asked, after placeholders are replaced.
func (s Settings) NameServers() []string {
	servers := make([]string, len(s.Resolvers))
	for i, server := range s.Resolvers {
		servers[i] = caddy.NewReplacer().ReplaceKnown(server, "")
	}
	return servers
}

func (s Settings) versions() resolve.Versions {
	four, six := slices.Contains(s.Versions, "ipv4"), slices.Contains(s.Versions, "ipv6")
	switch {
	case four && six:
		return resolve.BothVersions
	case four:
		return resolve.OnlyIPv4
	case six:
		return resolve.OnlyIPv6
	}
	return resolve.PreferIPv4
}

func (h *Health) question(host, scheme string) deploy.HealthCheck {
	check := deploy.HealthCheck{
		Interval: time.Duration(h.Interval), Timeout: time.Duration(h.Timeout), Passes: h.Passes, Fails: h.Fails,
	}
	switch h.Ask {
	case "off":
	case "tcp":
		check.Mode = deploy.HealthTCP
	default:
		check.Mode, check.Path, check.Host, check.Scheme = deploy.HealthHTTP, h.Ask, host, scheme
		if h.Host != "" {
			check.Host = h.Host
		}
	}
	return check
}
