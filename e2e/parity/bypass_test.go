//go:build e2e

package parity_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// protectedMarker stands in everything that the middleware of the fixtures guards.
const protectedMarker = "PROTECTED-CONTENT-7f3a"

// attempt is a request that tries to get past middleware.
type attempt struct {
	method, target string
	headers        []string
}

func (a attempt) String() string {
	return strings.Join(append([]string{a.method, a.target}, a.headers...), " ")
}

// spellings are other ways to write a path below the basePath, or to go to what it leads to.
func spellings(f *harness.Fixture, path string) []string {
	base, id := f.Build.BasePath, f.Build.ID
	last := path[len(path)-1:]
	list := []string{
		base + path,
		base + path + "/",
		base + "/" + path,
		base + path + "//",
		"/" + base + path,
		base + "/." + path,
		base + "/x/.." + path,
		base + "/%2e" + path,
		base + "/x/%2e%2e" + path,
		base + "/x%2f.." + path,
		base + "/%2f" + path[1:],
		base + strings.ReplaceAll(path, "/", `\`),
		base + "/%5c" + path[1:],
		base + "/" + fmt.Sprintf("%%%02x", path[1]) + path[2:],
		base + "/" + fmt.Sprintf("%%%02X", path[1]) + path[2:],
		base + "/" + fmt.Sprintf("%%25%02x", path[1]) + path[2:],
		base + path[:len(path)-1] + fmt.Sprintf("%%%02x", last[0]),
		base + "/" + encodeAll(path[1:]),
		base + "/" + strings.ReplaceAll(path[1:], "/", "%2f"),
		base + "/" + strings.ReplaceAll(path[1:], "/", "%2F"),
		base + strings.ReplaceAll(path, ".", "%2e"),
		base + strings.ToUpper(path),
		base + "/" + strings.ToUpper(path[1:2]) + path[2:],
		base + path + "?x=1",
		base + path + "%3Fx",
		base + path + "%23x",
		base + path + "%00",
		base + path + "%20",
		base + path + ";x",
		base + path + ".",
		base + path + ".json",
		base + path + ".rsc",
		base + path + ".html",
		base + path + ".txt",
		base + path + ".segments/_tree.segment.rsc",
		base + path + ".segments/_full.segment.rsc",
		base + path + "%2Ersc",
		base + path + "?_rsc=x",
		base + path + "?nxtPid=one&__nextDataReq=1&__nextLocale=en",
		base + "/open?__nextPath=" + path,
		base + "/_next/data/" + id + path + ".json",
		base + "/_next/data/" + id + "/" + fmt.Sprintf("%%%02x", path[1]) + path[2:] + ".json",
		base + "/_next/data/" + id + "/en" + path + ".json",
		base + "/_next/data/" + id + "/fr" + path + ".json",
		base + "/_next/data/wrong" + path + ".json",
		base + "/_next/data/" + id + "//" + path[1:] + ".json",
		base + "/_next//data/" + id + path + ".json",
		base + "/%5fnext/data/" + id + path + ".json",
		base + "/_next/static/../.." + path,
		base + "/_next/static/..%2f.." + path,
		base + "/_next/static/%2e%2e/%2e%2e" + path,
		"/en" + base + path,
		base + "/en" + path,
		base + "/fr" + path,
		base + "/FR" + path,
		base + "/fr/" + path,
		base + "/fr/_next/data/" + id + path + ".json",
		base + "/fr/_next/data/" + id + "/fr" + path + ".json",
		base + "/en/_next/data/" + id + "/en" + path + ".json",
		base + "/Fr/_next/data/" + id + path + ".json",
		base + "/fr/%5fnext/data/" + id + path + ".json",
		base + "/%66r/_next/data/" + id + path + ".json",
		base + base + path,
		"http://localhost" + base + path,
		"http://" + f.Upstream() + base + path,
		path,
	}
	if asset := f.Build.AssetPath(); asset != "" {
		list = append(list,
			asset+path, asset+base+path, asset+"/_next/.."+path, asset+"/_next/data/"+id+path+".json", asset+"/_next/data/"+id+"/"+path[1:]+".json",
			asset+"/_next/static/../.."+path, asset+"/%5fnext/data/"+id+path+".json", asset+"/_next/%64ata/"+id+path+".json", asset+"/./_next/data/"+id+path+".json",
			asset+"//"+path[1:], asset+"/"+fmt.Sprintf("%%%02x", path[1])+path[2:], asset+base+"/_next/data/"+id+path+".json",
		)
	}
	return list
}

func encodeAll(text string) string {
	var b strings.Builder
	for i := range len(text) {
		fmt.Fprintf(&b, "%%%02X", text[i])
	}
	return b.String()
}

// forgeries are headers by which clients have talked Next.js past its middleware, or might.
var forgeries = [][]string{
	{"RSC", "1"},
	{"RSC", "1", "Next-Router-Prefetch", "1", "Next-Router-Segment-Prefetch", "/_tree"},
	{"X-Nextjs-Data", "1"},
	{"X-Nextjs-Data", "1", "X-Middleware-Prefetch", "1"},
	{"X-Middleware-Subrequest", "middleware:middleware:middleware:middleware:middleware"},
	{"X-Middleware-Subrequest", "src/middleware:src/middleware:src/middleware:src/middleware:src/middleware"},
	{"X-Middleware-Next", "1"},
	{"X-Middleware-Rewrite", "/private"},
	{"X-Middleware-Skip", "1"},
	{"X-Matched-Path", "/private"},
	{"X-Now-Route-Matches", "1=private"},
	{"X-Invoke-Path", "/private", "X-Invoke-Output", "/private"},
	{"X-Rewrite-Url", "/private"},
	{"X-Original-Url", "/private"},
	{"X-Forwarded-Prefix", "/open"},
	{"X-Prerender-Revalidate", "1"},
	{"Next-Resume", "1"},
	{"Next-Action", strings.Repeat("0", 42)},
	{"Purpose", "prefetch"},
	{"Upgrade", "websocket", "Connection", "Upgrade"},
}

// attempts are what is tried with an application.
func attempts(f *harness.Fixture) []attempt {
	var list []attempt
	for _, path := range []string{"/private", "/private/one", "/private.txt", "/private.jpg", "/secret"} {
		if path == "/secret" && f.Build.Routes[path].Data == false {
			continue
		}
		for _, target := range spellings(f, path) {
			list = append(list, attempt{http.MethodGet, target, nil})
		}
		slash := ""
		if f.Build.TrailingSlash && !strings.Contains(path, ".") {
			slash = "/"
		}
		for _, headers := range forgeries {
			list = append(list, attempt{http.MethodGet, f.Build.BasePath + path + slash, headers})
		}
		for _, method := range []string{http.MethodHead, http.MethodPost, http.MethodPut, http.MethodOptions, "PURGE"} {
			list = append(list, attempt{method, f.Build.BasePath + path + slash, nil})
		}
	}
	image := func(prefix, source string) attempt {
		slash := ""
		if f.Build.TrailingSlash {
			slash = "/"
		}
		return attempt{http.MethodGet, prefix + "/_next/image" + slash + "?w=640&q=75&url=" + url.QueryEscape(source), nil}
	}
	base := f.Build.BasePath
	for _, source := range []string{
		"/private.jpg", "/%70rivate.jpg", "/%2570rivate.jpg", "/private%2Ejpg", "/x/../private.jpg", "//private.jpg", "/./private.jpg", "/PRIVATE.jpg", "/private.jpg?x=1",
		"/files/private.jpg", "/files/%70rivate.jpg", "/files/%2570rivate.jpg", "/files%2Fprivate.jpg", "/files/./private.jpg",
	} {
		list = append(list, image(base, base+source))
		if asset := f.Build.AssetPath(); asset != "" {
			list = append(list, image(asset, base+source), image(base, asset+source), image(asset, asset+source))
		}
		if f.Build.I18n != nil {
			list = append(list, image(base+"/fr", base+source), image(base, base+"/fr"+source))
		}
	}
	return list
}

// gotIn reports whether an answer is what the middleware guards.
func gotIn(f *harness.Fixture, a attempt, res edgetest.Answer) bool {
	if strings.Contains(res.Text, protectedMarker) {
		return true
	}
	picture := strings.HasPrefix(res.Header.Get("Content-Type"), "image/") && res.StatusCode == http.StatusOK
	if !picture || a.method != http.MethodGet {
		return false
	}
	if strings.Contains(a.target, "/_next/image") {
		// In Next.js 14 the optimizer answers before the middleware, and nothing else guards the file in the folder.
		return f.Zone != "next14" || !strings.Contains(a.target, "files")
	}
	return true
}

// Middleware guards a page, pages with parameters, files, data and pictures. No way to write a request leads past it
// through the edge, though some do without.
func TestMiddlewareIsNeverBypassed(t *testing.T) {
	for _, f := range harness.Fixtures(t).All() {
		t.Run(f.Zone, func(t *testing.T) {
			list := attempts(f)
			assert.Greater(t, len(list), 80)
			var mu sync.Mutex
			var direct []string
			work := make(chan attempt)
			var group sync.WaitGroup
			for range 8 {
				group.Go(func() {
					for a := range work {
						var res edgetest.Answer
						if len(a.headers) == 0 || a.headers[0] != "Upgrade" {
							res = f.Ask(t, false, a.method, a.target, a.headers...)
						} else {
							res.Response = new(http.Response) // which Next.js leaves without an answer
						}
						if gotIn(f, a, res) {
							mu.Lock()
							direct = append(direct, a.String())
							mu.Unlock()
						}
						through := f.Ask(t, true, a.method, a.target, a.headers...)
						assert.False(t, gotIn(f, a, through), "%s got in: %d", a, through.StatusCode)
						if res.StatusCode == http.StatusUnauthorized && a.method == http.MethodGet && strings.HasPrefix(a.target, "/") {
							verdict := f.Verdict(t, a.target)
							assert.False(t, verdict.Edge() && verdict.Location == "", "%s: the verdict is %s", a, verdict)
						}
					}
				})
			}
			for _, a := range list {
				work <- a
			}
			close(work)
			group.Wait()
			t.Logf("%d attempts; %d get past Next.js itself", len(list), len(direct))
			for _, line := range direct {
				t.Log("without the edge: ", line)
			}
		})
	}
}

// What the middleware lets in gets in through the edge too.
func TestMiddlewareLetsInThroughTheEdge(t *testing.T) {
	for _, f := range harness.Fixtures(t).All() {
		for _, path := range []string{"/private", "/private/one", "/private.txt"} {
			if f.Build.TrailingSlash && !strings.Contains(path, ".") {
				path += "/"
			}
			a := f.Ask(t, true, http.MethodGet, f.Path(path), "Cookie", "pass=1")
			assert.Equal(t, http.StatusOK, a.StatusCode, "%s %s", f.Zone, path)
			assert.Contains(t, a.Text, protectedMarker, "%s %s", f.Zone, path)
		}
	}
}
