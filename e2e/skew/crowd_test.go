//go:build e2e

package skew_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

const (
	visitors = 4
	// tabAge is how long a visitor stays with a document, so that deploys happen meanwhile.
	tabAge = 1500 * time.Millisecond
	// deedEvery leaves the machine to the servers.
	deedEvery = 15 * time.Millisecond
	// listenFor is how long a visitor reads an event stream at most: so long that its deployment is retired meanwhile.
	listenFor = time.Minute
)

// crowd are visitors who open documents and do with them all that their scripts may do, and who listen to events.
type crowd struct {
	*harness.Workers
	base   string
	builds map[string]*build
	rsc    string

	mu       sync.Mutex
	troubles []string
	did      map[string]int
	tokens   map[string]string // of each action that was answered: by which build it had to be executed
	hard     int               // hard navigations
}

// deeds are what a document does by itself, and what is right of a document of a build. "": anything.
var deeds = []struct {
	name  string
	does  func(c *tab) (string, error)
	right string
}{
	{"link to a page made on demand", func(c *tab) (string, error) { return c.navigate("/target/1") }, "shows 1 of OLD"},
	{"link to a static page", func(c *tab) (string, error) { return c.navigate("/static") }, "shows Static of OLD"},
	{"link that middleware redirects", func(c *tab) (string, error) { return c.navigate("/mw/redirect") }, "shows mw-OLD of OLD"},
	{"link that is rewritten", func(c *tab) (string, error) { return c.navigate("/alias") }, "shows alias-OLD of OLD"},
	{"getStaticProps", func(c *tab) (string, error) { return c.data("/p/gsp/1") }, "shows data of OLD"},
	{"getServerSideProps", func(c *tab) (string, error) { return c.data("/p/gssp") }, "shows data of OLD"},
	{"dynamic import", func(c *tab) (string, error) { return c.load(c.of.lazy) }, "its file"},
	{"picture", func(c *tab) (string, error) { return c.load(c.of.picture) }, "its file"},
	{"picture by the optimizer", (*tab).look, "its image"},
	{"route handler", func(c *tab) (string, error) { return c.where("/api/where") }, ""},
}

func newCrowd(base string) *crowd {
	return &crowd{Workers: harness.NewWorkers(), base: base, builds: map[string]*build{}, did: map[string]int{}, tokens: map[string]string{}}
}

// startCrowd has them come until Stop.
func startCrowd(t *testing.T, base, rsc string, builds ...*build) *crowd {
	t.Helper()
	c := newCrowd(base)
	c.rsc = rsc
	for _, b := range builds {
		c.builds[b.name] = b
	}
	for i := range visitors {
		c.Repeat(func(round int) { c.visit(t, fmt.Sprintf("v%d-%d", i, round)) })
	}
	c.Repeat(func(int) { c.listen(t) })
	t.Cleanup(c.Stop)
	return c
}

func (c *crowd) trouble(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.troubles = append(c.troubles, time.Now().Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
}

// has is how often something was done.
func (c *crowd) has(deed string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.did[deed]
}

func (c *crowd) count(deed string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.did[deed]++
}

// visit opens a document and stays with it for a while. A visitor without a deployment id may meet one hard navigation.
func (c *crowd) visit(t *testing.T, name string) {
	page := newTab(t, c.base)
	defer page.client.CloseIdleConnections()
	opened := time.Now()
	document, err := page.ask(http.MethodGet, "/act", nil, asDocument)
	if page.of = c.builds[documentBuild(document.text)]; err != nil || document.status != http.StatusOK || page.of == nil {
		c.trouble("document: %d %v", document.status, err)
		return
	}
	c.count("document")
	page.rsc = c.rsc
	for round := 0; time.Since(opened) < tabAge && c.GoOn(); round++ {
		for _, deed := range deeds {
			said, err := deed.does(page)
			switch right := strings.ReplaceAll(deed.right, "OLD", page.of.name); {
			case err == nil && (said == right || right == ""):
			case err == nil && strings.HasPrefix(said, "hard navigation to ") && page.of.deploymentID == "":
				c.mu.Lock()
				c.hard++
				c.mu.Unlock()
				return // the document is another now
			default:
				c.trouble("%s of %s, open for %s: %s %v", deed.name, page.of.name, time.Since(opened).Round(time.Millisecond), said, err)
			}
			c.count(deed.name)
			time.Sleep(deedEvery)
		}
		c.act(page, "action", fmt.Sprintf("%s-%d-js", name, round), (*tab).call)
		c.act(page, "form", fmt.Sprintf("%s-%d-form", name, round), (*tab).submit)
	}
}

func (c *crowd) act(page *tab, deed, token string, how func(c *tab, id, token string) (answer, error)) {
	a, err := how(page, page.of.own, token)
	if err != nil || a.status != http.StatusOK {
		c.trouble("%s of %s: %d %s %v", deed, page.of.name, a.status, a.header, err)
		return
	}
	c.count(deed)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tokens[token] = page.of.name
}

// listen reads events. All of a stream are of one build, and none is cut.
func (c *crowd) listen(t *testing.T) {
	ctx, cancel := context.WithTimeout(c.Context(), listenFor)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/api/events", nil)
	if !assert.NoError(t, err) {
		return
	}
	res, err := http.DefaultClient.Do(req)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		c.trouble("event stream: %v", err)
		return
	}
	defer res.Body.Close()
	var of string
	c.count("event stream")
	events := bufio.NewReader(res.Body)
	for {
		line, err := events.ReadString('\n')
		switch {
		case err != nil && ctx.Err() != nil:
			return
		case errors.Is(err, io.EOF) && line == "":
			c.count("end of an event stream")
			return
		case err != nil:
			c.trouble("event stream of %s: %v after %q", of, err, line)
			return
		}
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "data:" {
			if of != "" && fields[1] != of {
				c.trouble("event of %s in a stream of %s", fields[1], of)
			}
			of = fields[1]
		}
	}
}

// requireNoTrouble ends the crowd, and says what has gone wrong for whom. Each action must have been executed once, by the build of its document.
func (c *crowd) requireNoTrouble(t *testing.T, actions string) {
	t.Helper()
	c.Stop()
	t.Logf("%v, %d hard navigations", c.did, c.hard)
	require.Empty(t, c.troubles)
	by := map[string][]string{}
	for _, line := range executed(t, actions) {
		fields := strings.Fields(line)
		require.Len(t, fields, 3, line)
		by[fields[2]] = append(by[fields[2]], fields[0])
	}
	for token, of := range c.tokens {
		assert.Equal(t, []string{of}, by[token], "who executed action %s", token)
	}
	assert.Len(t, by, len(c.tokens), "what was executed was answered")
	for _, deed := range deeds {
		assert.Greater(t, c.did[deed.name], 10, deed.name)
	}
	assert.Greater(t, len(c.tokens), 20)
	assert.Positive(t, c.did["event stream"])
}
