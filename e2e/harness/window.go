//go:build e2e

package harness

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// Window is a browser window, and what happened in it.
type Window struct {
	ctx  context.Context
	edge *Edge

	mu        sync.Mutex
	documents []string // paths of the documents that were asked for
	protocols map[string]bool
	requests  map[network.RequestID]string // that were not answered to their end yet
	troubles  []string                     // errors of the console, failed requests, answers of 400 and more
}

// OpenWindow opens a window on a page of the edge's HTTPS site.
func OpenWindow(t testing.TB, e *Edge, path string) *Window {
	t.Helper()
	return OpenWindowAt(t, e, e.TLSURL(""), path, func(any) {})
}

// OpenWindowAt opens a window on a page of any site of the edge. The listener is told what else happens in it.
func OpenWindowAt(t testing.TB, e *Edge, origin, path string, listener func(event any)) *Window {
	t.Helper()
	return open(t, Browser(t), e, origin, path, chromedp.WithNewBrowserContext(), chromedp.WithListener(listener))
}

// OpenTab opens another tab of the same visitor, with the cookies that the window has.
func (w *Window) OpenTab(t testing.TB, origin, path string) *Window {
	t.Helper()
	return open(t, w.ctx, w.edge, origin, path)
}

func open(t testing.TB, in context.Context, e *Edge, origin, path string, options ...chromedp.ContextOption) *Window {
	t.Helper()
	w := &Window{edge: e, protocols: map[string]bool{}, requests: map[network.RequestID]string{}}
	var closeTab context.CancelFunc
	w.ctx, closeTab = chromedp.NewContext(in, append(options, chromedp.WithListener(w.note))...)
	t.Cleanup(closeTab)
	t.Cleanup(func() {
		if t.Failed() {
			w.mu.Lock()
			defer w.mu.Unlock()
			unanswered := slices.Collect(maps.Values(w.requests))
			t.Logf("documents: %q\ntroubles: %q\nunanswered: %q", w.documents, w.troubles, unanswered)
		}
	})
	// The first use opens the tab, which lives as long as the context of that use.
	require.NoError(t, chromedp.Do(w.ctx), "opening a tab")
	w.Visit(t, origin, path)
	return w
}

// Visit goes to a page by its address, and waits until it has loaded.
func (w *Window) Visit(t testing.TB, origin, path string) {
	t.Helper()
	w.Run(t, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, cdppage.Navigate, cdppage.NavigateParams{URL: origin + path})
		return err
	}))
	w.WaitFor(t, `document.readyState === "complete" && location.origin === `+Quoted(origin))
}

// note keeps what the browser tells of the window.
func (w *Window) note(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		w.requests[e.RequestID] = e.Request.URL
		if e.Type == network.ResourceTypeDocument {
			w.documents = append(w.documents, PathOf(e.Request.URL))
		}
	case *network.EventResponseReceived:
		w.protocols[e.Response.Protocol] = true
		if e.Response.Status >= 400 {
			w.trouble("%d for %s", e.Response.Status, e.Response.URL)
		}
	case *network.EventLoadingFinished:
		delete(w.requests, e.RequestID)
	case *network.EventLoadingFailed:
		// What the page itself gives up, such as a prefetch that is not needed any more, is no trouble.
		if !e.Canceled && e.ErrorText != "net::ERR_ABORTED" {
			w.trouble("%s for %s", e.ErrorText, w.requests[e.RequestID])
		}
		delete(w.requests, e.RequestID)
	case *runtime.EventExceptionThrown:
		w.trouble("exception: %s", describeException(e.ExceptionDetails))
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			for _, arg := range e.Args {
				w.trouble("console.%s: %s %s", e.Type, arg.Value, arg.Description)
			}
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			w.trouble("log: %s %s", e.Entry.Text, e.Entry.URL)
		}
	}
}

func (w *Window) trouble(format string, args ...any) {
	w.troubles = append(w.troubles, fmt.Sprintf(format, args...))
}

// PathOf returns path and query of an address.
func PathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.RequestURI()
}

func describeException(details *runtime.ExceptionDetails) string {
	if details.Exception != nil {
		return details.Text + " " + details.Exception.Description
	}
	return details.Text
}

// Run runs actions in the window.
func (w *Window) Run(t testing.TB, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, 2*edgetest.Patience)
	defer cancel()
	require.NoError(t, chromedp.Do(ctx, actions...))
}

// Eval returns the value of a JavaScript expression.
func Eval[T any](t testing.TB, w *Window, expression string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, edgetest.Patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	require.NoError(t, err, expression)
	return value
}

// WaitFor waits until a JavaScript expression is true.
func (w *Window) WaitFor(t testing.TB, expression string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, 2*edgetest.Patience)
	defer cancel()
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		holds, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		// While a document is being replaced there is nothing to ask.
		return err == nil && holds
	}, "%s", expression)
}

// Settle waits until the page has loaded and its scripts have taken over the links and forms (React marks them).
func (w *Window) Settle(t testing.TB) {
	t.Helper()
	w.WaitFor(t, `document.readyState === "complete"`)
	w.WaitFor(t, `Object.keys(document.querySelector("main a, header a") ?? {}).some(key => key.startsWith("__reactProps"))`)
}

// Click clicks on the element of a CSS selector.
func (w *Window) Click(t testing.TB, selector string) {
	t.Helper()
	w.Run(t, chromedp.Click(chromedp.CSS(selector)))
}

// DocumentCount returns how many documents the window has asked for.
func (w *Window) DocumentCount() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.documents)
}

// AllTroubles returns what has gone wrong in the window: errors of the console, failed requests, answers of 400 and
// more.
func (w *Window) AllTroubles() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.troubles...)
}

// LeaveMark is a script that marks the document, to see that a navigation has kept it.
const LeaveMark = `window.__marker = "kept"`

// TitleText is the text of the page's title.
const TitleText = `(document.querySelector("[data-testid=title]")?.textContent ?? "")`

// Quoted returns a text as JavaScript writes it.
func Quoted(text string) string { return strconv.Quote(text) }

// Heading is the text of the page's heading.
const Heading = `(document.querySelector("h1")?.textContent ?? "")`
