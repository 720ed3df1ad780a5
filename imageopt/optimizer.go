package imageopt

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
	"github.com/caddy-nextjs/caddy-nextjs/internal/flight"
)

// DefaultFetches is how many sources may be fetched, or be in memory to be transformed, at once.
const DefaultFetches = 32

// makeTime bounds the making of one picture: every redirect of its source, its wait in the queue, and itself.
const makeTime = time.Minute

// Optimizer answers requests for pictures by what it keeps, and makes what it does not have. It is safe for concurrent
// use.
type Optimizer struct {
	store    *blobstore.Store
	pipeline *Pipeline
	sources  *queue
	flights  flight.Group[blobstore.Key, *picture]
	fetches  flight.Group[blobstore.Key, Source]
	fetched  atomic.Int64 // number of the last source
	now      func() time.Time
	stats    optimizerCounts

	firstFormatAfter atomic.Int64 // see SetFirstFormat
	behind           atomic.Int64 // AVIFs that are made in the background
	storeRefuses     atomic.Bool  // it did not take the last picture
}

type optimizerCounts struct{ revalidations, failedRevalidations atomic.Int64 }

// OptimizerStats are counts since the start, and what there is at the moment.
type OptimizerStats struct {
	// Sources are fetched or in memory; WaitingSources wait to be.
	Sources, WaitingSources            int
	Revalidations, FailedRevalidations int64
}

// NewOptimizer returns an optimizer that keeps pictures in store and makes them by pipeline; it closes neither.
func NewOptimizer(store *blobstore.Store, pipeline *Pipeline) *Optimizer {
	o := &Optimizer{store: store, pipeline: pipeline, now: time.Now}
	o.flights.Timeout = makeTime
	o.fetches.Timeout, o.fetches.Holds = makeTime, true
	o.sources = newQueue(DefaultFetches, DefaultQueue, DefaultQueueWait)
	return o
}

// SetLimits changes how many sources may be fetched, or be in memory, at once (0: DefaultFetches), how many may wait
// for that, and for how long (0: the defaults of Limits).
func (o *Optimizer) SetLimits(fetches, waiting int, patient time.Duration) {
	if fetches == 0 {
		fetches = DefaultFetches
	}
	if waiting == 0 {
		waiting = DefaultQueue
	}
	if patient == 0 {
		patient = DefaultQueueWait
	}
	o.sources.resize(fetches, waiting, patient)
}

// Stats says what the optimizer does and did.
func (o *Optimizer) Stats() OptimizerStats {
	s := OptimizerStats{
		Revalidations: o.stats.revalidations.Load(), FailedRevalidations: o.stats.failedRevalidations.Load(),
	}
	s.Sources, s.WaitingSources = o.sources.load()
	return s
}

// Close cancels what is being made and waits until that has ended.
func (o *Optimizer) Close() {
	o.flights.Close(ErrClosed)
	o.fetches.Close(ErrClosed)
}

// Zone is what the optimizer knows of one application.
type Zone struct {
	// Space names what is kept for the zone, apart from all others.
	Space string
	// Deployment tells builds apart whose sources have the same paths.
	Deployment string
	Settings   *Settings
	Fetcher    *Fetcher
	// KeepsNothing is images.maximumDiskCacheSize 0: nothing is kept.
	KeepsNothing bool
	// Forwards says what of a client's request goes along to a source of the application. Nil: nothing ever does.
	Forwards Forwards
	// Log gets a line for each source that was refused or failed.
	Log   *zap.Logger
	Meter Meter

	parseCache parseCache
}

// Local is how sources of the site itself are found. Both are called after the request that brought them has ended,
// too.
type Local struct {
	// Fetch fetches one. forward are headers of the client that may go along.
	Fetch func(ctx context.Context, href string, forward http.Header) (Source, error)
	// Owner names the application that has one, "" if it is the zone itself. Nil: all are the zone's own.
	Owner func(href string) string
}

// owner names the application that has a source, "" for the zone itself and for one elsewhere.
func (l Local) owner(wanted Request) string {
	if l.Owner == nil || wanted.Remote != nil {
		return ""
	}
	return l.Owner(wanted.Href)
}

// source returns how sources are fetched with some headers of a client's request.
func (l Local) source(owner string, forward http.Header) localSource {
	return localSource{owner, func(ctx context.Context, href string) (Source, error) {
		return l.Fetch(ctx, href, forward)
	}}
}

// Result is how a request was answered.
type Result uint8

// The results.
const (
	ResultHit     Result = iota // from what is kept
	ResultStale                 // likewise, and it is made again in the background
	ResultMiss                  // made now, or by another request that waited too
	ResultPrivate               // made now for this client alone
	ResultRefused               // not allowed, or no picture
	ResultFailed                // there is no source
	ResultBusy                  // too many wait
	ResultGone                  // the client has left

	// Results is their number, for tables that are indexed by one.
	Results = iota
)

var resultNames = [Results]string{"hit", "stale", "miss", "private", "refused", "failed", "busy", "gone"}

// String returns the result's name as it stands in metrics and logs.
func (r Result) String() string { return resultNames[r] }

// cacheNames are the results as Next.js says them in X-Nextjs-Cache.
var cacheNames = [...]string{ResultHit: "HIT", ResultStale: "STALE", ResultMiss: "MISS", ResultPrivate: "MISS"}

// Serve answers a GET or HEAD for a picture of a zone. Headers that are there already stay, but for those that the
// answer has itself.
func (o *Optimizer) Serve(w http.ResponseWriter, r *http.Request, z *Zone, local Local) Result {
	asked, refusal := z.parse(r.URL.RawQuery, joined(r.Header["Accept"]), o.pipeline.CanEncode)
	if refusal != nil {
		return refuse(w, refusal)
	}
	wanted := asked.Request
	if forward := z.Forwards.of(wanted); forward != nil {
		made, err := o.make(r.Context(), z, wanted, local.source("", forward.headersFor(r.Header)), nil)
		if err != nil {
			return o.fail(w, r, z, wanted, err)
		}
		z.write(w, r, wanted, made, ResultPrivate)
		return ResultPrivate
	}
	owner := local.owner(wanted)
	key := z.key(asked, owner)
	anonymous := local.source(owner, nil)
	if kept := o.kept(r.Context(), z, key); kept != nil {
		defer kept.close()
		result := ResultHit
		if kept.stale(o.now()) {
			result = ResultStale
			o.revalidate(z, key, wanted, anonymous) //nolint:contextcheck // it outlives the request
		}
		z.write(w, r, wanted, kept, result)
		return result
	}
	made, release, err := o.makeOnce(r, z, target{asked, key}, anonymous)
	defer release()
	if err != nil {
		return o.fail(w, r, z, wanted, err)
	}
	result := ResultMiss
	if made.first {
		result = z.countFirst(made)
	}
	z.write(w, r, wanted, made, result)
	return result
}

// target is a picture that is asked for, and where it is kept.
type target struct {
	parsed
	key blobstore.Key
}

// makeOnce has a picture made that is not kept, once for all who ask for it at the time. It may be one that is answered
// first, in another format. release is never nil.
func (o *Optimizer) makeOnce(
	r *http.Request, z *Zone, asked target, local localSource,
) (made *picture, release func(), err error) {
	if o.answersFirst(z, asked.Request) {
		first := z.first(asked, local.owner, r.Header, o.pipeline.CanEncode)
		return o.flights.Join(r.Context(), firstKey(asked.key), func(ctx context.Context) (*picture, error) {
			return o.makeFirst(ctx, z, asked, first, local)
		})
	}
	return o.flights.Join(r.Context(), asked.key, func(ctx context.Context) (*picture, error) {
		promise := o.store.Promise(asked.key) // before its source is fetched: see Forget
		defer promise.End()
		if kept := o.kept(ctx, z, asked.key); kept != nil {
			defer kept.close()
			if !kept.stale(o.now()) {
				return kept.renewed() // since this request has looked
			}
		}
		return o.makeAndKeep(ctx, z, promise, asked.Request, local)
	})
}

// key names an answer, in the group of its source. Sources elsewhere are the same for every build; those of the site
// are told apart by who has them, which may depend on the host that the client asked.
func (z *Zone) key(wanted parsed, owner string) blobstore.Key {
	name := wanted.name
	if wanted.Remote == nil {
		name = z.Deployment + "\x00" + owner + "\x00" + name
	}
	return blobstore.Key{Space: z.Space, Group: wanted.Href, Name: name}
}

// kept finds a picture that was made before.
func (o *Optimizer) kept(ctx context.Context, z *Zone, key blobstore.Key) *picture {
	if z.KeepsNothing {
		return nil
	}
	entry, ok := o.store.Get(ctx, key)
	if !ok {
		return nil
	}
	p, err := fromEntry(entry)
	if err != nil {
		_ = entry.Close() // it was only read
		return nil
	}
	return p
}

// keep stores a picture, unless it was purged since it was promised. One that is not kept is made again.
func (o *Optimizer) keep(ctx context.Context, z *Zone, promise *blobstore.Promise, p *picture) {
	if z.KeepsNothing {
		return
	}
	err := promise.Put(context.WithoutCancel(ctx), p.meta(), p.body)
	o.storeRefuses.Store(errors.Is(err, blobstore.ErrRefused))
	if err != nil {
		z.Log.Debug("a picture is not kept on disk", zap.Error(err))
	}
}

func (o *Optimizer) makeAndKeep(
	ctx context.Context, z *Zone, promise *blobstore.Promise, wanted Request, local localSource,
) (*picture, error) {
	made, err := o.make(ctx, z, wanted, local, nil)
	if err == nil {
		o.keep(ctx, z, promise, made)
	}
	return made, err
}

func joined(values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	return strings.Join(values, ", ")
}
