package imageopt

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// IMAGES.md 8.
func TestUpstreamMaxAge(t *testing.T) {
	cases := map[string]int{
		"":                              0,
		"max-age=60":                    60,
		"public, max-age=60":            60,
		"max-age=60, s-maxage=70":       70,
		"S-MaxAge=70":                   70,
		"s-maxage=, max-age=60":         60,
		"s-maxage, max-age=60":          60,
		"s-maxage=0, max-age=60":        0,
		"max-age=60, max-age=70":        70,
		"max-age=70, max-age":           0,
		`max-age="60"`:                  60,
		`max-age="`:                     0,
		"max-age=7e4":                   7,
		"max-age=70000.9":               70000,
		"max-age=70000abc":              70000,
		"max-age=-5":                    -5,
		"max-age= 9":                    9,
		"max-age = 9":                   0,
		"max-age=1=2":                   1,
		"no-store, no-cache, private":   0,
		"private, no-store, max-age=60": 60,
		"max-age=x":                     0,
		"max-age=0x10":                  0,
		"\u00a0max-age=5\ufeff":         5,
	}
	var texts []string
	for text, want := range cases {
		texts = append(texts, text)
		assert.Equal(t, want, UpstreamMaxAge(text), "%q", text)
	}
	for i, want := range askNext[string, int](t, 16, "maxAge", texts) {
		assert.Equal(t, want, cases[texts[i]], "%q", texts[i])
	}
	assert.Equal(t, 1<<31-1, UpstreamMaxAge("max-age="+strings.Repeat("9", 400)), "bounded")
}

func TestMaxAgeIsAtLeastTheMinimum(t *testing.T) {
	s := settings(t, 16, nil)
	assert.Equal(t, 14400, s.MaxAge("max-age=60"))
	assert.Equal(t, 20000, s.MaxAge("max-age=20000"))
	assert.Equal(t, 60, settings(t, 15, nil).MaxAge("no-store"))
}

func TestTagsAgreeWithNext(t *testing.T) {
	questions := [][]string{{"", "body"}, {`"x"`, "body"}, {`W/"x"`, "body"}, {"", ""}}
	for i, want := range askNext[[]string, string](t, 16, "etag", questions) {
		assert.Equal(t, want, PassedETag(questions[i][0], []byte(questions[i][1])))
	}
	assert.Equal(t, "Vy8ieCI", PassedETag(`W/"x"`, nil))
	assert.Equal(t, "w6k", PassedETag("\xe9", nil))
	assert.Equal(t, PassedETag("", []byte("body")), ETagOf([]byte("body")))
}

type headersQuestion struct {
	Config    nextbuild.Images  `json:"config"`
	URL       string            `json:"url"`
	Extension string            `json:"extension"`
	ETag      string            `json:"etag"`
	IsStatic  bool              `json:"isStatic"`
	MaxAge    int               `json:"maxAge"`
	Request   map[string]string `json:"request"`
}

type headersAnswer struct {
	Status int               `json:"status"`
	Sent   map[string]string `json:"sent"`
}

// The answer of Next.js, header by header.
func TestHeadersAgreeWithNext(t *testing.T) {
	hrefs := []string{
		"/photo.jpg", "/dotted.name.v1.jpg", "/space%20name.jpg", "/a b.jpg", "/.hidden.jpg", "/dir/", "/", "/é.jpg", "/日本.jpg", "/😀x.jpg", "/quo\"ted.jpg", "/back\\slash.jpg", "/new\nline.jpg", "/del\x7f.jpg", "/c1\u0085.jpg", "/nb\u00a0sp.jpg", "/a;b,c=d.jpg",
		"/100%.jpg", "/100%2.jpg", "/it's(1)*!~.jpg", "/photo.jpg?v=1/x.png", "/photo", "/photo#part.one", "https://h.test/", "https://h.test/a/b.png?x=/y", "https://h.test/%C3%A9.png", "https://h.test/a.png#b/c.d",
	}
	s := settings(t, 16, nil)
	inline := settings(t, 14, nil)
	var questions []headersQuestion
	var mimes []string
	for mime, kind := range pictureTypes {
		questions = append(questions, headersQuestion{Config: s.Images, URL: "/photo.jpg", Extension: kind.extension, ETag: "tag", MaxAge: 60})
		mimes = append(mimes, mime)
	}
	for _, href := range hrefs {
		questions = append(questions,
			headersQuestion{Config: s.Images, URL: href, Extension: "webp", ETag: "tag", MaxAge: 14400},
			headersQuestion{Config: inline.Images, URL: href, Extension: "webp", ETag: "tag", IsStatic: true})
		mimes = append(mimes, webp, webp)
	}
	for i, want := range askNext[headersQuestion, headersAnswer](t, 16, "headers", questions) {
		q := questions[i]
		answering := &Settings{Images: q.Config}
		got := servedHeaders(answering, Request{Href: q.URL, Static: q.IsStatic}, mimes[i], q.MaxAge, q.ETag)
		for name, value := range want.Sent {
			assert.Equal(t, value, fromLatin1(got.Get(name)), "%s of %q", name, q.URL)
		}
		assert.Len(t, got, len(want.Sent), "%q: %v", q.URL, got)
	}
}

func TestNotModifiedAgreesWithNext(t *testing.T) {
	requests := []map[string]string{
		{},
		{"if-none-match": "tag"},
		{"if-none-match": "W/tag"},
		{"if-none-match": `"tag"`},
		{"if-none-match": `W/"tag"`},
		{"if-none-match": "*"},
		{"if-none-match": "a, tag"},
		{"if-none-match": "a,tag ,b"},
		{"if-none-match": "a, *"},
		{"if-none-match": "TAG"},
		{"if-none-match": "\ttag"},
		{"if-none-match": ""},
		{"if-none-match": "tag", "cache-control": "no-cache"},
		{"if-none-match": "*", "cache-control": "max-age=0, no-cache"},
		{"if-none-match": "tag", "cache-control": "no-cache=x"},
		{"if-none-match": "tag", "cache-control": "NO-CACHE"},
		{"if-none-match": "tag", "cache-control": "max-age=0"},
		{"if-none-match": "tag", "if-modified-since": "Mon, 01 Jan 2024 00:00:00 GMT"},
		{"if-modified-since": "Mon, 01 Jan 2024 00:00:00 GMT"},
	}
	var questions []headersQuestion
	for _, request := range requests {
		questions = append(questions, headersQuestion{Config: DefaultImages(16), URL: "/a.jpg", Extension: "webp", ETag: "tag", Request: request})
	}
	for i, want := range askNext[headersQuestion, headersAnswer](t, 16, "headers", questions) {
		h := make(http.Header)
		for name, value := range requests[i] {
			h.Set(name, value)
		}
		assert.Equal(t, want.Status == 304, NotModified(h, "tag"), "%v", requests[i])
		if want.Status == 304 {
			got := servedHeaders(settings(t, 16, nil), Request{Href: "/a.jpg"}, webp, 0, "tag")
			KeepFor304(got)
			assert.Len(t, got, len(want.Sent), "%v", got)
			for name := range want.Sent {
				assert.NotEmpty(t, got.Get(name), name)
			}
		}
	}
	h := http.Header{"If-None-Match": {"a", "tag"}}
	assert.True(t, NotModified(h, "tag"), "several lines are one list")
}

func TestHeadersWithoutAPolicy(t *testing.T) {
	s := settings(t, 16, func(i *nextbuild.Images) { i.ContentSecurityPolicy, i.ContentDispositionType = "", "" })
	h := servedHeaders(s, Request{Href: "/a.jpg"}, jpeg, 1, "tag")
	assert.NotContains(t, h, "Content-Security-Policy")
	assert.Equal(t, `attachment; filename="a.jpeg"`, h.Get("Content-Disposition"))
}

// IMAGES.md 3: no Content-Type, Cache-Control, Vary or ETag.
func TestRefusalsCarryNoHeaders(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Else", "kept")
		(&Refusal{Status: 508, Text: "no"}).Write(w)
	}))
	defer server.Close()
	for method, body := range map[string]string{http.MethodGet: "no", http.MethodHead: ""} {
		request, err := http.NewRequest(method, server.URL, nil)
		require.NoError(t, err)
		res, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer res.Body.Close()
		text := new(strings.Builder)
		require.NoError(t, res.Write(text))
		assert.Equal(t, 508, res.StatusCode)
		assert.True(t, strings.HasSuffix(text.String(), "\r\n\r\n"+body), text)
		for _, name := range []string{"Content-Type", "Cache-Control", "Vary", "ETag"} {
			assert.Empty(t, res.Header.Values(name), name)
		}
		assert.Equal(t, "kept", res.Header.Get("X-Else"))
	}
}

// IMAGES.md 12, without the ambiguity of concatenation.
func TestKey(t *testing.T) {
	base := Request{Href: "/a.jpg", Width: 64, Quality: 75, Format: webp}
	keys := map[string]Request{}
	for _, r := range []Request{
		base,
		{Href: "/a.jpg", Width: 64, Quality: 75},
		{Href: "/a.jpg", Width: 647, Quality: 5, Format: webp},
		{Href: "/a.jpg6", Width: 4, Quality: 75, Format: webp},
		{Href: "/a.jpgimage/", Width: 64, Quality: 75, Format: "webp"},
		{Href: "/a.jpg?", Width: 64, Quality: 75, Format: webp},
		{Href: "/a.jpg", Width: 64, Quality: 76, Format: webp},
	} {
		key := r.Key()
		assert.Regexp(t, "^[A-Za-z0-9_-]{43}$", key)
		assert.NotContains(t, keys, key, "%+v", r)
		keys[key] = r
	}
	again := base
	again.Static = true
	assert.Equal(t, base.Key(), again.Key())
}

func servedHeaders(s *Settings, r Request, mime string, maxAge int, etag string) http.Header {
	h := http.Header{}
	s.SetHeaders(h, r, mime, maxAge, etag)
	return h
}
