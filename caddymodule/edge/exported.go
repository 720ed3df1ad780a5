package edge

import (
	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// Export is an exported application, prepared for requests.
type Export struct {
	Dir     string
	RuleSet *rules.Exported
	Files   *assets.Export
	Needs   []string // what its build has and only a server could do
	// Elsewhere is where its pages look for their files, if that is no path of the zone.
	Elsewhere string
}

// Acquire keeps the files for a request until release. It is not ok when they have been given back.
func (s *Export) Acquire() (release func(), ok bool) {
	if !s.Files.Acquire() {
		return func() {}, false
	}
	return s.Files.Release, true
}
