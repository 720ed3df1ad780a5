// Package speculation serves speculation rules, by which browsers load pages of other zones ahead of a click.
package speculation

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

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

const (
	// rulesPath and rulesSuffix stand around the name of the zone whose pages the rules are for.
	rulesPath   = "/_caddy-nextjs/speculation/"
	rulesSuffix = ".json"
	// maxAge is short: the rules change when a zone is added, and are asked for again with an ETag.
	maxAge = 5 * time.Minute
)

// Settings say what browsers may load of the pages of other zones ahead of a click.
type Settings struct {
	// What to do ahead: `prefetch` loads the document, `prerender` also runs it.
	Action string `json:"action"`

	// When to do it: `conservative` (on pointer down), `moderate` (on hover) or `eager`. Default: `moderate`.
	Eagerness string `json:"eagerness,omitempty"`
}

func (s *Settings) rules() zones.Speculation {
	if s.Eagerness == "" {
		return zones.Speculation{Action: s.Action, Eagerness: "moderate"}
	}
	return zones.Speculation(*s)
}

// Header returns the value of the header that names the rules for pages of a zone: a string of RFC 9651.
func Header(zone string) string {
	return `"` + rulesPath + url.PathEscape(zone) + rulesSuffix + `"`
}

// Serve answers a request for the rules of a zone.
func (s *Settings) Serve(w http.ResponseWriter, r *http.Request, table *zones.Table, list []*zones.Zone) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		return caddyhttp.Error(http.StatusMethodNotAllowed, fmt.Errorf("%s of speculation rules", r.Method))
	}
	name, found := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, rulesPath), rulesSuffix)
	own := slices.IndexFunc(list, func(zone *zones.Zone) bool { return zone.Name == name })
	if !found || own < 0 {
		return caddyhttp.Error(http.StatusNotFound, fmt.Errorf("no speculation rules for a zone %q", name))
	}
	text := table.SpeculationRules(s.rules(), r.Host, list[own], list)
	sum := sha256.Sum256(text)
	h := w.Header()
	h.Set("Content-Type", "application/speculationrules+json")
	h.Set("Cache-Control", fmt.Sprintf("public, max-age=%d", int(maxAge.Seconds())))
	h.Set("ETag", `"`+hex.EncodeToString(sum[:12])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
	return nil
}

// Asks reports whether a request is one for rules.
func Asks(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, rulesPath) }

// Check refuses words that browsers do not know. s may be nil.
func (s *Settings) Check() error {
	if s == nil {
		return nil
	}
	return s.rules().Validate()
}

// Parse reads `speculation off|prefetch|prerender [conservative|moderate|eager]`; off is nil.
func Parse(d *caddyfile.Dispenser) (*Settings, error) {
	args := d.RemainingArgs()
	if len(args) == 1 && args[0] == "off" {
		return nil, nil
	}
	if len(args) < 1 || len(args) > 2 {
		return nil, d.Errf("speculation takes off, prefetch or prerender, and then conservative, moderate or eager; found %d arguments", len(args))
	}
	s := &Settings{Action: args[0]}
	if len(args) == 2 {
		s.Eagerness = args[1]
	}
	if err := s.rules().Validate(); err != nil {
		return nil, d.Errf("speculation: %v", err)
	}
	return s, nil
}
