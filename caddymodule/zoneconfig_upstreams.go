package caddymodule

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/fleet"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// joinZones has the control plane know the zones of the site, and gets their upstreams.
func (h *Handler) joinZones(repl *caddy.Replacer) error {
	settings := make([]deploy.ZoneSettings, len(h.Zones))
	for i, config := range h.Zones {
		var err error
		if settings[i], err = config.zoneSettings(repl); err != nil {
			return fmt.Errorf("zone %s: %w", config.label(), err)
		}
	}
	state, err := h.app.useFleet()
	if err != nil {
		return err
	}
	h.upstreams = state.Join(settings)
	h.sticky = make([]*edge.Sticky, len(h.Zones))
	for i, config := range h.Zones {
		if h.sticky[i], err = state.StickyOf(config.Sticky, config.label(), repl); err != nil {
			return fmt.Errorf("zone %s: %w", config.label(), err)
		}
	}
	return nil
}

// zoneSettings says what the control plane is to know of a zone.
func (c ZoneConfig) zoneSettings(repl *caddy.Replacer) (settings deploy.ZoneSettings, err error) {
	if len(c.Upstreams) == 0 && c.Export == "" {
		return settings, errNoUpstream
	}
	if err := c.Check(); err != nil {
		return settings, err
	}
	settings = deploy.ZoneSettings{Name: c.label(), Balance: c.Balance(), Queue: c.Waits(), Repeats: !c.RetriesOff, Watch: c.Watch("", "")}
	if settings.Sources, err = c.sources(repl); err != nil {
		return settings, err
	}
	settings.ID, err = c.id(settings.Sources)
	return settings, err
}

// id is the zone's name and its configuration as written: what zones of several sites and configurations have in
// common that are one application.
func (c ZoneConfig) id(sources []deploy.Source) (string, error) {
	space, err := c.space(c.label(), sources)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(space))
	return c.label() + "@" + hex.EncodeToString(sum[:8]), nil
}

// sources reads the zone's upstreams, replacing global placeholders such as {env.WEB}.
func (c ZoneConfig) sources(repl *caddy.Replacer) ([]deploy.Source, error) {
	sources := make([]deploy.Source, 0, len(c.Upstreams))
	for _, upstream := range c.Upstreams {
		replaced, err := repl.ReplaceOrErr(upstream, true, true)
		if err != nil {
			return nil, fmt.Errorf("upstream %q: %w", upstream, err)
		}
		source, err := fleet.ParseSource(replaced)
		if err != nil {
			return nil, fmt.Errorf("upstream %q: %w", upstream, err)
		}
		sources = append(sources, source)
	}
	return sources, nil
}

// noteSiblings tells the zones of a site which of them are one application: those whose upstreams come from the same
// place. rotations are those of the zones.
func noteSiblings(list []*zones.Zone, rotations []*deploy.Rotation) {
	for i, zone := range list {
		for j, other := range list {
			if i != j && shareSource(rotations[i].Sources(), rotations[j].Sources()) {
				zone.Siblings = append(zone.Siblings, other)
			}
		}
	}
}

func shareSource(ours, theirs []deploy.Source) bool {
	return slices.ContainsFunc(ours, func(source deploy.Source) bool { return slices.Contains(theirs, source) })
}

// sourceTexts are the sources of upstreams as they are written.
func sourceTexts(rotation *deploy.Rotation) []string {
	texts := make([]string, len(rotation.Sources()))
	for i, source := range rotation.Sources() {
		texts[i] = source.String()
	}
	return texts
}
