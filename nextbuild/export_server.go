package nextbuild

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// NeedsServer names what a build has that its export cannot do without a server of Next.js: it does not happen.
func (b *Build) NeedsServer(e *Export) []string {
	var needs []string
	if len(b.Middleware) > 0 {
		needs = append(needs, "middleware (proxy): it does not run")
	}
	if len(b.Actions) > 0 {
		needs = append(needs, fmt.Sprintf("%d server actions", len(b.Actions)))
	}
	if b.I18n != nil {
		needs = append(needs, "i18n: no locale is chosen")
	}
	if e.Optimizer != "" {
		needs = append(needs, "the image optimizer, which "+e.Optimizer+" asks for: set images.unoptimized or a loader")
	}
	for _, page := range slices.Sorted(maps.Keys(b.Routes)) {
		if kind := b.Routes[page].Kind; (kind == AppRoute || kind == PagesAPI) && !strings.Contains(page, "[") && !slices.Contains(e.Files, encodeSegments(page)) {
			needs = append(needs, "route handler "+page)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(b.Prerenders)) {
		if every := b.Prerenders[path].Revalidate; every > 0 {
			needs = append(needs, fmt.Sprintf("revalidation of %s every %s", path, every))
		}
	}
	return needs
}
