package caddymodule

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/imageopt"
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
		a.facts.images.explain(report, r, a, next)
		return nil
	}
	if a == nil || a.facts.images == nil || a.isSource || a.returned || a.kind == zones.KindUpgrade {
		return next.ServeHTTP(w, r)
	}
	images := a.facts.images
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
		in := newInner(r, a, next)
		// Next.js sets them before its optimizer answers.
		assets.SetHeaders(w.Header(), a.verdict.Headers)
		images.counters[images.optimizer.Serve(w, r, images.zone, in.local(images.zone.Fetcher))].Inc()
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
		in := newInner(r, a, next)
		target := *r.URL
		result, err := images.passing.Serve(w, r, key, imageopt.Pass{
			Next: func(w http.ResponseWriter) error { return next.ServeHTTP(w, r) },
			Again: func(ctx context.Context, accept string, w http.ResponseWriter) error {
				return in.again(ctx, &target, accept, w)
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
	optimizer *imageopt.Optimizer
	zone      *imageopt.Zone // nil: they are not made here
	passing   *imageopt.Passing
	counters  *imageCounters
}

// close gives back the connections to hosts of pictures.
func (z *zoneImages) close() {
	if z != nil && z.zone != nil {
		z.zone.Fetcher.Close()
	}
}

// makesPictures reports whether the pictures of any zone may be the edge's business.
func (h *Handler) makesPictures() bool {
	return !h.AssetHost && slices.ContainsFunc(h.Zones, func(zone ZoneConfig) bool { return zone.Export == "" && !zone.Dev && !zone.Image.off() })
}

// newZoneImages prepares the pictures of a zone; nil for one whose pictures are none of the edge's business.
func (h *Handler) newZoneImages(config ZoneConfig, zone *zones.Zone, space string, read *build, log *zap.Logger) (*zoneImages, error) {
	if h.images == nil || config.Image.off() || zone.Dev || read != nil && read.export != nil {
		return nil, nil
	}
	if err := config.Image.check(); err != nil {
		return nil, err
	}
	z := &zoneImages{space: "image\x00" + space, passing: h.images.passing, counters: imageCountersOf(zone.Name)}
	images, known, err := config.imagesOf(read)
	if err != nil {
		return nil, err
	}
	if !known || h.images.optimizer == nil {
		return z, nil
	}
	basePath, trailingSlash, major, deployment := "", false, 0, ""
	if read != nil {
		basePath, trailingSlash, major = read.BasePath, read.TrailingSlash, majorOf(read.NextVersion)
		deployment = read.ID + " " + read.DeploymentID
	} else if paths := config.claimedPaths(); len(paths) > 0 {
		basePath = strings.TrimSuffix(paths[0], "/")
	}
	settings, err := imageopt.NewSettings(images, basePath, trailingSlash, major)
	if err != nil {
		if config.Image != nil {
			return nil, err
		}
		log.Warn("the image settings of the build cannot be used: its pictures are made by Next.js, and kept", zap.String("zone", zone.Name), zap.Error(err))
		return z, nil
	}
	if !settings.Enabled() {
		return nil, nil
	}
	forwards, err := imageopt.NewForwards(config.Image.forwards())
	if err != nil {
		return nil, err
	}
	z.optimizer = h.images.optimizer
	z.zone = &imageopt.Zone{
		Space: z.space, Deployment: deployment, Settings: settings, Fetcher: imageopt.NewFetcher(settings.FetchLimits(config.Image.followsAnywhere()), nil),
		KeepsNothing: images.MaximumDiskCacheSize != nil && *images.MaximumDiskCacheSize == 0,
		Forwards:     forwards, Log: log.With(zap.String("zone", zone.Name)), Meter: newImageMeter(zone.Name),
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
