package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRSCParameter(t *testing.T) {
	assert.Empty(t, rscParameter("", "", "", ""))
	assert.Equal(t, "HEAvJdHAQJrUAe2K", rscParameter("1", "", "", ""))
	assert.Equal(t, "_i_aeImnuN6u1u1r", rscParameter("1", "/_tree", "", ""))
}

func TestVisits(t *testing.T) {
	list := visits(10_000)
	assert.Equal(t, list, visits(10_000), "the same at each call")
	assert.Len(t, list, 10_000/viewsOfVisit)
	seen := map[int]bool{}
	for _, v := range list {
		assert.Len(t, v.views, viewsOfVisit)
		for i, page := range v.views {
			seen[page] = true
			if i > 0 {
				step := (page - v.views[i-1] + sitePages) % sitePages
				assert.True(t, 1 <= step && step <= linksOfPage, "page %d has no link to %d", v.views[i-1], page)
			}
		}
	}
	assert.Len(t, seen, sitePages)
}

// The first view is a document, the others are payloads; what has been prefetched once is not asked for again.
func TestRequestsOfAVisit(t *testing.T) {
	v := visit{views: []int{198, 0, 1}}
	first, second, third := v.requests("page", 0), v.requests("page", 1), v.requests("page", 2)
	assert.Equal(t, asking{path: "/shelf/page-198"}, first[0])
	var prefetched []string
	for _, a := range first[1:] {
		assert.Equal(t, []string{"RSC", "1", "Next-Router-Prefetch", "1"}, a.headers[:4])
		prefetched = append(prefetched, a.path[:len("/shelf/page-")+1])
	}
	assert.Equal(t, []string{"/shelf/page-1", "/shelf/page-0", "/shelf/page-1", "/shelf/page-2"}, prefetched)
	assert.Len(t, second, 1+2, "198 has links to 199, 0, 1 and 2")
	assert.Len(t, third, 1+1)
	assert.Equal(t, "RSC", second[0].headers[0])
	assert.NotContains(t, second[0].headers, "Next-Router-Prefetch")
	assert.NotEqual(t, second[0].headers, third[0].headers, "the state tree is another one")
}
