package imageopt

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
)

// The first client that asks for an AVIF does not wait for it, if that would take long: it gets another format, with a
// short max-age, and the AVIF is made after that, in the background, of the source that is at hand. Next.js lets it
// wait. WebP takes a third of the time of AVIF or less (photographs of 2 to 5 megapixels, 640 to 1920 wide, libvips
// 8.14).

// firstMaxAge is how long clients may keep what was answered in the place of an AVIF, in seconds.
const firstMaxAge = 5

// SetFirstFormat says for how long a client may wait for an AVIF to be made; one that is estimated to take longer is
// answered in another format at first. 0: clients wait, however long it takes.
func (o *Optimizer) SetFirstFormat(after time.Duration) { o.firstFormatAfter.Store(int64(after)) }

// answersFirst says whether a picture that is not kept may be answered in another format at first. One that would not
// be kept would never come; and while many wait, nobody is given two pictures for one.
func (o *Optimizer) answersFirst(z *Zone, wanted Request) bool {
	return wanted.Format == avif && o.firstFormatAfter.Load() > 0 && !z.KeepsNothing && !o.storeRefuses.Load() &&
		!o.sources.crowded() && !o.pipeline.queue.crowded()
}

// first is what is answered in the place of an AVIF: what the client would get if there was none.
func (z *Zone) first(asked target, owner string, client http.Header, canEncode func(mime string) bool) target {
	first := asked
	first.Format = z.Settings.formatBesideAVIF(joined(client["Accept"]), canEncode)
	first.name = first.Key()
	first.key = z.key(first.parsed, owner)
	return first
}

// formatBesideAVIF is what an Accept header chooses of the other formats, "" if nothing.
func (s *Settings) formatBesideAVIF(accept string, canEncode func(mime string) bool) string {
	others := slices.DeleteFunc(slices.Clone(s.formats(canEncode)), func(format string) bool { return format == avif })
	return preferredFormat(accept, others)
}

// firstKey is under which requests for an AVIF that is not kept find each other: the AVIF itself may be in the making
// then, in the background.
func firstKey(key blobstore.Key) blobstore.Key {
	key.Name += "\x00first"
	return key
}

// makeFirst makes an AVIF, or begins to and returns what is answered in its place.
func (o *Optimizer) makeFirst(
	ctx context.Context, z *Zone, asked, first target, local localSource,
) (*picture, error) {
	// Both before the source is fetched: see Forget.
	promise, firstPromise := o.store.Promise(asked.key), o.store.Promise(first.key)
	defer firstPromise.End()
	leave, err := o.sources.enter(ctx, 1)
	if err != nil {
		promise.End()
		return nil, err
	}
	from, release, err := o.fetch(ctx, z, asked.Request, local)
	end := func() {
		release()
		leave()
		promise.End()
	}
	begun := false // then the AVIF has the promise, the place and the source
	defer func() {
		if !begun {
			end()
		}
	}()
	if err != nil {
		return nil, err
	}
	if !o.takesLong(ctx, z, asked.Request, from) {
		return o.makeOfAndKeep(ctx, z, promise, asked.Request, from)
	}
	made, err := o.keptOrMadeOf(ctx, z, firstPromise, first, from)
	if err != nil {
		return nil, err
	}
	from.behind = true
	//nolint:contextcheck // it outlives the request
	begun = o.startBehind(asked.key, func(ctx context.Context) (*picture, error) {
		defer end()
		return o.makeOfAndKeep(ctx, z, promise, asked.Request, from)
	})
	made.first, made.maxAge = true, min(made.maxAge, firstMaxAge)
	return made, nil
}

// startBehind has an AVIF made in the background, unless it is being made already. They take no more than half of the
// places of sources: else clients would wait for them all the same. One that finds none is begun by the next request.
func (o *Optimizer) startBehind(key blobstore.Key, do func(context.Context) (*picture, error)) (begun bool) {
	if o.behind.Add(1) <= int64(o.sources.half()) {
		begun = o.flights.Start(key, func(ctx context.Context) (*picture, error) {
			defer o.behind.Add(-1)
			return do(ctx)
		})
	}
	if !begun {
		o.behind.Add(-1)
	}
	return begun
}

// takesLong says whether a picture would take longer to be made than a client may wait. What is passed on as it is
// takes no time.
func (o *Optimizer) takesLong(ctx context.Context, z *Zone, wanted Request, from Source) bool {
	mime := Sniff(from.Body)
	if z.Settings.CheckType(mime) != nil || PassesThrough(mime, IsAnimated(mime, from.Body)) {
		return false
	}
	return o.isLong(o.pipeline.estimate(ctx, from.Body, mime, wanted.Width))
}

// isLong says whether a client may not wait for as long.
func (o *Optimizer) isLong(estimate time.Duration) bool {
	return estimate > time.Duration(o.firstFormatAfter.Load())
}

// keptOrMadeOf is a picture of its own that nobody else changes: the one that is kept, or one that is made of the
// source at hand. It does not join another request's making of it, which may wait for the place that this one has.
func (o *Optimizer) keptOrMadeOf(
	ctx context.Context, z *Zone, promise *blobstore.Promise, wanted target, from Source,
) (*picture, error) {
	if kept := o.kept(ctx, z, wanted.key); kept != nil {
		defer kept.close()
		if again, err := kept.renewed(); err == nil && !kept.stale(o.now()) {
			again.kept = true
			return again, nil
		}
	}
	return o.makeOfAndKeep(ctx, z, promise, wanted.Request, from)
}

func (o *Optimizer) makeOfAndKeep(
	ctx context.Context, z *Zone, promise *blobstore.Promise, wanted Request, from Source,
) (*picture, error) {
	made, err := o.makeOf(ctx, z, wanted, from)
	if err == nil {
		o.keep(ctx, z, promise, made)
	}
	return made, err
}

// countFirst counts an answer in the place of an AVIF, and says whether it had been kept.
func (z *Zone) countFirst(p *picture) Result {
	z.Meter.AnsweredFirst()
	if p.kept {
		return ResultHit
	}
	return ResultMiss
}
