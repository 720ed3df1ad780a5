package caddymodule

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

// filesReport is what is served from where: the answer of GET /nextjs/files, and what `caddy nextjs files` prints. Sizes are in bytes.
type filesReport struct {
	// Zones are those of the running edge, or one without a name for each build directory.
	Zones []zoneFiles `json:"zones"`
}

// zoneFiles is what is said of one zone.
type zoneFiles struct {
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
	Build *buildFiles `json:"build,omitempty"`
}

// buildFiles are the files of one build.
type buildFiles struct {
	ID          string `json:"id"`
	NextVersion string `json:"next,omitempty"`
	Directory   string `json:"directory"`
	// Static are those below /_next/static, Public those of the public folder (of an export: all others), as far as they are served from
	// the directory.
	Static fileClass `json:"static"`
	Public fileClass `json:"public"`
	// NotServed are the others, by the reason.
	NotServed []notServed `json:"not_served,omitempty"`
	// JavaScript is what the pages begin with. Only where the command reads the directory itself.
	JavaScript *javaScriptFiles `json:"javascript,omitempty"`
}

// fileClass are files that are served alike.
type fileClass struct {
	// Path is what their addresses begin with.
	Path string `json:"path"`
	// Directory is empty where the build was delivered without them: the upstreams serve them.
	Directory string `json:"directory,omitempty"`
	amount
}

// amount is a number of files and their sizes.
type amount struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
	// Memory are those of them that are kept in memory. Only of a running edge.
	Memory *count `json:"memory,omitempty"`
	// Compressed are the copies of them by coding: br, zstd, gzip.
	Compressed map[string]copies `json:"compressed,omitempty"`
}

type count struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

// copies are files that a coding makes smaller.
type copies struct {
	Files int `json:"files"`
	// Bytes are those of the copies, Raw those of the same files as they are.
	Bytes int64 `json:"bytes"`
	Raw   int64 `json:"raw"`
}

// sent returns the size of the files as they go to a client that takes a coding.
func (a amount) sent(coding string) int64 {
	c := a.Compressed[coding]
	return a.Bytes - c.Raw + c.Bytes
}

// add adds files of the same kind.
func (a *amount) add(b amount) {
	a.Files += b.Files
	a.Bytes += b.Bytes
	if b.Memory != nil {
		if a.Memory == nil {
			a.Memory = new(count)
		}
		a.Memory.Files += b.Memory.Files
		a.Memory.Bytes += b.Memory.Bytes
	}
	for coding, c := range b.Compressed {
		if a.Compressed == nil {
			a.Compressed = make(map[string]copies)
		}
		sum := a.Compressed[coding]
		a.Compressed[coding] = copies{sum.Files + c.Files, sum.Bytes + c.Bytes, sum.Raw + c.Raw}
	}
}

// notServed are files that the edge does not answer with at their addresses.
type notServed struct {
	// Reason is a verdict (middleware, rule, redirect, page, …), `rewrite` where another file is served at the path, `missing` where the file
	// has gone or is a link that leads out of its directory.
	Reason string `json:"reason"`
	count
	// Examples are addresses of at most three of them.
	Examples []string `json:"examples"`
}

const notServedExamples = 3

// describeBuild sorts the files of a build into those that are served from its directory and the rest. of says what is known of a file.
func describeBuild(b *nextbuild.Build, book *zones.Rulebook, set *assets.Set, of func(assets.File) amount) *buildFiles {
	d := &buildFiles{
		ID: b.ID, NextVersion: b.NextVersion, Directory: b.Dir,
		Static: fileClass{Path: staticAddress(b), Directory: b.StaticDir}, Public: fileClass{Path: b.BasePath + "/", Directory: b.PublicDir},
	}
	files := make(map[string]assets.File)
	for _, file := range set.Files() {
		files[file.Path] = file
	}
	refused := make(map[string]*notServed)
	for _, part := range []struct {
		class *fileClass
		paths []string
	}{{&d.Static, b.Static}, {&d.Public, b.Public}} {
		for _, path := range part.paths {
			file, there := files[path]
			address, reason := notServedReason(book, path)
			if !there {
				reason = "missing"
			}
			if reason == "" {
				part.class.add(of(file))
				continue
			}
			if refused[reason] == nil {
				refused[reason] = &notServed{Reason: reason}
			}
			refused[reason].add(address, file.Size)
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(refused)) {
		d.NotServed = append(d.NotServed, *refused[reason])
	}
	return d
}

// describeExport sorts the files of an export. All of them are served.
func describeExport(b *nextbuild.Build, export *exportedSite, zone *zones.Zone) *buildFiles {
	base := ""
	if len(zone.Paths) > 0 {
		base = strings.TrimSuffix(zone.Paths[0], "/")
	}
	d := &buildFiles{
		ID: b.ID, NextVersion: b.NextVersion, Directory: export.dir,
		Static: fileClass{Path: base + "/_next/static/", Directory: export.dir}, Public: fileClass{Path: base + "/", Directory: export.dir},
	}
	for _, file := range export.files.Files() {
		class := &d.Public
		if strings.HasPrefix(file.Path, "/_next/static/") {
			class = &d.Static
		}
		class.add(inMemory(file))
	}
	return d
}

func (n *notServed) add(address string, size int64) {
	n.Files++
	n.Bytes += size
	if len(n.Examples) < notServedExamples {
		n.Examples = append(n.Examples, address)
	}
}

// notServedReason returns why the edge does not answer with a file at its address, or "" when it does.
func notServedReason(book *zones.Rulebook, path string) (address, reason string) {
	address, verdict := book.FileVerdict(path)
	switch {
	case !isFile(verdict):
		return address, verdict.String()
	case verdict.Path != path:
		return address, "rewrite"
	}
	return address, ""
}

// staticAddress is what the addresses of the build's own files begin with on the application's own host.
func staticAddress(b *nextbuild.Build) string {
	if asset := b.AssetPath(); asset != "" {
		return asset + "/_next/static/"
	}
	return b.BasePath + "/_next/static/"
}

// runningFiles describes the zones of handlers, sorted by name. Zones of several handlers that are the same in all but where they are served
// are one: a site at a plain and an encrypted address has two handlers.
func runningFiles(handlers []*Handler) filesReport {
	report := filesReport{Zones: []zoneFiles{}}
	places := make(map[string]int)
	for _, h := range handlers {
		for _, z := range h.describeFiles() {
			key := z.sameness()
			at, known := places[key]
			if !known {
				places[key] = len(report.Zones)
				report.Zones = append(report.Zones, z)
				continue
			}
			report.Zones[at].join(z)
		}
	}
	for _, z := range report.Zones {
		slices.Sort(z.Listen)
	}
	slices.SortStableFunc(report.Zones, func(a, b zoneFiles) int { return strings.Compare(a.Name, b.Name) })
	return report
}

// describeFiles describes the zones of one handler, sorted by name.
func (h *Handler) describeFiles() []zoneFiles {
	var list []zoneFiles
	for zone, facts := range h.view.Load().facts {
		z := zoneFiles{
			Name: zone.Name, Paths: zone.Paths, ByRoutes: zone.ByRoutes, Hosts: zone.Hosts, Listen: slices.Clone(h.listen), Dev: zone.Dev,
			StaticOff: h.StaticOff && facts.build != nil,
		}
		for _, upstream := range zone.Upstreams {
			z.Upstreams = append(z.Upstreams, upstream.Address)
		}
		switch {
		case facts.export != nil:
			z.StaticOff = false // nobody else has them
			z.Build = describeExport(facts.build, facts.export, zone)
		case facts.build != nil:
			z.Build = describeBuild(facts.build, facts.book, facts.assets, inMemory)
		}
		list = append(list, z)
	}
	slices.SortFunc(list, func(a, b zoneFiles) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func inMemory(file assets.File) amount {
	a := amount{Files: 1, Bytes: file.Size, Memory: new(count)}
	if file.InMemory {
		*a.Memory = count{1, file.Size}
	}
	for coding, size := range file.Copies {
		if a.Compressed == nil {
			a.Compressed = make(map[string]copies)
		}
		a.Compressed[coding] = copies{1, size, file.Size}
	}
	return a
}

// sameness is equal for zones that differ in nothing but where they are served, what is in memory, and which copies are there yet.
func (z zoneFiles) sameness() string {
	z.Listen = nil
	if z.Build != nil {
		build := *z.Build
		for _, class := range []*fileClass{&build.Static, &build.Public} {
			class.Memory, class.Compressed = nil, nil
		}
		z.Build = &build
	}
	key, _ := json.Marshal(z) // strings and numbers only: it cannot fail
	return string(key)
}

// join adds to a zone where else it is served, and what of it is in memory for there.
func (z *zoneFiles) join(same zoneFiles) {
	for _, address := range same.Listen {
		if !slices.Contains(z.Listen, address) {
			z.Listen = append(z.Listen, address)
		}
	}
	if z.Build != nil {
		z.Build.Static.add(amount{Memory: same.Build.Static.Memory})
		z.Build.Public.add(amount{Memory: same.Build.Public.Memory})
	}
}
