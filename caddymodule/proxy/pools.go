package proxy

import (
	"sync"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/streaming"
	"github.com/caddy-nextjs/caddy-nextjs/zones/hygiene"
)

// What must survive a configuration reload. It is state, never settings.
var (
	// processStreams are the open streams of every configuration that was ever loaded: they outlive theirs.
	processStreams streaming.Streams
	// processCookies are cookies that prerendered route handlers have set, processSaidCookies the handlers that were
	// named.
	processCookies     = hygiene.NewStoredCookies()
	processSaidCookies saidCookies
	// processPools are the idle connections of all transports.
	processPools allPools
)

// allPools are the connections of the transports of all configurations.
type allPools struct {
	mu   sync.Mutex
	list map[*idlePools]bool
}

func (a *allPools) add(p *idlePools) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.list == nil {
		a.list = map[*idlePools]bool{}
	}
	a.list[p] = true
}

func (a *allPools) remove(p *idlePools) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.list, p)
}

// forget closes what is idle of an upstream that nobody has any more.
func (a *allPools) forget(upstream *deploy.Upstream) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for pools := range a.list {
		pools.forget(upstream)
	}
}

// closeIdle closes what is idle of an upstream, whichever site has used it.
func (a *allPools) closeIdle(upstream *deploy.Upstream) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for pools := range a.list {
		pools.closeIdleOf(upstream)
	}
}

// Drain ends the streams of an upstream that gets no new requests: event streams are told to come back, sockets last.
func Drain(upstream *deploy.Upstream) { processStreams.Drain(upstream, streaming.DrainLimits{}) }

// Undrain undoes Drain.
func Undrain(upstream *deploy.Upstream) { processStreams.Undrain(upstream) }

// Forget gives up what is kept of an upstream that nobody has any more. Streams that are left of it, under a
// configuration that has ended, go on as they do: who takes an upstream out does so to restart it, whether it is named
// still or not.
func Forget(upstream *deploy.Upstream) {
	if events, sockets := Streams(upstream); events+sockets == 0 {
		Undrain(upstream)
	}
	processPools.forget(upstream)
}

// Streams returns how many event streams and upgraded connections of an upstream are open.
func Streams(upstream *deploy.Upstream) (events, sockets int) { return processStreams.Owned(upstream) }
