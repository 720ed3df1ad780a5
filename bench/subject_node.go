package main

import (
	"context"
	"os/exec"
)

// startNode starts the standalone build of a Next.js application.
func (b *bench) startNode(ctx context.Context, script string) (*process, error) {
	return b.fleet.serve(ctx, "node", "localhost", func(addr string) (*exec.Cmd, error) {
		_, port, err := splitAddress(addr)
		if err != nil {
			return nil, err
		}
		cmd := exec.CommandContext(ctx, b.node, script)
		cmd.Env = append(ownEnvironment(b.dir), "NODE_ENV=production", "NEXT_TELEMETRY_DISABLED=1", "HOSTNAME=localhost", "PORT="+port)
		return cmd, nil
	})
}
