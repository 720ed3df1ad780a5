package imageopt

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/internal/flight"
)

// SetHeaders sets the headers of an answer with a picture (setResponseHeaders of next/dist/server/image-optimizer.js),
// apart from X-Nextjs-Cache and Content-Length. mime is the type of the body, maxAge in seconds, etag as ETagOf or
// PassedETag made it. What may be compressed (SVG, ICO and BMP) gets its Vary: Accept-Encoding from who compresses it.
func (s *Settings) SetHeaders(h http.Header, r Request, mime string, maxAge int, etag string) {
	values := [...]string{
		"Accept", "public, max-age=" + strconv.Itoa(maxAge) + ", must-revalidate", etag, mime,
		disposition(s.ContentDispositionType, fileName(r.Href, mime)), s.ContentSecurityPolicy,
	}
	if r.Static {
		values[1] = "public, max-age=315360000, immutable"
	}
	// Etag is without quotes, which Next.js leaves out too: clients that hold an answer of Next.js compare byte by
	// byte.
	for i, name := range [...]string{"Vary", "Cache-Control", "Etag", "Content-Type", "Content-Disposition", "Content-Security-Policy"} {
		if values[i] != "" {
			h[name] = values[i : i+1 : i+1]
		}
	}
}

// KeepFor304 takes away what an answer 304 does not have.
func KeepFor304(h http.Header) {
	for _, name := range []string{"Content-Type", "Content-Disposition", "Content-Security-Policy", "Content-Length", "X-Nextjs-Cache"} {
		h.Del(name)
	}
}

// MaxAge is how long a picture is fresh, in seconds: what upstream says of its source, and at least minimumCacheTTL. A
// source that could not be decoded has minimumCacheTTL only.
func (s *Settings) MaxAge(upstreamCacheControl string) int {
	return max(s.MinimumCacheTTL, UpstreamMaxAge(upstreamCacheControl))
}

// Write answers with a refusal: the text, and no headers that say anything of it.
func (r *Refusal) Write(w http.ResponseWriter) {
	w.Header()["Content-Type"] = nil // or package net/http would guess one
	w.WriteHeader(r.Status)
	_, _ = w.Write([]byte(r.Text))
}

// write answers with a picture.
func (z *Zone) write(w http.ResponseWriter, r *http.Request, wanted Request, p *picture, result Result) {
	h := w.Header()
	wanted.Static = wanted.Static && !p.first // under this URL comes something else
	z.Settings.SetHeaders(h, wanted, p.mime, p.maxAge, p.etag)
	if result == ResultPrivate {
		h["Cache-Control"] = []string{"private, max-age=" + strconv.Itoa(p.maxAge) + ", must-revalidate"}
	}
	h["X-Nextjs-Cache"] = []string{cacheNames[result]}
	if NotModified(r.Header, p.etag) {
		KeepFor304(h)
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h["Content-Length"] = []string{strconv.FormatInt(p.size(), 10)}
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	// Who is gone needs no picture.
	if p.entry != nil {
		_, _ = p.entry.WriteTo(w)
	} else {
		_, _ = w.Write(p.body)
	}
}

// fail answers a request whose picture could not be made.
func (o *Optimizer) fail(w http.ResponseWriter, r *http.Request, z *Zone, wanted Request, err error) Result {
	var refusal *Refusal
	var failed *FetchError
	switch {
	case errors.Is(r.Context().Err(), context.Canceled):
		return ResultGone
	case errors.As(err, &refusal):
		return refuse(w, refusal)
	case errors.Is(err, context.Canceled):
		err = ErrClosed // nothing else ends what somebody waits for
		fallthrough
	case errors.Is(err, ErrBusy):
		h := w.Header()
		h.Set("Retry-After", "1")
		h.Set("Cache-Control", "no-store")
		(&Refusal{http.StatusServiceUnavailable, err.Error()}).Write(w)
		return ResultBusy
	case errors.As(err, &failed):
		z.report(wanted, err, false)
		refuse(w, &Refusal{failed.Status, failed.Text})
		return ResultFailed
	}
	z.report(wanted, err, false)
	refuse(w, &Refusal{http.StatusInternalServerError, textInternalServer})
	return ResultFailed
}

func refuse(w http.ResponseWriter, refusal *Refusal) Result {
	refusal.Write(w)
	return ResultRefused
}

// report logs why there is no picture.
func (z *Zone) report(wanted Request, err error, stale bool) {
	level, message := zap.WarnLevel, "the source of a picture failed"
	if stale {
		message = "the source of a picture failed, the old picture is served on"
	}
	fields := []zap.Field{zap.Int("width", wanted.Width), zap.Int("quality", wanted.Quality)}
	var failed *FetchError
	if errors.As(err, &failed) {
		if failed.Cause == CauseAddress || failed.Cause == CausePattern {
			message = "the source of a picture was refused"
		}
		fields = append(fields, zap.Inline(failed))
	} else {
		fields = append(fields, zap.Error(err))
		if crash, ok := errors.AsType[*flight.PanicError](err); ok {
			fields = append(fields, zap.ByteString("stack", crash.Stack))
		}
	}
	if check := z.Log.Check(level, message); check != nil {
		check.Write(fields...)
	}
}

// fileName is getFileNameWithExtension of next/dist/server/image-optimizer.js: the last segment of the source up to its
// first dot, with the extension of the answer.
func fileName(href, mime string) string {
	path, _, _ := strings.Cut(href, "?")
	name := path[strings.LastIndexByte(path, '/')+1:]
	extension := pictureTypes[mime].extension
	if name == "" || extension == "" {
		return "image.bin"
	}
	name, _, _ = strings.Cut(name, ".")
	return name + "." + extension
}

var encodedOctet = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

// disposition is the npm library content-disposition: the name in ISO 8859-1 with "?" for what that lacks, and in UTF-8
// when that says more.
func disposition(kind, name string) string {
	if kind == "" {
		kind = "attachment"
	}
	plain, exact := latin1Name(name)
	value := strings.ToLower(kind) + `; filename="` + quotedName.Replace(plain) + `"`
	if !exact || encodedOctet.MatchString(name) {
		value += "; filename*=UTF-8''" + extendedValue.Replace(encodeComponent(name))
	}
	return value
}

// quotedName escapes what ends a quoted string.
var quotedName = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// extendedValue encodes what encodeURIComponent leaves and RFC 5987 does not have.
var extendedValue = strings.NewReplacer("'", "%27", "(", "%28", ")", "%29", "*", "%2A")

// latin1Name returns a name as bytes of ISO 8859-1, and whether nothing of it got lost.
func latin1Name(name string) (plain string, exact bool) {
	b := make([]byte, 0, len(name))
	exact = true
	for _, r := range name {
		switch {
		case r >= 0x20 && r <= 0x7e, r >= 0xa0 && r <= 0xff:
			b = append(b, byte(r))
			continue
		case r > 0xffff:
			b = append(b, '?') // one for each of its two units of UTF-16
		}
		b = append(b, '?')
		exact = false
	}
	return string(b), exact
}

// encodeComponent is encodeURIComponent of JavaScript, which leaves more as it is than url.QueryEscape.
func encodeComponent(text string) string {
	return componentEncoding.Replace(url.QueryEscape(text))
}

var componentEncoding = strings.NewReplacer("+", "%20", "%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*")
