package builds

import (
	"errors"
	"fmt"

	"github.com/caddyserver/caddy/v2"
)

// Pool has the builds of a process. It outlives configurations: while one follows another, both have what they have in
// common.
type Pool struct {
	directories *caddy.UsagePool // of *directory, by Source.key
}

// NewPool returns a pool without builds.
func NewPool() *Pool { return &Pool{directories: caddy.NewUsagePool()} }

// Subscribe returns the subscription of a site's zone, with the build that it begins with. The directory is looked at
// now, and read if nobody has read what is there. The error says what is wrong with it, as "build: …" or "export: …".
//
// The zone goes on with what other subscribers to the same directory and some of the same upstreams are served from:
// what is new in the directory waits until the upstreams run it. Without any it begins with what is there.
func (p *Pool) Subscribe(o Options) (*Subscription, error) {
	key, err := o.Source.key()
	if err != nil {
		return nil, err
	}
	value, _, err := p.directories.LoadOrNew(key, func() (caddy.Destructor, error) { return newDirectory(o.Source), nil })
	if err != nil {
		return nil, fmt.Errorf("watching %s: %w", key, err)
	}
	d := value.(*directory)
	s, err := d.subscribe(o)
	if err != nil {
		return nil, errors.Join(err, p.giveBack(key))
	}
	s.giveBack = func() error { return p.giveBack(key) }
	return s, nil
}

// giveBack gives back a directory. The last user awaits the end of its goroutine.
func (p *Pool) giveBack(key string) error {
	if _, err := p.directories.Delete(key); err != nil {
		return fmt.Errorf("giving back the builds of %s: %w", key, err)
	}
	return nil
}
