package caddymodule

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

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

// describeSites describes the zones of sites, sorted by name. Zones of several sites that are the same in all but where
// they are served are one: a site at a plain and an encrypted address has two handlers.
func describeSites(sites []*site) filesReport {
	report := filesReport{Zones: []zoneFiles{}}
	places := make(map[string]int)
	counted := make(map[*assets.Set]bool) // those whose memory is in the report
	for _, s := range sites {
		for _, facts := range s.view.Load().facts {
			z, set := describeZone(s, facts)
			key := z.sameness()
			at, known := places[key]
			switch {
			case !known:
				places[key] = len(report.Zones)
				report.Zones = append(report.Zones, z)
			case counted[set]:
				report.Zones[at].join(z.Listen)
			default:
				report.Zones[at].join(z.Listen)
				report.Zones[at].addMemory(z)
			}
			counted[set] = true
		}
	}
	for _, z := range report.Zones {
		slices.Sort(z.Listen)
	}
	slices.SortFunc(report.Zones, func(a, b zoneFiles) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), slices.Compare(a.Listen, b.Listen))
	})
	return report
}

// describeZone describes a zone of a site, and returns the files whose memory it counts; nil without any.
func describeZone(s *site, facts *zoneFacts) (zoneFiles, *assets.Set) {
	zone := facts.zone
	z := zoneFiles{
		Name: zone.Name, Paths: zone.Paths, ByRoutes: zone.ByRoutes, Hosts: zone.Hosts, Listen: slices.Clone(s.listen),
		Dev: zone.Dev, StaticOff: s.staticOff && facts.build != nil,
	}
	for _, upstream := range zone.Upstreams {
		z.Upstreams = append(z.Upstreams, upstream.Address)
	}
	switch {
	case facts.export != nil:
		z.StaticOff = false // nobody else has them
		z.Build = describeExport(facts.build, facts.export, zone)
		return z, facts.export.files.Set()
	case facts.build != nil:
		set := fileSlot.of(facts).set
		z.Build = describeBuild(facts.build, facts.book, set, inMemory)
		return z, set
	}
	return z, nil
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

// filesRoute says what files are served.
var filesRoute = readRoute(filesPath, func(w http.ResponseWriter, _ *http.Request) error {
	return answerJSON(w, http.StatusOK, describeSites(currentSites()))
})
