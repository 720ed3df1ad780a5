//go:build e2e

package harness

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// The browser starts with the first test that needs it. Each test gets a window with cookies and cache of its own.
var (
	browserMu   sync.Mutex
	browserCtx  context.Context
	stopBrowser context.CancelFunc
	// AssetHostPort is where the browser finds https://cdn.example.test, a name with the usual port.
	AssetHostPort int
	browserNames  = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}
)

// Browser returns the context of the running browser.
func Browser(t testing.TB) context.Context {
	t.Helper()
	browserMu.Lock()
	defer browserMu.Unlock()
	if browserCtx != nil {
		return browserCtx
	}
	var err error
	AssetHostPort, err = edgetest.FindPort()
	require.NoError(t, err)
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(findBrowser(t)),
		chromedp.UserDataDir(filepath.Join(Scratch, "browser")),
		chromedp.WSURLReadTimeout(2*edgetest.Patience),
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		// The edge signs its certificates itself.
		chromedp.IgnoreCertErrors,
		// Names below .test are this machine, beside localhost.
		chromedp.Flag("host-resolver-rules", fmt.Sprintf("MAP cdn.example.test:443 127.0.0.1:%d, MAP *.test 127.0.0.1",
			AssetHostPort)),
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
