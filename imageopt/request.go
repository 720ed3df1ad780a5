package imageopt

import (
	"math"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// Request is what a client asks of the optimizer, after it was found to be allowed.
type Request struct {
	// Href is the source as Next.js calls it: a path of the application with its query, or a URL as the WHATWG standard
	// writes it.
	Href string
	// Remote is the URL of a source elsewhere, nil for one of the application's own.
	Remote *url.URL
	// Width is the most that the answer may have, in pixels.
	Width int
	// Quality is from 1 to 100.
	Quality int
	// Format is the modern type that the client prefers, or "".
	Format string
	// Static says that the source is a file which the build imported: it never changes.
	Static bool
}

// Refusal is an answer that is no picture. It carries no headers of its own.
type Refusal struct {
	Status int
	Text   string
}

func (r *Refusal) Error() string { return r.Text }

func refused(text string) *Refusal { return &Refusal{Status: 400, Text: text} }

// maxURL is how long the parameter url may be, in units of UTF-16.
const maxURL = 3072

var errURL = refused(`"url" parameter is invalid`)

// Parse reads a request as ImageOptimizerCache.validateParams of next/dist/server/image-optimizer.js does: the same
// checks in the same order, with the same texts. accept is the request's Accept header, several lines joined by ", ".
// canEncode says which modern types can be made; nil: all.
//
// Where Next.js answers "500 Internal Server Error" because it could not decode the url, the url is refused as invalid.
func (s *Settings) Parse(rawQuery, accept string, canEncode func(mime string) bool) (Request, *Refusal) {
	p := readParameters(rawQuery)
	r, refusal := s.source(p.url)
	if refusal != nil {
		return Request{}, refusal
	}
	width, quality, refusal := s.size(p.width, p.quality)
	if refusal != nil {
		return Request{}, refusal
	}
	r.Width, r.Quality = width, quality
	r.Format = preferredFormat(accept, s.formats(canEncode))
	return r, nil
}

func (s *Settings) source(p parameter) (Request, *Refusal) {
	text := p.value
	switch {
	case p.missing():
		return Request{}, refused(`"url" parameter is required`)
	case p.isArray():
		return Request{}, refused(`"url" parameter cannot be an array`)
	case utf16Length(text) > maxURL:
		return Request{}, refused(`"url" parameter is too long`)
	case strings.HasPrefix(text, "//"):
		return Request{}, refused(`"url" parameter cannot be a protocol-relative URL (//)`)
	case strings.HasPrefix(text, "/"):
		return s.localSource(text)
	default:
		return s.remoteSource(text)
	}
}

func (s *Settings) localSource(text string) (Request, *Refusal) {
	pathname, search, ok := parseLocal(text)
	if !ok {
		return Request{}, errURL
	}
	decoded, ok := decodeComponent(pathname)
	if !ok {
		return Request{}, errURL
	}
	if isEndpoint(decoded) {
		return Request{}, refused(`"url" parameter cannot be recursive`)
	}
	if !s.allowsLocal(pathname, search) {
		return Request{}, refused(`"url" parameter is not allowed`)
	}
	return Request{Href: text, Static: s.isStatic(text)}, nil
}

// isEndpoint reports whether a path has the endpoint in it, wherever: /\/_next\/image($|\/)/.
func isEndpoint(path string) bool {
	const endpoint = "/_next/image"
	return strings.HasSuffix(path, endpoint) || strings.Contains(path, endpoint+"/")
}

func (s *Settings) isStatic(text string) bool {
	rest, ok := strings.CutPrefix(text, s.BasePath+"/_next/static/")
	if !ok {
		return false
	}
	return strings.HasPrefix(rest, "media") || s.Major >= 16 && strings.HasPrefix(rest, "immutable/media")
}

func (s *Settings) remoteSource(text string) (Request, *Refusal) {
	r, err := parseRemote(text)
	if err != nil {
		return Request{}, errURL
	}
	if !s.allowsRemote(r.at) {
		return Request{}, refused(`"url" parameter is not allowed`)
	}
	remote, err := r.url()
	if err != nil {
		return Request{}, errURL
	}
	return Request{Href: r.href, Remote: remote}, nil
}

// numberTexts are what is said of parameters that are no numbers, which Next.js 14 takes for numbers if they begin like
// one.
type numberTexts struct{ width, quality string }

var (
	strictNumbers = numberTexts{`"w" parameter (width) must be an integer greater than 0`, `"q" parameter (quality) must be an integer between 1 and 100`}
	looseNumbers  = numberTexts{`"w" parameter (width) must be a number greater than 0`, `"q" parameter (quality) must be a number between 1 and 100`}
)

func (s *Settings) size(w, q parameter) (width, quality int, refusal *Refusal) {
	texts, strict := strictNumbers, true
	if s.Major < 15 {
		texts, strict = looseNumbers, false
	}
	switch {
	case w.missing():
		return 0, 0, refused(`"w" parameter (width) is required`)
	case w.isArray():
		return 0, 0, refused(`"w" parameter (width) cannot be an array`)
	case strict && !isDigits(w.value):
		return 0, 0, refused(texts.width)
	case q.missing():
		return 0, 0, refused(`"q" parameter (quality) is required`)
	case q.isArray():
		return 0, 0, refused(`"q" parameter (quality) cannot be an array`)
	case strict && !isDigits(q.value):
		return 0, 0, refused(texts.quality)
	}
	wide := parseInteger(w.value, false)
	if math.IsNaN(wide) || wide <= 0 {
		return 0, 0, refused(texts.width)
	}
	if wide > math.MaxInt32 || !s.widths[int(wide)] {
		return 0, 0, refused(`"w" parameter (width) of ` + formatNumber(wide) + ` is not allowed`)
	}
	fine := parseInteger(q.value, !strict)
	if math.IsNaN(fine) || fine < 1 || fine > 100 {
		return 0, 0, refused(texts.quality)
	}
	if s.Qualities != nil && !slices.Contains(s.Qualities, int(fine)) {
		return 0, 0, refused(`"q" parameter (quality) of ` + q.value + ` is not allowed`)
	}
	return int(wide), int(fine), nil
}

func isDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}

func (s *Settings) formats(canEncode func(mime string) bool) []string {
	if canEncode == nil {
		return s.Formats
	}
	var formats []string
	for _, format := range s.Formats {
		if canEncode(format) {
			formats = append(formats, format)
		}
	}
	return formats
}

func utf16Length(text string) int {
	if len(text) <= maxURL {
		return len(text) // no text has more units than bytes
	}
	n := 0
	for _, r := range text {
		n++
		if r > 0xFFFF && r <= utf8.MaxRune {
			n++
		}
	}
	return n
}
