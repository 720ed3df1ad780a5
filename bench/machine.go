package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// describeMachine says in one line what was measured on and with.
func describeMachine(ctx context.Context, b *bench) string {
	parts := []string{
		fmt.Sprintf("%d CPUs %s", runtime.NumCPU(), field("/proc/cpuinfo", "model name")),
		"Linux " + firstWord("/proc/sys/kernel/osrelease"),
		"load " + firstWord("/proc/loadavg") + " at the start",
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
	return strings.Join(parts, "; ")
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

func field(path, name string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func firstWord(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return "?"
	}
	word, _, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	return word
}
