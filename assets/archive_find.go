package assets

import (
	"net/url"
	"strings"
)

// Wanted names a file below /_next/static.
type Wanted struct {
	// Path is below the basePath.
	Path string
	// Deployment is that of the document which asks (?dpl=), "" if it says none.
	Deployment string
}

// WantedOf returns what an address names: a path below the basePath, and a query.
func WantedOf(path, query string) Wanted {
	wanted := Wanted{Path: path}
	if strings.Contains(query, "dpl=") {
		if values, err := url.ParseQuery(query); err == nil {
			wanted.Deployment = values.Get("dpl")
		}
	}
	return wanted
}

// keptName is the name by which a Keep has the file. Next.js ignores every query, a proxy of several deployments may
// not ignore this one.
func (wanted Wanted) keptName() string {
	if wanted.Deployment == "" {
		return wanted.Path
	}
	return wanted.Path + "?dpl=" + url.QueryEscape(wanted.Deployment)
}

// Find returns the file that an application had, nil if the archive has none. The space is in use (see Use). Other
// deployments may have other bytes under the same path:
//   - who names a deployment gets the file of that one;
//   - who names none gets the newest: a name tells the content, so the older ones are the same;
//   - /_next/static/immutable is one namespace (Next.js 16.3), whatever deployment is named;
//   - the directory of a build id is of that deployment alone, and of no build where two disagree: with a deployment id
//     all builds have one constant build id.
func (a *Archive) Find(space *Space, wanted Wanted) *Archived {
	if a == nil || !isArchivable(wanted.Path) {
		return nil
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	s := a.spaces[space.key]
	if s == nil {
		return nil
	}
	if f, ok := s.find(wanted); ok {
		return &Archived{a, f}
	}
	return nil
}

func (s *archiveSpace) find(wanted Wanted) (found archivedFile, ok bool) {
	if !isNamedByContent(wanted.Path) {
		return s.findAgreed(wanted)
	}
	for _, b := range s.builds {
		if f, has := b.files[wanted.Path]; has && (wanted.Deployment == "" || b.deployment == wanted.Deployment) {
			return f, true
		}
	}
	if wanted.Deployment != "" && isImmutable(wanted.Path) {
		return s.find(Wanted{Path: wanted.Path})
	}
	return archivedFile{}, false
}

// findAgreed returns the file that all builds of a deployment have which have any at the path.
func (s *archiveSpace) findAgreed(wanted Wanted) (found archivedFile, ok bool) {
	for _, b := range s.builds {
		f, has := b.files[wanted.Path]
		switch {
		case !has || b.deployment != wanted.Deployment:
		case ok && f.blob != found.blob:
			return archivedFile{}, false
		default:
			found, ok = f, true
		}
	}
	return found, ok
}

// disputed returns a path below /_next/static/immutable where another build has other bytes, "" if there is none. The
// caller holds the lock.
func (s *archiveSpace) disputed(b *archivedBuild) string {
	for path, f := range b.files {
		if !isImmutable(path) {
			continue
		}
		for _, other := range s.builds {
			if theirs, has := other.files[path]; has && theirs.blob != f.blob {
				return path
			}
		}
	}
	return ""
}

// isArchivable reports whether a file is kept when its build is gone. A service worker must be able to end.
func isArchivable(path string) bool {
	return strings.HasPrefix(path, staticPrefix) && !strings.HasPrefix(path, staticPrefix+"service-worker/")
}

func isImmutable(path string) bool { return strings.HasPrefix(path, staticPrefix+"immutable/") }
