package builds

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
)

// DefaultInterval is how often a directory is looked at.
const DefaultInterval = 2 * time.Second

// never is a time that does not come.
const never = time.Duration(math.MaxInt64)

// directory has the builds that were read from one Source, and looks whether there is another.
type directory struct {
	source Source
	end    context.CancelFunc // of the goroutine
	ctx    context.Context
	wake   chan struct{} // look now
	run    sync.WaitGroup

	mu      sync.Mutex // see the package's comment
	started bool
	zones   []*zone
	builds  []*Build // those that somebody has
	seen    string   // the hash of the last look
	failed  failedRead
}

// failedRead is what came of reading a directory in the state of a hash, so that it is not read again for each zone.
type failedRead struct {
	hash string
	err  error
}

func newDirectory(source Source) *directory {
	d := &directory{source: source, wake: make(chan struct{}, 1)}
	d.ctx, d.end = context.WithCancel(context.Background())
	return d
}

// Destruct implements caddy.Destructor. It awaits the end of the goroutine.
func (d *directory) Destruct() error {
	d.end()
	d.run.Wait()
	return nil
}

// start has the goroutine look at once, and begins it if need be. d.mu is held.
func (d *directory) start() {
	if !d.started {
		d.started = true
		d.run.Go(d.watch)
	}
	select {
	case d.wake <- struct{}{}:
	default: // it is to look already
	}
}

func (d *directory) watch() {
	timer := time.NewTimer(never) // it was woken
	defer timer.Stop()
	for {
		select {
		case <-d.ctx.Done():
			return
		case <-d.wake:
		case <-timer.C:
		}
		timer.Reset(d.look(d.ctx))
	}
}

// look looks at the directory, and has each zone decide what becomes of a build that waits. It returns when to look
// again.
func (d *directory) look(ctx context.Context) (pause time.Duration) {
	var deciding sync.WaitGroup
	for _, z := range d.notice() {
		deciding.Go(func() { z.proceed(ctx) })
	}
	deciding.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	pause = never
	for _, z := range d.zones {
		pause = min(pause, z.interval())
	}
	return pause
}

// notice has the zones notice what is in the directory now, and returns them.
func (d *directory) notice() []*zone {
	d.mu.Lock()
	defer d.mu.Unlock()
	hash, err := d.source.hash()
	if err != nil {
		hash = err.Error() // a build that is gone for a moment is being replaced
	}
	settled := hash == d.seen
	d.seen = hash
	var ready []*zone
	for _, z := range d.zones {
		if !z.isReady() {
			continue
		}
		if settled {
			z.notice(hash)
		}
		ready = append(ready, z)
	}
	d.sweep()
	return ready
}

// find returns the build with a hash, which is read unless somebody has it. A failure is not repeated.
func (d *directory) find(hash string) (*Build, error) {
	if b := d.known(hash); b != nil {
		return b, nil
	}
	if d.failed.err != nil && d.failed.hash == hash {
		return nil, d.failed.err
	}
	b, err := d.read()
	d.failed = failedRead{hash, err}
	return b, err
}

// current returns the build that is in the directory now, which is read unless somebody has it as it is.
func (d *directory) current() (*Build, error) {
	if hash, err := d.source.hash(); err == nil {
		if b := d.known(hash); b != nil && !b.isChanged() {
			d.seen = hash
			return b, nil
		}
	}
	b, err := d.read()
	if err == nil {
		d.seen = b.Hash
	}
	return b, err
}

// known returns the build with a hash that was read last, nil if nobody has one.
func (d *directory) known(hash string) *Build {
	for _, b := range slices.Backward(d.builds) {
		if b.Hash == hash {
			return b
		}
	}
	return nil
}

func (d *directory) read() (*Build, error) {
	b, err := d.source.read()
	if err != nil {
		return nil, err
	}
	d.builds = append(d.builds, b)
	return b, nil
}

// collect closes the builds that nobody has.
func (d *directory) collect() error {
	var errs []error
	d.builds = slices.DeleteFunc(d.builds, func(b *Build) bool {
		if b.leases > 0 {
			return false
		}
		errs = append(errs, b.index.Close())
		return true
	})
	return errors.Join(errs...)
}

// sweep does the same, and says what has failed.
func (d *directory) sweep() {
	err := d.collect()
	if err == nil {
		return
	}
	for _, z := range d.zones {
		z.forEachLabel(func(s *Subscription) { s.log.Warn("closing the files of a build", zap.Error(err)) })
		return
	}
}
