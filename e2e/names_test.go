//go:build e2e

package e2e_test

import "strings"

// A slash would divide the name of a test.

// inShort returns a protocol's name as the name of a test: h1.1, h2, h3.
func inShort(protocol string) string {
	return "h" + strings.TrimSuffix(strings.TrimPrefix(protocol, "HTTP/"), ".0")
}

// noSlash returns a path as the name of a test.
func noSlash(path string) string { return strings.ReplaceAll(path, "/", "|") }
