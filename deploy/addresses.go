package deploy

import "sync"

// Addresses are the upstreams of a process: one for each address, for as long as anybody has it or anything is in
// flight to it. The zero value is ready for use.
type Addresses struct {
	mu    sync.Mutex
	known map[Address]*usedUpstream
}

type usedUpstream struct {
	*Upstream
	users int
}

// Use returns the upstream of an address. Each is given back by Release.
func (a *Addresses) Use(address Address) *Upstream {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.forgetIdle()
	if a.known == nil {
		a.known = map[Address]*usedUpstream{}
	}
	used := a.known[address]
	if used == nil {
		used = &usedUpstream{Upstream: &Upstream{Address: address}}
		a.known[address] = used
	}
	used.users++
	return used.Upstream
}

// Release undoes a Use.
func (a *Addresses) Release(u *Upstream) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.known[u.Address].users--
	a.forgetIdle()
}

// Len returns how many upstreams are in use, or have something in flight.
func (a *Addresses) Len() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.forgetIdle()
	return len(a.known)
}

// forgetIdle forgets the upstreams that nobody has, once nothing is in flight to them. a.mu is held.
func (a *Addresses) forgetIdle() {
	for address, used := range a.known {
		if used.users == 0 && used.InFlight() == 0 {
			delete(a.known, address)
		}
	}
}
