// Command bench measures the edge against stock Caddy, nginx and the machine itself. See docs/benchmarks.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
)

// figures are what can be measured, in the order of the table.
var figures = []struct {
	name string
	run  func(context.Context, *bench) ([]row, error)
}{
	{"proxy", measureProxy},
	{"balance", measureBalance},
	{"outage", measureOutage},
	{"stream", measureStreams},
	{"events", measureEvents},
	{"encodings", measureEncodings},
	{"zones", measureZones},
	{"build", measureBuild},
	{"static", measureStatic},
	{"precompressed", measurePrecompressed},
	{"files", measureFiles},
	{"images", measureImages},
	{"first", measureFirst},
	{"pages", measurePages},
	{"navigations", measureNavigations},
	{"purge", measurePurge},
	{"miss", measureMiss},
	{"restart", measureRestart},
	{"deployments", measureDeployments},
	{"ssr", measureSSR},
	{"allocations", measureAllocations},
	{"memory", measureMemory},
	{"heads", measureHeads},
	{"start", measureStart},
	{"before", measureBefore},
}

// upstreamCommand is the hidden subcommand by which the program starts itself as the upstream: another process, so that
// its CPU time is its own.
const upstreamCommand = "upstream"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if len(os.Args) > 1 && os.Args[1] == upstreamCommand {
		err = serveUpstream(ctx, os.Args[2:])
	} else {
		err = run(ctx, os.Args[1:])
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

type options struct {
	short    bool
	only     []string
	caddy    string
	before   string
	jsonFile string
}

func parseOptions(args []string) (options, error) {
	var o options
	var only string
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.BoolVar(&o.short, "short", false, "fewer rounds and requests: shows that everything works, not how fast")
	flags.StringVar(&only, "only", "", "comma-separated figures: "+strings.Join(figureNames(), ", "))
	flags.StringVar(&o.caddy, "caddy", "bin/caddy", "the Caddy binary with our modules")
	flags.StringVar(&o.before, "before", "", "another binary of ours, of an earlier commit, to compare with in the figures proxy and before")
	flags.StringVar(&o.jsonFile, "json", "", "also write the result to this file, as JSON")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	for name := range strings.SplitSeq(only, ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if !slices.Contains(figureNames(), name) {
			return o, fmt.Errorf("figure %q is not known; known: %s", name, strings.Join(figureNames(), ", "))
		}
		o.only = append(o.only, name)
	}
	return o, nil
}

func figureNames() []string {
	names := make([]string, len(figures))
	for i, f := range figures {
		names[i] = f.name
	}
	return names
}

func run(ctx context.Context, args []string) error {
	o, err := parseOptions(args)
	if err != nil {
		return err
	}
	if runtime.GOOS != "linux" {
		return errors.New("CPU times are read from /proc, which only Linux has")
	}
	// The kernel ends the processes we start when the thread that started them ends, so that must be one that lives as
	// long as we do (prctl(2), PR_SET_PDEATHSIG).
	runtime.LockOSThread()
	b, err := newBench(o)
	if err != nil {
		return err
	}
	defer b.close()

	machine, err := describeMachine(ctx, b)
	if err != nil {
		return err
	}
	rows, err := b.measureAll(ctx)
	r := result{Machine: machine, Rows: rows, Skipped: b.skipped, Notes: b.notes}
	r.print(os.Stdout)
	if o.jsonFile != "" {
		err = errors.Join(err, r.writeJSON(o.jsonFile))
	}
	return err
}

// measureAll goes on after a figure that fails: its error stands in the table.
func (b *bench) measureAll(ctx context.Context) ([]row, error) {
	var rows []row
	for _, f := range figures {
		if !b.wants(f.name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "measuring %s …\n", f.name)
		measured, err := f.run(ctx, b)
		b.fleet.stopAll()
		rows = append(rows, measured...)
		if ctx.Err() != nil {
			return rows, fmt.Errorf("interrupted in %s: %w", f.name, ctx.Err())
		}
		if err != nil {
			rows = append(rows, row{Name: f.name, Error: err.Error()})
		}
	}
	if slices.ContainsFunc(rows, func(r row) bool { return r.Error != "" }) {
		return rows, errors.New("not everything could be measured: see the table")
	}
	return rows, nil
}
