//go:build e2e

package e2e_test

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// The browser starts with the first test that needs it. Each test gets a window with cookies and cache of its own.
var (
	browserMu   sync.Mutex
	browserCtx  context.Context
	stopBrowser context.CancelFunc
	// assetHostPort is where the browser finds https://cdn.example.test, a name with the usual port.
	assetHostPort int
	browserNames  = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}
)

func browser(t testing.TB) context.Context {
	t.Helper()
	browserMu.Lock()
	defer browserMu.Unlock()
	if browserCtx != nil {
		return browserCtx
	}
	var err error
	assetHostPort, err = freePort()
	require.NoError(t, err)
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(findBrowser(t)),
		chromedp.UserDataDir(filepath.Join(scratch, "browser")),
		chromedp.WSURLReadTimeout(2*patience),
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		// The edge signs its certificates itself.
		chromedp.IgnoreCertErrors,
		// Names below .test are this machine, beside localhost.
		chromedp.Flag("host-resolver-rules", fmt.Sprintf("MAP cdn.example.test:443 127.0.0.1:%d, MAP *.test 127.0.0.1", assetHostPort)),
		chromedp.WindowSize(1280, 900),
		chromedp.Flag("lang", "en-GB"),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-features", "Translate,OptimizationHints,MediaRouter"),
	)
	ctx, stop := chromedp.NewContext(allocator)
	stopBrowser = func() { stop(); stopAllocator() }
	if err := chromedp.Do(ctx); err != nil {
		stopBrowser()
		require.NoError(t, err, "starting the browser")
	}
	browserCtx = ctx
	return ctx
}

func findBrowser(t testing.TB) string {
	t.Helper()
	for _, name := range browserNames {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	require.FailNow(t, "no browser found", "the tests need one of %s in PATH", strings.Join(browserNames, ", "))
	return ""
}

func closeBrowser() {
	browserMu.Lock()
	defer browserMu.Unlock()
	if browserCtx != nil {
		stopBrowser()
		browserCtx = nil
	}
}

// window is a browser window, and what happened in it.
type window struct {
	ctx  context.Context
	edge *edge

	mu        sync.Mutex
	documents []string // paths of the documents that were asked for
	protocols map[string]bool
	requests  map[network.RequestID]string // that were not answered to their end yet
	troubles  []string                     // errors of the console, failed requests, answers of 400 and more
}

// openWindow opens a window on a page of the edge's HTTPS site.
func openWindow(t testing.TB, e *edge, path string) *window {
	t.Helper()
	return openWindowAt(t, e, e.tlsURL(""), path, func(any) {})
}

// openWindowAt opens a window on a page of any site of the edge. The listener is told what else happens in it.
func openWindowAt(t testing.TB, e *edge, origin, path string, listener func(event any)) *window {
	t.Helper()
	w := &window{edge: e, protocols: map[string]bool{}, requests: map[network.RequestID]string{}}
	var closeTab context.CancelFunc
	w.ctx, closeTab = chromedp.NewContext(browser(t), chromedp.WithNewBrowserContext(), chromedp.WithListener(w.note), chromedp.WithListener(listener))
	t.Cleanup(closeTab)
	t.Cleanup(func() {
		if t.Failed() {
			w.mu.Lock()
			defer w.mu.Unlock()
			t.Logf("documents: %q\ntroubles: %q\nunanswered: %q", w.documents, w.troubles, slices.Collect(maps.Values(w.requests)))
		}
	})
	// The first use opens the tab, which lives as long as the context of that use.
	require.NoError(t, chromedp.Do(w.ctx), "opening a tab")
	w.run(t, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, cdppage.Navigate, cdppage.NavigateParams{URL: origin + path})
		return err
	}))
	w.waitFor(t, `document.readyState === "complete" && location.origin === `+quoted(origin))
	return w
}

// note keeps what the browser tells of the window.
func (w *window) note(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		w.requests[e.RequestID] = e.Request.URL
		if e.Type == network.ResourceTypeDocument {
			w.documents = append(w.documents, pathOf(e.Request.URL))
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

func (w *window) trouble(format string, args ...any) {
	w.troubles = append(w.troubles, fmt.Sprintf(format, args...))
}

func pathOf(address string) string {
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

func (w *window) run(t testing.TB, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, 2*patience)
	defer cancel()
	require.NoError(t, chromedp.Do(ctx, actions...))
}

// eval returns the value of a JavaScript expression.
func eval[T any](t testing.TB, w *window, expression string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	require.NoError(t, err, expression)
	return value
}

// waitFor waits until a JavaScript expression is true.
func (w *window) waitFor(t testing.TB, expression string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, 2*patience)
	defer cancel()
	eventually(t, patience, func() bool {
		holds, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		// While a document is being replaced there is nothing to ask.
		return err == nil && holds
	}, "%s", expression)
}

// settle waits until the page has loaded and its scripts have taken over the links and forms (React marks them).
func (w *window) settle(t testing.TB) {
	t.Helper()
	w.waitFor(t, `document.readyState === "complete"`)
	w.waitFor(t, `Object.keys(document.querySelector("main a, header a") ?? {}).some(key => key.startsWith("__reactProps"))`)
}

func (w *window) click(t testing.TB, selector string) {
	t.Helper()
	w.run(t, chromedp.Click(chromedp.CSS(selector)))
}

func (w *window) documentCount() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.documents)
}

func (w *window) allTroubles() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.troubles...)
}
