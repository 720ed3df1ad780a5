package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/imageopt"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// Names of the caches: of pictures, and of pages.
const (
	CacheImages = "images"
	CachePages  = "pages"
)

// PurgeCaches are the caches that can be purged.
var PurgeCaches = []string{CacheImages, CachePages}

var purgeFields = []string{"cache", "zone", "source", "path", "prefix", "tag", "deployment", "soft", "all"}

// PurgeOrder says what is removed from a cache: the body of `POST …/v1/purge`, and the flags of `caddy nextjs purge`.
// What is absent is nil.
type PurgeOrder struct {
	Cache string `json:"cache"`
	// Zone is the name of zones, or a path that they have. Absent: all zones.
	Zone *string `json:"zone,omitempty"`
	// Source is that of pictures, as imageopt.SourceHref takes it.
	Source *string `json:"source,omitempty"`
	// Path is that of pages, with the basePath and without query; Prefix the beginning of such paths; Tag one of their
	// tags.
	Path   *string `json:"path,omitempty"`
	Prefix *string `json:"prefix,omitempty"`
	Tag    *string `json:"tag,omitempty"`
	// Deployment is the id of a build, or its deploymentId.
	Deployment *string `json:"deployment,omitempty"`
	// Soft makes pages stale: each is served once more while it is fetched.
	Soft bool `json:"soft,omitempty"`
	All  bool `json:"all,omitempty"`
}

// Purge is what was purged.
type Purge struct {
	Purged []Purged `json:"purged"`
}

// Purged is what was purged of one zone.
type Purged struct {
	Zone  string `json:"zone"`
	Cache string `json:"cache"`
	// Source is that of the pictures, in its one spelling; absent if it were all.
	Source string `json:"source,omitempty"`
	// Of pages, what was chosen among them; all absent if it were all.
	Path       string `json:"path,omitempty"`
	Prefix     string `json:"prefix,omitempty"`
	Tag        string `json:"tag,omitempty"`
	Deployment string `json:"deployment,omitempty"`
	// Soft: they are stale, and not gone.
	Soft bool `json:"soft,omitempty"`
	// Pages is how many pages were hit, by path; absent of pictures.
	Pages *int `json:"pages,omitempty"`
	// AtLeast: there may be more of them, for what an earlier run has kept is still being looked through.
	AtLeast bool `json:"at_least,omitempty"`
	// Pictures is how many were removed that were made of the source; absent without one.
	Pictures *int `json:"pictures,omitempty"`
}

// PurgedFrom is what an order purges from a zone.
func (o PurgeOrder) PurgedFrom(zone string) Purged {
	text := func(value *string) string {
		if value == nil {
			return ""
		}
		return *value
	}
	return Purged{
		Zone: zone, Cache: o.Cache, Source: o.SourceText(), Path: text(o.Path), Prefix: text(o.Prefix), Tag: text(o.Tag),
		Deployment: text(o.Deployment), Soft: o.Soft,
	}
}

// ParsePurge reads an order. The error names what is wrong with it.
func ParsePurge(text []byte) (PurgeOrder, error) {
	var o PurgeOrder
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&o); err != nil {
		return PurgeOrder{}, explainPurgeError(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return PurgeOrder{}, errors.New("the body has more than one JSON object")
	}
	return o.Check()
}

func explainPurgeError(err error) error {
	var typed *json.UnmarshalTypeError
	switch field, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); {
	case unknown:
		return fmt.Errorf("unknown field %s; allowed: %s", field, strings.Join(purgeFields, ", "))
	case errors.As(err, &typed) && typed.Field != "":
		return fmt.Errorf("%q takes a %s, found a %s", typed.Field, typed.Type, typed.Value)
	}
	return fmt.Errorf(`the body is no JSON object such as {"cache": "images", "all": true}: %w`, err)
}

// Check finds what is wrong with an order, and returns it with its source in its one spelling.
func (o PurgeOrder) Check() (PurgeOrder, error) {
	switch {
	case o.Cache == "":
		return o, fmt.Errorf(`"cache" is missing; allowed: %s`, strings.Join(PurgeCaches, ", "))
	case !slices.Contains(PurgeCaches, o.Cache):
		return o, fmt.Errorf("unknown cache %q; allowed: %s", o.Cache, strings.Join(PurgeCaches, ", "))
	case o.Cache == CacheImages && (o.Path != nil || o.Prefix != nil || o.Tag != nil || o.Deployment != nil || o.Soft):
		return o, errors.New(`"path", "prefix", "tag", "deployment" and "soft" are of pages; pictures have "source"`)
	case o.Cache == CachePages && o.Source != nil:
		return o, errors.New(`"source" is of pictures; pages have "path", "prefix", "tag" and "deployment"`)
	case len(o.chosen()) > 1:
		return o, fmt.Errorf("choose one of %s", strings.Join(o.chosen(), ", "))
	case o.All && (o.Zone != nil || o.Source != nil || len(o.chosen()) > 0):
		return o, errors.New(`"all" stands alone: leave it out, or the other fields`)
	case !o.All && o.Zone == nil && o.Source == nil && len(o.chosen()) == 0:
		return o, errors.New(`it does not say what to purge: "zone", "source" or both (pages: "path", "prefix", "tag" or "deployment"), or "all"`)
	case o.Path != nil && !strings.HasPrefix(*o.Path, "/"), o.Prefix != nil && !strings.HasPrefix(*o.Prefix, "/"):
		return o, errors.New(`"path" and "prefix" begin with "/"`)
	case o.Tag != nil && *o.Tag == "":
		return o, errors.New(`"tag" is empty`)
	case o.Deployment != nil && *o.Deployment == "":
		return o, errors.New(`"deployment" is empty`)
	case o.Zone != nil && *o.Zone == "": // a variable that was not set must not mean all zones
		return o, errors.New(`"zone" is empty; leave it out for all zones`)
	}
	if o.Source != nil {
		href, err := imageopt.SourceHref(*o.Source)
		if err != nil {
			return o, fmt.Errorf(`"source" %q: %w`, *o.Source, err)
		}
		o.Source = &href
	}
	return o, nil
}

// chosen are the fields that choose among pages.
func (o PurgeOrder) chosen() (names []string) {
	for _, field := range []struct {
		name  string
		value *string
	}{{`"path"`, o.Path}, {`"prefix"`, o.Prefix}, {`"tag"`, o.Tag}, {`"deployment"`, o.Deployment}} {
		if field.value != nil {
			names = append(names, field.name)
		}
	}
	return names
}

// Scope names how much an order removes.
func (o PurgeOrder) Scope() string {
	switch {
	case o.Source != nil:
		return "source"
	case len(o.chosen()) == 1:
		return strings.Trim(o.chosen()[0], `"`)
	case o.Zone != nil:
		return "zone"
	}
	return "all"
}

// CheckPlace refuses a path that no page of the zone which is named has: nothing would be found, and nobody would know.
func (o PurgeOrder) CheckPlace(zone *zones.Zone) error {
	path := o.Path
	if path == nil {
		path = o.Prefix
	}
	if o.Zone == nil || path == nil || zone.ByRoutes {
		return nil
	}
	for _, of := range zone.Paths {
		below, ok := strings.CutPrefix(*path, strings.TrimSuffix(of, "/"))
		if ok && (below == "" || below[0] == '/') || o.Prefix != nil && strings.HasPrefix(of, *path) {
			return nil
		}
	}
	return fmt.Errorf("%s is not in zone %s, whose pages are below %s: paths have the basePath",
		*path, zone.Name, strings.Join(zone.Paths, ", "))
}

// SourceText is that of the pictures, "" for any.
func (o PurgeOrder) SourceText() string {
	if o.Source == nil {
		return ""
	}
	return *o.Source
}

// Zones are the names of the zones that were purged.
func (r Purge) Zones() []string {
	names := make([]string, len(r.Purged))
	for i, one := range r.Purged {
		names[i] = one.Zone
	}
	return names
}

// Total is how many pages or pictures were hit in all zones.
func (r Purge) Total() (sum int) {
	for _, one := range r.Purged {
		sum += one.count()
	}
	return sum
}

// count is how many pages or pictures were hit.
func (c Purged) count() int {
	for _, number := range [...]*int{c.Pages, c.Pictures} {
		if number != nil {
			return *number
		}
	}
	return 0
}
