// Command filecycles says which files of a package depend on each other in a cycle, and fails where such a group is
// larger than allowed. Of a large group no file can be read, moved or tested without the others.
//
//	filecycles [-max N] [-from FILE] PACKAGES...
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
)

const usage = `usage: filecycles [-max N] [-from FILE] PACKAGES...

Prints the largest group of files of each package that depend on each other in a cycle, and fails if one is too large.
PACKAGES are what go list takes, such as ./caddymodule/... .
`

// errTooLarge says that a group is larger than allowed; what is printed names it.
var errTooLarge = errors.New(
	"too many files depend on each other: move what one of the arrows needs into a file that needs less")

func main() {
	text, err := run(os.Args[1:])
	fmt.Print(text)
	if err != nil {
		fmt.Fprintln(os.Stderr, "filecycles:", err)
		os.Exit(1)
	}
}

// run does what the arguments say and returns what is to be printed, with or without an error.
func run(args []string) (text string, err error) {
	flags := flag.NewFlagSet("filecycles", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprint(os.Stderr, usage)
		flags.PrintDefaults()
	}
	limit := flags.Int("max", 8, "the largest number of files that may depend on each other")
	from := flags.String("from", "", "print only what this `file` uses of the other files of its package")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return "", nil
	} else if err != nil {
		return "", fmt.Errorf("reading the arguments: %w", err)
	}
	graphs, err := load(flags.Args())
	if err != nil {
		return "", err
	}
	if *from != "" {
		return arrowsOf(*from, graphs)
	}
	return check(graphs, *limit)
}

// check tells the largest group of each package, and a cycle of it where it has more than limit files.
func check(graphs []*graph, limit int) (text string, err error) {
	var out strings.Builder
	for _, g := range graphs {
		largest := g.largest()
		if len(largest) <= 1 {
			fmt.Fprintf(&out, "%s: no files depend on each other\n", g.pkg)
			continue
		}
		fmt.Fprintf(&out, "%s: %d files depend on each other: %s\n", g.pkg, len(largest), strings.Join(largest, ", "))
		if len(largest) <= limit {
			continue
		}
		fmt.Fprintf(&out, "%s: that is more than %d; one of the cycles:\n", g.pkg, limit)
		cycle := g.shortestCycle(largest)
		for i, file := range cycle {
			out.WriteString(g.arrowText(file, cycle[(i+1)%len(cycle)]))
		}
		err = errTooLarge
	}
	return out.String(), err
}

// arrowsOf tells what one file, which is named by its base name, uses of the others.
func arrowsOf(file string, graphs []*graph) (text string, err error) {
	for _, g := range graphs {
		if !g.has(file) {
			continue
		}
		text += g.pkg + ":\n"
		for _, to := range g.next(file) {
			text += g.arrowText(file, to)
		}
	}
	if text == "" {
		return "", fmt.Errorf("none of the packages has the file %s, or it is a test", file)
	}
	return text, nil
}

func (g *graph) arrowText(from, to string) string {
	return fmt.Sprintf("\t%s → %s: %s\n", from, to, strings.Join(g.names(from, to), ", "))
}
