package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the unit of CPU times in /proc: USER_HZ is 100 on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// usage is what a process, or all processes of a group, have used.
type usage struct {
	cpu time.Duration // user and system
	rss int64         // bytes, now
}

// procStat is what we read of /proc/PID/stat (proc_pid_stat(5)).
type procStat struct {
	state string
	group int
	usage
}

// groupUsage adds up the processes of a group: a server and its workers.
func groupUsage(group int) (usage, error) {
	stats, err := groupStats(group)
	if err != nil {
		return usage{}, err
	}
	if len(stats) == 0 {
		return usage{}, fmt.Errorf("process group %d has ended", group)
	}
	var sum usage
	for _, stat := range stats {
		sum.cpu += stat.cpu
		sum.rss += stat.rss
	}
	return sum, nil
}

func groupStats(group int) ([]procStat, error) {
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, fmt.Errorf("listing processes: %w", err)
	}
	var members []procStat
	for _, path := range paths {
		line, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // a process of somebody else that has ended since
		}
		if err != nil {
			return nil, fmt.Errorf("reading the CPU time: %w", err)
		}
		stat, err := parseProcStat(string(line))
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", path, err)
		}
		if stat.group == group && stat.state != zombie {
			members = append(members, stat)
		}
	}
	return members, nil
}

// zombie is the state of a process that has ended but was not collected by its parent.
const zombie = "Z"

// Fields of /proc/PID/stat, counted from the one after the command name, which is the third.
const (
	fieldState = 0
	fieldGroup = 5 - 3
	fieldUser  = 14 - 3
	fieldSys   = 15 - 3
	fieldRSS   = 24 - 3
)

func parseProcStat(line string) (procStat, error) {
	// The name is in parentheses and may hold anything, parentheses and spaces included.
	end := strings.LastIndexByte(line, ')')
	if end < 0 {
		return procStat{}, errors.New("it has no command name")
	}
	fields := strings.Fields(line[end+1:])
	if len(fields) <= fieldRSS {
		return procStat{}, fmt.Errorf("it has %d fields after the command name, expected more than %d", len(fields), fieldRSS)
	}
	var values [4]int64
	for i, field := range []int{fieldGroup, fieldUser, fieldSys, fieldRSS} {
		value, err := strconv.ParseInt(fields[field], 10, 64)
		if err != nil {
			return procStat{}, fmt.Errorf("field %d: %w", field+3, err)
		}
		values[i] = value
	}
	return procStat{
		state: fields[fieldState],
		group: int(values[0]),
		usage: usage{
			cpu: time.Duration(values[1]+values[2]) * tick,
			rss: values[3] * int64(os.Getpagesize()),
		},
	}, nil
}

// cpuOf returns the CPU time that each process group spends while work runs.
func cpuOf(work func() error, processes ...*process) ([]time.Duration, error) {
	spent := make([]time.Duration, len(processes))
	for i, p := range processes {
		before, err := groupUsage(p.group())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		spent[i] = -before.cpu
	}
	if err := work(); err != nil {
		return nil, err
	}
	for i, p := range processes {
		after, err := groupUsage(p.group())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		spent[i] += after.cpu
	}
	return spent, nil
}

// readPeak returns the most memory that a process has had (VmHWM of proc_pid_status(5)), in bytes.
func readPeak(path string) (int64, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("reading peak memory: %w", err)
	}
	for line := range strings.Lines(string(content)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmHWM:" {
			kilobytes, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				return 0, fmt.Errorf("reading peak memory: %w", err)
			}
			return kilobytes << 10, nil
		}
	}
	return 0, fmt.Errorf("%s has no VmHWM", path)
}

// settle waits until a server that was started a moment ago does nothing any more, and its CPU time is that of requests only.
func (p *process) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		spent, err := cpuOf(func() error {
			select {
			case <-time.After(300 * time.Millisecond):
				return nil
			case <-ctx.Done():
				return fmt.Errorf("%s is still at work: %w", p.name, ctx.Err())
			}
		}, p)
		if err != nil || spent[0] < tick {
			return err
		}
	}
}
