package zones

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSpeculationRulesCoverTheOtherZones(t *testing.T) {
	home, blog := &Zone{Name: "home", Paths: []string{"/", "/blog/drafts"}}, &Zone{Name: "blog", Paths: []string{"/blog", "/blog-assets/_next"}}
	list := []*Zone{home, blog}
	table := tableOf(t, list...)
	s := Speculation{Action: "prefetch", Eagerness: "moderate"}
	const always = `{"not": {"href_matches": ["/_next", "/_next/*", "/api", "/api/*", "/blog/_next", "/blog/_next/*", "/blog/api", "/blog/api/*",
		"/blog/drafts/_next", "/blog/drafts/_next/*", "/blog/drafts/api", "/blog/drafts/api/*"]}},
		{"not": {"selector_matches": "[rel~=\"nofollow\"], [download]"}}`
	assert.JSONEq(t, `{"prefetch": [{"eagerness": "moderate", "where": {"and": [
		{"or": [{"and": [{"href_matches": ["/blog", "/blog/*"]}, {"not": {"href_matches": ["/blog/drafts", "/blog/drafts/*"]}}]}]}, `+always+`
	]}}]}`, string(table.SpeculationRules(s, "example.com", home, list)))
	assert.JSONEq(t, `{"prefetch": [{"eagerness": "moderate", "where": {"and": [
		{"or": [{"and": [{"href_matches": ["/*"]}, {"not": {"href_matches": ["/blog", "/blog/*"]}}]}, {"href_matches": ["/blog/drafts", "/blog/drafts/*"]}]}, `+always+`
	]}}]}`, string(table.SpeculationRules(s, "example.com", blog, list)))
}

// covered returns the prefixes that the rules of a zone name.
func covered(t *testing.T, table *Table, host string, own *Zone, list []*Zone) (found []string) {
	t.Helper()
	var rules speculationRules
	require.NoError(t, json.Unmarshal(table.SpeculationRules(Speculation{"prerender", "eager"}, host, own, list), &rules))
	for _, rule := range rules["prerender"] {
		for _, link := range rule.Where.And[0].Or {
			if link.And != nil {
				link = link.And[0] // the rest are exceptions
			}
			found = append(found, link.Href[0])
		}
	}
	return found
}

func TestSpeculationRulesAreThoseOfTheHost(t *testing.T) {
	root := &Zone{Name: "root", Paths: []string{"/"}}
	blog := &Zone{Name: "blog", Paths: []string{"/blog"}}
	admin := &Zone{Name: "admin", Paths: []string{"/admin"}}
	areOneApp(root, admin)
	docs := &Zone{Name: "docs", Paths: []string{"/"}, Hosts: []string{"docs.example.com"}}
	help := &Zone{Name: "help", Paths: []string{"/help:v1+"}, Hosts: []string{"*.example.com", "docs.example.com"}}
	list := []*Zone{root, blog, admin, docs, help}
	table := tableOf(t, list...)
	assert.Equal(t, []string{"/blog"}, covered(t, table, "example.com", root, list), "admin is the same application")
	assert.Equal(t, []string{"/*", "/admin"}, covered(t, table, "example.com", blog, list))
	assert.Equal(t, []string{`/help\:v1\+`}, covered(t, table, "docs.example.com:8443", docs, list), "the rest of that host is its own")
	assert.Equal(t, []string{"/*"}, covered(t, table, "docs.example.com", help, list))
	assert.Equal(t, []string{"/blog", `/help\:v1\+`}, covered(t, table, "www.example.com", root, list))
	assert.Equal(t, "{}", string(tableOf(t, root).SpeculationRules(Speculation{"prefetch", "eager"}, "example.com", root, []*Zone{root})))
}

func TestSpeculationValidate(t *testing.T) {
	require.NoError(t, Speculation{"prefetch", "moderate"}.Validate())
	require.ErrorContains(t, Speculation{"prefetch", "immediate"}.Validate(), "eagerness must be")
	require.ErrorContains(t, Speculation{"preload", "moderate"}.Validate(), "action must be")
}
