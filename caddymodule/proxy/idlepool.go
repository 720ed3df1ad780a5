package proxy

import (
	"cmp"
	"crypto/tls"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
)

// idlePools keeps the connections to each upstream apart, because each upstream says for itself how long it keeps an
// idle one, and net/http has one such time for a whole transport.
type idlePools struct {
	base *http.Transport
	byUp sync.Map // *deploy.Upstream → *atomic.Pointer[idlePool]
}

// idlePool holds the connections to one upstream.
type idlePool struct {
	idle time.Duration
	*http.Transport
}

// of returns the connections to an upstream. When the upstream has announced another keep-alive time since, idle
// connections are given up and new ones follow the new time.
func (p *idlePools) of(upstream *deploy.Upstream) *idlePool {
	idle := upstream.IdleTimeout(p.base.IdleConnTimeout)
	value, found := p.byUp.Load(upstream)
	if !found {
		slot := new(atomic.Pointer[idlePool])
		slot.Store(p.fresh(upstream, idle))
		value, _ = p.byUp.LoadOrStore(upstream, slot)
	}
	slot := value.(*atomic.Pointer[idlePool])
	pool := slot.Load()
	if pool.idle == idle {
		return pool
	}
	fresh := p.fresh(upstream, idle)
	if !slot.CompareAndSwap(pool, fresh) {
		return slot.Load()
	}
	// Connections in use come back to the old pool, where no request looks for one any more, and are closed after its
	// time.
	pool.CloseIdleConnections()
	return fresh
}

func (p *idlePools) fresh(upstream *deploy.Upstream, idle time.Duration) *idlePool {
	transport := p.base.Clone()
	transport.IdleConnTimeout = idle
	if upstream.ServerName != "" {
		if transport.TLSClientConfig == nil {
			transport.TLSClientConfig = new(tls.Config)
		}
		transport.TLSClientConfig.ServerName = cmp.Or(transport.TLSClientConfig.ServerName, upstream.ServerName)
	}
	return &idlePool{idle: idle, Transport: transport}
}

// forget closes the connections to an upstream that nobody has any more.
func (p *idlePools) forget(upstream *deploy.Upstream) {
	if slot, found := p.byUp.LoadAndDelete(upstream); found {
		slot.(*atomic.Pointer[idlePool]).Load().CloseIdleConnections()
	}
}

// closeIdleOf closes the connections to an upstream that nothing is sent on now.
func (p *idlePools) closeIdleOf(upstream *deploy.Upstream) {
	if slot, found := p.byUp.Load(upstream); found {
		slot.(*atomic.Pointer[idlePool]).Load().CloseIdleConnections()
	}
}

func (p *idlePools) closeIdle() {
	p.byUp.Range(func(_, slot any) bool {
		slot.(*atomic.Pointer[idlePool]).Load().CloseIdleConnections()
		return true
	})
}
