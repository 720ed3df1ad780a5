package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
)

// measureStatic compares the CPU time of a request for a file of a build, uncompressed, with Caddy's and nginx's file
// servers.
func measureStatic(ctx context.Context, b *bench) ([]row, error) {
	dist := filepath.Join(b.dir, "files", ".next")
	sizes := []struct {
		name   string
		length int
		limits limits
	}{
		{"17 KB", 17 << 10, limits{Limit: 0.6}},
		{"229 KB", 229 << 10, limits{Limit: 0.4}},
	}
	files := map[string]string{}
	for i, size := range sizes {
		files[fmt.Sprintf("static/chunks/%d.js", i)] = randomText(size.length)
	}
	if err := buildtest.WriteTo(dist, buildtest.Build{Files: files}); err != nil {
		return nil, fmt.Errorf("writing a build: %w", err)
	}
	root := filepath.Join(b.dir, "files", "root")
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, fmt.Errorf("making the root of the peers: %w", err)
	}
	if err := os.Symlink(dist, filepath.Join(root, "_next")); err != nil {
		return nil, fmt.Errorf("making the root of the peers: %w", err)
	}
	subjects, err := b.fileServers(ctx, dist, root)
	if err != nil {
		return nil, err
	}
	var rows []row
	for i, size := range sizes {
		l := load{
			paths: []string{fmt.Sprintf("/_next/static/chunks/%d.js", i)}, requests: b.requests, concurrency: concurrency, minLength: int64(size.length),
		}
		if err := l.warm(ctx, subjects); err != nil {
			return rows, err
		}
		measured, err := interleave(ctx, b.rounds, subjects, l.cpuPerRequest)
		if err != nil {
			return rows, err
		}
		rows = append(rows, compareAll(fmt.Sprintf("file of %s, CPU per request", size.name), "us", measured, size.limits)...)
	}
	return rows, nil
}

// fileServers starts ours for a build, and the peers for a root in which its files stand under the same paths.
func (b *bench) fileServers(ctx context.Context, dist, root string) ([]subject, error) {
	ours, err := b.startCaddy(ctx, nameOurs, fmt.Sprintf("nextjs localhost:1 {\n\t\tbuild %s\n\t}", dist), "off")
	if err != nil {
		return nil, err
	}
	stock, err := b.startCaddy(ctx, nameStock, fmt.Sprintf("root * %s\n\tfile_server {\n\t\tprecompressed gzip\n\t}", root), "off")
	if err != nil {
		return nil, err
	}
	subjects := []subject{ours, stock}
	if b.nginx == "" {
		return subjects, nil
	}
	nginx, err := b.serve(ctx, nameNginx, func(dir, port string) (*exec.Cmd, error) {
		config := filepath.Join(dir, "nginx.conf")
		user := ""
		if os.Geteuid() == 0 {
			user = "user root;\n" // its workers would be nobody, who may not read our files
		}
		if err := os.WriteFile(config, fmt.Appendf([]byte(user), nginxFilesConf, dir, port, root), 0o600); err != nil {
			return nil, fmt.Errorf("writing nginx.conf: %w", err)
		}
		return exec.CommandContext(ctx, b.nginx, "-e", "stderr", "-p", dir, "-c", config), nil
	})
	return append(subjects, nginx), err
}

// nginxFilesConf serves files as nginx does it best.
const nginxFilesConf = `daemon off;
worker_processes auto;
pid %[1]s/nginx.pid;
error_log stderr error;
events { worker_connections 1024; }
http {
	access_log off;
	sendfile on;
	tcp_nopush on;
	open_file_cache max=1000;
	gzip_static on;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	keepalive_requests 1000000;
	server {
		listen 127.0.0.1:%[2]s;
		root %[3]s;
	}
}
`

// randomText returns text that is the same in each run.
func randomText(length int) string {
	random := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, length)
	for i := range text {
		text[i] = byte('a' + random.IntN(26))
	}
	return string(text)
}
