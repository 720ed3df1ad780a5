package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
)

// siteApp is an application whose pages are made on demand, 10 KB each, and revalidated after 5 s.
const siteApp = "bench/site"

// oursCache is the edge of an application, with its pages kept.
func oursCache(upstream, build string) string {
	return fmt.Sprintf("nextjs %s {\n\t\tbuild %s\n\t\tcache\n\t}", upstream, build)
}

func (b *bench) siteBuild() string { return filepath.Join(b.dir, "site", ".next") }

// startSite starts a copy of the application, which writes what it makes beside its build. Nil: it is not built, or
// there is no node.
func (b *bench) startSite(ctx context.Context) (*process, error) {
	if b.node == "" {
		return nil, nil
	}
	built := filepath.Join(siteApp, ".next", "standalone")
	if _, err := os.Stat(filepath.Join(built, "server.js")); errors.Is(err, os.ErrNotExist) {
		b.skip(siteApp + ": not built, skipped")
		return nil, nil
	}
	app := filepath.Dir(b.siteBuild())
	if err := copyStandalone(app, built); err != nil {
		return nil, err
	}
	return b.startNode(ctx, filepath.Join(app, "server.js"))
}

// copyStandalone copies what a standalone server writes to, in the place of the copy that another figure has used; its
// modules are linked.
func copyStandalone(to, built string) error {
	if err := os.RemoveAll(to); err != nil {
		return fmt.Errorf("removing the application of another figure: %w", err)
	}
	modules, err := filepath.Abs(filepath.Join(built, "node_modules"))
	if err != nil {
		return fmt.Errorf("finding the application: %w", err)
	}
	if err := os.CopyFS(filepath.Join(to, ".next"), os.DirFS(filepath.Join(built, ".next"))); err != nil {
		return fmt.Errorf("copying the application: %w", err)
	}
	if err := os.Symlink(modules, filepath.Join(to, "node_modules")); err != nil {
		return fmt.Errorf("copying the application: %w", err)
	}
	for _, name := range []string{"server.js", "package.json"} {
		content, err := os.ReadFile(filepath.Join(built, name))
		if err != nil {
			return fmt.Errorf("copying the application: %w", err)
		}
		if err := os.WriteFile(filepath.Join(to, name), content, 0o600); err != nil {
			return fmt.Errorf("copying the application: %w", err)
		}
	}
	return nil
}

// pageOf asks a server for a page.
func pageOf(ctx context.Context, addr, path string) ([]byte, http.Header, error) {
	c, err := dial(ctx, addr)
	if err != nil {
		return nil, nil, err
	}
	defer c.close()
	res, err := c.get(path, "")
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close() // it has been read
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return body, res.Header, nil
}
