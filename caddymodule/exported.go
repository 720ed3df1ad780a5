package caddymodule

import (
	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
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

// acquire keeps the files for a request until release. It is not ok when they have been given back.
func (s *exportedSite) acquire() (release func(), ok bool) {
	if !s.files.Acquire() {
		return func() {}, false
	}
	return s.files.Release, true
}
