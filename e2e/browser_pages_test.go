//go:build e2e

package e2e_test

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// titleText is the text of the page's title.
const titleText = `(document.querySelector("[data-testid=title]")?.textContent ?? "")`

func quoted(text string) string { return strconv.Quote(text) }

func exists(testID string) string { return `document.querySelector("[data-testid=` + testID + `]")` }

// React puts the parts that come later into the page it has shown already.
func TestAStreamedPageGrowsInTheBrowser(t *testing.T) {
	e, _ := sharedEdge(t)
	w := openWindow(t, e, "/about")
	w.settle(t)
	hold := "browser-" + nextMark()
	eval[bool](t, w, `(location.href = "/live?hold=`+hold+`", true)`)
	w.waitFor(t, `location.pathname === "/live" && `+exists("shell")+` && `+exists("part-fast"))
	require.Equal(t, "null", eval[string](t, w, `String(`+exists("part-slow")+`)`))
	require.Equal(t, "loading", eval[string](t, w, `document.readyState`), "the document is still on its way")

	release(t, e.client(t, "HTTP/2.0"), e.tlsURL(""), hold)
	w.waitFor(t, exists("part-slow")+`?.textContent.startsWith("You let go.")`)
	w.settle(t)
	assert.Empty(t, w.allTroubles())
}

func TestTheGuestbookIsSignedInTheBrowser(t *testing.T) {
	e, _ := sharedEdge(t)
	w := openWindow(t, e, "/guestbook")
	w.settle(t)
	eval[string](t, w, leaveMark)
	documents := w.documentCount()
	message := "written in the browser, " + nextMark()
	w.run(t,
		chromedp.SendKeys(chromedp.CSS(`input[name="name"]`), "Runa"),
		chromedp.SendKeys(chromedp.CSS(`[name="message"]`), message),
		chromedp.Click(chromedp.CSS(`[data-testid="guestbook-submit"]`)))
	w.waitFor(t, `[...document.querySelectorAll("li[data-testid=guestbook-entry]")].some(entry => entry.textContent.includes(`+quoted(message)+`))`)
	assert.Equal(t, "kept", eval[string](t, w, `String(window.__marker)`), "the action is called by script")
	assert.Equal(t, documents, w.documentCount())
	assert.Empty(t, w.allTroubles())
}

func TestAWaveReachesTheBrowser(t *testing.T) {
	e, f := sharedEdge(t)
	w := openWindow(t, e, "/live")
	w.settle(t)
	client := e.client(t, "HTTP/2.0")
	w.waitFor(t, exists("wave-status")+`?.textContent.includes("Listening")`)
	for i := range 3 {
		text := fmt.Sprintf("hello %d, %s", i, nextMark())
		wave(t, client, e.tlsURL(""), text)
		w.waitFor(t, `[...document.querySelectorAll("li[data-testid=wave]")].some(item => item.textContent === `+quoted(text)+`)`)
	}
	assert.Empty(t, w.allTroubles())

	// A soft navigation closes the stream, and the application learns of it.
	plain := plainClient(t)
	before := listeners(t, plain, f.home).Closed
	w.click(t, `nav.pages a[href="/about"]`)
	w.waitFor(t, `location.pathname === "/about"`)
	eventually(t, patience/3, func() bool { return listeners(t, plain, f.home).Closed > before }, "the application sees the listener leave")
}

func TestAFallbackPageIsFilledInTheBrowser(t *testing.T) {
	e, f := sharedEdge(t)
	// A print that the build did not make: the first one that asks gets the skeleton.
	const path = "/shop/p/tide"
	require.Equal(t, http.StatusOK, get(t, plainClient(t), f.shop.url("/shop/api/stock?id=tide")).StatusCode)
	w := openWindow(t, e, path)
	w.waitFor(t, exists("title")+` && !`+exists("skeleton"))
	w.settle(t)
	w.waitFor(t, exists("stock")+`?.textContent.match(/\d|sold/i)`)
	assert.Equal(t, path, eval[string](t, w, `location.pathname`))
	assert.NotEmpty(t, eval[string](t, w, titleText))
	assert.Empty(t, w.allTroubles())
}

func TestTheLanguageSwitchIsASoftNavigation(t *testing.T) {
	e, _ := sharedEdge(t)
	w := openWindow(t, e, "/shop")
	w.settle(t)
	require.Equal(t, "en", eval[string](t, w, `document.documentElement.lang`))
	title := eval[string](t, w, titleText)
	eval[string](t, w, leaveMark)

	w.click(t, `[data-testid="language"]`)
	w.waitFor(t, `location.pathname === "/shop/de" && `+titleText+` !== `+quoted(title))
	assert.Equal(t, "kept", eval[string](t, w, `String(window.__marker)`))
	w.click(t, `[data-testid="language"]`)
	w.waitFor(t, `location.pathname === "/shop" && `+titleText+` === `+quoted(title))
	assert.Equal(t, "kept", eval[string](t, w, `String(window.__marker)`))
	assert.Empty(t, w.allTroubles())
}

func TestTheBasketIsKeptOverDocuments(t *testing.T) {
	e, _ := sharedEdge(t)
	w := openWindow(t, e, "/shop/p/gannet")
	w.settle(t)
	w.click(t, `[data-testid="add-to-basket"]`)
	w.waitFor(t, `location.pathname === "/shop/basket" && `+exists("basket-line"))
	w.settle(t)
	assert.Equal(t, 1, eval[int](t, w, `document.querySelectorAll("[data-testid=basket-line]").length`))
	assert.Empty(t, w.allTroubles())
}
