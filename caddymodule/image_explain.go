package caddymodule

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
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
	// Answer is what the edge says to a request that comes to no zone, or is refused before that is asked for pictures.
	Answer int `json:"answer,omitempty"`
	*imageopt.Explanation
}

// explainKey is the context key of the *imageReport that a request is made for. No client can set it.
type explainKey struct{}

// explaining returns the report that a request is made for, nil for all that come from outside.
func explaining(r *http.Request) *imageReport {
	report, _ := r.Context().Value(explainKey{}).(*imageReport)
	return report
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

// explainImage sends a request through the running servers as a client would, for a report instead of an answer.
func explainImage(ctx context.Context, text, width, quality string, headers []string) (*imageReport, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%q is no URL of a site: it must begin with http:// or https:// and a host", text)
	}
	app := running.app()
	if app == nil {
		return nil, errors.New("no configuration with nextjs is running")
	}
	servers, err := app.serversOf(u)
	if err != nil {
		return nil, err
	}
	u = imageRequestOf(u, width, quality)
	report := &imageReport{URL: u.RequestURI()}
	for _, server := range servers {
		r, err := http.NewRequestWithContext(context.WithValue(ctx, explainKey{}, report), http.MethodGet, u.RequestURI(), http.NoBody)
		if err != nil {
			return nil, fmt.Errorf("making a request of %s: %w", u, err)
		}
		r.RequestURI, r.Host, r.RemoteAddr = u.RequestURI(), u.Host, "127.0.0.1:0"
		if u.Scheme == "https" {
			r.TLS = &tls.ConnectionState{HandshakeComplete: true, ServerName: u.Hostname()}
		}
		for _, header := range headers {
			if name, value, ok := strings.Cut(header, ":"); ok {
				r.Header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
			}
		}
		answer := statusWriter{header: http.Header{}}
		server.ServeHTTP(&answer, r)
		if report.Zone != "" {
			return report, nil
		}
		report.Answer = answer.status
	}
	return report, nil
}

// serversOf returns the servers that listen where a URL points to, or all, for an edge may be reached through other ports than its own.
func (a *App) serversOf(u *url.URL) ([]*caddyhttp.Server, error) {
	module, err := a.ctx.AppIfConfigured("http")
	if err != nil {
		return nil, fmt.Errorf("finding the servers: %w", err)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	var there, others []*caddyhttp.Server
	for _, server := range module.(*caddyhttp.App).Servers {
		listens := slices.ContainsFunc(server.Listen, func(address string) bool {
			_, found, err := net.SplitHostPort(address)
			return err == nil && found == port
		})
		if listens {
			there = append(there, server)
		} else {
			others = append(others, server)
		}
	}
	if len(there) > 0 {
		return there, nil
	}
	return others, nil
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

// statusWriter takes an answer of which only the status is of interest.
type statusWriter struct {
	header http.Header
	status int
}

func (w *statusWriter) Header() http.Header { return w.header }

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *statusWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return len(p), nil
}
