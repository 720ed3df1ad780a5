package policy

import (
	"math/rand/v2"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// allowed is what RFC 9111 lets a shared cache do with an answer: a second reading of it, which shares nothing with the
// policy.
type allowed struct {
	store    bool
	lifetime int // seconds of freshness from when the answer was made
	stale    bool
	while    int // seconds of the largest stale-while-revalidate
}

var directivePattern = regexp.MustCompile(`([^\s,="]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?`)

// isEdgeForm reports whether the directives are those that the edge writes for pages, in which must-revalidate is said
// to browsers.
func isEdgeForm(values map[string][]string) bool {
	form := map[string]bool{"public": true, "max-age": true, "s-maxage": true, "must-revalidate": true}
	for name, list := range values {
		if name != "stale-while-revalidate" && name != "no-transform" && !form[name] || name == "max-age" && strings.Join(list, ",") != "0" {
			return false
		}
		delete(form, name)
	}
	return len(form) == 0
}

func valuesOf(lines []string) map[string][]string {
	values := map[string][]string{}
	for _, match := range directivePattern.FindAllStringSubmatch(strings.Join(lines, ", "), -1) {
		name := strings.ToLower(match[1])
		values[name] = append(values[name], match[2]+match[3])
	}
	return values
}

func allowedBy(r *http.Request, status int, h http.Header) (a allowed) {
	values := valuesOf(h["Cache-Control"])
	has := func(name string) bool { return values[name] != nil }
	final := status == 200 || status == 404 || status == 410 || status == 301 || status == 302 || status == 303 || status == 307 || status == 308
	switch {
	case r.Method != http.MethodGet || !final || has("no-store") || has("private") || has("no-cache"):
		return allowed{}
	case len(r.Header["Authorization"])+len(r.Header["Range"])+len(h["Set-Cookie"]) > 0 || strings.Contains(r.Header.Get("Cache-Control"), "no-store"):
		return allowed{}
	}
	for _, name := range strings.Split(strings.Join(h["Vary"], ","), ",") {
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "", "rsc", "next-url", "next-router-state-tree", "next-router-prefetch", "next-router-segment-prefetch", "accept-encoding":
		default:
			return allowed{}
		}
	}
	number := func(name string) int {
		if len(values[name]) != 1 {
			return 0
		}
		n, err := strconv.Atoi(values[name][0])
		if err != nil {
			return 0
		}
		return max(0, n)
	}
	switch {
	case has("s-maxage"):
		a = allowed{store: true, lifetime: number("s-maxage")}
	case has("max-age"):
		a = allowed{store: true, lifetime: number("max-age")}
	case h["Expires"] != nil:
		a = allowed{store: true, lifetime: 3600}
	}
	a.stale = !has("must-revalidate") && !has("proxy-revalidate") || isEdgeForm(values)
	if a.while = number("stale-while-revalidate"); len(values["stale-while-revalidate"]) == 1 && values["stale-while-revalidate"][0] == "" {
		a.while = 31536000
	}
	return a
}

var (
	fuzzStatuses = []int{200, 200, 200, 200, 404, 307, 308, 304, 206, 204, 500, 503, 301, 410, 101}
	fuzzTypes    = []string{html, html, rsc, rsc, typeJSON, "", "text/event-stream", "text/plain", "TEXT/X-Component;a=b"}
	fuzzAnswers  = [][2]string{
		{"Set-Cookie", "a=b"},
		{"X-Nextjs-Cache", "HIT"},
		{"X-Nextjs-Cache", "STALE"},
		{"X-Nextjs-Postponed", "1"},
		{"Expires", "Sun, 22 Nov 2026 13:00:00 GMT"},
		{"Vary", rscv},
		{"Vary", "next-url"},
		{"Vary", "cookie"},
		{"Vary", "*"},
		{"Age", "30"},
		{"Content-Encoding", "gzip"},
		{"X-Nextjs-Deployment-Id", "d"},
		{"X-Nextjs-Deployment-Id", "e"},
		{"Content-Length", "0"},
		{"Trailer", "a"},
		{"Content-Type", html},
	}
	fuzzAsks = [][2]string{
		{"Authorization", "x"}, {"Range", "bytes=0-1"}, {"Cookie", "__prerender_bypass=1"}, {"Cookie", "a=b"}, {"Cache-Control", "no-store"}, {"Cache-Control", "no-cache"},
	}
	fuzzMethods = []string{"GET", "GET", "GET", "GET", "GET", "GET", "GET", "HEAD", "POST"}
)

func (p *pieces) cacheControl() (lines []string) {
	for count := p.next(3); count > 0; count-- {
		var line []string
		for more := p.next(6); more > 0; more-- {
			line = append(line, p.of(fuzzDecision))
		}
		lines = append(lines, strings.Join(line, ", "))
	}
	if p.next(8) == 0 {
		return []string{"public, max-age=0, s-maxage=60, must-revalidate"}
	}
	return lines
}

// Nothing is kept that RFC 9111 keeps from a shared cache, nor for longer, nor in place of another variant.
func FuzzForResponse(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1, 2, 1, 5}, "", "")
	f.Add([]byte{0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 1, 2, 1, 5, 3, 3, 3, 3, 9}, "max-age=5", "s-maxage=60, stale-while-revalidate=9")
	f.Fuzz(checkResponse)
}

func TestAnswersOfManyKinds(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 50_000 {
		checkResponse(t, randomBytes(random, 64), "", "s-maxage=60, stale-while-revalidate=9")
	}
}

func checkResponse(t *testing.T, data []byte, extra, said string) {
	if strings.Count(extra, `"`)%2 != 0 || strings.Contains(extra, `\`) || strings.ContainsFunc(extra, func(r rune) bool { return r < ' ' || r > '~' }) {
		return // nobody knows what such a field says
	}
	p := &pieces{data}
	r, facts := p.request("")
	facts.Tags, facts.StaleIfError = []string{}, time.Duration(p.next(3))*time.Minute
	r.Method = p.of(fuzzMethods)
	for count := p.next(2); count > 0; count-- {
		pair := fuzzAsks[p.next(len(fuzzAsks))]
		r.Header.Add(pair[0], pair[1])
	}
	status, h := fuzzStatuses[p.next(len(fuzzStatuses))], http.Header{}
	if contentType := p.of(fuzzTypes); contentType != "" {
		h.Set("Content-Type", contentType)
	}
	for count := p.next(4); count > 0; count-- {
		pair := fuzzAnswers[p.next(len(fuzzAnswers))]
		h.Add(pair[0], pair[1])
	}
	if lines := p.cacheControl(); lines != nil {
		h["Cache-Control"] = lines
	}
	if extra != "" {
		h.Add("Cache-Control", extra)
	}
	if said != "" {
		facts.Said = &Said{CacheControl: []string{said}}
	}
	d := ForResponse(r, facts, status, h)
	if !d.Store {
		assert.NotEmpty(t, d.Reason)
		assert.Equal(t, Decision{Reason: d.Reason}, d)
		return
	}
	a := allowedBy(r, status, h)
	assert.True(t, a.store, "%d %q", status, h)
	age := 0
	if h.Get("Age") != "" {
		age = 30
	}
	assert.Equal(t, age, int(d.Age/time.Second))
	assert.LessOrEqual(t, d.Fresh, time.Duration(max(0, a.lifetime-age))*second, "%q", h)
	assert.True(t, a.stale || d.StaleWhile == 0 && d.StaleIfError == 0, "%q", h)
	while := a.while
	if isEdgeForm(valuesOf(h["Cache-Control"])) || h.Get("X-Nextjs-Cache") == "STALE" {
		while = max(while, allowedBy(r, 200, http.Header{"Cache-Control": {said}}).while)
	}
	assert.LessOrEqual(t, d.StaleWhile, time.Duration(while)*second, "%q for %q", h, said)
	assert.True(t, d.Fresh >= 0 && d.StaleWhile >= 0 && d.StaleIfError >= 0)
	if h.Get("X-Nextjs-Cache") == "STALE" {
		assert.Zero(t, d.Fresh)
	}
	isPayload := strings.HasPrefix(strings.ToLower(h.Get("Content-Type")), "text/x-component")
	assert.Equal(t, r.Header.Get("Rsc") == "1", isPayload, "%q %q", r.Header, h)
	assert.NotContains(t, r.Header.Get("Cookie"), "__prerender_bypass")
	_, ok := KeyOf(r, facts, d.Interceptable)
	assert.True(t, ok || !isPath(facts.Path) || strings.ContainsAny(facts.Path+facts.Deployment+facts.Build+facts.Choice+facts.Host+r.URL.RawQuery, "\x00"), "what is kept has a key")
}

// The model of the fuzzer finds what would be wrong.
func TestTheModelOfSharedCachesIsSharp(t *testing.T) {
	of := func(cacheControl string) allowed {
		return allowedBy(asking("/a"), 200, fields("Cache-Control", cacheControl))
	}
	assert.Equal(t, allowed{true, 60, true, 9}, of("s-maxage=60, max-age=5, stale-while-revalidate=9"))
	assert.Equal(t, allowed{true, 5, false, 0}, of("max-age=5, must-revalidate"))
	assert.Equal(t, allowed{true, 60, true, 0}, of("public, max-age=0, s-maxage=60, must-revalidate"))
	for _, cacheControl := range []string{"private, s-maxage=60", "s-maxage=60, no-store", `s-maxage=60, no-cache="a"`, "", "public"} {
		assert.False(t, of(cacheControl).store, cacheControl)
	}
	assert.False(t, allowedBy(asking("/a", "Authorization", "x"), 200, fields("Cache-Control", "s-maxage=60")).store)
	assert.False(t, allowedBy(asking("/a"), 200, fields("Cache-Control", "s-maxage=60", "Vary", "Cookie")).store)
}
