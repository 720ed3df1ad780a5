package imageopt

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
)

// Meter counts what pictures cost. Sizes are in bytes.
type Meter interface {
	// Fetched counts a source; cause is "" if there was one.
	Fetched(took time.Duration, size int, cause FetchCause)
	// AnsweredFirst counts an answer in another format, in the place of an AVIF that is being made.
	AnsweredFirst()
	// Transformed counts what was made of a source: a type, or "passed" for a source that could not be read.
	Transformed(output string, took time.Duration, source, made int)
}

// localSource is how sources of the site are fetched, and who has the one that is wanted.
type localSource struct {
	owner string
	fetch func(ctx context.Context, href string) (Source, error)
}

// make fetches a source and makes a picture of it. old is what there was; it is taken again if the source is still the
// same.
func (o *Optimizer) make(
	ctx context.Context, z *Zone, wanted Request, local localSource, old *picture,
) (*picture, error) {
	leave, err := o.sources.enter(ctx, 1)
	if err != nil {
		return nil, err
	}
	defer leave()
	from, release, err := o.fetch(ctx, z, wanted, local)
	defer release()
	if err != nil {
		return nil, err
	}
	if old != nil && !old.passed && old.upstreamETag == PassedETag(from.ETag, from.Body) {
		again, err := old.renewed()
		if err != nil {
			return nil, err
		}
		again.expires = o.now().Add(z.Settings.freshFor(again.maxAge))
		return again, nil
	}
	return o.makeOf(ctx, z, wanted, from)
}

// makeOf makes a picture of a source that is at hand.
func (o *Optimizer) makeOf(ctx context.Context, z *Zone, wanted Request, from Source) (*picture, error) {
	tag, mime := PassedETag(from.ETag, from.Body), Sniff(from.Body)
	if refusal := z.Settings.CheckType(mime); refusal != nil {
		return nil, refusal
	}
	made := &picture{
		mime: mime, maxAge: z.Settings.MaxAge(from.CacheControl), upstreamETag: tag, etag: tag, passed: true, body: from.Body,
	}
	if !PassesThrough(mime, IsAnimated(mime, from.Body)) {
		if err := o.transform(ctx, z, wanted, made, from); err != nil {
			return nil, err
		}
	}
	made.expires = o.now().Add(z.Settings.freshFor(made.maxAge))
	return made, nil
}

// fetch gets a source, once for all pictures that are being made of it. It is used until release, which is never nil.
func (o *Optimizer) fetch(
	ctx context.Context, z *Zone, wanted Request, local localSource,
) (got Source, release func(), err error) {
	if z.Forwards.of(wanted) != nil {
		got, err = z.fetch(ctx, wanted, local)
		return got, func() {}, err
	}
	key := blobstore.Key{Space: z.Space, Group: wanted.Href, Name: z.Deployment + "\x00" + local.owner}
	return o.fetches.Join(ctx, key, func(ctx context.Context) (Source, error) {
		got, err := z.fetch(ctx, wanted, local)
		got.name = strconv.FormatInt(o.fetched.Add(1), 36)
		return got, err
	})
}

// get gets a source from where it is.
func (z *Zone) get(ctx context.Context, wanted Request, local localSource) (Source, error) {
	if wanted.Remote != nil {
		return z.Fetcher.Remote(ctx, wanted.Remote, z.Settings.AllowsRemote)
	}
	return local.fetch(ctx, wanted.Href)
}

// fetch gets a source, and counts it.
func (z *Zone) fetch(ctx context.Context, wanted Request, local localSource) (Source, error) {
	begin := time.Now()
	got, err := z.get(ctx, wanted, local)
	var cause FetchCause
	if failed := (*FetchError)(nil); errors.As(err, &failed) {
		cause = failed.Cause
	}
	z.Meter.Fetched(time.Since(begin), len(got.Body), cause)
	return got, err
}

// transform makes of a source what is wanted. One that cannot be read stays what it is, as in Next.js.
func (o *Optimizer) transform(ctx context.Context, z *Zone, wanted Request, p *picture, from Source) error {
	job := z.job(wanted, p.mime)
	job.Source, job.Behind = from.name, from.behind
	output := job.Output
	begin := time.Now()
	body, err := o.pipeline.Transform(ctx, p.body, p.mime, job)
	switch {
	case err == nil:
		z.Meter.Transformed(output, time.Since(begin), len(p.body), len(body))
		p.mime, p.body, p.passed, p.etag = output, body, false, ETagOf(body)
		return nil
	case errors.Is(err, ErrUndecodable):
		z.Meter.Transformed("passed", time.Since(begin), len(p.body), len(p.body))
		z.Log.Warn("the source of a picture cannot be transformed, it is passed on as it is",
			zap.String("type", p.mime), zap.String("to", output), zap.String("source", wanted.logName()), zap.Error(err))
		p.maxAge = z.Settings.MinimumCacheTTL
		return nil
	}
	return err
}

// job is what is to be made of a source of a type.
func (z *Zone) job(wanted Request, mime string) Job {
	return Job{
		Width: wanted.Width, Quality: wanted.Quality, Output: OutputType(mime, wanted.Format),
		JPEGBaseline: z.Settings.JPEGBaseline,
	}
}

// logName names the source in a log: the host of one elsewhere, the path of one of the application. Queries may be
// secrets.
func (r Request) logName() string {
	if r.Remote != nil {
		return r.Remote.Host
	}
	path, _, _ := strings.Cut(r.Href, "?")
	return path
}
