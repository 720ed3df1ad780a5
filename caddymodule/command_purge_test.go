package caddymodule

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/control"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// runPurge runs the command and returns what it prints.
func runPurge(args ...string) (string, error) {
	cmd := commandTree()
	args = append([]string{"purge"}, args...)
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	err := cmd.Execute()
	return out.String(), err
}

func TestPurgeCommandThroughTheControlHandler(t *testing.T) {
	c := startControlled(t)
	control := []string{"--control", c.URL("/_edge"), "--token-file", c.token}
	purge := func(args ...string) (string, error) { return runPurge(append(args, control...)...) }
	c.picture(t, "/shop", "/a.jpg")
	text, err := purge("images", "--zone", "shop", "--source", "/a.jpg")
	require.NoError(t, err)
	assert.Equal(t, "Purged from zone shop: 1 picture made of /a.jpg\n", text)
	text, err = purge("images", "--zone", "shop", "--source", c.URL("/a.jpg"))
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprintf("Warning: no picture of shop was kept that is made of %[1]s: sources of the site itself are named by their path, such as /a.jpg\n"+
		"Purged from zone shop: 0 pictures made of %[1]s\n", c.URL("/a.jpg")), text)
	assert.False(t, c.picture(t, "/shop", "/a.jpg"))
	text, err = purge("images", "--all", "--json")
	require.NoError(t, err)
	assert.JSONEq(t, `{"purged": [{"zone": "root", "cache": "images"}, {"zone": "shop", "cache": "images"}]}`, text)
	assert.False(t, c.picture(t, "/shop", "/a.jpg"))

	wrong := edgetest.File(t, "guess")
	for message, args := range map[string][]string{
		"/_edge/v1/purge refuses: unknown zone \"blog\"; the configuration has: root, shop": append([]string{"--zone", "blog"}, control...),
		"refuses the token in " + wrong: {"--all", "--control", c.URL("/_edge"), "--token-file", wrong},
	} {
		_, err := runPurge(append([]string{"images"}, args...)...)
		assert.ErrorContains(t, err, message)
	}
	assert.True(t, c.picture(t, "/shop", "/a.jpg"), "nothing was purged by those")
}

// The admin endpoint of the tests' Caddy is off; another server hands requests to its handlers.
func TestPurgeCommandThroughTheAdminEndpoint(t *testing.T) {
	c := startControlled(t)
	var said string
	admin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		said = r.Method + " " + r.URL.Path
		answer, err := askAdmin(t, r.URL.Path, r.Method, string(body))
		if err != nil {
			assert.NoError(t, control.AnswerJSON(w, http.StatusBadRequest, err))
			return
		}
		_, _ = w.Write(answer.Body.Bytes())
	}))
	defer admin.Close()
	c.picture(t, "", "/a.jpg")
	text, err := runPurge("images", "--zone", "/", "--address", admin.Listener.Addr().String())
	require.NoError(t, err)
	assert.Equal(t, "POST /nextjs/v1/purge", said)
	assert.Equal(t, "Purged from zone root: all pictures\n", text)
	assert.False(t, c.picture(t, "", "/a.jpg"))
	_, err = runPurge("images", "--zone", "blog", "--address", admin.Listener.Addr().String())
	assert.EqualError(t, err, fmt.Sprintf(`the edge at %s refuses: unknown zone "blog"; the configuration has: root, shop`, admin.Listener.Addr()))
}

func TestPurgeCommandSaysWhatIsWrong(t *testing.T) {
	token := edgetest.File(t, "s3cret")
	answering := func(status int, location, body string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			assert.Equal(t, "Bearer s3cret", r.Header.Get("Authorization"))
			assert.Equal(t, "/x/v1/purge", r.URL.Path)
			if location != "" {
				w.Header().Set("Location", location)
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}))
		t.Cleanup(server.Close)
		return server.URL + "/x"
	}
	conflict := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		assert.NoError(t, control.AnswerJSON(w, http.StatusConflict, control.Error(http.StatusConflict, errors.New("2 applications have the name root"))))
	}))
	defer conflict.Close()
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	free := "localhost:" + edgetest.FreePort(t)
	at := func(url string) []string { return []string{"images", "--all", "--control", url, "--token-file", token} }
	for message, args := range map[string][]string{
		"name one cache to purge: images":        {},
		"name one cache to purge, not two":       {"images", "pages"},
		`unknown cache "sites"; allowed: images`: {"sites", "/prices"},
		"it is not said what /prices is: write --path /prices for that page, or --prefix /prices for all whose path begins so": {"pages", "/prices"},
		"it is not said what news is: write --tag news, --zone news or --deployment news":                                      {"pages", "news", "--soft"},
		"it is not said what /a.jpg is: write --source /a.jpg or --zone /a.jpg":                                                {"images", "/a.jpg"},
		`unknown cache "sites"; allowed: images, pages`:                                                                        {"sites", "--all"},
		`it does not say what to purge: "zone", "source" or both (pages: "path", "prefix", "tag" or "deployment"), or "all"`:   {"images"},
		`"all" stands alone`:                              {"images", "--all", "--zone", "shop"},
		`"zone" is empty`:                                 {"images", "--zone", ""},
		`"source" "photo.jpg": it is neither`:             {"images", "--source", "photo.jpg"},
		"--token-file is for --control, which is missing": {"images", "--all", "--token-file", token},
		"--control needs --token-file":                    {"images", "--all", "--control", "https://example.com"},
		"use one way":                                     {"images", "--all", "--control", "https://example.com", "--token-file", token, "--address", free},
		`--control takes a URL such as https://example.com/_edge, found "example.com"`: at("example.com"),
		`found "https://example.com/?x=1"`:                                             at("https://example.com/?x=1"),
		`found "https://ann:pw@example.com/"`:                                          at("https://ann:pw@example.com/"),
		"--control: parse":                                                             at("https://exa mple.com/"),
		"--token-file: open":                                                           {"images", "--all", "--control", "https://example.com", "--token-file", "nowhere"},
		"is empty":                                                                     {"images", "--all", "--control", "https://example.com", "--token-file", edgetest.File(t, "")},
		"no edge answers there: ":                                                      at("http://" + free),
		"no edge answers at the admin address " + free:                                 {"images", "--all", "--address", free},
		"or its nextjs_control by --control":                                           {"images", "--all", "--address", free},
		"\nIt is without caddy-nextjs, or an older one":                                {"images", "--all", "--address", other.Listener.Addr().String()},
		conflict.Listener.Addr().String() + " refuses: 2 applications have the name root":                    {"images", "--all", "--address", conflict.Listener.Addr().String()},
		"nothing that takes this order is at":                                                                at(answering(http.StatusNotFound, "", "")),
		"of another version: nothing is here; there are GET …/v1/files":                                      at(answering(http.StatusNotFound, "", `{"error": "nothing is here; there are GET …/v1/files"}`)),
		"leads to https://example.com/x/purge, where the token is not sent: name the right URL by --control": at(answering(http.StatusPermanentRedirect, "https://example.com/x/purge", "")),
		"is not reached: 502 Bad Gateway":                                                                    at(answering(http.StatusBadGateway, "", "<html>")),
		"refuses: a page of another site asks":                                                               at(answering(http.StatusForbidden, "", `{"error": "a page of another site asks"}`)),
		"refuses: 2 applications have the name root":                                                         at(answering(http.StatusConflict, "", `{"error": "2 applications have the name root"}`)),
		"refuses: the token is for zone shop only":                                                           at(answering(http.StatusForbidden, "", `{"error": "the token is for zone shop only"}`)),
		"is no nextjs_control":                                                                               at(answering(http.StatusOK, "", "<html>")),
	} {
		_, err := runPurge(args...)
		assert.ErrorContains(t, err, message)
	}
}
