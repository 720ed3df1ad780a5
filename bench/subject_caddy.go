package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

func oursProxy(upstream string) string { return "nextjs " + upstream }

// stockProxy is what the nextjs directive would have to be written as without our modules.
func stockProxy(upstream string) string {
	return `encode zstd gzip {
		minimum_length 1
	}
	reverse_proxy ` + upstream + ` {
		flush_interval 1ms
		stream_close_delay 24h
		header_up -Accept-Encoding
		lb_retries 1
		transport http {
			compression off
			keepalive 4s
			keepalive_idle_conns_per_host 256
			read_buffer 16KiB
			versions 1.1
		}
	}`
}

// caddyfile has no host in its address, so that no subject pays for a host matcher.
const caddyfile = `{
	admin %s
	auto_https off
	persist_config off
	%s
}
http://:%s {
	bind 127.0.0.1
	%s
}
`

// startCaddy starts Caddy with what stands in its only site; admin is the address of its admin endpoint, or off.
func (b *bench) startCaddy(ctx context.Context, name, site, admin string) (subject, error) {
	return b.startCaddyBinary(ctx, b.caddy, name, site, admin)
}

func (b *bench) startCaddyBinary(ctx context.Context, binary, name, site, admin string) (subject, error) {
	return b.startCaddyWith(ctx, binary, name, "", site, admin)
}

// startCaddyWith starts it with a global option, too.
func (b *bench) startCaddyWith(ctx context.Context, binary, name, global, site, admin string) (subject, error) {
	return b.serve(ctx, name, func(dir, port string) (*exec.Cmd, error) {
		config := filepath.Join(dir, "Caddyfile")
		if err := os.WriteFile(config, fmt.Appendf(nil, caddyfile, admin, global, port, site), 0o600); err != nil {
			return nil, fmt.Errorf("writing the Caddyfile: %w", err)
		}
		return exec.CommandContext(ctx, binary, "run", "--config", config, "--adapter", "caddyfile"), nil
	})
}
