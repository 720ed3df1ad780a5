package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// nginxConf proxies without buffering, as a stream needs it, and keeps connections to both sides.
const nginxConf = `daemon off;
worker_processes auto;
pid %[1]s/nginx.pid;
error_log stderr error;
events { worker_connections 1024; }
http {
	access_log off;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	keepalive_requests 1000000;
	gzip on;
	gzip_proxied any;
	gzip_min_length 1;
	gzip_types text/x-component;
	upstream app {
		server %[3]s;
		keepalive 256;
		keepalive_requests 1000000;
		keepalive_timeout 4s;
	}
	server {
		listen 127.0.0.1:%[2]s;
		location / {
			proxy_pass http://app;
			proxy_http_version 1.1;
			proxy_buffering off;
			proxy_set_header Connection "";
			proxy_set_header Host $host;
			proxy_set_header Accept-Encoding "";
			proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
			proxy_set_header X-Forwarded-Proto $scheme;
			proxy_set_header X-Forwarded-Host $host;
		}
	}
}
`

func (b *bench) startNginx(ctx context.Context, upstream string) (subject, error) {
	return b.serve(ctx, nameNginx, func(dir, port string) (*exec.Cmd, error) {
		config := filepath.Join(dir, "nginx.conf")
		if err := os.WriteFile(config, fmt.Appendf(nil, nginxConf, dir, port, upstream), 0o600); err != nil {
			return nil, fmt.Errorf("writing nginx.conf: %w", err)
		}
		return exec.CommandContext(ctx, b.nginx, "-e", "stderr", "-p", dir, "-c", config), nil
	})
}
