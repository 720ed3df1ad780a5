package files

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/control"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
	"github.com/caddy-nextjs/caddy-nextjs/zones"
	"github.com/caddy-nextjs/caddy-nextjs/zones/rules"
)

// describeBuild sorts the files of a build into those that are served from its directory and the rest. of says what is
// known of a file.
func describeBuild(
	b *nextbuild.Build, ruleSet *rules.Set, set *assets.Set, of func(assets.File) report.Amount,
) *report.BuildFiles {
	d := &report.BuildFiles{
		ID: b.ID, NextVersion: b.NextVersion, Directory: b.Dir,
		Static: report.FileClass{Path: staticAddress(b), Directory: b.StaticDir},
		Public: report.FileClass{Path: b.BasePath + "/", Directory: b.PublicDir},
	}
	files := make(map[string]assets.File)
	for _, file := range set.Files() {
		files[file.Path] = file
	}
	refused := make(map[string]*report.NotServed)
	for _, part := range []struct {
		class *report.FileClass
		paths []string
	}{{&d.Static, b.Static}, {&d.Public, b.Public}} {
		for _, path := range part.paths {
			file, there := files[path]
			address, reason := notServedReason(ruleSet, path)
			if !there {
				reason = "missing"
			}
			if reason == "" {
				part.class.Add(of(file))
				continue
			}
			if refused[reason] == nil {
				refused[reason] = &report.NotServed{Reason: reason}
			}
			refused[reason].Add(address, file.Size)
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(refused)) {
		d.NotServed = append(d.NotServed, *refused[reason])
	}
	return d
}

// describeExport sorts the files of an export. All of them are served.
func describeExport(b *nextbuild.Build, export *edge.Export, zone *zones.Zone) *report.BuildFiles {
	base := ""
	if len(zone.Paths) > 0 {
		base = strings.TrimSuffix(zone.Paths[0], "/")
	}
	d := &report.BuildFiles{
		ID: b.ID, NextVersion: b.NextVersion, Directory: export.Dir,
		Static: report.FileClass{Path: base + "/_next/static/", Directory: export.Dir},
		Public: report.FileClass{Path: base + "/", Directory: export.Dir},
	}
	for _, file := range export.Files.Files() {
		class := &d.Public
		if strings.HasPrefix(file.Path, "/_next/static/") {
			class = &d.Static
		}
		class.Add(inMemory(file))
	}
	return d
}

// notServedReason returns why the edge does not answer with a file at its address, or "" when it does.
func notServedReason(ruleSet *rules.Set, path string) (address, reason string) {
	address, verdict := ruleSet.FileVerdict(path)
	switch {
	case !IsFile(verdict):
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
func describeSites(sites []*edge.Site) report.Files {
	all := report.Files{Zones: []report.ZoneFiles{}, Archive: describeArchive()}
	places := make(map[string]int)
	counted := make(map[*assets.Set]bool) // those whose memory is in the report
	for _, s := range sites {
		for _, facts := range s.View.Load().Zones {
			z, set := describeZone(s, facts)
			key := z.Sameness()
			at, known := places[key]
			switch {
			case !known:
				places[key] = len(all.Zones)
				all.Zones = append(all.Zones, z)
			case counted[set]:
				all.Zones[at].Join(z)
			default:
				all.Zones[at].Join(z)
				all.Zones[at].AddMemory(z)
			}
			counted[set] = true
		}
	}
	for _, z := range all.Zones {
		slices.Sort(z.Listen)
	}
	slices.SortFunc(all.Zones, func(a, b report.ZoneFiles) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), slices.Compare(a.Listen, b.Listen))
	})
	return all
}

// describeZone describes a zone of a site, and returns the files whose memory it counts; nil without any.
func describeZone(s *edge.Site, facts *edge.Zone) (report.ZoneFiles, *assets.Set) {
	zone := facts.Zone
	z := report.ZoneFiles{
		Name: zone.Name, Paths: zone.Paths, ByRoutes: zone.ByRoutes, Hosts: zone.Hosts, Listen: slices.Clone(s.Listen),
		Dev: zone.Dev, StaticOff: s.StaticOff && facts.Build != nil, Archive: describeArchived(facts),
	}
	for _, source := range facts.Upstreams.Sources() {
		z.Upstreams = append(z.Upstreams, source.String())
	}
	switch {
	case facts.Export != nil:
		z.StaticOff = false // nobody else has them
		z.Build = describeExport(facts.Build, facts.Export, zone)
		return z, facts.Export.Files.Set
	case facts.Build != nil:
		set := Slot.Of(facts).Set
		z.Build = describeBuild(facts.Build, facts.RuleSet, set, inMemory)
		return z, set
	}
	return z, nil
}

func inMemory(file assets.File) report.Amount {
	a := report.Amount{Files: 1, Bytes: file.Size, Memory: new(report.Count)}
	if file.InMemory {
		*a.Memory = report.Count{Files: 1, Bytes: file.Size}
	}
	for coding, size := range file.Copies {
		if a.Compressed == nil {
			a.Compressed = make(map[string]report.Copies)
		}
		a.Compressed[coding] = report.Copies{Files: 1, Bytes: size, Raw: file.Size}
	}
	return a
}

// Route says what files are served.
var Route = control.Read(report.FilesRoute, func(w http.ResponseWriter, _ *http.Request, caller control.Caller) error {
	files := describeSites(edge.Sites())
	files.Zones = slices.DeleteFunc(files.Zones, func(z report.ZoneFiles) bool { return !caller.May(z.Name) })
	return control.AnswerJSON(w, http.StatusOK, files)
}).Unversioned()
