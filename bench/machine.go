package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"

	"github.com/prometheus/procfs"
)

// describeMachine says in one line what was measured on and with.
func describeMachine(ctx context.Context, b *bench) (string, error) {
	proc, err := procfs.NewDefaultFS()
	if err != nil {
		return "", fmt.Errorf("reading what machine this is: %w", err)
	}
	cpus, cpuErr := proc.CPUInfo()
	kernel, kernelErr := proc.SysctlStrings("kernel.osrelease")
	load, loadErr := proc.LoadAvg()
	if err := errors.Join(cpuErr, kernelErr, loadErr); err != nil {
		return "", fmt.Errorf("reading what machine this is: %w", err)
	}
	parts := []string{
		fmt.Sprintf("%d CPUs %s", len(cpus), cpus[0].ModelName),
		"Linux " + strings.Join(kernel, " "),
		fmt.Sprintf("load %.2f at the start", load.Load1),
		"Caddy " + version(ctx, b.caddy, "version"),
		"bench " + runtime.Version(),
	}
	if b.nginx != "" {
		parts = append(parts, version(ctx, b.nginx, "-v"))
	}
	if b.node != "" {
		parts = append(parts, "node "+version(ctx, b.node, "--version"))
	}
	parts = append(parts, fmt.Sprintf("%d rounds (streams %d, SSR %d)", b.rounds, b.streamRounds, b.liveRounds))
	if b.short {
		parts = append(parts, "SHORT RUN: not a measurement")
	}
	return strings.Join(parts, "; "), nil
}

func version(ctx context.Context, program, arg string) string {
	output, err := exec.CommandContext(ctx, program, arg).CombinedOutput()
	if err != nil {
		return "of unknown version"
	}
	line, _, _ := strings.Cut(strings.TrimPrefix(string(output), "nginx version: "), "\n")
	line, _, _ = strings.Cut(line, " ")
	return line
}
