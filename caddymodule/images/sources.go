package images

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/imageopt"
	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// sourceHost is what the site is called in requests for sources. Next.js makes them without a Host; HTTP needs one.
const sourceHost = "localhost"

// ServeFile answers a request for a source with a file of a build or an export. served is false if there is none;
// the upstreams have it then. An export answers everything.
type ServeFile func(w http.ResponseWriter, r *http.Request, a *edge.Request) (served bool, err error)

// siteSources finds sources of pictures on the site itself.
type siteSources struct {
	*edge.Loopback
	serveFile ServeFile
}

// local returns what finds sources of the site.
func (s siteSources) local(fetcher *imageopt.Fetcher) imageopt.Local {
	return imageopt.Local{Fetch: s.fetch(fetcher), Owner: s.owner}
}

// owner names the application that has a source, if that is another zone's: on another site the same path may belong
// to another application.
func (s siteSources) owner(href string) string {
	if len(s.View.Zones) < 2 {
		return ""
	}
	target, _, err := imageopt.LocalURL(href)
	if err != nil {
		return ""
	}
	_, facts := s.find(&http.Request{Method: http.MethodGet, URL: target, Host: s.Host, Header: http.Header{}})
	if facts == s.Zone {
		return ""
	}
	deployment := ""
	if facts.Build != nil {
		deployment = facts.Build.ID + " " + facts.Build.DeploymentID
	}
	return facts.Space + "\x00" + deployment
}

// fetch returns what gets a source: a file of a build, or what an upstream answers.
func (s siteSources) fetch(
	fetcher *imageopt.Fetcher,
) func(context.Context, string, http.Header) (imageopt.Source, error) {
	return func(ctx context.Context, href string, forward http.Header) (imageopt.Source, error) {
		var failed error
		source, err := fetcher.Local(ctx, href, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if forward != nil {
				r.Header = forward.Clone()
			}
			failed = s.serve(w, r) //nolint:contextcheck // the request has it
			if failed != nil {
				writeStatusOf(w, failed)
			}
		}))
		if source.CacheControl == assets.SharedCacheControl {
			source.CacheControl = "" // is for caches that are purged at a deploy
		}
		if fetched := (*imageopt.FetchError)(nil); failed != nil && errors.As(err, &fetched) {
			fetched.Reason = errors.Join(fetched.Reason, failed)
		}
		return source, err
	}
}

// again asks the application for what a request has asked for.
func (s siteSources) again(ctx context.Context, target *url.URL, accept string, w http.ResponseWriter) error {
	headers := http.Header{}
	if accept != "" {
		headers.Set("Accept", accept)
	}
	r := s.Get(ctx, target, headers)
	found, _ := s.View.Table.FindRequest(r)
	a := s.RequestOf(s.Zone, zones.KindImage, s.Zone.RuleSet.Verdict(r, found.Target))
	a.IsSource = true
	return s.Do(w, r, a) //nolint:contextcheck // the request has it
}

var errRefusedSource = errors.New("refused as from a client")

// serve answers a request as the site would, from the files of builds and the upstreams. Redirects and rules of the
// build apply.
func (s siteSources) serve(w http.ResponseWriter, r *http.Request) error {
	r.Host = s.Host
	found, facts := s.find(r)
	r.Host = sourceHost
	found = zones.RespellRequest(r.URL, found, facts.RuleSet)
	kind := zones.KindOf(r, found)
	if kind == zones.KindRefused || facts.RuleSet.Evades(found.Full, r.URL.RawQuery) {
		return caddyhttp.Error(http.StatusNotFound, errRefusedSource)
	}
	s.Forwarded.ApplyScheme(r)
	a := s.RequestOf(facts, kind, facts.VerdictOf(r, found))
	a.Path, a.IsSource = found.Path, true
	defer a.Done()
	r = s.Prepare(r, w, a)
	if served, err := s.serveFile(w, r, a); served {
		return err
	}
	return s.Next.ServeHTTP(w, r)
}

// find returns the zone of a source: that of its path, where another zone of the site claims it.
func (s siteSources) find(r *http.Request) (zones.Match, *edge.Zone) {
	found, ok := s.View.Table.FindRequest(r)
	if ok && found.Zone != s.Zone.Zone {
		if facts := s.View.Zones[found.Zone]; facts != nil {
			return found, facts
		}
	}
	if !ok {
		path := spelling.EscapedPath(r.URL)
		found = zones.Match{Path: path, Target: rules.Target{Full: path}}
	}
	found.Zone = s.Zone.Zone
	return found, s.Zone
}

// writeStatusOf answers with the status of an error that a handler has returned. What has been written already stays.
func writeStatusOf(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	var known caddyhttp.HandlerError
	if errors.As(err, &known) && known.StatusCode != 0 {
		status = known.StatusCode
	}
	w.WriteHeader(status)
}
