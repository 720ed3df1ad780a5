package nextbuild

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var (
	// ownScript finds the first script of a page of Next.js, by which the prefix of all its files is known.
	ownScript = regexp.MustCompile(`<script\b[^>]*?\ssrc="([^"]*?)/_next/static/`)
	// ownFile finds the scripts, style sheets and fonts that the head of a page names. In text and in inline scripts
	// quotes are escaped.
	ownFile = regexp.MustCompile(`<(?:script|link)\b[^>]*?\s(?:src|href)="([^"]*?)/_next/static/([^"?#]+)`)
)

// optimizerPath is what pictures that need the image optimizer begin with, after the prefix.
const optimizerPath = "/_next/image?url="

// checkPages compares the files that pages name to those that are there.
func (e *Export) checkPages() error {
	have := make(map[string]bool, len(e.Files))
	for _, path := range e.Files {
		have[path] = true
	}
	found := false
	for _, path := range e.Files {
		if !strings.HasSuffix(path, ".html") {
			continue
		}
		name, err := url.PathUnescape(path)
		if err != nil {
			return fmt.Errorf("decoding the path of a file: %w", err)
		}
		page, err := os.ReadFile(filepath.Join(e.Dir, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		prefix, missing := missingFile(page, have)
		switch {
		case prefix == nil:
			continue // a page of the public folder
		case missing != "":
			return fmt.Errorf("%s names %s, which is missing: the export is not complete", name, missing)
		}
		found, e.AssetPrefix = true, *prefix
		if e.Optimizer == "" && bytes.Contains(page, []byte(optimizerPath)) {
			e.Optimizer = path
		}
	}
	if !found {
		return fmt.Errorf("it has no page of Next.js (index.html, 404.html): the export is not complete")
	}
	return nil
}

// missingFile returns what stands before /_next/static in a page, nil if that is none of Next.js, and a file that it
// names and that is not there.
func missingFile(page []byte, have map[string]bool) (prefix *string, missing string) {
	own := ownScript.FindSubmatch(page)
	if own == nil {
		return nil, ""
	}
	for _, match := range ownFile.FindAllSubmatch(page, -1) {
		if !slices.Equal(match[1], own[1]) {
			continue // of another application
		}
		name, err := url.PathUnescape("/_next/static/" + string(match[2]))
		if err == nil && !have[encodeSegments(name)] {
			return new(string(own[1])), name
		}
	}
	return new(string(own[1])), ""
}
