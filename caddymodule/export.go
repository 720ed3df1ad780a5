package caddymodule

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

var (
	errChangedExport = errors.New("the file was written over and the new export is not taken yet")
)

// exportedSite is an exported application, prepared for requests.
type exportedSite struct {
	dir   string
	book  *zones.Exported
	files *assets.Export
	needs []string // what its build has and only a server could do
	// elsewhere is where its pages look for their files, if that is no path of the zone.
	elsewhere string
}

// elsewhere returns the path below which pages look for their files, if it is none of the zone's.
func (c ZoneConfig) elsewhere(assetPrefix string) string {
	if strings.Contains(assetPrefix, "//") || slices.ContainsFunc(c.claimedPaths(), func(path string) bool { return strings.TrimSuffix(path, "/") == assetPrefix }) {
		return ""
	}
	return assetPrefix + "/"
}

// readExport reads the zone's export, and the build beside it if it names one.
func (c ZoneConfig) readExport(repl *caddy.Replacer, settings assets.Settings) (*build, error) {
	export, err := nextbuild.ReadExport(repl.ReplaceKnown(c.Export, ""))
	if err != nil {
		return nil, fmt.Errorf("zone %s: export: %w", c.label(), err)
	}
	site := &exportedSite{dir: export.Dir}
	// One without a build says nothing of itself.
	read := &nextbuild.Build{ID: export.IDs[0], Stamp: export.Stamp}
	if c.Build != "" {
		if read, err = nextbuild.Read(repl.ReplaceKnown(c.Build, "")); err != nil {
			return nil, fmt.Errorf("zone %s: build: %w", c.label(), err)
		}
		if err := export.Fits(read); err != nil {
			return nil, fmt.Errorf("zone %s: %w", c.label(), err)
		}
		read.Stamp = export.Stamp + " " + read.Stamp
	}
	if site.files, err = assets.NewExport(export, read.BasePath, settings); err != nil {
		return nil, fmt.Errorf("zone %s: export: %w", c.label(), err)
	}
	export.Files = slices.DeleteFunc(export.Files, func(path string) bool { return !site.files.Has(path) })
	site.needs = read.NeedsServer(export)
	if c.Build == "" {
		site.book = zones.NewExported(export, nil)
		site.elsewhere = c.elsewhere(export.AssetPrefix)
	} else {
		site.book = zones.NewExported(export, read)
	}
	return &build{Build: read, claims: zones.NewExportClaims(read, export), export: site}, nil
}

// stamp identifies the state of the zone's directories.
func (c ZoneConfig) stamp(repl *caddy.Replacer) (string, error) {
	if c.Export == "" {
		return nextbuild.Stamp(repl.ReplaceKnown(c.Build, ""))
	}
	stamp, err := nextbuild.StampExport(repl.ReplaceKnown(c.Export, ""))
	if err != nil || c.Build == "" {
		return stamp, err
	}
	beside, err := nextbuild.Stamp(repl.ReplaceKnown(c.Build, ""))
	return stamp + " " + beside, err
}

// report says once, when an export is taken, what of the application it cannot do.
func (s *exportedSite) report(zone string, log *zap.Logger) {
	if unapplied := s.book.Unapplied(); len(unapplied)+len(s.needs) > 0 {
		log.Warn("the application has what its export cannot do, as no Next.js runs behind it",
			zap.String("zone", zone), zap.Strings("rules_not_applied", unapplied), zap.Strings("needs_a_server", s.needs))
	}
	if s.elsewhere != "" {
		log.Warn("pages of the export look for their files where the zone is not: write its basePath (and its assetPrefix) after `zone`, or name its build",
			zap.String("zone", zone), zap.String("they_look_below", s.elsewhere))
	}
	if held, files := s.files.Held(); held < files {
		log.Warn("files of the export that are removed before a new one is taken will be missing: the process may have too few files open (ulimit -n)",
			zap.String("zone", zone), zap.Int("held", held), zap.Int("files", files))
	}
}

// acquire keeps the files for a request until release. It is not ok when they have been given back.
func (s *exportedSite) acquire() (release func(), ok bool) {
	if !s.files.Acquire() {
		return func() {}, false
	}
	return s.files.Release, true
}

// serveExport answers a request to an exported application. Nobody else could.
func serveExport(w http.ResponseWriter, r *http.Request, a *attempt) error {
	v, site := a.verdict, a.facts.export
	switch {
	case a.kind == zones.KindUpgrade:
		return caddyhttp.Error(http.StatusNotFound, errors.New("an export speaks HTTP only"))
	case v.Reason == zones.Method:
		w.Header().Set("Allow", "GET, HEAD")
		return caddyhttp.Error(http.StatusMethodNotAllowed, fmt.Errorf("%s to an export", r.Method))
	case v.Status != 0:
		return serveRedirect(w, r, v)
	case !v.Edge():
		return serveNotFound(w, r, site, v)
	}
	if v.Output == zones.OutputPage && a.rules != "" && r.Method == http.MethodGet {
		w.Header().Add("Speculation-Rules", a.rules)
	}
	source, err := site.files.Serve(w, r, v.Path, v.Headers, acceptsOf(r))
	if source == assets.NotServed {
		w.Header().Set("Retry-After", "2")
		w.Header().Set("Cache-Control", "no-store")
		return caddyhttp.Error(http.StatusServiceUnavailable, fmt.Errorf("serving %s: %w", v.Path, errChangedExport))
	}
	fileSlot.of(a.facts).counters.answered(w, source)
	return err
}

// serveNotFound answers with the page of the application for what is not found.
func serveNotFound(w http.ResponseWriter, r *http.Request, site *exportedSite, v *zones.Verdict) error {
	if v.Path != "" {
		if served, err := site.files.ServeNotFound(w, r, v.Path, v.Headers); served {
			return err
		}
	}
	return caddyhttp.Error(http.StatusNotFound, fmt.Errorf("the export has nothing at %s", r.URL.Path))
}

// serveRedirect answers as Next.js does: old browsers that do not know 308 find the place in Refresh.
func serveRedirect(w http.ResponseWriter, r *http.Request, v *zones.Verdict) error {
	h := w.Header()
	h.Set("Location", v.Location)
	if v.Status == http.StatusPermanentRedirect {
		h.Set("Refresh", "0;url="+v.Location)
	}
	h.Set("Content-Length", strconv.Itoa(len(v.Location)))
	// net/http would guess one, and Next.js sends none.
	h["Content-Type"] = nil
	w.WriteHeader(v.Status)
	if r.Method == http.MethodHead {
		return nil
	}
	if _, err := io.WriteString(w, v.Location); err != nil {
		return fmt.Errorf("writing a redirect: %w", err)
	}
	return nil
}
