//go:build e2e

package browser_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

func exists(testID string) string { return `document.querySelector("[data-testid=` + testID + `]")` }

// React puts the parts that come later into the page it has shown already.
func TestAStreamedPageGrowsInTheBrowser(t *testing.T) {
	e, _ := harness.SharedEdge(t)
	w := harness.OpenWindow(t, e, "/about")
	w.Settle(t)
	hold := "browser-" + harness.NextMark()
	harness.Eval[bool](t, w, `(location.href = "/live?hold=`+hold+`", true)`)
	w.WaitFor(t, `location.pathname === "/live" && `+exists("shell")+` && `+exists("part-fast"))
	require.Equal(t, "null", harness.Eval[string](t, w, `String(`+exists("part-slow")+`)`))
	require.Equal(t, "loading", harness.Eval[string](t, w, `document.readyState`), "the document is still on its way")

	harness.Release(t, e.Client(t, edgetest.H2), e.TLSURL(""), hold)
	w.WaitFor(t, exists("part-slow")+`?.textContent.startsWith("You let go.")`)
	w.Settle(t)
	assert.Empty(t, w.AllTroubles())
}

func TestTheGuestbookIsSignedInTheBrowser(t *testing.T) {
	e, _ := harness.SharedEdge(t)
	w := harness.OpenWindow(t, e, "/guestbook")
	w.Settle(t)
	harness.Eval[string](t, w, harness.LeaveMark)
	documents := w.DocumentCount()
	message := "written in the browser, " + harness.NextMark()
	w.Run(t,
		chromedp.SendKeys(chromedp.CSS(`input[name="name"]`), "Runa"),
		chromedp.SendKeys(chromedp.CSS(`[name="message"]`), message),
		chromedp.Click(chromedp.CSS(`[data-testid="guestbook-submit"]`)))
	w.WaitFor(t, `[...document.querySelectorAll("li[data-testid=guestbook-entry]")].some(entry => entry.textContent.includes(`+harness.Quoted(message)+`))`)
	assert.Equal(t, "kept", harness.Eval[string](t, w, `String(window.__marker)`), "the action is called by script")
	assert.Equal(t, documents, w.DocumentCount())
	assert.Empty(t, w.AllTroubles())
}

func TestAWaveReachesTheBrowser(t *testing.T) {
	e, f := harness.SharedEdge(t)
	w := harness.OpenWindow(t, e, "/live")
	w.Settle(t)
	client := e.Client(t, edgetest.H2)
	w.WaitFor(t, exists("wave-status")+`?.textContent.includes("Listening")`)
	for i := range 3 {
		text := fmt.Sprintf("hello %d, %s", i, harness.NextMark())
		harness.Wave(t, client, e.TLSURL(""), text)
		w.WaitFor(t, `[...document.querySelectorAll("li[data-testid=wave]")].some(item => item.textContent === `+harness.Quoted(text)+`)`)
	}
	assert.Empty(t, w.AllTroubles())

	// A soft navigation closes the stream, and the application learns of it.
	plain := edgetest.PlainClient(t)
	before := harness.Listeners(t, plain, f.Home).Closed
	w.Click(t, `nav.pages a[href="/about"]`)
	w.WaitFor(t, `location.pathname === "/about"`)
	edgetest.Eventually(t, edgetest.Patience/3, func() bool { return harness.Listeners(t, plain, f.Home).Closed > before },
		"the application sees the listener leave")
}

func TestAFallbackPageIsFilledInTheBrowser(t *testing.T) {
	e, f := harness.SharedEdge(t)
	// A print that the build did not make: the first one that asks gets the skeleton.
	const path = "/shop/p/tide"
	require.Equal(t, http.StatusOK, edgetest.Get(t, edgetest.PlainClient(t),
		f.Shop.URL("/shop/api/stock?id=tide")).StatusCode)
	w := harness.OpenWindow(t, e, path)
	w.WaitFor(t, exists("title")+` && !`+exists("skeleton"))
	w.Settle(t)
	w.WaitFor(t, exists("stock")+`?.textContent.match(/\d|sold/i)`)
	assert.Equal(t, path, harness.Eval[string](t, w, `location.pathname`))
	assert.NotEmpty(t, harness.Eval[string](t, w, harness.TitleText))
	assert.Empty(t, w.AllTroubles())
}

func TestTheLanguageSwitchIsASoftNavigation(t *testing.T) {
	e, _ := harness.SharedEdge(t)
	w := harness.OpenWindow(t, e, "/shop")
	w.Settle(t)
	require.Equal(t, "en", harness.Eval[string](t, w, `document.documentElement.lang`))
	title := harness.Eval[string](t, w, harness.TitleText)
	harness.Eval[string](t, w, harness.LeaveMark)

	w.Click(t, `[data-testid="language"]`)
	w.WaitFor(t, `location.pathname === "/shop/de" && `+harness.TitleText+` !== `+harness.Quoted(title))
	assert.Equal(t, "kept", harness.Eval[string](t, w, `String(window.__marker)`))
	w.Click(t, `[data-testid="language"]`)
	w.WaitFor(t, `location.pathname === "/shop" && `+harness.TitleText+` === `+harness.Quoted(title))
	assert.Equal(t, "kept", harness.Eval[string](t, w, `String(window.__marker)`))
	assert.Empty(t, w.AllTroubles())
}

func TestTheBasketIsKeptOverDocuments(t *testing.T) {
	e, _ := harness.SharedEdge(t)
	w := harness.OpenWindow(t, e, "/shop/p/gannet")
	w.Settle(t)
	w.Click(t, `[data-testid="add-to-basket"]`)
	w.WaitFor(t, `location.pathname === "/shop/basket" && `+exists("basket-line"))
	w.Settle(t)
	assert.Equal(t, 1, harness.Eval[int](t, w, `document.querySelectorAll("[data-testid=basket-line]").length`))
	assert.Empty(t, w.AllTroubles())
}
