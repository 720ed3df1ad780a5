package edge

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// testDeployments are two deployments of a zone; the newer one is live. deploymentID is that of its build.
func testDeployments(t *testing.T, deploymentID string) *Deployments {
	t.Helper()
	d := &Deployments{
		Pins:   deploy.NewPins([]deploy.PinTarget{{ID: "v 2", DeploymentID: deploymentID, Live: true}, {ID: "v1"}}),
		Cookie: testCookie, Pinned: PinCountersOf(t.Name()),
	}
	for i, id := range []string{"v 2", "v1"} {
		d.List = append(d.List, &Zone{
			Zone: &zones.Zone{Name: t.Name()}, Build: new(nextbuild.Build), DeployedAs: id, IsLive: i == 0, Deployments: d,
			Served: DeploymentCountersOf(t.Name(), id),
		})
	}
	return d
}

// pinAnswer is an answer on its way to a client, and its request.
type pinAnswer struct {
	status  int
	header  http.Header
	request *http.Request
	about   *Request
}

// newPinAnswer is a document of the live deployment that no shared cache may keep.
func newPinAnswer(d *Deployments) *pinAnswer {
	a := NewRequest(d.List[0], nil, zones.KindDocument)
	a.Path, a.Full = "/page", "/page"
	return &pinAnswer{
		http.StatusOK,
		http.Header{"Content-Type": {"text/html; charset=utf-8"}, "Cache-Control": {"private, no-store"}},
		httptest.NewRequest(http.MethodGet, "http://site/page", nil), a,
	}
}

func (p *pinAnswer) cookies(d *Deployments) []string {
	d.SetCookie(p.status, p.header, p.request, p.about)
	return p.header["Set-Cookie"]
}

func TestWhichDocumentsSetThePinCookie(t *testing.T) {
	const cookie = testCookie + "=v%202; Path=/; HttpOnly; SameSite=Lax"
	header := func(name, value string) func(*Deployments, *pinAnswer) {
		return func(_ *Deployments, p *pinAnswer) { p.request.Header.Set(name, value) }
	}
	answer := func(name, value string) func(*Deployments, *pinAnswer) {
		return func(_ *Deployments, p *pinAnswer) { p.header.Set(name, value) }
	}
	kind := func(kind zones.Kind) func(*Deployments, *pinAnswer) {
		return func(_ *Deployments, p *pinAnswer) { p.about.Kind = kind }
	}
	for name, change := range map[string]func(*Deployments, *pinAnswer){
		"a document":                    func(*Deployments, *pinAnswer) {},
		"that a browser loads":          header("Sec-Fetch-Dest", "document"),
		"of an error":                   func(_ *Deployments, p *pinAnswer) { p.status = http.StatusNotFound },
		"private":                       answer("Cache-Control", "private, max-age=0"),
		"whose visitor has another one": header("Cookie", testCookie+"=v1"),
		"whose visitor has another one beside it":    header("Cookie", testCookie+"=v1; "+testCookie+"=v%202"),
		"whose visitor has one of another zone only": header("Cookie", "nextjs_deployment_blog=v%202"),
	} {
		d := testDeployments(t, "")
		p := newPinAnswer(d)
		change(d, p)
		assert.Equal(t, []string{cookie}, p.cookies(d), name)
	}
	for name, change := range map[string]func(*Deployments, *pinAnswer){
		"pin_cookie off":                func(d *Deployments, _ *pinAnswer) { d.Cookie = "" },
		"the same value again":          header("Cookie", testCookie+"=v%202"),
		"loaded ahead":                  header("Sec-Purpose", "prefetch;prerender"),
		"fetched by a script":           header("Sec-Fetch-Dest", "empty"),
		"in a frame":                    header("Sec-Fetch-Dest", "iframe"),
		"for shared caches":             answer("Cache-Control", "public, max-age=0, s-maxage=60"),
		"that says nothing":             answer("Cache-Control", ""),
		"for a CDN (RFC 9213)":          answer("Cdn-Cache-Control", "max-age=60"),
		"no page":                       answer("Content-Type", "text/plain"),
		"a redirect":                    func(_ *Deployments, p *pinAnswer) { p.status = http.StatusFound },
		"HEAD":                          func(_ *Deployments, p *pinAnswer) { p.request.Method = http.MethodHead },
		"a payload":                     kind(zones.KindRSC),
		"an action":                     kind(zones.KindAction),
		"data":                          kind(zones.KindData),
		"of the other deployment":       func(d *Deployments, p *pinAnswer) { p.about.Zone = d.List[1] },
		"in the background":             func(_ *Deployments, p *pinAnswer) { p.about.InBackground = true },
		"for a picture":                 func(_ *Deployments, p *pinAnswer) { p.about.IsSource = true },
		"that the application asks for": func(_ *Deployments, p *pinAnswer) { p.about.Returned = true },
		"of a host of files":            func(_ *Deployments, p *pinAnswer) { p.about.IsAsset = true },
		"of a build that says an id":    func(d *Deployments, _ *pinAnswer) { d.Pins = testDeployments(t, "dpl").Pins },
		"for shared caches, loaded ahead": func(d *Deployments, p *pinAnswer) {
			d.CookieOnAll = true
			p.header.Set("Cache-Control", "public, s-maxage=60")
			p.request.Header.Set("Sec-Purpose", "prefetch")
		},
	} {
		d := testDeployments(t, "")
		p := newPinAnswer(d)
		change(d, p)
		assert.Empty(t, p.cookies(d), name)
	}
	var none *Deployments
	p := newPinAnswer(testDeployments(t, ""))
	assert.Empty(t, p.cookies(none), "a zone with one deployment")
}

func TestWhereThePinCookieHolds(t *testing.T) {
	d := testDeployments(t, "")
	p := newPinAnswer(d)
	p.about.Zone.Build.BasePath, p.about.Full = "/shop", "/shop/page"
	assert.Contains(t, p.cookies(d)[0], "; Path=/shop; ")

	p = newPinAnswer(d)
	p.about.Zone.Build, p.about.Full = nil, "/shop/page"
	assert.Contains(t, p.cookies(d)[0], "; Path=/shop; ", "without a build, where the document was found")

	p = newPinAnswer(d)
	p.request = httptest.NewRequest(http.MethodGet, "https://site/page", nil)
	assert.True(t, strings.HasSuffix(p.cookies(d)[0], "; HttpOnly; Secure; SameSite=Lax"), p.header)
	assert.NotContains(t, p.cookies(d)[0], "Max-Age", "until the browser is closed")
}

// With pin_cookie all no shared cache keeps a document, not even one for a visitor who has the cookie already.
func TestPinCookieAllMakesDocumentsPrivate(t *testing.T) {
	for _, had := range []string{"", testCookie + "=v%202"} {
		d := testDeployments(t, "")
		d.CookieOnAll = true
		p := newPinAnswer(d)
		p.header.Set("Cache-Control", "public, max-age=0, s-maxage=60, must-revalidate")
		p.header.Set("Cdn-Cache-Control", "max-age=60")
		p.request.Header.Set("Cookie", had)
		assert.Equal(t, had == "", len(p.cookies(d)) == 1, had)
		assert.Equal(t, "private, max-age=0, must-revalidate", p.header.Get("Cache-Control"), had)
		assert.NotContains(t, p.header, "Cdn-Cache-Control", had)
	}
	d := testDeployments(t, "dpl")
	d.CookieOnAll = true
	p := newPinAnswer(d)
	p.header.Set("Cache-Control", "public, max-age=60")
	assert.Empty(t, p.cookies(d))
	assert.Equal(t, "public, max-age=60", p.header.Get("Cache-Control"), "a build with a deployment id needs no cookie")
}

// The URL of a payload does not name the build it is of.
func TestWhatIsKeptOfADeploymentThatIsNotLive(t *testing.T) {
	const forEver, nowhere = "public, max-age=31536000, immutable", "private, no-store"
	for _, row := range []struct {
		name     string
		kind     zones.Kind
		place    int
		status   int
		becoming string
	}{
		{"a payload", zones.KindRSC, 1, http.StatusOK, nowhere},
		{"a document", zones.KindDocument, 1, http.StatusOK, nowhere},
		{"a picture", zones.KindImage, 1, http.StatusOK, nowhere},
		{"a file", zones.KindStatic, 1, http.StatusOK, forEver},
		{"a part of a file", zones.KindStatic, 1, http.StatusPartialContent, forEver},
		{"a file that is kept", zones.KindStatic, 1, http.StatusNotModified, forEver},
		{"no file", zones.KindStatic, 1, http.StatusNotFound, nowhere},
		{"a socket", zones.KindUpgrade, 1, http.StatusSwitchingProtocols, forEver},
		{"of the live one", zones.KindRSC, 0, http.StatusOK, forEver},
	} {
		d := testDeployments(t, "")
		h := http.Header{"Cache-Control": {forEver}}
		d.CleanAnswer(row.status, h, NewRequest(d.List[row.place], nil, row.kind))
		assert.Equal(t, row.becoming, h.Get("Cache-Control"), row.name)
	}
}

func TestTheAnswerOfADeploymentIsWatched(t *testing.T) {
	d := testDeployments(t, "")
	a := newPinAnswer(d).about
	r := httptest.NewRequest(http.MethodGet, "http://site/page", nil)
	to := httptest.NewRecorder()
	w := WatchDeployment(to, r, a)
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("Cache-Control", "private, no-store")
	_, err := w.ReadFrom(strings.NewReader("a page"))
	require.NoError(t, err)
	w.Done(io.ErrUnexpectedEOF)
	assert.Equal(t, "a page", to.Body.String())
	assert.Len(t, to.Result().Cookies(), 1)
	assert.InDelta(t, 1, testutil.ToFloat64(a.Zone.Served.requests), 0)
	assert.InDelta(t, 0, testutil.ToFloat64(a.Zone.Served.errors), 0, "what breaks off has its status")

	// Meanwhile the action has found its build.
	to = httptest.NewRecorder()
	w = WatchDeployment(to, r, a)
	a.Zone = d.List[1]
	w.WriteHeader(http.StatusServiceUnavailable)
	assert.Equal(t, "private, no-store", to.Header().Get("Cache-Control"))
	assert.Empty(t, to.Result().Cookies())
	assert.InDelta(t, 1, testutil.ToFloat64(a.Zone.Served.errors), 0)

	for err, errs := range map[error]float64{
		caddyhttp.Error(http.StatusBadGateway, errors.New("no answer")): 1,
		errors.New("unknown"):                 1,
		caddyhttp.Error(499, errors.New("x")): 0,
	} {
		before := testutil.ToFloat64(a.Zone.Served.errors)
		WatchDeployment(httptest.NewRecorder(), r, a).Done(err)
		assert.InDelta(t, before+errs, testutil.ToFloat64(a.Zone.Served.errors), 0, err)
	}

	a.Zone = &Zone{Zone: new(zones.Zone)}
	none := WatchDeployment(to, r, a)
	assert.Nil(t, none, "one deployment")
	none.Done(err)
}

func TestRequestsAreCountedByDeployment(t *testing.T) {
	d := testDeployments(t, "")
	zone := t.Name()
	r := httptest.NewRequest(http.MethodGet, "/page", nil)
	r.Header.Set("Cookie", testCookie+"=v1")
	to, why := d.Of(r, zones.KindRSC, "/page", "")
	assert.Equal(t, []any{"v1", deploy.PinCookie}, []any{to.DeployedAs, why})
	d.CountPin(to, why)
	r.Header.Set("X-Deployment-Id", "gone")
	to, why = d.Of(r, zones.KindRSC, "/page", "")
	assert.Equal(t, []any{"v 2", deploy.PinUnknown}, []any{to.DeployedAs, why})
	d.CountPin(to, why)
	assert.InDelta(t, 1, testutil.ToFloat64(pinnedTotal.WithLabelValues(zone, "cookie")), 0)
	assert.InDelta(t, 1, testutil.ToFloat64(pinnedTotal.WithLabelValues(zone, "unknown")), 0)
	assert.InDelta(t, 1, testutil.ToFloat64(unknownPinsTotal.WithLabelValues(zone)), 0)
	new(Deployments).CountPin(to, why)
	(*Deployments)(nil).CountPin(to, why)

	count := func() int {
		return testutil.CollectAndCount(deploymentRequestsTotal) + testutil.CollectAndCount(deploymentErrorsTotal) +
			testutil.CollectAndCount(deploymentSeconds)
	}
	before := count()
	ForgetDeployment(zone, "v1")
	d.List[1].Served.count(http.StatusOK, time.Second)
	assert.Equal(t, before-3, count(), "what still runs does not bring it back")
	(*DeploymentCounters)(nil).count(http.StatusOK, time.Second)
}
