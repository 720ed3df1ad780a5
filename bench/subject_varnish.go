package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

const nameVarnish = "varnish"

// varnishVCL leaves everything to Varnish, which takes s-maxage and stale-while-revalidate from the answers.
const varnishVCL = `vcl 4.1;
backend default {
	.host = "%s";
	.port = "%s";
}
`

// startVarnish starts Varnish before an upstream, with what it keeps in memory.
func (b *bench) startVarnish(ctx context.Context, binary, upstream string) (subject, error) {
	host, port, err := splitAddress(upstream)
	if err != nil {
		return subject{}, err
	}
	return b.serve(ctx, nameVarnish, func(dir, own string) (*exec.Cmd, error) {
		config := filepath.Join(dir, "default.vcl")
		if err := os.WriteFile(config, fmt.Appendf(nil, varnishVCL, host, port), 0o600); err != nil {
			return nil, fmt.Errorf("writing default.vcl: %w", err)
		}
		// Without a jail its processes are ours, and stay in one group.
		return exec.CommandContext(ctx, binary, "-F", "-j", "none", "-n", filepath.Join(dir, "work"), "-a", "127.0.0.1:"+own, "-f", config, "-s", "malloc,256m", "-T", "none"), nil
	})
}
