package images

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/imageopt"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// Image answers requests to the image optimizer of Next.js (`/_next/image`): pictures are made here, once for all
// upstreams, and kept in the store.
//
// What is allowed says the zone's build, or its `image` settings. The build's verdict says whether the edge may answer
// at all: where middleware matches the endpoint, Next.js does. Of a zone without either the answers of Next.js are
// kept, as long as they say themselves.
//
// Everything else is handed on. It has no settings; the `nextjs` handler in front has found zone and build, and the
// `nextjs` app has the bounds.
type Image struct{}

// CaddyModule returns the Caddy module information.
func (Image) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.nextjs_image", New: func() caddy.Module { return new(Image) }}
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (Image) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	a := edge.Of(r)
	if report := report.Of[report.Image](r); report != nil && a != nil {
		Slot.Of(a.Zone).explain(report, r, a, next)
		return nil
	}
	if a == nil || a.IsSource || a.Returned || a.Kind == zones.KindUpgrade {
		return next.ServeHTTP(w, r)
	}
	images := Slot.Of(a.Zone)
	if images == nil {
		return next.ServeHTTP(w, r)
	}
	switch images.duty(a, r) {
	case refused:
		if a.Zone.Repairs.Has(edge.RepairImageMethods) {
			a.CountMethodRepair(r)
		}
		return edge.RefuseMethod(w, a)
	case options:
		edge.AnswerOptions(w, r, a)
		return nil
	case made:
		sources := images.sourcesFor(r, a, next)
		// Next.js sets them before its optimizer answers.
		assets.SetHeaders(w.Header(), a.Verdict.Headers)
		images.counters[images.optimizer.Serve(w, r, images.zone, sources.local(images.zone.Fetcher))].Inc()
		return nil
	case kept:
		if r.ContentLength != 0 {
			return next.ServeHTTP(w, r) // others would wait for what this client sends
		}
		accept := strings.Join(r.Header["Accept"], ", ")
		key, ok := imageopt.PassKey(images.space, a.Path, r.URL.RawQuery, accept)
		if !ok {
			break
		}
		sources := images.sourcesFor(r, a, next)
		target := *r.URL
		result, err := images.passing.Serve(w, r, key, imageopt.Pass{
			Next: func(w http.ResponseWriter) error { return next.ServeHTTP(w, r) },
			Again: func(ctx context.Context, accept string, w http.ResponseWriter) error {
				return sources.again(ctx, &target, accept, w)
			},
		})
		images.counters[result].Inc()
		return err
	}
	return next.ServeHTTP(w, r)
}

// duty is what the edge does with a request.
type duty uint8

const (
	passed  duty = iota // it is Next.js's
	made                // the picture is made here
	kept                // Next.js makes it, and it is kept
	refused             // it would write to a picture
	options             // it asks what may be done
)

// duty decides what is done with a request of the zone.
func (z *Zone) duty(a *edge.Request, r *http.Request) duty {
	if a.Zone.Build != nil {
		switch {
		case (a.Verdict.RefusesMethod() || a.Verdict.TakesOptions()) && a.Verdict.Output == rules.OutputImage:
			return z.dutyOfMethod(a, r.Method)
		case !a.Verdict.Edge() || a.Verdict.Output != rules.OutputImage:
			return passed
		case z.zone != nil:
			return made
		}
		return kept
	}
	isRead := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	// With trailingSlash, or without.
	case a.Kind == zones.KindImage && !isRead && strings.TrimSuffix(a.Path, "/") == "/_next/image":
		return z.dutyOfMethod(a, r.Method)
	case a.Kind != zones.KindImage || !isRead || a.Path != "/_next/image":
		return passed
	case z.zone != nil:
		return made
	}
	return kept
}

// AnswersItself are the kinds of requests that the edge answers itself where it can. z may be nil.
func (z *Zone) AnswersItself() []string {
	switch {
	case z == nil:
		return nil
	case z.zone != nil:
		return []string{"pictures"}
	}
	return []string{"pictures that have passed through"}
}

// Answers reports whether the edge has a part in the answer to a request. z may be nil.
func (z *Zone) Answers(a *edge.Request, r *http.Request) bool {
	return z != nil && z.duty(a, r) != passed
}

// dutyOfMethod decides on a request that is neither GET nor HEAD, where nothing else looks at it.
func (z *Zone) dutyOfMethod(a *edge.Request, method string) duty {
	switch repaired := a.Zone.Repairs.Has(edge.RepairImageMethods); {
	case method == http.MethodOptions && repaired:
		return options
	case method == http.MethodOptions || method == http.MethodConnect:
		return passed
	case repaired || a.Zone.Build != nil && z.zone != nil:
		return refused
	}
	return passed
}

// Zone is how the pictures of a zone are made or kept.
type Zone struct {
	space     string
	state     *pooledImages
	optimizer *imageopt.Optimizer
	zone      *imageopt.Zone // nil: they are not made here
	passing   *imageopt.Passing
	serveFile ServeFile
	counters  *counters
}

// Slot is where the pictures of a zone are.
var Slot = edge.NewSlot[*Zone]()

// Close gives back the connections to hosts of pictures.
func (z *Zone) Close() {
	if z != nil && z.zone != nil {
		z.zone.Fetcher.Close()
	}
}

// sourcesFor returns what finds sources on the site of a request.
func (z *Zone) sourcesFor(r *http.Request, a *edge.Request, next caddyhttp.Handler) siteSources {
	return siteSources{Loopback: edge.NewLoopback(r, a, next), serveFile: z.serveFile}
}

// Config is what the pictures of a zone are prepared from.
type Config struct {
	State    *State
	Settings *ZoneSettings // nil: what the build says
	Zone     *zones.Zone
	// BasePath is that of a zone whose build is not known.
	BasePath  string
	Space     string
	Build     *nextbuild.Build // nil: not known
	ServeFile ServeFile
	Log       *zap.Logger
}

// NewZone prepares the pictures of a zone; nil for one whose pictures are none of the edge's business.
func NewZone(c Config) (*Zone, error) {
	if err := c.Settings.check(); err != nil {
		return nil, err
	}
	z := &Zone{
		space: "image\x00" + c.Space, state: c.State.pooledImages, passing: c.State.passing, serveFile: c.ServeFile,
		counters: countersOf(c.Zone.Name),
	}
	images, known, err := c.images()
	if err != nil {
		return nil, err
	}
	if !known {
		return z, nil
	}
	basePath, trailingSlash, major, deployment := c.BasePath, false, 0, ""
	if read := c.Build; read != nil {
		basePath, trailingSlash, major = read.BasePath, read.TrailingSlash, majorOf(read.NextVersion)
		deployment = read.ID + " " + read.DeploymentID
	}
	settings, err := imageopt.NewSettings(images, basePath, trailingSlash, major)
	if err != nil {
		if c.Settings != nil {
			return nil, err
		}
		c.Log.Warn("the image settings of the build cannot be used: its pictures are made by Next.js, and kept",
			zap.String("zone", c.Zone.Name), zap.Error(err))
		return z, nil
	}
	if !settings.Enabled() {
		return nil, nil
	}
	making := c.State.making()
	if making == nil {
		return z, nil
	}
	forwards, err := imageopt.NewForwards(c.Settings.forwards())
	if err != nil {
		return nil, err
	}
	z.optimizer = making.optimizer
	z.zone = &imageopt.Zone{
		Space: z.space, Deployment: deployment, Settings: settings,
		Fetcher:      imageopt.NewFetcher(settings.FetchLimits(c.Settings.followsAnywhere()), nil),
		KeepsNothing: images.MaximumDiskCacheSize != nil && *images.MaximumDiskCacheSize == 0,
		Forwards:     forwards, Log: c.Log.With(zap.String("zone", c.Zone.Name)), Meter: newMeter(c.Zone.Name),
	}
	return z, nil
}

// majorOf is the major version of Next.js; 0 for one that is not known.
func majorOf(version string) int {
	digits, _, _ := strings.Cut(version, ".")
	major, err := strconv.Atoi(digits)
	if err != nil {
		return 0
	}
	return major
}

// Interface guard
var _ caddyhttp.MiddlewareHandler = (*Image)(nil)
