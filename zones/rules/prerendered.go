package rules

import "strings"

// Prerendered reports whether Next.js makes what is at a path ahead of requests, or for the first one as for all: then
// it says nothing of their query. The tags are those of the build, nil where it does not know them.
func (b *Rulebook) Prerendered(v *Verdict) (tags []string, ok bool) {
	switch v.Output {
	case OutputPage, OutputRoute, OutputData:
	default:
		return nil, false
	}
	if page, ok := b.build.Prerenders[v.Path]; ok {
		return page.Tags, !page.Partial && !b.postponed.has(v.Path)
	}
	if _, ok := b.build.Fallbacks[v.Page]; ok {
		return nil, !b.build.Partials[v.Page]
	}
	_, ok = b.build.Prerenders[v.Page] // whose data is at the path
	return nil, ok && v.Output == OutputData
}

// IgnoresQuery reports whether the build proves that the query of a request says nothing of what is at its path.
func (b *Rulebook) IgnoresQuery(v *Verdict) bool {
	if !v.Edge() {
		if v = v.beneath; v == nil {
			return false
		}
	}
	_, ok := b.Prerendered(v)
	return ok
}

// AsksParameter reports whether conditions of the build's rules look at a parameter of the query.
func (b *Rulebook) AsksParameter(name string) bool { return b.asked.queries[name] }

// StoredRoute returns the verdict of the route handler whose answers Next.js stores, if a verdict leads to one past no
// middleware.
func (b *Rulebook) StoredRoute(v *Verdict) (stored *Verdict, ok bool) {
	if b == nil || v == nil {
		return nil, false
	}
	if !v.Edge() {
		if v = v.beneath; v == nil {
			return nil, false
		}
	}
	_, prerendered := b.Prerendered(v)
	return v, prerendered && v.Output == OutputRoute
}

// SetsCookie reports whether a rule of headers() may set a cookie of a name, on whatever path.
func (b *Rulebook) SetsCookie(name string) bool {
	for i := range b.headers {
		for _, header := range b.headers[i].SetHeaders {
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

// Stamp tells the build from others (nextbuild.Build.Stamp).
func (b *Rulebook) Stamp() string { return b.build.Stamp }
