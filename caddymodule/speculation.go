package caddymodule

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

const (
	// speculationPath and speculationSuffix stand around the name of the zone whose pages the rules are for.
	speculationPath   = "/_caddy-nextjs/speculation/"
	speculationSuffix = ".json"
	// speculationMaxAge is short: the rules change when a zone is added, and are asked for again with an ETag.
	speculationMaxAge = 5 * time.Minute
)

// Speculation lets browsers load pages of other zones ahead of a click, by speculation rules that the edge serves itself.
type Speculation struct {
	// What to do ahead: `prefetch` loads the document, `prerender` also runs it.
	Action string `json:"action"`

	// When to do it: `conservative` (on pointer down), `moderate` (on hover) or `eager`. Default: `moderate`.
	Eagerness string `json:"eagerness,omitempty"`
}

func (s *Speculation) rules() zones.Speculation {
	if s.Eagerness == "" {
		return zones.Speculation{Action: s.Action, Eagerness: "moderate"}
	}
	return zones.Speculation(*s)
}

// speculationHeader returns the value of the header that names the rules for pages of a zone: a string of RFC 9651.
func speculationHeader(zone string) string {
	return `"` + speculationPath + url.PathEscape(zone) + speculationSuffix + `"`
}

// serve answers a request for the rules of a zone.
func (s *Speculation) serve(w http.ResponseWriter, r *http.Request, table *zones.Table, list []*zones.Zone) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		return caddyhttp.Error(http.StatusMethodNotAllowed, fmt.Errorf("%s of speculation rules", r.Method))
	}
	name, found := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, speculationPath), speculationSuffix)
	own := slices.IndexFunc(list, func(zone *zones.Zone) bool { return zone.Name == name })
	if !found || own < 0 {
		return caddyhttp.Error(http.StatusNotFound, fmt.Errorf("no speculation rules for a zone %q", name))
	}
	text := table.SpeculationRules(s.rules(), r.Host, list[own], list)
	sum := sha256.Sum256(text)
	h := w.Header()
	h.Set("Content-Type", "application/speculationrules+json")
	h.Set("Cache-Control", fmt.Sprintf("public, max-age=%d", int(speculationMaxAge.Seconds())))
	h.Set("ETag", `"`+hex.EncodeToString(sum[:12])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
	return nil
}
