package imageopt

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/picomatch"
)

// Forward names what of a client's request goes along to sources of the application that only some clients may see.
type Forward struct {
	// Pathname is a glob as in images.localPatterns.
	Pathname string
	// Headers and Cookies go along, by name.
	Headers, Cookies []string
}

// Forwards are the sources that are asked for in the name of each client. Answers made of them belong to that client
// alone.
type Forwards []forward

type forward struct {
	pathname *picomatch.Glob
	headers  []string
	cookies  []string
}

// NewForwards compiles a list. The error names the pattern that cannot be used.
func NewForwards(list []Forward) (Forwards, error) {
	var f Forwards
	for _, one := range list {
		glob, err := pathGlob(one.Pathname)
		if err != nil {
			return nil, fmt.Errorf("forward %s: %w", one.Pathname, err)
		}
		headers := make([]string, len(one.Headers))
		for i, name := range one.Headers {
			headers[i] = http.CanonicalHeaderKey(name)
		}
		f = append(f, forward{glob, headers, one.Cookies})
	}
	return f, nil
}

// of returns what goes along to a source, nil for one that is the same for everybody. The first pattern that matches
// decides.
func (f Forwards) of(wanted Request) *forward {
	if len(f) == 0 || wanted.Remote != nil {
		return nil
	}
	pathname, _, ok := parseLocal(wanted.Href)
	if !ok {
		return nil
	}
	for i := range f {
		if f[i].pathname.Match(pathname) {
			return &f[i]
		}
	}
	return nil
}

// headersFor returns the headers of a client's request that go along. They are never nil.
func (f *forward) headersFor(client http.Header) http.Header {
	along := http.Header{}
	for _, name := range f.headers {
		if values := client[name]; len(values) > 0 {
			along[name] = values
		}
	}
	if cookies := pick(client["Cookie"], f.cookies); cookies != "" && along["Cookie"] == nil {
		along["Cookie"] = []string{cookies}
	}
	return along
}

// pick returns the cookies of some names, as the client wrote them: net/http drops those whose value it would not write
// itself.
func pick(lines, names []string) string {
	var picked []string
	for _, line := range lines {
		for pair := range strings.SplitSeq(line, ";") {
			pair = strings.TrimSpace(pair)
			if name, _, _ := strings.Cut(pair, "="); slices.Contains(names, strings.TrimSpace(name)) {
				picked = append(picked, pair)
			}
		}
	}
	return strings.Join(picked, "; ")
}
