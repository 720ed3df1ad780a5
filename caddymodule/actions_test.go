package caddymodule

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/deploy"
	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
	"github.com/caddy-nextjs/caddy-nextjs/nextbuild"
)

const (
	actionOfOld = "606c60d0a8dcdb5a258b3c9413b74d5caf5ef58dfa"
	actionOfNew = "40aa60d0a8dcdb5a258b3c9413b74d5caf5ef58d01"
	formOfOld   = "------Web\r\nContent-Disposition: form-data; name=\"$ACTION_ID_" + actionOfOld + "\"\r\n\r\n\r\n" +
		"------Web\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nhello\r\n------Web--\r\n"
	formOfTests = "multipart/form-data; boundary=----Web"
)

// pod is an upstream of one deployment, which executes what it knows.
type pod struct {
	address         string
	asked, executed atomic.Int64
	doesNotKnow     func(w http.ResponseWriter, r *http.Request) // how it says so
	knows           string
	mu              sync.Mutex
	last            *http.Request // without the body
	lastSum         [sha256.Size]byte
	lastLength      int64
	askedLength     atomic.Int64 // of the latest, -1: chunked
}

// newPod starts one that knows one action, and says of others what Next.js 16 does.
func newPod(t *testing.T, knows string) *pod {
	t.Helper()
	p := &pod{knows: knows}
	p.doesNotKnow = notFound(http.StatusConflict, true)
	p.address = edgetest.Upstream(t, p.ServeHTTP)
	return p
}

// become changes what the pod knows, and how it says that it does not know an action.
func (p *pod) become(knows string, doesNotKnow func(http.ResponseWriter, *http.Request)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.knows, p.doesNotKnow = knows, doesNotKnow
}

// executedLast returns the request that was executed last, and its body's sum and length.
func (p *pod) executedLast() (r *http.Request, sum [sha256.Size]byte, length int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last, p.lastSum, p.lastLength
}

// sumOf is that of the body that a pod has executed last.
func sumOf(p *pod) [sha256.Size]byte {
	_, sum, _ := p.executedLast()
	return sum
}

// notFound answers as Next.js does where it does not know an action. It may do so before it has the body.
func notFound(status int, reads bool) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		if reads {
			_, _ = io.Copy(io.Discard, r.Body)
		} else {
			_ = http.NewResponseController(w).EnableFullDuplex() // Go's server would read the body first
		}
		w.Header().Set("X-Nextjs-Action-Not-Found", "1")
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "Server Action unavailable.")
		_ = http.NewResponseController(w).Flush()
	}
}

// ServeHTTP implements http.Handler.
func (p *pod) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		if r.Header.Get("Rsc") != "" {
			w.Header().Set("Content-Type", "text/x-component")
			_, _ = fmt.Fprintf(w, "0:{\"b\":\"build-%s\"}\n", p.knows[:2])
		}
		return
	}
	p.asked.Add(1)
	p.askedLength.Store(r.ContentLength)
	p.mu.Lock()
	knows, doesNotKnow := p.knows, p.doesNotKnow
	p.mu.Unlock()
	if id := r.Header.Get("Next-Action"); id != "" && id != knows {
		doesNotKnow(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if r.Header.Get("Next-Action") == "" && !bytes.Contains(body, []byte(knows)) {
		doesNotKnow(w, r)
		return
	}
	p.executed.Add(1)
	p.mu.Lock()
	p.last, p.lastSum, p.lastLength = r, sha256.Sum256(body), r.ContentLength
	p.mu.Unlock()
	_, _ = fmt.Fprintf(w, "done by %s", p.address)
}

// serveTwo starts an edge before two deployments of a zone: the live one, and an old one that may be known by its build.
func serveTwo(t *testing.T, live, old string, oldKnows ...string) *edgetest.Edge {
	t.Helper()
	e := edgetest.Serve(t, fmt.Sprintf("nextjs {\n zone / shop %s {\n queue off\n }\n zone /__old old %s {\n queue off\n }\n}", live, old))
	var shop *edge.Zone
	for _, site := range running.app().handlers { // the plain one, and the one over TLS
		list := site.site.View.Load().List
		shop = list[0]
		require.Equal(t, "shop", shop.Name)
		pins := deploy.NewPins([]deploy.PinTarget{{ID: "config", Live: true}, {ID: "old"}}) // no action tells
		shop.Deployments, shop.IsLive = &edge.Deployments{List: list, Pins: pins}, true
		list[1].Deployments, list[1].DeployedAs, list[1].Zone = shop.Deployments, "old", shop.Zone
		setActions(list[1], oldKnows)
	}
	other := shop.Deployments.List[1]
	t.Cleanup(func() {
		idle := func() bool {
			busy := int64(0)
			for _, upstream := range append(shop.Upstreams.Upstreams(), other.Upstreams.Upstreams()...) {
				busy += upstream.InFlight() + upstream.Occupied() + upstream.Waiting()
			}
			return busy == 0 && metric(t, "kept_action_bytes") == 0
		}
		edgetest.Eventually(t, edgetest.Patience, idle, "each try is ended, and each body given back")
	})
	return e
}

// setActions has a deployment be known to have some actions. nil: nothing is known of it.
func setActions(z *edge.Zone, ids []string) {
	if ids == nil {
		return
	}
	z.Build = &nextbuild.Build{Actions: map[string]struct{}{}}
	for _, id := range ids {
		z.Build.Actions[id] = struct{}{}
	}
}

// replayed returns how often an action was sent again with a result.
func replayed(t *testing.T, result string) float64 {
	t.Helper()
	return metric(t, "replayed_actions_total", result, "shop")
}

// callAction calls an action by script.
func callAction(t *testing.T, client *http.Client, url, id string, body io.Reader, headers ...string) edgetest.Answer {
	t.Helper()
	headers = append([]string{"Next-Action", id, "Content-Type", "text/plain;charset=UTF-8"}, headers...)
	return edgetest.Do(t, client, edgetest.Request(t, edgetest.Within(t, edgetest.Patience), http.MethodPost, url, body, headers...))
}

// An action that the live deployment does not know is executed by the one that does, once, and by nobody else.
func TestAnActionFindsItsBuild(t *testing.T) {
	for name, oldKnows := range map[string][]string{"by its index": {actionOfOld}, "without one": nil} {
		t.Run(name, func(t *testing.T) {
			live, old := newPod(t, actionOfNew), newPod(t, actionOfOld)
			e := serveTwo(t, live.address, old.address, oldKnows...)
			done := replayed(t, "done")
			sent := 0
			for _, protocol := range edgetest.Protocols {
				client, base := e.Client(t, protocol)
				for _, size := range []int{0, 2, 5000, 300_000, 1 << 20} {
					for _, isChunked := range []bool{false, true} {
						text := strings.Repeat("ab", size/2)
						body := io.Reader(strings.NewReader(text))
						if isChunked && size > 0 {
							body = struct{ io.Reader }{body}
						}
						answer := callAction(t, client, base+"/cart?x=1", actionOfOld, body, "Origin", base, "Cookie", "a=b",
							"X-Deployment-Id", "old-one")
						sent++
						require.Equal(t, http.StatusOK, answer.StatusCode, "%s %d", protocol, size)
						require.Equal(t, "done by "+old.address, answer.Text)
						last, sum, lastLength := old.executedLast()
						require.Equal(t, sha256.Sum256([]byte(text)), sum)
						require.Equal(t, live.askedLength.Load(), lastLength, "it is framed alike")
						require.Equal(t, isChunked && size > 0, lastLength < 0 && size > 0)
						require.Equal(t, []string{base, "a=b", "old-one", "/cart?x=1", strings.TrimPrefix(strings.TrimPrefix(base, "http://"), "https://")},
							[]string{last.Header.Get("Origin"), last.Header.Get("Cookie"), last.Header.Get("X-Deployment-Id"), last.RequestURI, last.Host})
					}
				}
			}
			assert.EqualValues(t, sent, old.executed.Load())
			assert.EqualValues(t, sent, live.asked.Load())
			assert.Zero(t, live.executed.Load())
			assert.InDelta(t, done+float64(sent), replayed(t, "done"), 0)
		})
	}
}

// Next.js answers before it has the body of an action that it does not know. The rest goes to the other deployment as it
// comes.
func TestAnActionFindsItsBuildWhileItsBodyIsOnItsWay(t *testing.T) {
	live, old := newPod(t, actionOfNew), newPod(t, actionOfOld)
	live.become(actionOfNew, notFound(http.StatusConflict, false))
	e := serveTwo(t, live.address, old.address)
	text := strings.Repeat("0123456789", 20_000)
	for _, protocol := range edgetest.Protocols {
		for _, isChunked := range []bool{false, true} {
			client, base := e.Client(t, protocol)
			out, in := io.Pipe()
			executed := old.executed.Load()
			req := edgetest.Request(t, edgetest.Within(t, edgetest.Patience), http.MethodPost, base+"/", out, "Next-Action", actionOfOld)
			if !isChunked {
				req.ContentLength = int64(len(text))
			}
			asked := old.asked.Load()
			go func() {
				_, _ = io.WriteString(in, text[:len(text)/2])
				edgetest.Eventually(t, edgetest.Patience, func() bool { return old.asked.Load() > asked }, "the other one has it")
				_, _ = io.WriteString(in, text[len(text)/2:])
				_ = in.Close()
			}()
			answer := edgetest.Do(t, client, req)
			require.Equal(t, "done by "+old.address, answer.Text, protocol)
			assert.Equal(t, sha256.Sum256([]byte(text)), sumOf(old))
			assert.Equal(t, executed+1, old.executed.Load())
		}
	}
}

// Nothing is sent again that may have been executed, or that no deployment could know.
func TestActionsThatAreNotSentAgain(t *testing.T) {
	answer := func(status int, header string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			if header != "" {
				w.Header().Set("X-Nextjs-Action-Not-Found", header)
			}
			w.WriteHeader(status)
		}
	}
	live, old := newPod(t, actionOfNew), newPod(t, actionOfOld)
	e := serveTwo(t, live.address, old.address)
	client, base := e.Client(t, edgetest.H1)
	for name, c := range map[string]struct {
		id     string
		answer func(http.ResponseWriter, *http.Request)
		status int
	}{
		"malformed, 16":   {"nonsense", answer(400, "1"), 400},
		"malformed, 15":   {actionOfOld[:41], answer(404, "1"), 404},
		"of another form": {actionOfOld + "00", answer(409, "1"), 409},
		"of 14":           {actionOfOld[2:], answer(404, "1"), 404},
		"called invalid":  {actionOfOld, answer(400, "1"), 400},
		"an error":        {actionOfOld, answer(500, ""), 500},
		"an error of it":  {actionOfOld, answer(500, "1"), 500},
		"14 says nothing": {actionOfOld, answer(404, ""), 404},
		"an answer":       {actionOfOld, answer(200, "1"), 200},
		"another value":   {actionOfOld, answer(409, "0"), 409},
		"a conflict":      {actionOfOld, answer(409, ""), 409},
	} {
		live.become(actionOfNew, c.answer)
		assert.Equal(t, c.status, callAction(t, client, base+"/", c.id, strings.NewReader("[]")).StatusCode, name)
		assert.Zero(t, old.asked.Load(), name)
	}
	live.become(actionOfNew, answer(409, "1"))
	assert.Equal(t, 409, callAction(t, client, base+"/api/hook", actionOfOld, strings.NewReader("[]")).StatusCode, "it is no action there")
	assert.Zero(t, old.asked.Load())
}

// Where nobody knows an action its client is told what the first deployment has said.
func TestAnActionThatNobodyKnows(t *testing.T) {
	live, old := newPod(t, actionOfNew), newPod(t, actionOfOld)
	live.become(actionOfNew, notFound(http.StatusNotFound, true))
	unknown := strings.Repeat("7", 42)
	e := serveTwo(t, live.address, old.address)
	client, base := e.Client(t, edgetest.H1)
	before := replayed(t, "unknown_everywhere")
	for n, name := range []string{"the other one is asked", "its index says that it does not"} {
		answer := callAction(t, client, base+"/", unknown, strings.NewReader("[]"))
		assert.Equal(t, http.StatusNotFound, answer.StatusCode, name)
		assert.Equal(t, "Server Action unavailable.", answer.Text)
		assert.Equal(t, "1", answer.Header.Get("X-Nextjs-Action-Not-Found"))
		assert.EqualValues(t, 1, old.asked.Load(), name)
		assert.InDelta(t, before+float64(n+1), replayed(t, "unknown_everywhere"), 0)
		for _, site := range running.app().handlers {
			setActions(site.site.View.Load().List[1], []string{actionOfOld})
		}
	}
}

func TestAnActionThatIsTooLargeToBeSentAgain(t *testing.T) {
	live, old := newPod(t, actionOfNew), newPod(t, actionOfOld)
	e := serveTwo(t, live.address, old.address)
	client, base := e.Client(t, edgetest.H1)
	before := replayed(t, "too_large")
	large := strings.Repeat("x", 1<<20+1)
	for n, body := range []io.Reader{strings.NewReader(large), struct{ io.Reader }{strings.NewReader(large)}} {
		answer := callAction(t, client, base+"/", actionOfOld, body)
		assert.Equal(t, http.StatusConflict, answer.StatusCode)
		assert.Zero(t, old.asked.Load())
		assert.InDelta(t, before+float64(n+1), replayed(t, "too_large"), 0)
	}
}

// A deployment that knows the action and cannot be reached changes nothing of the first answer.
func TestAnActionWhoseBuildIsAway(t *testing.T) {
	live, old := newPod(t, actionOfNew), edgetest.NewRestartable(t, nil)
	e := serveTwo(t, live.address, old.Address, actionOfOld)
	old.Stop()
	client, base := e.Client(t, edgetest.H1)
	before := replayed(t, "failed")
	for n := range 3 {
		answer := callAction(t, client, base+"/", actionOfOld, strings.NewReader("[]"))
		assert.Equal(t, http.StatusConflict, answer.StatusCode)
		assert.Equal(t, "Server Action unavailable.", answer.Text)
		assert.InDelta(t, before+float64(n+1), replayed(t, "failed"), 0)
	}
}

// What an upstream has begun and not answered may have been executed: it is said, counted, and never sent again.
func TestTheFateOfAnActionMayBeUnknown(t *testing.T) {
	dies := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	live, old := newPod(t, actionOfNew), newPod(t, actionOfOld)
	e := serveTwo(t, live.address, old.address)
	client, base := e.Client(t, edgetest.H1)
	unknown := func() float64 { return metric(t, "unknown_fate_total", "shop") }
	before, failed := unknown(), replayed(t, "failed")

	live.become(actionOfNew, dies)
	assert.Equal(t, http.StatusBadGateway, callAction(t, client, base+"/", actionOfOld, strings.NewReader("[]")).StatusCode)
	assert.Zero(t, old.asked.Load())
	assert.InDelta(t, before+1, unknown(), 0)

	live.become(actionOfNew, notFound(http.StatusConflict, true))
	old.become("", dies)
	assert.Equal(t, http.StatusBadGateway, callAction(t, client, base+"/", actionOfOld, strings.NewReader("[]")).StatusCode)
	assert.EqualValues(t, 1, old.asked.Load())
	assert.InDelta(t, before+2, unknown(), 0)
	assert.InDelta(t, failed+1, replayed(t, "failed"), 0)

	edgetest.Get(t, client, base+"/")
	assert.InDelta(t, before+2, unknown(), 0, "reading changes nothing")
}

// A form that was sent without script says in its body which action it calls.
func TestAFormWithoutScriptFindsItsBuild(t *testing.T) {
	live, old := newPod(t, actionOfNew), newPod(t, actionOfOld)
	e := serveTwo(t, live.address, old.address)
	for _, protocol := range edgetest.Protocols {
		client, base := e.Client(t, protocol)
		for _, body := range []io.Reader{strings.NewReader(formOfOld), struct{ io.Reader }{strings.NewReader(formOfOld)}} {
			executed := old.executed.Load()
			req := edgetest.Request(t, edgetest.Within(t, edgetest.Patience), http.MethodPost, base+"/", body, "Content-Type", formOfTests,
				"Sec-Fetch-Mode", "navigate")
			answer := edgetest.Do(t, client, req)
			assert.Equal(t, "done by "+old.address, answer.Text)
			assert.Equal(t, sha256.Sum256([]byte(formOfOld)), sumOf(old))
			assert.Equal(t, executed+1, old.executed.Load())
		}
	}
	asked := old.asked.Load()
	live.become(actionOfNew, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	client, base := e.Client(t, edgetest.H1)
	answer := edgetest.Post(t, client, base+"/", formOfTests, formOfOld)
	assert.Equal(t, http.StatusInternalServerError, answer.StatusCode, "so says Next.js 15")
	assert.Equal(t, asked, old.asked.Load())
}

// An upload to a route handler looks like a form without script. It reaches its upstream whole, and is not kept.
func TestAnUploadThatIsNoAction(t *testing.T) {
	sum := make(chan [sha256.Size]byte, 1)
	app := edgetest.Upstream(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sum <- sha256.Sum256(body)
	})
	e := serveTwo(t, app, edgetest.Named(t, "old"))
	upload := "------Web\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n" + strings.Repeat("data", 1<<18) + "\r\n------Web--\r\n"
	for _, protocol := range edgetest.Protocols {
		client, base := e.Client(t, protocol)
		require.Equal(t, http.StatusOK, edgetest.Post(t, client, base+"/upload", formOfTests, upload).StatusCode)
		assert.Equal(t, sha256.Sum256([]byte(upload)), <-sum)
	}
}

// A client that waits for 100 Continue gets it from the upstream that reads its body.
func TestAFormThatWaitsForContinue(t *testing.T) {
	live, old := newPod(t, actionOfOld), newPod(t, actionOfOld)
	e := serveTwo(t, live.address, old.address)
	conn, err := net.Dial("tcp", "localhost:"+e.Port)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(edgetest.Patience)))
	_, err = fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: localhost:%s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n",
		e.Port, formOfTests, len(formOfOld))
	require.NoError(t, err)
	reader := textproto.NewReader(bufio.NewReader(conn))
	begin, err := reader.ReadLine()
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 100 Continue", begin)
	_, err = reader.ReadMIMEHeader() // it has some where it is passed on, and none where the body was asked for before that
	require.NoError(t, err)
	_, err = io.WriteString(conn, formOfOld)
	require.NoError(t, err)
	rest, err := io.ReadAll(reader.R)
	require.NoError(t, err)
	assert.Contains(t, string(rest), "HTTP/1.1 200 OK")
}

// A client that leaves while its action is sent again leaves nothing behind.
func TestAClientThatLeavesWhileItsActionIsSentAgain(t *testing.T) {
	live, old := newPod(t, actionOfNew), newPod(t, "")
	arrived := make(chan struct{}, 1)
	old.become("", func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		arrived <- struct{}{}
		<-r.Context().Done()
	})
	e := serveTwo(t, live.address, old.address)
	for _, protocol := range edgetest.Protocols {
		client, base := e.Client(t, protocol)
		ctx, leave := context.WithCancel(context.Background())
		done := make(chan error, 1)
		req := edgetest.Request(t, ctx, http.MethodPost, base+"/", strings.NewReader("[]"), "Next-Action", actionOfOld)
		go func() {
			res, err := client.Do(req)
			if err == nil {
				_ = res.Body.Close()
			}
			done <- err
		}()
		edgetest.Receive(t, arrived, "the other one has it")
		leave()
		require.Error(t, <-done)
	}
}

// Where a build is known, what it has is sent there at once: a form without script, too, of which Next.js 15 would only
// say that it has failed.
func TestActionsGoToTheBuildThatHasThem(t *testing.T) {
	first, live := newPod(t, actionOfOld), newPod(t, actionOfNew)
	live.become(actionOfNew, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	e := newDeployedEdge(t, "nextjs {\n zone / shop "+first.address+" {\n build "+buildWithAction(t, actionOfOld)+"\n }\n}")
	status, text := e.deploy("new", fmt.Sprintf(`{"upstreams": [%q], "build": %q}`, live.address, buildWithAction(t, actionOfNew)))
	require.Equal(t, http.StatusOK, status, text)
	for _, protocol := range edgetest.Protocols {
		client, base := e.Client(t, protocol)
		executed := first.executed.Load()
		assert.Equal(t, "done by "+first.address, callAction(t, client, base+"/", actionOfOld, strings.NewReader("[]")).Text)
		answer := edgetest.Post(t, client, base+"/", formOfTests, formOfOld)
		assert.Equal(t, "done by "+first.address, answer.Text)
		assert.Equal(t, sha256.Sum256([]byte(formOfOld)), sumOf(first))
		assert.Equal(t, executed+2, first.executed.Load())
		assert.Zero(t, live.asked.Load())
	}
	client, base := e.Client(t, edgetest.H1)
	assert.Equal(t, "done by "+live.address, callAction(t, client, base+"/", actionOfNew, strings.NewReader("[]")).Text)
}

// buildWithAction writes a build that has one server action, and returns its directory.
func buildWithAction(t *testing.T, id string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), ".next")
	buildtest.Write(t, dir, buildtest.Build{
		ID:    "build-" + id[:2],
		Files: map[string]string{"server/server-reference-manifest.json": fmt.Sprintf(`{"node": {%q: {}}, "edge": {}}`, id)},
	})
	return dir
}

// What a deployment is asked for once more belongs to it from then on: no cache may keep its answer.
func TestAnActionThatIsSentAgainBelongsToItsDeployment(t *testing.T) {
	first, live := newPod(t, actionOfOld), newPod(t, actionOfNew)
	e := newDeployedEdge(t, "nextjs {\n zone / shop "+first.address+"\n}")
	status, text := e.deploy("new", fmt.Sprintf(`{"upstreams": [%q]}`, live.address))
	require.Equal(t, http.StatusOK, status, text)
	client, base := e.Client(t, edgetest.H1)
	answer := callAction(t, client, base+"/", actionOfOld, strings.NewReader("[]"))
	assert.Equal(t, "done by "+first.address, answer.Text)
	assert.Equal(t, "private, no-store", answer.Header.Get("Cache-Control"))
	assert.EqualValues(t, 1, live.asked.Load())
}

// What a page changes that was opened before a deploy is seen on the pages that the edge keeps of the live deployment.
func TestAnActionOfAnOldPageIsSeenOnNewOnes(t *testing.T) {
	var version atomic.Int64
	application := func(knows bool) string {
		return edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Method != http.MethodPost:
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				w.Header().Set("X-Nextjs-Cache", "HIT")
				w.Header().Set("Cache-Control", "s-maxage=31536000")
				_, _ = fmt.Fprint(w, version.Load())
			case knows:
				version.Add(1)
				w.Header().Set("X-Action-Revalidated", "1")
			default:
				notFound(http.StatusConflict, true)(w, r)
			}
		})
	}
	e := newDeployedEdge(t, "nextjs {\n zone / shop "+application(true)+"\n cache\n}")
	status, text := e.deploy("new", fmt.Sprintf(`{"upstreams": [%q]}`, application(false)))
	require.Equal(t, http.StatusOK, status, text)
	client, base := e.Client(t, edgetest.H1)
	for name, headers := range map[string][]string{"it goes there at once": {"X-Deployment-Id", "config"}, "it is sent there then": nil} {
		var before string
		for range 2 {
			before, _ = e.Cached(t, "/page")
		}
		text, cached := e.Cached(t, "/page")
		require.Equal(t, before, text)
		require.Contains(t, cached, "hit")
		require.Equal(t, http.StatusOK, callAction(t, client, base+"/", actionOfOld, strings.NewReader("[]"), headers...).StatusCode)
		text, _ = e.Cached(t, "/page")
		assert.NotEqual(t, before, text, name)
	}
}
