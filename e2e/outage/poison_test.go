//go:build e2e

package outage_test

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// mortalServer is a process that /poison kills, whoever asks for it.
const mortalServer = `
require('node:http').createServer((request, response) => {
  if (request.url.startsWith('/poison')) process.kill(process.pid, 'SIGKILL')
  else setTimeout(() => response.end('well'), 10)
}).listen(Number(process.env.PORT), '127.0.0.1')
`

// mortal is one of several processes behind an edge.
type mortal struct {
	port string
	*harness.Process
}

func (m *mortal) address() string { return "127.0.0.1:" + m.port }

// live starts it, also again, and waits until it answers.
func (m *mortal) live(t *testing.T) {
	t.Helper()
	var err error
	m.Process, err = harness.StartProcess("mortal "+m.port, t.TempDir(), []string{"PORT=" + m.port}, "node", "-e", mortalServer)
	require.NoError(t, err)
	t.Cleanup(m.Kill)
	client := edgetest.PlainClient(t)
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		res, err := client.Get("http://" + m.address() + "/")
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return true
	}, "%s answers", m.Name)
}

// startMortals starts three, and an edge before them. words stand in its zone.
func startMortals(t *testing.T, words string) (e *harness.Edge, all []*mortal) {
	t.Helper()
	var addresses []string
	for range 3 {
		m := &mortal{port: edgetest.FreePort(t)}
		m.live(t)
		all, addresses = append(all, m), append(addresses, m.address())
	}
	zone := "\t\tzone web / " + strings.Join(addresses, " ") + " {\n" + words + "\n\t\t}\n"
	return harness.StartEdge(t, nil, harness.Setup{Zones: zone}), all
}

// crowd are clients that keep the edge's connections to its upstreams open, most of them idle at any moment.
func crowd(t *testing.T, e *harness.Edge) {
	t.Helper()
	client := edgetest.PlainClient(t)
	client.Timeout = edgetest.Patience
	clients := harness.NewWorkers()
	for range 40 {
		clients.Repeat(func(int) {
			time.Sleep(time.Duration(rand.IntN(100)) * time.Millisecond)
			if res, err := client.Get(e.URL("/work")); err == nil {
				_ = res.Body.Close() // some fail when a process is killed
			}
		})
	}
	t.Cleanup(clients.Stop)
}

// poisons are requests that kill, and how many processes each may.
var poisons = []struct {
	name, method, body string
	words              string
	most               int
}{
	{"GET", http.MethodGet, "", "", 2},
	{"HEAD", http.MethodHead, "", "", 2},
	{"POST", http.MethodPost, "name=poison", "", 1},
	{"POST without a body", http.MethodPost, "", "", 1},
	{"GET with a body", http.MethodGet, "poison", "", 1},
	{"GET, retries off", http.MethodGet, "", "\t\t\tretries off", 1},
}

// A request that kills its process is sent to two of three at most, or to one where it changes something.
func TestAPoisonRequestDoesNotKillAll(t *testing.T) {
	for _, test := range poisons {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e, all := startMortals(t, test.words)
			crowd(t, e)
			for range harness.LongOr(2, 30) {
				time.Sleep(time.Second) // all are asked, and connections become many
				req := edgetest.Request(t, edgetest.Within(t, edgetest.Patience), test.method, e.URL("/poison"), strings.NewReader(test.body))
				o := edgetest.Receive(t, asking(edgetest.PlainClient(t), req), "an answer")
				require.NoError(t, o.err)
				assert.Equal(t, http.StatusBadGateway, o.status)
				time.Sleep(200 * time.Millisecond) // nobody may die later either
				dead := 0
				for _, m := range all {
					if !m.Running() {
						dead++
						m.live(t)
					}
				}
				assert.Positive(t, dead)
				assert.LessOrEqual(t, dead, test.most, "processes that it killed")
			}
		})
	}
}
