package main

import "slices"

// tarjan finds the strongly connected components of a graph in one walk: the groups of files of which each reaches
// each other. https://en.wikipedia.org/wiki/Tarjan%27s_strongly_connected_components_algorithm names its parts alike.
type tarjan struct {
	graph   *graph
	index   map[string]int
	lowLink map[string]int
	stack   []string
	found   [][]string
}

// components returns the groups of files, each in order. A file that no cycle leads through is a group of its own.
func (g *graph) components() [][]string {
	t := &tarjan{graph: g, index: map[string]int{}, lowLink: map[string]int{}}
	for _, file := range g.files {
		if _, visited := t.index[file]; !visited {
			t.visit(file)
		}
	}
	return t.found
}

func (t *tarjan) visit(file string) {
	t.index[file], t.lowLink[file] = len(t.index), len(t.index)
	t.stack = append(t.stack, file)
	for _, to := range t.graph.next(file) {
		if _, visited := t.index[to]; !visited {
			t.visit(to)
			t.lowLink[file] = min(t.lowLink[file], t.lowLink[to])
		} else if slices.Contains(t.stack, to) {
			t.lowLink[file] = min(t.lowLink[file], t.index[to])
		}
	}
	if t.lowLink[file] == t.index[file] {
		first := slices.Index(t.stack, file)
		component := slices.Clone(t.stack[first:])
		slices.Sort(component)
		t.found, t.stack = append(t.found, component), t.stack[:first]
	}
}

// largest returns the largest group; of those alike, the first by name.
func (g *graph) largest() (largest []string) {
	for _, component := range g.components() {
		if len(component) > len(largest) || len(component) == len(largest) && slices.Compare(component, largest) < 0 {
			largest = component
		}
	}
	return largest
}

// shortestCycle returns the files of a shortest cycle within a group of at least two, in the order of its arrows.
func (g *graph) shortestCycle(component []string) (shortest []string) {
	for _, file := range component {
		if cycle := g.cycleThrough(file); shortest == nil || len(cycle) < len(shortest) {
			shortest = cycle
		}
	}
	return shortest
}

// cycleThrough returns the shortest way from a file back to itself. There is one, as the file's group has others.
func (g *graph) cycleThrough(start string) []string {
	cameFrom, queue := map[string]string{}, []string{start}
	for len(queue) > 0 {
		file := queue[0]
		queue = queue[1:]
		for _, to := range g.next(file) {
			if to == start {
				return wayTo(file, start, cameFrom)
			}
			if _, seen := cameFrom[to]; !seen {
				cameFrom[to] = file
				queue = append(queue, to)
			}
		}
	}
	return nil
}

// wayTo follows cameFrom back from a file to the start, and returns the way in its order.
func wayTo(file, start string, cameFrom map[string]string) []string {
	way := []string{file}
	for file != start {
		file = cameFrom[file]
		way = append(way, file)
	}
	slices.Reverse(way)
	return way
}
