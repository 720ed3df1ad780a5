package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// subject is a server that is measured.
type subject struct {
	name    string
	addr    string
	process *process
}

// Names of the subjects, as they stand in the table.
const (
	nameOurs   = "ours"
	nameStock  = "stock Caddy"
	nameNginx  = "nginx"
	nameDirect = "direct"
	nameBefore = "the binary before"
)

// proxies starts one proxy of each kind before the upstream. All of them run at once; only one at a time has work to
// do.
func (b *bench) proxies(ctx context.Context, upstream string) ([]subject, error) {
	ours, err := b.startCaddy(ctx, nameOurs, oursProxy(upstream), "off")
	if err != nil {
		return nil, err
	}
	stock, err := b.startCaddy(ctx, nameStock, stockProxy(upstream), "off")
	if err != nil {
		return nil, err
	}
	subjects := []subject{ours, stock}
	if b.before != "" {
		before, err := b.startCaddyBinary(ctx, b.before, nameBefore, oursProxy(upstream), "off")
		if err != nil {
			return nil, err
		}
		subjects = append(subjects, before)
	}
	if b.nginx != "" {
		nginx, err := b.startNginx(ctx, upstream)
		if err != nil {
			return nil, err
		}
		subjects = append(subjects, nginx)
	}
	return subjects, nil
}

// serve starts a proxy with a directory and an environment of its own, so that nothing of the user's is read or
// written.
func (b *bench) serve(ctx context.Context, name string, command func(dir, port string) (*exec.Cmd, error)) (subject, error) {
	p, err := b.fleet.serve(ctx, name, "127.0.0.1", func(addr string) (*exec.Cmd, error) {
		dir, err := os.MkdirTemp(b.dir, strings.ReplaceAll(name, " ", "-")+"-")
		if err != nil {
			return nil, fmt.Errorf("making its directory: %w", err)
		}
		_, port, err := splitAddress(addr)
		if err != nil {
			return nil, err
		}
		cmd, err := command(dir, port)
		if err != nil {
			return nil, err
		}
		cmd.Dir = dir
		cmd.Env = ownEnvironment(dir)
		return cmd, nil
	})
	if err != nil {
		return subject{}, err
	}
	return subject{name: name, addr: p.addr, process: p}, nil
}

func ownEnvironment(dir string) []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "XDG_DATA_HOME=" + dir, "XDG_CONFIG_HOME=" + dir, "TMPDIR=" + dir}
}
