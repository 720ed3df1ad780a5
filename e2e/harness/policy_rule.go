//go:build e2e

package harness

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// What the edge says of who may keep an answer: docs/caching.md.
const (
	MadeForOne   = "private, no-cache, no-store, max-age=0, must-revalidate"
	MadeByAction = "no-cache, no-store, max-age=0, must-revalidate"
	AskFirst     = "public, max-age=0, must-revalidate"
	SharedYear   = "public, max-age=0, s-maxage=31536000, must-revalidate"
	PublicFile   = "public, max-age=0"
)

// markOfNext is the Cache-Control of what Next.js has prerendered, in 14, 15 and 16.
var markOfNext = regexp.MustCompile(`^s-maxage=(\d+)(, stale-while-revalidate(=\d+)?)?$`)

// lasting is what lets a cache use an answer without asking.
var lasting = regexp.MustCompile(`s-maxage|public|max-age=[1-9]`)

// languageRoots are the paths at which an application of the tests that has given its build to the edge chooses the
// language.
var languageRoots = map[string]bool{"/depot": true, "/depot/": true}

// WantedCacheControl is what the edge says, in an answer of an age, where the application says what direct does:
// docs/caching.md, written down once more.
func WantedCacheControl(direct, through edgetest.Answer) string {
	said := HeaderValue(direct, "Cache-Control")
	path, _, _ := strings.Cut(direct.Request.URL.RequestURI(), "?")
	cookie := direct.Header["Set-Cookie"] != nil
	var seconds string
	if mark := markOfNext.FindStringSubmatch(said); mark != nil {
		seconds = mark[1]
	}
	switch isRead := direct.Request.Method == http.MethodGet || direct.Request.Method == http.MethodHead; {
	case !isRead && lasting.MatchString(said):
		return MadeByAction
	case !isRead:
		return said
	case direct.StatusCode >= 500 && !strings.Contains(said, "private"):
		return "no-store"
	case seconds != "" && (cookie || languageRoots[path]):
		return MadeForOne
	case seconds != "" && direct.Header.Get("X-Nextjs-Cache") == "STALE":
		return AskFirst
	case IsLong404(direct):
		age, _ := strconv.Atoi(through.Header.Get("Age"))
		return fmt.Sprintf("public, max-age=0, s-maxage=%d, must-revalidate", age+60)
	case seconds != "":
		return "public, max-age=0, s-maxage=" + seconds + ", must-revalidate"
	case said == "" && (direct.StatusCode >= 400 || cookie || saysNothingAndHurts(direct, path)):
		return "no-store"
	}
	return said
}

// IsLong404 reports whether Next.js lets caches keep a 404 for longer than a minute: they have one, and no ETag.
func IsLong404(direct edgetest.Answer) bool {
	mark := markOfNext.FindStringSubmatch(HeaderValue(direct, "Cache-Control"))
	if mark == nil || direct.StatusCode != http.StatusNotFound {
		return false
	}
	seconds, _ := strconv.Atoi(mark[1])
	return seconds > 60
}

// saysNothingAndHurts: payloads, and pages of the edge runtime.
func saysNothingAndHurts(direct edgetest.Answer, path string) bool {
	if direct.StatusCode >= 300 {
		return false
	}
	isDocument := !strings.Contains(path, "/_next/") && !strings.Contains(path, "/api/")
	asksForPayload := direct.Request.Header.Get("RSC") == "1" && isDocument
	contentType := direct.Header.Get("Content-Type")
	return asksForPayload || strings.HasPrefix(contentType, "text/x-component") ||
		strings.HasPrefix(contentType, "text/html") && direct.Header.Get("X-Edge-Runtime") == "1"
}
