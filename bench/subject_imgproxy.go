package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"os/exec"
)

const nameImgproxy = "imgproxy"

// startImgproxy starts imgproxy over a folder, with the qualities of Next.js and libvips' own effort for AVIF that
// Next.js asks for.
func (b *bench) startImgproxy(ctx context.Context, binary, folder string) (subject, error) {
	return b.serve(ctx, nameImgproxy, func(_, port string) (*exec.Cmd, error) {
		// serve sets the environment, so the settings come by env.
		return exec.CommandContext(ctx, "/usr/bin/env",
			"IMGPROXY_BIND=127.0.0.1:"+port, "IMGPROXY_LOCAL_FILESYSTEM_ROOT="+folder, "IMGPROXY_MAX_SRC_RESOLUTION=50", "IMGPROXY_LOG_LEVEL=error",
			"IMGPROXY_QUALITY=75", "IMGPROXY_FORMAT_QUALITY=jpeg=65,webp=75,avif=47", "IMGPROXY_AVIF_SPEED=6", "MALLOC_ARENA_MAX=2", binary), nil
	})
}

// imgproxyPath asks for a file, made smaller only.
func imgproxyPath(source, format string, width int) string {
	return fmt.Sprintf("/insecure/rs:fit:%d:0:0/%s.%s", width, base64.RawURLEncoding.EncodeToString([]byte("local://"+source)), format)
}
