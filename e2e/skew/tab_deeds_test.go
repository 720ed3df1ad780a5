//go:build e2e

package skew_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

// stateTree is what the router shows at the page /act.
func (c *tab) stateTree() string {
	if c.of.next == "15" {
		return url.QueryEscape(`["",{"children":["act",{"children":["__PAGE__",{},null,null]},null,null]},null,null,true]`)
	}
	return url.QueryEscape(`["",{"children":["act",{"children":["__PAGE__",{},null,null,0]},null,null,0]},null,null,16]`)
}

// navigation are the headers of a navigation.
func (c *tab) navigation() []string {
	return slices.Concat([]string{"Rsc", "1", "Next-Url", "/act", "Next-Router-State-Tree", c.stateTree()}, asFetch, c.says())
}

// setRSC finds the parameter that Next.js 16 wants for the headers of a navigation: a server says it, 15 does not ask for any.
func (c *tab) setRSC(t testing.TB, app *harness.App) {
	t.Helper()
	_, c.rsc, _ = strings.Cut(harness.WithItsRSC(t, app, "/target/1", c.navigation()), "?")
	c.rsc = cmp.Or(c.rsc, "_rsc=1xyz2")
}

// navigate follows a link of the App Router, and says what the client would do with the answer.
func (c *tab) navigate(path string) (string, error) {
	path += "?" + c.rsc
	var a answer
	for range 5 {
		var err error
		if a, err = c.ask(http.MethodGet, path, nil, c.navigation()); err != nil {
			return "", err
		}
		if a.status/100 != 3 {
			break
		}
		location, err := url.Parse(a.header.Get("Location"))
		if err != nil {
			return "", err
		}
		path = location.RequestURI()
	}
	return c.shows(a), nil
}

// shows says what the client does with the answer to a navigation: it shows the payload, or lets the browser load the document.
func (c *tab) shows(a answer) string {
	if a.status/100 != 2 || !strings.HasPrefix(a.header.Get("Content-Type"), "text/x-component") {
		return fmt.Sprintf("hard navigation after %d %s", a.status, a.text)
	}
	is, own := first(payloadBuild, a.text), c.of.id
	// Next.js 15 looks only at the build id of the payload.
	if c.of.next != "15" {
		if id := a.header.Get("X-Nextjs-Deployment-Id"); id != "" {
			is = id
		}
		if c.of.deploymentID != "" {
			own = c.of.deploymentID
		}
	}
	does := "shows"
	if is != own {
		does = "hard navigation to"
	}
	return fmt.Sprintf("%s %s of %s", does, first(payloadHeading, a.text), first(payloadVariant, a.text))
}

// data navigates to a page of the Pages Router that has data.
func (c *tab) data(page string) (string, error) {
	a, err := c.ask(http.MethodGet, "/_next/data/"+c.of.id+page+".json", nil, []string{"X-Nextjs-Data", "1"}, asFetch, c.says())
	if err != nil {
		return "", err
	}
	var data struct{ PageProps struct{ By string } }
	if a.status/100 != 2 || json.Unmarshal([]byte(a.text), &data) != nil {
		return fmt.Sprintf("hard navigation after %d", a.status), nil
	}
	if id := a.header.Get("X-Nextjs-Deployment-Id"); id != c.of.deploymentID && c.of.next != "15" {
		return "hard navigation to data of " + data.PageProps.By, nil
	}
	return "shows data of " + data.PageProps.By, nil
}

// where asks a handler of the application which build it is of, as an application's own script does.
func (c *tab) where(path string, headers ...string) (string, error) {
	a, err := c.ask(http.MethodGet, path, nil, asFetch, headers)
	if err != nil {
		return "", err
	}
	var said struct{ Variant string }
	if err := json.Unmarshal([]byte(a.text), &said); err != nil {
		return "", fmt.Errorf("%d %s: %w", a.status, a.text, err)
	}
	return "answer of " + said.Variant, nil
}

// load asks for a file of the build.
func (c *tab) load(url string) (string, error) {
	a, err := c.ask(http.MethodGet, c.named(url), nil, asScript)
	switch {
	case err != nil:
		return "", err
	case a.status != http.StatusOK:
		return fmt.Sprint(a.status), nil
	case a.text != c.of.files[url]:
		return "another file", nil
	}
	return "its file", nil
}

// look asks the optimizer for the imported picture.
func (c *tab) look() (string, error) {
	target := "/_next/image?url=" + url.QueryEscape(c.of.picture) + "&w=64&q=75"
	a, err := c.ask(http.MethodGet, c.named(target), nil, asImage)
	if err != nil || a.status != http.StatusOK {
		return fmt.Sprint(a.status), err
	}
	return "its " + strings.Split(a.header.Get("Content-Type"), "/")[0], nil
}

// form returns a body as browsers and React write it: fields are names and values.
func form(fields ...string) (body io.Reader, contentType []string) {
	var text bytes.Buffer
	writer := multipart.NewWriter(&text)
	for i := 0; i < len(fields); i += 2 {
		_ = writer.WriteField(fields[i], fields[i+1])
	}
	_ = writer.Close()
	return &text, []string{"Content-Type", writer.FormDataContentType()}
}

// call calls an action from a script.
func (c *tab) call(id, token string) (answer, error) {
	body, contentType := form("_1_token", token, "0", `["","$K1"]`)
	headers := []string{
		"Accept", "text/x-component", "Next-Action", id, "Origin", c.at,
		"Next-Router-State-Tree", c.stateTree(),
	}
	return c.ask(http.MethodPost, "/act", body, asFetch, headers, contentType, c.says())
}

// submit submits a form without JavaScript, which loads a document.
func (c *tab) submit(id, token string) (answer, error) {
	body, contentType := form("$ACTION_ID_"+id, "", "token", token)
	return c.ask(http.MethodPost, "/act", body, asDocument, []string{"Origin", c.at}, contentType)
}

// submitBound does the same for a form of useActionState.
func (c *tab) submitBound(id, token string) (answer, error) {
	body, contentType := form("$ACTION_REF_4", "", "$ACTION_4:0", `{"id":"`+id+`","bound":"$@1"}`, "$ACTION_4:1", `[""]`,
		"$ACTION_KEY", "k0e3e93f86d1fd6cb07e1abaa2f895265", "token", token)
	return c.ask(http.MethodPost, "/act", body, asDocument, []string{"Origin", c.at}, contentType)
}
