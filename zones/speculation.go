package zones

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
)

// Speculation says what browsers may do ahead of a click that leads to another zone, where no client of Next.js can: by
// speculation rules (https://html.spec.whatwg.org/multipage/speculative-loading.html), which browsers without them
// ignore.
type Speculation struct {
	// Action is "prefetch", to load the document, or "prerender", to run it as well.
	Action string
	// Eagerness is "conservative" (on pointer down), "moderate" (on hover) or "eager" (at once, or nearly).
	Eagerness string
}

// Validate reports words that browsers do not know.
func (s Speculation) Validate() error {
	switch {
	case s.Action != "prefetch" && s.Action != "prerender":
		return fmt.Errorf("action must be prefetch or prerender, found %q", s.Action)
	case s.Eagerness != "conservative" && s.Eagerness != "moderate" && s.Eagerness != "eager":
		return fmt.Errorf("eagerness must be conservative, moderate or eager, found %q", s.Eagerness)
	}
	return nil
}

// unwanted are links that are never followed ahead: they are not endorsed, or lead to a file.
const unwanted = `[rel~="nofollow"], [download]`

// speculationRules is the JSON of a rule set.
type speculationRules map[string][]speculationRule

type speculationRule struct {
	Where     *linkCondition `json:"where"`
	Eagerness string         `json:"eagerness"`
}

// linkCondition has one of its fields.
type linkCondition struct {
	And      []*linkCondition `json:"and,omitempty"`
	Or       []*linkCondition `json:"or,omitempty"`
	Not      *linkCondition   `json:"not,omitempty"`
	Href     []string         `json:"href_matches,omitempty"`
	Selector string           `json:"selector_matches,omitempty"`
}

// SpeculationRules returns the rules for pages of a zone on a host: links to the paths of all other zones of that host.
// Zones that only their builds tell apart have no paths that a rule could name. zones are those of the table.
func (t *Table) SpeculationRules(s Speculation, host string, own *Zone, zones []*Zone) []byte {
	var others, mine, machinery []string
	for _, zone := range zones {
		for _, prefix := range t.prefixesOn(host, zone) {
			if zone == own || isSameApp(zone, own) {
				mine = append(mine, prefix)
			} else {
				others = append(others, prefix)
			}
			machinery = append(machinery, below(prefix+"/api")...)
			machinery = append(machinery, below(prefix+"/_next")...)
		}
	}
	slices.Sort(others)
	slices.Sort(machinery)
	links := make([]*linkCondition, 0, len(others))
	for _, prefix := range others {
		var inside []string
		for _, deeper := range mine {
			if deeper != prefix && spelling.HasPathPrefix(deeper, prefix) {
				inside = append(inside, below(deeper)...)
			}
		}
		slices.Sort(inside)
		links = append(links, except(&linkCondition{Href: below(prefix)}, inside))
	}
	rules := speculationRules{}
	if len(links) > 0 {
		where := &linkCondition{And: []*linkCondition{
			{Or: links},
			{Not: &linkCondition{Href: machinery}},
			{Not: &linkCondition{Selector: unwanted}},
		}}
		rules[s.Action] = []speculationRule{{where, s.Eagerness}}
	}
	text, err := json.Marshal(rules)
	if err != nil {
		panic(err) // strings and lists of them cannot fail
	}
	return text
}

// prefixesOn returns the path prefixes by which a host finds a zone; "" is everything.
func (t *Table) prefixesOn(host string, zone *Zone) (found []string) {
	for _, path := range zone.Paths {
		prefix, err := cleanPrefix(path)
		if err != nil || strings.HasSuffix(prefix, "/_next") {
			continue // below an assetPrefix are no pages
		}
		probe := prefix
		if probe == "" {
			probe = "/"
		}
		if m, ok := t.Find(host, probe); ok && m.Zone == zone && !m.shared {
			found = append(found, prefix)
		}
	}
	return found
}

// below returns the URL patterns of a prefix and all below it, with any query.
func below(prefix string) []string {
	pattern := patternEscaper.Replace(prefix)
	if prefix == "" {
		return []string{"/*"}
	}
	return []string{pattern, pattern + "/*"}
}

// patternEscaper takes from characters of a path the meaning that they have in a URL pattern
// (https://urlpattern.spec.whatwg.org).
var patternEscaper = strings.NewReplacer(
	`\`, `\\`, `:`, `\:`, `*`, `\*`, `+`, `\+`, `?`, `\?`, `(`, `\(`, `)`, `\)`, `{`, `\{`, `}`, `\}`, `[`, `\[`, `]`, `\]`,
)

func except(condition *linkCondition, patterns []string) *linkCondition {
	if len(patterns) == 0 {
		return condition
	}
	return &linkCondition{And: []*linkCondition{condition, {Not: &linkCondition{Href: patterns}}}}
}
