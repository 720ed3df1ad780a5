package caddymodule

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-nextjs/caddy-nextjs/imageopt"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// imagePath is where the admin endpoint explains a request for a picture.
const imagePath = "/nextjs/image"

// imageReport says how the running edge answers a request for a picture, and why.
type imageReport struct {
	// URL of the request.
	URL  string `json:"url"`
	Zone string `json:"zone,omitempty"`
	// Verdict is what the zone's build says of the endpoint.
	Verdict string `json:"verdict,omitempty"`
	// By says who makes the picture: edge, or next; Keeps says that the edge keeps what Next.js has made.
	By    string `json:"by,omitempty"`
	Keeps bool   `json:"keeps,omitempty"`
	edgeAnswer
	*imageopt.Explanation
}

// explain fills a report in the place of an answer.
func (z *zoneImages) explain(report *imageReport, r *http.Request, a *attempt, next caddyhttp.Handler) {
	report.Zone, report.Verdict, report.By = a.zone.Name, a.verdict.String(), "next"
	if z == nil {
		return
	}
	switch z.duty(a, r) {
	case imageMade:
		report.By = "edge"
		explanation := z.optimizer.Explain(r.Context(), z.zone, r.URL.RawQuery, r.Header, newInner(r, a, next).local(z.zone.Fetcher))
		report.Explanation = &explanation
	case imageKept:
		report.Keeps = true
	}
}

// serveImageReport answers GET /nextjs/image?url=…[&w=…][&q=…][&accept=…].
func serveImageReport(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	report, err := explainImage(r.Context(), query.Get("url"), query.Get("w"), query.Get("q"), query["header"])
	if err != nil {
		return apiError(http.StatusBadRequest, err)
	}
	return answerJSON(w, http.StatusOK, report)
}

// explainImage asks for a picture as a client would, for a report instead of an answer.
func explainImage(ctx context.Context, text, width, quality string, headers []string) (*imageReport, error) {
	u, err := siteURL(text)
	if err != nil {
		return nil, err
	}
	u = imageRequestOf(u, width, quality)
	report := &imageReport{URL: u.RequestURI()}
	report.edgeAnswer, err = explainRequest(ctx, u, headers, report, func() bool { return report.Zone != "" })
	return report, err
}

// imageRequestOf returns the URL that <Image> would write for a picture of a site; one that is such a URL stays, but for what is given
// beside it.
func imageRequestOf(u *url.URL, width, quality string) *url.URL {
	if strings.HasSuffix(strings.TrimSuffix(u.Path, "/"), "/_next/image") {
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
	base, slash := "", ""
	if width == "" {
		width = "640"
	}
	for _, handler := range running.handlers() {
		v := handler.view.Load()
		found, ok := v.table.Find(u.Host, zones.EscapedPath(u))
		if !ok {
			continue
		}
		base = strings.TrimSuffix(found.Full, found.Path)
		facts := v.facts[found.Zone]
		if facts.build != nil {
			base = facts.build.BasePath
		}
		if facts.images != nil && facts.images.zone != nil {
			settings := facts.images.zone.Settings
			if settings.TrailingSlash {
				slash = "/"
			}
			if quality == "" && len(settings.Qualities) > 0 && !slices.Contains(settings.Qualities, 75) {
				quality = strconv.Itoa(settings.Qualities[0])
			}
		}
		break
	}
	if quality == "" {
		quality = "75"
	}
	source := u.EscapedPath()
	if u.RawQuery != "" {
		source += "?" + u.RawQuery
	}
	return &url.URL{
		Scheme: u.Scheme, Host: u.Host, Path: base + "/_next/image" + slash,
		RawQuery: "url=" + url.QueryEscape(source) + "&w=" + url.QueryEscape(width) + "&q=" + url.QueryEscape(quality),
	}
}
