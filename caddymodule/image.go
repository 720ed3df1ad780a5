package caddymodule

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/imageopt"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// Image answers requests to the image optimizer of Next.js (`/_next/image`): pictures are made here, once for all upstreams, and kept in the store.
//
// What is allowed says the zone's build, or its `image` settings. The build's verdict says whether the edge may answer at all: where middleware
// matches the endpoint, Next.js does. Of a zone without either the answers of Next.js are kept, as long as they say themselves.
//
// Everything else is handed on. It has no settings; the `nextjs` handler in front has found zone and build, and the `nextjs` app has the bounds.
type Image struct{}

// CaddyModule returns the Caddy module information.
func (Image) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.nextjs_image", New: func() caddy.Module { return new(Image) }}
}

// ServeHTTP implements caddyhttp.MiddlewareHandler.
func (Image) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	a := attemptOf(r)
	if report := explaining[imageReport](r); report != nil && a != nil {
		imageSlot.of(a.facts).explain(report, r, a, next)
		return nil
	}
	if a == nil || a.isSource || a.returned || a.kind == zones.KindUpgrade {
		return next.ServeHTTP(w, r)
	}
	images := imageSlot.of(a.facts)
	if images == nil {
		return next.ServeHTTP(w, r)
	}
	switch images.duty(a, r) {
	case imageRefused:
		if a.facts.repairs.has(repairImageMethods) {
			a.saysMethod(r)
		}
		return refuseMethod(w, a)
	case imageOptions:
		answerOptions(w, r, a)
		return nil
	case imageMade:
		sources := images.sourcesFor(r, a, next)
		// Next.js sets them before its optimizer answers.
		assets.SetHeaders(w.Header(), a.verdict.Headers)
		images.counters[images.optimizer.Serve(w, r, images.zone, sources.local(images.zone.Fetcher))].Inc()
		return nil
	case imageKept:
		if r.ContentLength != 0 {
			return next.ServeHTTP(w, r) // others would wait for what this client sends
		}
		accept := strings.Join(r.Header["Accept"], ", ")
		key, ok := imageopt.PassKey(images.space, a.path, r.URL.RawQuery, accept)
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

// imageDuty is what the edge does with a request.
type imageDuty uint8

const (
	imagePassed  imageDuty = iota // it is Next.js's
	imageMade                     // the picture is made here
	imageKept                     // Next.js makes it, and it is kept
	imageRefused                  // it would write to a picture
	imageOptions                  // it asks what may be done
)

// duty decides what is done with a request of the zone.
func (z *zoneImages) duty(a *attempt, r *http.Request) imageDuty {
	if a.facts.build != nil {
		switch {
		case (a.verdict.RefusesMethod() || a.verdict.TakesOptions()) && a.verdict.Output == zones.OutputImage:
			return z.dutyOfMethod(a, r.Method)
		case !a.verdict.Edge() || a.verdict.Output != zones.OutputImage:
			return imagePassed
		case z.zone != nil:
			return imageMade
		}
		return imageKept
	}
	isRead := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	// With trailingSlash, or without.
	case a.kind == zones.KindImage && !isRead && strings.TrimSuffix(a.path, "/") == "/_next/image":
		return z.dutyOfMethod(a, r.Method)
	case a.kind != zones.KindImage || !isRead || a.path != "/_next/image":
		return imagePassed
	case z.zone != nil:
		return imageMade
	}
	return imageKept
}

// answersSay are the kinds of requests that the edge answers itself where it can. z may be nil.
func (z *zoneImages) answersSay() []string {
	switch {
	case z == nil:
		return nil
	case z.zone != nil:
		return []string{"pictures"}
	}
	return []string{"pictures that have passed through"}
}

// answers reports whether the edge has a part in the answer to a request. z may be nil.
func (z *zoneImages) answers(a *attempt, r *http.Request) bool {
	return z != nil && z.duty(a, r) != imagePassed
}

// dutyOfMethod decides on a request that is neither GET nor HEAD, where nothing else looks at it.
func (z *zoneImages) dutyOfMethod(a *attempt, method string) imageDuty {
	switch repaired := a.facts.repairs.has(repairImageMethods); {
	case method == http.MethodOptions && repaired:
		return imageOptions
	case method == http.MethodOptions || method == http.MethodConnect:
		return imagePassed
	case repaired || a.facts.build != nil && z.zone != nil:
		return imageRefused
	}
	return imagePassed
}

// zoneImages is how the pictures of a zone are made or kept.
type zoneImages struct {
	space     string
	state     *pooledImages
	optimizer *imageopt.Optimizer
	zone      *imageopt.Zone // nil: they are not made here
	passing   *imageopt.Passing
	serveFile ServeFile
	counters  *imageCounters
}

// imageSlot is where the pictures of a zone are.
var imageSlot = newSlot[*zoneImages]()

// close gives back the connections to hosts of pictures.
func (z *zoneImages) close() {
	if z != nil && z.zone != nil {
		z.zone.Fetcher.Close()
	}
}

// sourcesFor returns what finds sources on the site of a request.
func (z *zoneImages) sourcesFor(r *http.Request, a *attempt, next caddyhttp.Handler) siteSources {
	return siteSources{loopback: newLoopback(r, a, next), serveFile: z.serveFile}
}

// imageConfig is what the pictures of a zone are prepared from.
type imageConfig struct {
	state    *imageState
	settings *ZoneImage // nil: what the build says
	zone     *zones.Zone
	// basePath is that of a zone whose build is not known.
	basePath  string
	space     string
	build     *nextbuild.Build // nil: not known
	serveFile ServeFile
	log       *zap.Logger
}

// newZoneImages prepares the pictures of a zone; nil for one whose pictures are none of the edge's business.
func newZoneImages(c imageConfig) (*zoneImages, error) {
	if err := c.settings.check(); err != nil {
		return nil, err
	}
	z := &zoneImages{
		space: "image\x00" + c.space, state: c.state.pooledImages, passing: c.state.passing, serveFile: c.serveFile,
		counters: imageCountersOf(c.zone.Name),
	}
	images, known, err := c.images()
	if err != nil {
		return nil, err
	}
	if !known || c.state.optimizer == nil {
		return z, nil
	}
	basePath, trailingSlash, major, deployment := c.basePath, false, 0, ""
	if read := c.build; read != nil {
		basePath, trailingSlash, major = read.BasePath, read.TrailingSlash, majorOf(read.NextVersion)
		deployment = read.ID + " " + read.DeploymentID
	}
	settings, err := imageopt.NewSettings(images, basePath, trailingSlash, major)
	if err != nil {
		if c.settings != nil {
			return nil, err
		}
		c.log.Warn("the image settings of the build cannot be used: its pictures are made by Next.js, and kept",
			zap.String("zone", c.zone.Name), zap.Error(err))
		return z, nil
	}
	if !settings.Enabled() {
		return nil, nil
	}
	forwards, err := imageopt.NewForwards(c.settings.forwards())
	if err != nil {
		return nil, err
	}
	z.optimizer = c.state.optimizer
	z.zone = &imageopt.Zone{
		Space: z.space, Deployment: deployment, Settings: settings,
		Fetcher:      imageopt.NewFetcher(settings.FetchLimits(c.settings.followsAnywhere()), nil),
		KeepsNothing: images.MaximumDiskCacheSize != nil && *images.MaximumDiskCacheSize == 0,
		Forwards:     forwards, Log: c.log.With(zap.String("zone", c.zone.Name)), Meter: newImageMeter(c.zone.Name),
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
