package imageopt

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Defaults of FetchLimits, those of Next.js.
const (
	DefaultFetchTimeout  = 7 * time.Second
	DefaultFetchMaxBytes = 50_000_000
)

// Limits of the connections that are kept for the next image.
const (
	maxIdleConnections     = 64
	maxIdleConnectionsHost = 4
	maxAnswerHead          = 16 << 10 // bytes; --max-http-header-size of Node.js
)

// Source is an image as its origin has it.
type Source struct {
	Body         []byte
	CacheControl string // of the origin's answer
	ETag         string // of the origin's answer, with its quotes
	// Status and ContentType are what the origin said of them, whatever they are.
	Status      int
	ContentType string

	// name tells these bytes from all others of the process, for pictures that are made of them at once. Empty: they
	// are made of by one only.
	name string
	// behind says that other pictures go first while one of these bytes waits to be made.
	behind bool
}

// FetchLimits bound how images are fetched.
type FetchLimits struct {
	Timeout                 time.Duration // of one hop: lookup, connection, head and body; 0: DefaultFetchTimeout
	MaxBytes                int64         // of a body, decoded (images.maximumResponseBody); 0: DefaultFetchMaxBytes
	MaxRedirects            int           // images.maximumRedirects; 0: none is followed
	AllowPrivate            bool          // images.dangerouslyAllowLocalIP
	AllowUnmatchedRedirects bool          // a redirect may lead where domains and remotePatterns do not, as in Next.js
	Before16                bool          // answer as Next.js 14 and 15: see redirectsFailure and recorder
}

// Fetcher gets source images. It is safe for concurrent use.
type Fetcher struct {
	limits    FetchLimits
	resolver  Resolver
	transport *http.Transport
	dial      dialFunc
	tls       *tls.Config
	special   func(netip.Addr) error
}

// NewFetcher returns a Fetcher; a nil resolver is that of the system. Close ends its idle connections.
func NewFetcher(limits FetchLimits, resolver Resolver) *Fetcher {
	if limits.Timeout <= 0 {
		limits.Timeout = DefaultFetchTimeout
	}
	if limits.MaxBytes <= 0 {
		limits.MaxBytes = DefaultFetchMaxBytes
	}
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	f := &Fetcher{
		limits:   limits,
		resolver: resolver,
		dial:     (&net.Dialer{}).DialContext,
		tls:      &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}},
		special:  specialUse,
	}
	// Node's http and https speak HTTP/1.1. There is no proxy: it would connect to addresses that nobody has checked.
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	f.transport = &http.Transport{
		DialContext:            f.dialPlain,
		DialTLSContext:         f.dialTLS,
		Protocols:              protocols,
		DisableCompression:     true, // codings are undone by decodeBody
		MaxIdleConns:           maxIdleConnections,
		MaxIdleConnsPerHost:    maxIdleConnectionsHost,
		IdleConnTimeout:        limits.Timeout,
		MaxResponseHeaderBytes: maxAnswerHead,
	}
	return f
}

// Close ends the idle connections. Fetches that run go on.
func (f *Fetcher) Close() { f.transport.CloseIdleConnections() }

// Remote fetches the image at u, which must be normalised as the WHATWG URL standard says, and follows redirects.
// allows tells whether domains or remotePatterns name a URL; it is asked for u and for the target of each redirect. All
// errors are *FetchError.
func (f *Fetcher) Remote(ctx context.Context, u *url.URL, allows func(*url.URL) bool) (Source, error) {
	for hop := 0; ; hop++ {
		failed := f.checkTarget(u, hop, allows)
		var source Source
		var next *url.URL
		if failed == nil {
			source, next, failed = f.hop(ctx, u)
		}
		if failed == nil && next != nil && hop >= f.limits.MaxRedirects {
			failed = f.redirectsFailure()
		}
		if failed != nil {
			failed.Target, failed.Hop = u.Host, hop
			return Source{}, failed
		}
		if next == nil {
			return source, nil
		}
		u = next
	}
}

// hop asks once, and returns the image or where it has gone.
func (f *Fetcher) hop(client context.Context, u *url.URL) (Source, *url.URL, *FetchError) {
	ctx, cancel := context.WithTimeout(valueless{client}, f.limits.Timeout)
	defer cancel()
	addrs, failed := f.hostAddresses(client, ctx, u.Hostname())
	if failed != nil {
		return Source{}, nil, failed
	}
	answer, err := f.transport.RoundTrip(newRequest(ctx, u, newRoute(u, addrs))) //nolint:contextcheck // valueless ends with client
	if err != nil {
		return Source{}, nil, networkFailure(client, ctx, CauseNetwork, fmt.Errorf("asking for the image: %w", err))
	}
	// The body of a redirect or an error is not read: it may be endless.
	defer func() { _ = answer.Body.Close() }()
	if next := redirectTarget(u, answer.StatusCode, answer.Header.Get("Location")); next != nil {
		return Source{}, next, nil
	}
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return Source{}, nil, statusFailure(answer.StatusCode, textUpstreamInvalid)
	}
	body, failed := f.readBody(client, ctx, answer)
	if failed != nil {
		return Source{}, nil, failed
	}
	return Source{
		Body:         body,
		CacheControl: strings.Join(answer.Header.Values("Cache-Control"), ", "),
		ETag:         answer.Header.Get("ETag"),
		Status:       answer.StatusCode,
		ContentType:  answer.Header.Get("Content-Type"),
	}, nil, nil
}

// newRequest asks for u in the words of Next.js and with nothing of a client's.
func newRequest(ctx context.Context, u *url.URL, way route) *http.Request {
	codings := "gzip, deflate"
	if u.Scheme == "https" {
		codings = "br, gzip, deflate"
	}
	r := &http.Request{
		Method: http.MethodGet,
		URL:    wireURL(u, way.String()),
		Host:   hostHeader(u),
		Header: http.Header{
			"Accept":          {"*/*"},
			"Accept-Language": {"*"},
			"Sec-Fetch-Mode":  {"cors"},
			"User-Agent":      {"node"},
			"Accept-Encoding": {codings},
			"Connection":      {"keep-alive"},
		},
	}
	if password, _ := u.User.Password(); u.User.Username() != "" || password != "" {
		r.SetBasicAuth(u.User.Username(), password)
	}
	return r.WithContext(ctx)
}

// readBody reads the body of a success, decoded.
func (f *Fetcher) readBody(client, hop context.Context, answer *http.Response) ([]byte, *FetchError) {
	decoded, err := decodeBody(answer, f.limits.MaxBytes)
	if err != nil {
		return nil, &FetchError{Status: http.StatusBadRequest, Text: textUpstreamInvalid, Cause: CauseEncoding, Reason: err}
	}
	body := &boundedBody{limit: f.limits.MaxBytes}
	body.expect(answer.ContentLength)
	_, err = io.Copy(body, decoded)
	_, onWire := errors.AsType[wireError](err)
	switch {
	case errors.Is(err, errBodyTooLarge):
		return nil, sizeFailure(f.limits.MaxBytes, textUpstreamInvalid)
	case onWire:
		return nil, networkFailure(client, hop, CauseNetwork, fmt.Errorf("reading the image: %w", err))
	case err != nil:
		return nil, networkFailure(client, hop, CauseEncoding, fmt.Errorf("decoding the body: %w", err))
	case len(body.bytes) == 0 && (!f.limits.Before16 || answer.StatusCode == http.StatusNoContent): // before 16, its type decides
		return nil, emptyFailure(textUpstreamInvalid)
	}
	return body.bytes, nil
}
