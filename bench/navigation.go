package main

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
)

// A replay is what browsers ask for on a site in which each page links to the next ones.
const (
	sitePages    = 200
	linksOfPage  = 4 // bench/site/app/shelf/[slug]/page.js
	viewsOfVisit = 5
)

// visit is what one browser does: it opens a page, and goes on by links.
type visit struct{ views []int }

// visits are those of a replay, the same at each call.
func visits(navigations int) []visit {
	random := rand.New(rand.NewPCG(1, 2)) // it must be the same at every call
	list := make([]visit, navigations/viewsOfVisit)
	for i := range list {
		page := random.IntN(sitePages)
		for range viewsOfVisit {
			list[i].views = append(list[i].views, page)
			page = (page + 1 + random.IntN(linksOfPage)) % sitePages
		}
	}
	return list
}

// asking is one request of a browser.
type asking struct {
	path    string
	headers []string // name and value in turn
}

// requests are those that a visit makes when it comes to the view with this number: the document or the payload of the
// page, and a prefetch of each of its links that it has not seen yet.
func (v visit) requests(site string, number int) []asking {
	path := func(page int) string { return fmt.Sprintf("/shelf/%s-%d", site, page) }
	list := []asking{{path: path(v.views[number])}}
	from := ""
	if number > 0 {
		from = path(v.views[number-1])
		list[0] = payload(list[0].path, "", stateTree(from), from)
	}
	seen := map[int]bool{}
	for _, page := range v.views[:number] {
		for link := range linksOfPage {
			seen[(page+1+link)%sitePages] = true
		}
	}
	for link := range linksOfPage {
		if page := (v.views[number] + 1 + link) % sitePages; !seen[page] {
			list = append(list, payload(path(page), "1", stateTree(path(v.views[number])), path(v.views[number])))
		}
	}
	return list
}

// payload asks for the payload of a page as the client of Next.js does.
func payload(path, prefetch, tree, nextURL string) asking {
	a := asking{path: path + "?_rsc=" + rscParameter(prefetch, "", tree, nextURL), headers: []string{"RSC", "1"}}
	for _, header := range [][2]string{{"Next-Router-Prefetch", prefetch}, {"Next-Router-State-Tree", tree}, {"Next-Url", nextURL}} {
		if header[1] != "" {
			a.headers = append(a.headers, header[0], header[1])
		}
	}
	return a
}

// stateTree is what the client of Next.js says of the page that it shows.
func stateTree(path string) string {
	slug := path[strings.LastIndexByte(path, '/')+1:]
	return url.QueryEscape(fmt.Sprintf(`["",{"children":["shelf",{"children":[["slug",%q,"d",null],{"children":["__PAGE__",{},null,null]},null,null]},null,null]},null,null,true]`, slug))
}

// rscParameter is the value of _rsc that Next.js 16 expects beside these headers: computeCacheBustingSearchParam of
// next/dist/shared/lib/router/utils/cache-busting-search-param.js.
func rscParameter(prefetch, segment, tree, nextURL string) string {
	values := []string{prefetch, segment, tree, nextURL}
	if strings.Join(values, "") == "" {
		return ""
	}
	for i, value := range values {
		if value == "" {
			values[i] = "0"
		}
	}
	sum := sha256.Sum256([]byte(strings.Join(values, ",")))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}
