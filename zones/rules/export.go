package rules

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/spelling"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

// Exported decides what an exported application answers a request with. There is no Next.js behind it to ask, so it
// always has an answer: a file, a redirect, or that nothing is found.
type Exported struct {
	names    map[string]string // the files' paths by their names
	notFound string
	slashes  bool
	// base is the basePath, asset the assetPrefix if that is a path; known says that a build has told them.
	base, asset string
	known       bool
	rules       exportRules
}

// NewExported prepares an export. build is the build that it comes from; without one it has no rules, and its basePath
// is the path of the zone.
func NewExported(e *nextbuild.Export, build *nextbuild.Build) *Exported {
	x := &Exported{names: e.Names(), notFound: e.NotFound, slashes: e.TrailingSlash}
	if build != nil {
		x.base, x.asset, x.known = build.BasePath, build.AssetPath(), true
		x.rules = newExportRules(build)
	}
	return x
}

// Unapplied names the rules of the build that do not apply, because they need a server or cannot be evaluated exactly.
func (x *Exported) Unapplied() []string { return x.rules.unapplied }

// HasFile reports whether there is a file at a path below the basePath.
func (x *Exported) HasFile(path string) bool {
	name, ok := decodedName(path)
	return ok && x.names[name] != ""
}

// Verdict returns what answers a request: a redirect (Status and Location), or the file at Path of the export, with
// Headers. The Reason says otherwise: Method, or Unknown, where Path is the page for what is not found, if there is
// one.
//
// base is what stands before the paths of the zone in that of the request. It counts where no build has told the
// basePath.
func (x *Exported) Verdict(r *http.Request, t Target, base string) *Verdict {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return verdictMethod
	}
	path := spelling.EscapeUnsafe(t.Full)
	if !t.AsWritten {
		return &Verdict{Status: http.StatusPermanentRedirect, Location: spelling.WithQuery(path, spelling.EscapeUnsafe(r.URL.RawQuery))}
	}
	if x.known {
		base = x.base
	}
	file, canonical := x.find(base, path)
	v := &Verdict{Headers: x.rules.headersOf(path, r)}
	if location, status := x.rules.redirectOf(path, r, file != "" && canonical == path); status != 0 {
		return &Verdict{Status: status, Location: spelling.RedirectWithQuery(location, r.URL.RawQuery)}
	}
	rewritten := x.rules.rewriteBefore(path, r)
	if rewritten != path {
		file, _ = x.find(base, rewritten)
		canonical = path
	}
	if file == "" {
		x.rules.rewriteAfter(rewritten, r, func(path string) bool {
			file, _ = x.find(base, path)
			return file != ""
		})
		canonical = path
	}
	switch {
	case file == "" || x.isNotFoundPage(file):
		v.Reason, v.Path = Unknown, x.notFound
	case canonical != path:
		return &Verdict{Status: http.StatusPermanentRedirect, Location: spelling.RedirectWithQuery(canonical, r.URL.RawQuery)}
	default:
		v.Path, v.Output = file, outputOf(file)
	}
	return v
}

// find returns the file that a path asks for, and the path by which it should be asked for: about.html is the page
// /about, and about/index.html is /about/.
func (x *Exported) find(base, path string) (file, canonical string) {
	if x.asset != "" && spelling.HasPathPrefix(path, x.asset+"/_next/static") {
		base = x.asset
	}
	if !spelling.HasPathPrefix(path, base) {
		return "", ""
	}
	below := path[len(base):]
	plain := strings.TrimSuffix(below, "/")
	name, ok := decodedName(plain)
	if !ok {
		return "", ""
	}
	if name == "" {
		canonical = base
		if base == "" || x.slashes {
			canonical += "/"
		}
		return x.names["/index.html"], canonical
	}
	if file = x.names[name]; file != "" {
		return file, base + plain
	}
	forms := [2]struct{ suffix, slash string }{{".html", ""}, {"/index.html", "/"}}
	if x.slashes {
		forms[0], forms[1] = forms[1], forms[0]
	}
	for _, form := range forms {
		if file = x.names[name+form.suffix]; file != "" {
			return file, base + plain + form.slash
		}
	}
	return "", ""
}

// isNotFoundPage reports whether a file is the page for what is not found, which has paths of its own.
func (x *Exported) isNotFoundPage(file string) bool {
	switch file {
	case "/404.html", "/404/index.html", "/_not-found.html", "/_not-found/index.html":
		return true
	}
	return false
}

func outputOf(file string) Output {
	switch {
	case strings.HasPrefix(file, "/_next/static/"):
		return OutputStatic
	case strings.HasSuffix(file, ".html"):
		return OutputPage
	case strings.HasPrefix(file, "/_next/data/"):
		return OutputData
	}
	return OutputPublic
}

// decodedName decodes a path segment by segment. An encoded slash is no slash, and no file has one in its name.
func decodedName(path string) (string, bool) {
	if !strings.Contains(path, "%") {
		return path, true
	}
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		decoded, err := url.PathUnescape(segment)
		if err != nil || strings.Contains(decoded, "/") {
			return "", false
		}
		segments[i] = decoded
	}
	return strings.Join(segments, "/"), true
}
