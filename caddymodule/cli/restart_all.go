package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// restartResults are what has become of the upstreams.
type restartResults struct {
	mu        sync.Mutex
	begun     int // of the upstreams, in their order
	restarted []string
	failed    []restartFailure
}

// restartFailure is an upstream that could not be restarted.
type restartFailure struct {
	upstream string
	err      error
	lines    []string // the last ones of its command
	// isOut says that it stays out of rotation.
	isOut bool
}

// restartAll restarts upstreams, up to maxOut at a time, until one fails.
func (r *rollingRestart) restartAll(ctx context.Context, upstreams []string) *restartResults {
	results := new(restartResults)
	var workers sync.WaitGroup
	for range min(r.maxOut, len(upstreams)) {
		workers.Go(func() {
			for upstream, ok := results.next(ctx, upstreams); ok; upstream, ok = results.next(ctx, upstreams) {
				results.add(upstream, r.restart(ctx, upstream))
			}
		})
	}
	workers.Wait()
	return results
}

// next returns the upstream that is to be restarted next; false: there is none, for one has failed.
func (s *restartResults) next(ctx context.Context, upstreams []string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil || len(s.failed) > 0 || s.begun == len(upstreams) {
		return "", false
	}
	s.begun++
	return upstreams[s.begun-1], true
}

// add notes what has become of an upstream; nil: it is restarted.
func (s *restartResults) add(upstream string, failure *restartFailure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if failure == nil {
		s.restarted = append(s.restarted, upstream)
	} else {
		s.failed = append(s.failed, *failure)
	}
}

// err says what has failed, what is done and what is not, and how to go on. nil: all are restarted.
func (s *restartResults) err(ctx context.Context, upstreams []string) error {
	if len(s.failed) == 0 && len(s.restarted) == len(upstreams) {
		return nil
	}
	var text strings.Builder
	if err := context.Cause(ctx); err != nil {
		fmt.Fprintf(&text, "%v\n", err)
	}
	for _, failure := range s.failed {
		failure.write(&text)
	}
	for _, group := range []struct {
		name      string
		upstreams []string
	}{{"Restarted", s.restarted}, {"Not begun", upstreams[s.begun:]}} {
		if len(group.upstreams) > 0 {
			fmt.Fprintf(&text, "%s: %s\n", group.name, strings.Join(group.upstreams, ", "))
		}
	}
	for _, failure := range s.failed {
		if failure.isOut {
			fmt.Fprintf(&text, "When it answers, put it back by: caddy nextjs undrain %s\n", quoted(failure.upstream))
		}
	}
	return errors.New(strings.TrimRight(text.String(), "\n"))
}

// write says how an upstream has failed.
func (f restartFailure) write(text *strings.Builder) {
	if f.isOut {
		fmt.Fprintf(text, "%s stays out of rotation: %v\n", f.upstream, f.err)
	} else {
		fmt.Fprintf(text, "%s: %v\n", f.upstream, f.err)
	}
	if len(f.lines) > 0 {
		fmt.Fprintf(text, "The last lines of its command:\n  %s\n", strings.Join(f.lines, "\n  "))
	}
}

// quoted is a word as a shell reads it.
func quoted(word string) string {
	if slices.ContainsFunc([]byte(word), func(c byte) bool { return strings.IndexByte(" ()'\"$`\\;&|<>*?#~", c) >= 0 }) {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return word
}
