//go:build e2e

package image_test

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// imageException is a difference from Next.js that docs/differences.md names. A case that has it may still be answered
// as Next.js does.
type imageException struct {
	reason string
	check  func(through, direct edgetest.Answer) []string // says what is neither as Next.js does it nor as documented
}

const (
	notAllowed = `"url" parameter is not allowed`
	notValid   = `"url" parameter is invalid`
)

// imageExceptions are the documented differences, by the key that cases name.
var imageExceptions = map[string]imageException{
	"malformed accept": {
		reason: "a header that cannot be read says nothing; Next.js fails",
		check:  func(through, _ edgetest.Answer) []string { return unlessKind(through, "image/jpeg") },
	},
	"malformed url": {
		reason: "what is no path is no URL; Next.js fails",
		check:  func(through, _ edgetest.Answer) []string { return unlessText(through, http.StatusBadRequest, notValid) },
	},
	"parameters of a format": {
		reason: "a format with parameters is that format; Next.js labels a JPEG as WebP",
		check:  func(through, _ edgetest.Answer) []string { return unlessKind(through, "image/webp") },
	},
	"no formats": {
		reason: "without formats the type of the source stays; Next.js labels it as whatever Accept names first, and fails for */*",
		check:  func(through, _ edgetest.Answer) []string { return unlessKind(through, "image/jpeg") },
	},
	"redirect outside the patterns": {
		reason: "a redirect may lead only to what the patterns allow; Next.js follows any",
		check: func(through, _ edgetest.Answer) []string {
			return unlessText(through, http.StatusBadRequest, notAllowed)
		},
	},
	"path that is resolved": {
		reason: "a path that the client wrote in another way goes on to Next.js, which answers it from a cache of its own",
		check: func(through, direct edgetest.Answer) []string {
			through.Header.Set("X-Nextjs-Cache", direct.Header.Get("X-Nextjs-Cache"))
			return imageHeadDifferences(through, direct)
		},
	},
	"other methods": {
		reason: "a picture is read, not written; Next.js hands the method on to the application's own handler",
		check:  func(through, _ edgetest.Answer) []string { return unlessStatus(through, http.StatusMethodNotAllowed) },
	},
}

func unlessStatus(a edgetest.Answer, status int) []string {
	if a.StatusCode != status {
		return []string{fmt.Sprintf("status %d, neither as Next.js nor the documented %d", a.StatusCode, status)}
	}
	return nil
}

func unlessText(a edgetest.Answer, status int, text string) []string {
	if a.StatusCode == status && a.Text != text {
		return []string{fmt.Sprintf("body %s instead of %q", harness.Excerpt(a.Text), text)}
	}
	return unlessStatus(a, status)
}

// beginnings are what a picture of a type begins with.
var beginnings = map[string]string{"image/jpeg": "\xff\xd8\xff", "image/webp": "RIFF"}

func unlessKind(a edgetest.Answer, kind string) []string {
	if got := a.Header.Get("Content-Type"); a.StatusCode == http.StatusOK && (got != kind || !strings.HasPrefix(a.Text, beginnings[kind])) {
		return []string{fmt.Sprintf("%s that begins with %s instead of %s", got, harness.Excerpt(a.Text[:min(len(a.Text),
			8)]), kind)}
	}
	return unlessStatus(a, http.StatusOK)
}
