package imageopt

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Explanation says how a request for a picture would be answered, why, and what that takes. Sizes are in bytes.
type Explanation struct {
	// Status and Text are those of an answer that is no picture.
	Status int    `json:"status"`
	Text   string `json:"text,omitempty"`
	// Reason is why there is no picture, or why it is the source itself.
	Reason string `json:"reason,omitempty"`

	Source  string `json:"source,omitempty"`
	Width   int    `json:"width,omitempty"`
	Quality int    `json:"quality,omitempty"`
	// Format is what the Accept header chooses of the formats that are allowed.
	Format  string   `json:"format,omitempty"`
	Formats []string `json:"formats,omitempty"`
	Private bool     `json:"private,omitempty"`

	// Kept is what is there of an earlier request.
	Kept *KeptPicture `json:"kept,omitempty"`

	SourceType  string        `json:"source_type,omitempty"`
	SourceBytes int           `json:"source_bytes,omitempty"`
	Fetch       time.Duration `json:"fetch_ns,omitempty"`
	Type        string        `json:"type,omitempty"`
	Bytes       int           `json:"bytes,omitempty"`
	Passed      bool          `json:"passed,omitempty"`
	Transform   time.Duration `json:"transform_ns,omitempty"`
	// First is the type that clients would be answered with first, for an AVIF that is estimated to take long.
	First    string        `json:"first,omitempty"`
	Estimate time.Duration `json:"estimate_ns,omitempty"`
	// EncoderQuality is what our encoder is asked for.
	EncoderQuality int `json:"encoder_quality,omitempty"`
	MaxAge         int `json:"max_age,omitempty"` // seconds
}

// KeptPicture is a picture in the store.
type KeptPicture struct {
	Type    string    `json:"type"`
	Bytes   int64     `json:"bytes"`
	Stale   bool      `json:"stale"`
	Expires time.Time `json:"expires"`
	Memory  bool      `json:"memory"`
}

// Explain makes a picture as Serve would, whether there is one or not, and keeps nothing of it. forward are the headers
// of the client.
func (o *Optimizer) Explain(
	ctx context.Context, z *Zone, rawQuery string, client http.Header, local Local,
) Explanation {
	e := Explanation{Status: http.StatusOK, Formats: z.Settings.formats(o.pipeline.CanEncode)}
	accept := joined(client["Accept"])
	wanted, refusal := z.Settings.Parse(rawQuery, accept, o.pipeline.CanEncode)
	if refusal != nil {
		return e.refused(refusal, nil)
	}
	e.Source, e.Width, e.Quality, e.Format = wanted.Href, wanted.Width, wanted.Quality, wanted.Format
	var along http.Header
	if forward := z.Forwards.of(wanted); forward != nil {
		e.Private, along = true, forward.headersFor(client)
	} else if kept := o.kept(ctx, z, z.key(parsed{wanted, wanted.Key()}, local.owner(wanted))); kept != nil {
		e.Kept = &KeptPicture{kept.mime, kept.size(), kept.stale(o.now()), kept.expires, kept.entry.FromMemory()}
		kept.close()
	}
	leave, err := o.sources.enter(ctx, 1)
	if err != nil {
		return e.refused(nil, err)
	}
	defer leave()
	begin := time.Now()
	from, err := z.get(ctx, wanted, local.source("", along))
	e.Fetch = time.Since(begin)
	if err != nil {
		return e.refused(nil, err)
	}
	e.SourceType, e.SourceBytes = Sniff(from.Body), len(from.Body)
	if refusal := z.Settings.CheckType(e.SourceType); refusal != nil {
		if e.SourceType == "" {
			e.Reason = "the source is no picture: it was answered with " + from.statusAndType()
		}
		return e.refused(refusal, nil)
	}
	e.Type, e.Bytes, e.Passed, e.MaxAge = e.SourceType, len(from.Body), true, z.Settings.MaxAge(from.CacheControl)
	if PassesThrough(e.SourceType, IsAnimated(e.SourceType, from.Body)) {
		e.Reason = "pictures of this type, and those that move, are passed on as they are"
		return e
	}
	if !e.Private && e.Kept == nil && o.answersFirst(z, wanted) {
		e.Estimate = o.pipeline.estimate(ctx, from.Body, e.SourceType, wanted.Width)
		if o.isLong(e.Estimate) {
			e.First = OutputType(e.SourceType, z.Settings.formatBesideAVIF(accept, o.pipeline.CanEncode))
		}
	}
	job := z.job(wanted, e.SourceType)
	begin = time.Now()
	made, err := o.pipeline.Transform(ctx, from.Body, e.SourceType, job)
	e.Transform = time.Since(begin)
	switch {
	case errors.Is(err, ErrUndecodable):
		e.Reason, e.MaxAge = err.Error(), z.Settings.MinimumCacheTTL
	case err != nil:
		return e.refused(nil, err)
	default:
		e.Type, e.Bytes, e.Passed, e.EncoderQuality = job.Output, len(made), false, EncoderQuality(job)
	}
	return e
}

// statusAndType is what the origin answered with, in words.
func (s *Source) statusAndType() string {
	text := strings.TrimSpace(strconv.Itoa(s.Status) + " " + http.StatusText(s.Status))
	if s.ContentType == "" {
		return text + " and no Content-Type"
	}
	return text + " and Content-Type " + s.ContentType
}

// refused is an explanation without a picture.
func (e Explanation) refused(refusal *Refusal, err error) Explanation {
	var failed *FetchError
	switch {
	case refusal != nil:
		e.Status, e.Text = refusal.Status, refusal.Text
	case errors.As(err, &failed):
		e.Status, e.Text, e.Reason = failed.Status, failed.Text, err.Error()
	case errors.Is(err, ErrBusy):
		e.Status, e.Reason = http.StatusServiceUnavailable, err.Error()
	default:
		e.Status, e.Text, e.Reason = http.StatusInternalServerError, textInternalServer, err.Error()
	}
	return e
}
