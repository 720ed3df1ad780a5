package cli

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

// stillCounting is why there may be more.
const stillCounting = "what was kept before the last start is still being looked through"

// purgeText says what was purged: pages by zone, pictures of all zones in one line.
func purgeText(r report.Purge) string {
	if len(r.Purged) == 0 {
		return "Nothing was purged: the edge keeps none there\n"
	}
	first := r.Purged[0]
	if first.Cache == report.CachePages {
		var lines strings.Builder
		for _, one := range r.Purged {
			fmt.Fprintln(&lines, purgedLine(one))
		}
		return lines.String()
	}
	zones := "zone"
	if len(r.Purged) > 1 {
		zones = "zones"
	}
	what := "all pictures"
	if first.Source != "" {
		what = "pictures made of " + first.Source
	}
	if first.Pictures != nil {
		what = number(r.Total(), false, "picture") + " made of " + first.Source
	}
	return fmt.Sprintf("Purged from %s %s: %s\n", zones, strings.Join(r.Zones(), ", "), what)
}

// purgedLine says what was purged of the pages of a zone.
func purgedLine(c report.Purged) string {
	line := fmt.Sprintf("Purged %s from %s", purgedWhat(c), c.Zone)
	if c.Soft {
		line = fmt.Sprintf("Made %s stale in %s", purgedWhat(c), c.Zone)
	}
	if c.Pages == nil { // an older edge does not count
		return line
	}
	return line + ": " + number(*c.Pages, c.AtLeast, "page")
}

// purgeWarning says that nothing was hit; "" if something was, or nobody knows.
func purgeWarning(r report.Purge) string {
	if len(r.Purged) == 0 || r.Total() > 0 {
		return ""
	}
	first, zones := r.Purged[0], strings.Join(r.Zones(), ", ")
	switch {
	case first.Pages == nil && first.Pictures == nil:
		return ""
	case first.Cache == report.CacheImages && strings.HasPrefix(first.Source, "/"):
		return fmt.Sprintf("no picture of %s was kept that is made of %s", zones, first.Source)
	case first.Cache == report.CacheImages:
		return fmt.Sprintf("no picture of %s was kept that is made of %s: sources of the site itself are named by their path, such as %s",
			zones, first.Source, pathOfURL(first.Source))
	case slices.ContainsFunc(r.Purged, func(one report.Purged) bool { return one.AtLeast }):
		return fmt.Sprintf("no page of %s was found%s yet: %s", zones, purgedWhere(first), stillCounting)
	}
	return fmt.Sprintf("no page of %s was kept%s", zones, purgedWhere(first))
}

// pathOfURL is the path of a URL with its query, as an application on the same site would name it.
func pathOfURL(href string) string {
	u, err := url.Parse(href)
	if err != nil {
		return "/photo.jpg"
	}
	return u.RequestURI()
}

// number is a number of things, for people.
func number(n int, atLeast bool, thing string) string {
	if n != 1 {
		thing += "s"
	}
	if atLeast {
		return fmt.Sprintf("at least %d %s (%s)", n, thing, stillCounting)
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// purgedWhat names what was chosen among pages.
func purgedWhat(c report.Purged) string {
	switch {
	case c.Path != "":
		return c.Path
	case c.Prefix != "":
		return "what begins with " + c.Prefix
	case c.Tag != "":
		return "tag " + c.Tag
	case c.Deployment != "":
		return "deployment " + c.Deployment
	}
	return "everything"
}

// purgedWhere is what was chosen, as the end of a sentence on pages.
func purgedWhere(c report.Purged) string {
	switch {
	case c.Path != "":
		return " under " + c.Path
	case c.Prefix != "":
		return " whose path begins with " + c.Prefix
	case c.Tag != "":
		return " with the tag " + c.Tag
	case c.Deployment != "":
		return " of the deployment " + c.Deployment
	}
	return ""
}
