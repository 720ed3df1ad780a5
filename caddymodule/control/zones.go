package control

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
)

// ZonesMeant finds the zones of the configuration that serves which an order means: those of a name, or of a path that
// they have; without one (nil) all. Several of one name are one application then, on several sites. The error, which is
// answered, is about a zone that there is not (400), one that the caller may do nothing about (403), or one that may be
// several applications (409).
func ZonesMeant(named *string, caller Caller) ([]*edge.Zone, error) {
	sites := edge.Sites()
	limited := len(caller.Zones()) > 0
	if named == nil {
		if limited {
			return nil, caller.refuse()
		}
		return zonesOf(sites), nil
	}
	meant := zonesNamed(sites, *named)
	isForeign := func(zone *edge.Zone) bool { return !caller.May(zone.Name) }
	switch {
	case limited && (slices.ContainsFunc(meant, isForeign) || len(meant) == 0 && !caller.May(*named)):
		return nil, caller.refuse()
	case limited && len(meant) == 0:
		return nil, Error(http.StatusBadRequest, fmt.Errorf("unknown zone %q: the configuration does not have it", *named))
	case len(meant) == 0:
		return nil, Error(http.StatusBadRequest, unknownZone(*named, zonesOf(sites)))
	}
	return meant, checkOneApplication(*named, meant)
}

// zonesOf are the zones of sites.
func zonesOf(sites []*edge.Site) (list []*edge.Zone) {
	for _, site := range sites {
		list = append(list, site.View.Load().List...)
	}
	return list
}

// zonesNamed are those of a name, or of a path that they have.
func zonesNamed(sites []*edge.Site, text string) []*edge.Zone {
	return slices.DeleteFunc(zonesOf(sites), func(zone *edge.Zone) bool {
		return zone.Name != text && !slices.Contains(zone.Paths, text)
	})
}

func unknownZone(text string, all []*edge.Zone) error {
	if len(all) == 0 {
		return fmt.Errorf("unknown zone %q: the configuration has no zones", text)
	}
	return fmt.Errorf("unknown zone %q; the configuration has: %s", text, strings.Join(namesOf(all), ", "))
}

// IsOneApplication reports whether all zones of a name are one application, so that the name tells which is meant.
func IsOneApplication(name string) bool {
	return checkOneApplication(name, zonesNamed(edge.Sites(), name)) == nil
}

// checkOneApplication refuses zones that are found by one text and are several applications, with what to do about it.
// One application on several sites, such as a plain and an encrypted one, is one.
func checkOneApplication(text string, found []*edge.Zone) error {
	spaces := map[string]bool{}
	for _, zone := range found {
		spaces[zone.Space] = true
	}
	names := namesOf(found)
	switch {
	case len(spaces) < 2:
		return nil
	case len(names) == 1:
		return Error(http.StatusConflict, fmt.Errorf("%d applications have the name %s: "+
			"name them differently in the configuration (`zone /path name upstream`)", len(spaces), names[0]))
	}
	return Error(http.StatusConflict, fmt.Errorf("%s is a path of %d applications: name one of %s",
		text, len(spaces), strings.Join(names, ", ")))
}

// namesOf are the names of zones, sorted, each once.
func namesOf(list []*edge.Zone) []string {
	names := map[string]bool{}
	for _, zone := range list {
		names[zone.Name] = true
	}
	return slices.Sorted(maps.Keys(names))
}
