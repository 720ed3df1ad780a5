package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// builtPages is where the example has its prerendered pages, built by Next.js.
const builtPages = "examples/multi-zone/home/.next/server/app"

// pageNames are documents and payloads of very different lengths: from 10 to 80 KB.
var pageNames = []string{"index.html", "about.html", "tides.html", "visit.html", "index.rsc", "visit.rsc"}

// builtPage is a page that Next.js has rendered, sent in pieces as if it was rendered now.
type builtPage struct {
	contentType string
	text        []byte
}

// Pieces are of a length that React writes, and far enough apart for each to reach a proxy alone.
const (
	pagePiece = 4 << 10
	pageGap   = 2 * time.Millisecond
)

// pagePaths are where the upstream serves the pages: not by their names, because the edge refuses what ends in .rsc.
func pagePaths() []string {
	paths := make([]string, len(pageNames))
	for i, name := range pageNames {
		paths[i] = "/built/" + strings.ReplaceAll(name, ".", "/")
	}
	return paths
}

// readPages returns the pages of a directory by their paths; none without a directory.
func readPages(dir string) (map[string]builtPage, error) {
	pages := make(map[string]builtPage)
	if dir == "" {
		return pages, nil
	}
	for i, path := range pagePaths() {
		text, err := os.ReadFile(filepath.Join(dir, pageNames[i]))
		if err != nil {
			return nil, fmt.Errorf("reading a page of the example: %w", err)
		}
		pages[path] = builtPage{text: text, contentType: "text/html; charset=utf-8"}
		if strings.HasSuffix(path, "/rsc") {
			pages[path] = builtPage{text: text, contentType: "text/x-component"}
		}
	}
	return pages, nil
}

// pagesDir returns the directory of the built pages, empty if the example is not built.
func (b *bench) pagesDir() (string, error) {
	dir, err := filepath.Abs(builtPages)
	if err != nil {
		return "", fmt.Errorf("finding the example: %w", err)
	}
	if _, err := readPages(dir); errors.Is(err, fs.ErrNotExist) {
		b.skip(liveApp + ": not built, skipped")
		return "", nil
	} else if err != nil {
		return "", err
	}
	return dir, nil
}

// write streams the page. The client notices when it fails.
func (p builtPage) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", p.contentType)
	flusher := http.NewResponseController(w)
	for rest := p.text; len(rest) > 0; {
		piece := rest[:min(pagePiece, len(rest))]
		rest = rest[len(piece):]
		if _, err := w.Write(piece); err != nil {
			return
		}
		if err := flusher.Flush(); err != nil {
			return
		}
		if len(rest) > 0 {
			time.Sleep(pageGap)
		}
	}
}
