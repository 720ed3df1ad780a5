package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"github.com/prometheus/procfs"
)

// tick is the unit of CPU times in /proc: USER_HZ is 100 on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// usage is what a process, or all processes of a group, have used.
type usage struct {
	cpu  time.Duration // user and system
	rss  int64         // bytes, now
	peak int64         // bytes: the most that each has had, added up
}

// zombie is the state of a process that has ended but was not collected by its parent.
const zombie = "Z"

// groupUsage adds up the processes of a group: a server and its workers.
func groupUsage(group int) (usage, error) {
	members, err := groupMembers(group)
	if err != nil {
		return usage{}, err
	}
	if len(members) == 0 {
		return usage{}, fmt.Errorf("process group %d has ended", group)
	}
	var sum usage
	for _, member := range members {
		sum.cpu += member.cpu
		sum.rss += member.rss
		sum.peak += member.peak
	}
	return sum, nil
}

func groupMembers(group int) ([]usage, error) {
	processes, err := procfs.AllProcs()
	if err != nil {
		return nil, fmt.Errorf("listing processes: %w", err)
	}
	var members []usage
	for _, p := range processes {
		stat, err := p.Stat()
		if err == nil && (stat.PGRP != group || stat.State == zombie) {
			continue
		}
		var status procfs.ProcStatus
		if err == nil {
			status, err = p.NewStatus()
		}
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // it has ended since
		}
		if err != nil {
			return nil, fmt.Errorf("reading what process %d has used: %w", p.PID, err)
		}
		members = append(members, usage{
			cpu:  time.Duration(stat.UTime+stat.STime) * tick,
			rss:  int64(stat.ResidentMemory()),
			peak: int64(status.VmHWM),
		})
	}
	return members, nil
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

// settle waits until a server that was started a moment ago does nothing any more, and its CPU time is that of requests
// only.
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
