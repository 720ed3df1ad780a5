//go:build e2e

package e2e_test

import (
	"fmt"
	"strings"
)

// imageException is a difference from Next.js that docs/differences.md names. A case that has it may still be answered as Next.js does.
type imageException struct {
	reason string
	check  func(through, direct answer) []string // says what is neither as Next.js does it nor as documented
}

const notAllowed = `"url" parameter is not allowed`

// imageExceptions are the documented differences, by the key that cases name.
var imageExceptions = map[string]imageException{
	"malformed accept": {
		reason: "a header that cannot be read says nothing; Next.js fails",
		check: func(through, _ answer) []string {
			return unlessStatus(through, 200)
		},
	},
	"malformed url": {
		reason: "what is no path is no allowed path; Next.js fails",
		check: func(through, _ answer) []string {
			return unlessStatus(through, 400)
		},
	},
	"parameters of a format": {
		reason: "Next.js labels a JPEG as WebP",
		check: func(through, _ answer) []string {
			body, kind := through.body, through.Header.Get("Content-Type")
			if kind == "image/webp" != strings.HasPrefix(body, "RIFF") {
				return []string{fmt.Sprintf("%s begins with %s", kind, excerpt(body[:min(len(body), 8)]))}
			}
			return unlessStatus(through, 200)
		},
	},
	"redirect outside the patterns": {
		reason: "a redirect may lead only to what the patterns allow; Next.js follows any",
		check: func(through, _ answer) []string {
			return unlessText(through, 400, notAllowed)
		},
	},
	"broken upstream": {
		reason: "a host that fails is the gateway's problem, not the server's own",
		check: func(through, _ answer) []string {
			if through.StatusCode != 502 && through.StatusCode != 500 {
				return unlessStatus(through, 502)
			}
			return nil
		},
	},
	"other methods": {
		reason: "a picture is read, not written; Next.js hands the method on to the application's own handler",
		check: func(through, _ answer) []string {
			return unlessStatus(through, 405)
		},
	},
}

func unlessStatus(a answer, status int) []string {
	if a.StatusCode != status {
		return []string{fmt.Sprintf("status %d, neither as Next.js nor the documented %d", a.StatusCode, status)}
	}
	return nil
}

func unlessText(a answer, status int, text string) []string {
	if a.StatusCode == status && a.body != text {
		return []string{fmt.Sprintf("body %s instead of %q", excerpt(a.body), text)}
	}
	return unlessStatus(a, status)
}
