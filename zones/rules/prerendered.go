package rules

import "strings"

// Prerendered reports whether Next.js makes what is at a path ahead of requests, or for the first one as for all: then
// it says nothing of their query. The tags are those of the build, nil where it does not know them.
func (s *Set) Prerendered(v *Verdict) (tags []string, ok bool) {
	switch v.Output {
	case OutputPage, OutputRoute, OutputData:
	default:
		return nil, false
	}
	if page, ok := s.build.Prerenders[v.Path]; ok {
		return page.Tags, !page.Partial && !s.postponed.has(v.Path)
	}
	if _, ok := s.build.Fallbacks[v.Page]; ok {
		return nil, !s.build.Partials[v.Page]
	}
	_, ok = s.build.Prerenders[v.Page] // whose data is at the path
	return nil, ok && v.Output == OutputData
}

// IgnoresQuery reports whether the build proves that the query of a request says nothing of what is at its path.
func (s *Set) IgnoresQuery(v *Verdict) bool {
	if !v.Edge() {
		if v = v.ignoringHeaders; v == nil {
			return false
		}
	}
	_, ok := s.Prerendered(v)
	return ok
}

// HasQueryCondition reports whether conditions of the build's rules look at a parameter of the query.
func (s *Set) HasQueryCondition(name string) bool { return s.conditions.queries[name] }

// StoredRoute returns the verdict of the route handler whose answers Next.js stores, if a verdict leads to one past no
// middleware.
func (s *Set) StoredRoute(v *Verdict) (stored *Verdict, ok bool) {
	if s == nil || v == nil {
		return nil, false
	}
	if !v.Edge() {
		if v = v.ignoringHeaders; v == nil {
			return nil, false
		}
	}
	_, prerendered := s.Prerendered(v)
	return v, prerendered && v.Output == OutputRoute
}

// SetsCookie reports whether a rule of headers() may set a cookie of a name, on whatever path.
func (s *Set) SetsCookie(name string) bool {
	for i := range s.headers {
		for _, header := range s.headers[i].SetHeaders {
			if mayHoldParam.MatchString(header.Key) {
				return true
			}
			if !strings.EqualFold(header.Key, "Set-Cookie") {
				continue
			}
			pair, _, _ := strings.Cut(header.Value, ";")
			set, _, _ := strings.Cut(pair, "=")
			if set = strings.TrimSpace(set); set == name || mayHoldParam.MatchString(set) {
				return true
			}
		}
	}
	return false
}

// BuildHash tells the build from others (nextbuild.Build.Hash).
func (s *Set) BuildHash() string { return s.build.Hash }
