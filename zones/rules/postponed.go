package rules

import (
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
)

// postponedPages are pages that were complete in the build, and were made anew with something left for each request.
// Partial prerendering allows that: a page may look at the query by what it has cached. The zero value is ready to use.
type postponedPages struct {
	some  atomic.Bool // without it nothing is looked up
	paths sync.Map    // of prerendered pages, so there are not more than the build has
}

func (p *postponedPages) has(path string) bool {
	if !p.some.Load() {
		return false
	}
	_, ok := p.paths.Load(path)
	return ok
}

// NotePostponed learns from an answer that the page at a verdict is not complete any more. Next.js says so with the
// document or payload that it resumes; "2" is about a segment, which is complete.
func (s *Set) NotePostponed(v *Verdict, h http.Header) {
	if s == nil || httpheader.First(h, "X-Nextjs-Postponed") != "1" {
		return
	}
	if !v.Edge() {
		if v = v.ignoringHeaders; v == nil {
			return
		}
	}
	if page, ok := s.build.Prerenders[v.Path]; ok && v.Output == OutputPage && !page.Partial {
		s.postponed.paths.Store(v.Path, struct{}{})
		s.postponed.some.Store(true)
	}
}
