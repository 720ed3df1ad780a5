package images

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/control"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
)

// explain fills a report in the place of an answer.
func (z *Zone) explain(report *report.Image, r *http.Request, a *edge.Request, next caddyhttp.Handler) {
	report.Zone, report.Verdict, report.By = a.Zone.Name, a.Verdict.String(), "next"
	if z == nil {
		return
	}
	switch z.duty(a, r) {
	case made:
		report.By = "edge"
		explanation := z.optimizer.Explain(r.Context(), z.zone, r.URL.RawQuery, r.Header, z.sourcesFor(r, a, next).local(z.zone.Fetcher))
		report.Explanation = &explanation
	case kept:
		report.Keeps = true
	}
}

// serveImageReport answers GET …/v1/image?url=…[&w=…][&q=…][&header=…]….
func serveImageReport(w http.ResponseWriter, r *http.Request, caller control.Caller) error {
	query := r.URL.Query()
	u, err := control.SiteURL(query.Get("url"))
	if err != nil {
		return control.Error(http.StatusBadRequest, err)
	}
	u = imageRequestOf(u, query.Get("w"), query.Get("q"))
	to := &report.Image{URL: u.RequestURI()}
	question := control.Question{URL: u, Headers: query["header"], Into: to, Zone: func() string { return to.Zone }}
	if to.Answered, err = control.Explain(r.Context(), caller, question); err != nil {
		return err
	}
	return control.AnswerJSON(w, http.StatusOK, to)
}

// imageRequestOf returns the URL that <Image> would write for a picture of a site; one that is such a URL stays, but
// for what is given beside it. Width and quality may be empty.
func imageRequestOf(u *url.URL, width, quality string) *url.URL {
	if strings.HasSuffix(strings.TrimSuffix(u.Path, "/"), "/_next/image") {
		return withParameters(u, width, quality)
	}
	source := u.EscapedPath()
	if u.RawQuery != "" {
		source += "?" + u.RawQuery
	}
	endpoint, usual := endpointFor(u)
	return &url.URL{
		Scheme: u.Scheme, Host: u.Host, Path: endpoint,
		RawQuery: "url=" + url.QueryEscape(source) + "&w=" + url.QueryEscape(cmp.Or(width, "640")) +
			"&q=" + url.QueryEscape(cmp.Or(quality, usual)),
	}
}

// withParameters returns a request for a picture with another width or quality, where they are given.
func withParameters(u *url.URL, width, quality string) *url.URL {
	if width == "" && quality == "" {
		return u
	}
	query := u.Query()
	if width != "" {
		query.Set("w", width)
	}
	if quality != "" {
		query.Set("q", quality)
	}
	changed := *u
	changed.RawQuery = query.Encode()
	return &changed
}

// endpointFor returns the path of the optimizer that pages beside a URL would ask, and the quality for which they
// would.
func endpointFor(u *url.URL) (path, quality string) {
	const endpoint, usual = "/_next/image", "75"
	for _, site := range edge.Sites() {
		v := site.View.Load()
		found, ok := v.Table.Find(u.Host, spelling.EscapedPath(u))
		if !ok {
			continue
		}
		facts := v.Zones[found.Zone]
		base := found.Base()
		if facts.Build != nil {
			base = facts.Build.BasePath
		}
		images := Slot.Of(facts)
		if images == nil || images.zone == nil {
			return base + endpoint, usual
		}
		path, quality = base+endpoint, usual
		settings := images.zone.Settings
		if settings.TrailingSlash {
			path += "/"
		}
		if len(settings.Qualities) > 0 && !slices.Contains(settings.Qualities, 75) {
			quality = strconv.Itoa(settings.Qualities[0])
		}
		return path, quality
	}
	return endpoint, usual
}

// Route says how a picture is answered.
var Route = control.Read(report.ImageRoute, serveImageReport).Unversioned()
