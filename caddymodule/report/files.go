package report

import (
	"encoding/json"
	"slices"
)

// Files is what is served from where: the answer of GET …/v1/files, and what `caddy nextjs files` prints. Sizes are
// in bytes.
type Files struct {
	// Zones are those of the running edge, or one without a name for each build directory.
	Zones []ZoneFiles `json:"zones"`
	// Archive is absent where no files of earlier builds are kept, and of directories.
	Archive *Archive `json:"archive,omitempty"`
}

// ZoneFiles is what is said of one zone.
type ZoneFiles struct {
	Name  string   `json:"name,omitempty"`
	Paths []string `json:"paths,omitempty"`
	// ByRoutes says that the zone has, besides its paths, what its build names.
	ByRoutes bool     `json:"by_routes,omitempty"`
	Hosts    []string `json:"hosts,omitempty"`
	// Listen are the addresses at which the zone is served.
	Listen    []string `json:"listen,omitempty"`
	Upstreams []string `json:"upstreams,omitempty"`
	Dev       bool     `json:"dev,omitempty"`
	// StaticOff says that the upstreams serve the files too, though the edge has the build.
	StaticOff bool `json:"static_off,omitempty"`
	// Build is absent where the edge has none: the upstreams serve everything.
	Build *BuildFiles `json:"build,omitempty"`
	// Archive are the builds of which the edge keeps files, the one that was seen last first.
	Archive []ArchivedBuild `json:"archive,omitempty"`
}

// BuildFiles are the files of one build.
type BuildFiles struct {
	ID          string `json:"id"`
	NextVersion string `json:"next,omitempty"`
	Directory   string `json:"directory"`
	// Static are those below /_next/static, Public those of the public folder (of an export: all others), as far as
	// they are served from the directory.
	Static FileClass `json:"static"`
	Public FileClass `json:"public"`
	// NotServed are the others, by the reason.
	NotServed []NotServed `json:"not_served,omitempty"`
	// JavaScript is what the pages begin with. Only where the command reads the directory itself.
	JavaScript *JavaScriptFiles `json:"javascript,omitempty"`
}

// FileClass are files that are served alike.
type FileClass struct {
	// Path is what their addresses begin with.
	Path string `json:"path"`
	// Directory is empty where the build was delivered without them: the upstreams serve them.
	Directory string `json:"directory,omitempty"`
	Amount
}

// Amount is a number of files and their sizes.
type Amount struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
	// Memory are those of them that are kept in memory. Only of a running edge.
	Memory *Count `json:"memory,omitempty"`
	// Compressed are the copies of them by coding: br, zstd, gzip.
	Compressed map[string]Copies `json:"compressed,omitempty"`
}

// Count is a number of files and their sizes.
type Count struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

// Copies are files that a coding makes smaller.
type Copies struct {
	Files int `json:"files"`
	// Bytes are those of the copies, Raw those of the same files as they are.
	Bytes int64 `json:"bytes"`
	Raw   int64 `json:"raw"`
}

// Sent returns the size of the files as they go to a client that takes a coding.
func (a Amount) Sent(coding string) int64 {
	c := a.Compressed[coding]
	return a.Bytes - c.Raw + c.Bytes
}

// Add adds files of the same kind.
func (a *Amount) Add(b Amount) {
	a.Files += b.Files
	a.Bytes += b.Bytes
	if b.Memory != nil {
		if a.Memory == nil {
			a.Memory = new(Count)
		}
		a.Memory.Files += b.Memory.Files
		a.Memory.Bytes += b.Memory.Bytes
	}
	for coding, c := range b.Compressed {
		if a.Compressed == nil {
			a.Compressed = make(map[string]Copies)
		}
		sum := a.Compressed[coding]
		a.Compressed[coding] = Copies{sum.Files + c.Files, sum.Bytes + c.Bytes, sum.Raw + c.Raw}
	}
}

// NotServed are files that the edge does not answer with at their addresses.
type NotServed struct {
	// Reason is a verdict (middleware, rule, redirect, page, …), `rewrite` where another file is served at the path,
	// `missing` where the file has gone or is a link that leads out of its directory.
	Reason string `json:"reason"`
	Count
	// Examples are addresses of at most three of them.
	Examples []string `json:"examples"`
}

const notServedExamples = 3

// Add counts a file; the first ones are examples.
func (n *NotServed) Add(address string, size int64) {
	n.Files++
	n.Bytes += size
	if len(n.Examples) < notServedExamples {
		n.Examples = append(n.Examples, address)
	}
}

// Sameness is equal for zones that differ in nothing but where they are served, what is in memory and in the archive,
// and which copies are there yet.
func (z ZoneFiles) Sameness() string {
	z.Listen, z.Archive = nil, nil
	if z.Build != nil {
		build := *z.Build
		for _, class := range []*FileClass{&build.Static, &build.Public} {
			class.Memory, class.Compressed = nil, nil
		}
		z.Build = &build
	}
	key, _ := json.Marshal(z) // strings and numbers only: it cannot fail
	return string(key)
}

// Join adds to a zone where else it is served, and what is in the archive there.
func (z *ZoneFiles) Join(same ZoneFiles) {
	for _, address := range same.Listen {
		if !slices.Contains(z.Listen, address) {
			z.Listen = append(z.Listen, address)
		}
	}
	z.joinArchived(same.Archive)
}

// AddMemory adds what another site has of the same zone in memory.
func (z *ZoneFiles) AddMemory(same ZoneFiles) {
	if z.Build != nil {
		z.Build.Static.Add(Amount{Memory: same.Build.Static.Memory})
		z.Build.Public.Add(Amount{Memory: same.Build.Public.Memory})
	}
}

// JavaScriptFiles is what the pages of a build begin with: the scripts that their documents name.
type JavaScriptFiles struct {
	// Polyfills are for old browsers; no other loads them, and nothing below counts them.
	Polyfills Amount `json:"polyfills"`
	// App and Pages are the pages of either router; absent where there are none.
	App   *RouterScripts `json:"app,omitempty"`
	Pages *RouterScripts `json:"pages,omitempty"`
}

// RouterScripts are the scripts of the pages of one router.
type RouterScripts struct {
	// Shared are the scripts of all pages, if there are several pages.
	Shared Amount `json:"shared"`
	// All are the scripts of any page, each once.
	All    Amount         `json:"all"`
	Routes []RouteScripts `json:"routes"`
}

// RouteScripts are the scripts of one page.
type RouteScripts struct {
	Route string `json:"route"`
	// FirstLoad are all that its document names; Own are those without the shared ones.
	FirstLoad Amount `json:"first_load"`
	Own       Amount `json:"own"`
}

// Codings are the codings in which files are measured, in the order in which they are shown: that of the directive.
var Codings = []string{"zstd", "br", "gzip"}
