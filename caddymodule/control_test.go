package caddymodule

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/control"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// controlRoutes is what is said where nothing is.
const controlRoutes = "nothing is here; there are GET …/v1/files, GET …/v1/explain, GET …/v1/image, POST …/v1/purge, GET …/v1/status, POST …/v1/drain, POST …/v1/undrain, POST …/v1/pause, POST …/v1/resume, PUT …/v1/zones/{zone}/deployments/{id}, POST …/v1/rollback, POST …/v1/promote, POST …/v1/retire, POST …/v1/forget"

const purgeAll = `{"cache": "images", "all": true}`

// paint starts an application that answers with a picture, and counts how often it is asked.
func paint(t *testing.T) (address string, asked *atomic.Int64) {
	t.Helper()
	asked = new(atomic.Int64)
	return edgetest.Upstream(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Type", "image/webp")
		w.Header().Set("Cache-Control", "public, max-age=60, must-revalidate")
		_, _ = io.WriteString(w, r.URL.RawQuery)
	}), asked
}

// controlled is an edge with nextjs_control below /_edge and the zones root, at /, and shop, at /shop.
type controlled struct {
	*edgetest.Edge
	root, shop *atomic.Int64
	token      string // the file
	log        string
}

func startControlled(t *testing.T) *controlled {
	t.Helper()
	c := &controlled{token: edgetest.File(t, "s3cret\n"), log: filepath.Join(t.TempDir(), "edge.log")}
	var root, shop string
	root, c.root = paint(t)
	shop, c.shop = paint(t)
	c.Edge = edgetest.Serve(t, fmt.Sprintf("handle_path /_edge/* {\n nextjs_control {\n token_file %s\n }\n}\nnextjs {\n zone / %s\n zone /shop %s\n}", c.token, root, shop),
		fmt.Sprintf("nextjs {\n state %s\n}\nlog {\n output file %s\n}", t.TempDir(), c.log))
	return c
}

// picture asks for the picture of a source, and reports whether it was kept.
func (c *controlled) picture(t *testing.T, base, source string) (hit bool) {
	t.Helper()
	client, _ := c.Client(t, edgetest.H1)
	res, err := client.Get(c.URL(base + "/_next/image?w=640&q=75&url=" + source))
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, http.StatusOK, res.StatusCode)
	_, err = io.Copy(io.Discard, res.Body)
	require.NoError(t, err)
	return res.Header.Get("X-Nextjs-Cache") == "HIT"
}

// order sends a request to the control handler.
func (c *controlled) order(t *testing.T, method, path, body string, header ...string) (*http.Response, string) {
	t.Helper()
	res, text, err := c.try(t, method, path, body, header...)
	require.NoError(t, err)
	return res, text
}

// try is order for a moment at which one server hands over to the next, where a connection may end.
func (c *controlled) try(t *testing.T, method, path, body string, header ...string) (*http.Response, string, error) {
	t.Helper()
	req, err := http.NewRequest(method, c.URL(path), strings.NewReader(body))
	require.NoError(t, err)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client, _ := c.Client(t, edgetest.H1)
	res, err := client.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res, string(text), err
}

func TestPurgingPictures(t *testing.T) {
	c := startControlled(t)
	fill := func() {
		for _, base := range []string{"", "/shop"} {
			for _, source := range []string{"/a.jpg", "/b.jpg", "http://Example.com:80/a.jpg"} {
				c.picture(t, base, source)
				require.True(t, c.picture(t, base, source))
			}
		}
	}
	kept := func() (list []string) {
		for _, base := range []string{"", "/shop"} {
			for name, source := range map[string]string{"a": "/a.jpg", "b": "/b.jpg", "remote": "http://Example.com:80/a.jpg"} {
				if c.picture(t, base, source) {
					list = append(list, base+" "+name)
				}
			}
		}
		return list
	}
	for body, want := range map[string]struct {
		answer, scope string
		kept          []string
	}{
		`{"cache": "images", "source": "/a.jpg"}`: {
			`[{"zone": "root", "cache": "images", "source": "/a.jpg", "pictures": 1}, {"zone": "shop", "cache": "images", "source": "/a.jpg", "pictures": 1}]`, "source",
			[]string{" b", " remote", "/shop b", "/shop remote"},
		},
		`{"cache": "images", "source": "http://example.com/a.jpg", "zone": "shop"}`: {
			`[{"zone": "shop", "cache": "images", "source": "http://example.com/a.jpg", "pictures": 1}]`, "source",
			[]string{" a", " b", " remote", "/shop a", "/shop b"},
		},
		`{"cache": "images", "zone": "/shop"}`: {`[{"zone": "shop", "cache": "images"}]`, "zone", []string{" a", " b", " remote"}},
		purgeAll:                               {`[{"zone": "root", "cache": "images"}, {"zone": "shop", "cache": "images"}]`, "all", nil},
	} {
		t.Run(body, func(t *testing.T) {
			fill()
			counter := func() float64 { return metric(t, "purges_total", report.CacheImages, want.scope) }
			before := counter()
			res, text := c.order(t, http.MethodPost, "/_edge/purge", body, "Authorization", "Bearer s3cret")
			require.Equal(t, http.StatusOK, res.StatusCode, text)
			assert.JSONEq(t, `{"purged": `+want.answer+`}`, text)
			assert.Equal(t, "application/json", res.Header.Get("Content-Type"))
			assert.Equal(t, "no-store", res.Header.Get("Cache-Control"))
			assert.InDelta(t, before+1, counter(), 0)
			assert.ElementsMatch(t, want.kept, kept())

			fill()
			w, err := askAdmin(t, report.AdminPath(report.PurgeRoute), http.MethodPost, body)
			require.NoError(t, err)
			assert.JSONEq(t, text, w.Body.String(), "the admin endpoint does the same")
			assert.ElementsMatch(t, want.kept, kept())
		})
	}
}

// askAdmin asks the admin endpoint, without the network.
func askAdmin(t *testing.T, target, method, body string) (w *httptest.ResponseRecorder, err error) {
	t.Helper()
	mux := http.NewServeMux()
	for _, route := range (control.Admin{}).Routes() {
		mux.HandleFunc(route.Pattern, func(w http.ResponseWriter, r *http.Request) { err = route.Handler.ServeHTTP(w, r) })
	}
	w = httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(method, target, strings.NewReader(body)))
	return w, err
}

func TestAPurgeIsOneLineOfTheLog(t *testing.T) {
	c := startControlled(t)
	before := strings.Count(logText(t, c.log), `"msg":"purged"`)
	for _, body := range []string{`{"cache": "images", "zone": "shop", "source": "https://ann:pw@example.com/a.jpg?token=hidden"}`, "nonsense"} {
		c.order(t, http.MethodPost, "/_edge/purge", body, "Authorization", "Bearer s3cret")
	}
	c.order(t, http.MethodPost, "/_edge/purge", purgeAll, "Authorization", "Bearer guess")
	var lines []string
	require.Eventually(t, func() bool {
		lines = nil
		for line := range strings.Lines(logText(t, c.log)) {
			if strings.Contains(line, `"msg":"purged"`) {
				lines = append(lines, line)
			}
		}
		return len(lines) > before
	}, edgetest.Patience, time.Millisecond)
	require.Len(t, lines, before+1)
	var line map[string]any
	require.NoError(t, json.Unmarshal([]byte(lines[before]), &line))
	delete(line, "ts")
	assert.Equal(t, map[string]any{
		"level": "info", "logger": "http.handlers.nextjs_control", "msg": "purged", "cache": "images", "scope": "source",
		"zones": []any{"shop"}, "source": "https://example.com/a.jpg", "remote_ip": "127.0.0.1", "client_ip": "127.0.0.1",
	}, line)
}

func logText(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(text)
}

func TestWithoutTheTokenNothingIsDoneNorSaid(t *testing.T) {
	c := startControlled(t)
	c.picture(t, "", "/a.jpg")
	for _, request := range [][3]string{
		{http.MethodPost, "/_edge/purge", ""},
		{http.MethodPost, "/_edge/purge", "Bearer wrong"},
		{http.MethodPost, "/_edge/purge", "Basic czNjcmV0"},
		{http.MethodGet, "/_edge/purge", "Bearer wrong"},
		{http.MethodOptions, "/_edge/purge", ""},
		{http.MethodPost, "/_edge/nothing", "Bearer wrong"},
	} {
		header := []string{"Origin", c.URL("")}
		if request[2] != "" {
			header = append(header, "Authorization", request[2])
		}
		res, text := c.order(t, request[0], request[1], purgeAll, header...)
		assert.Equal(t, http.StatusUnauthorized, res.StatusCode, request)
		res.Header.Del("Date")
		assert.Equal(t, http.Header{
			"Www-Authenticate": {"Bearer"}, "Content-Type": {"application/json"}, "Cache-Control": {"no-store"},
			"Content-Length": {fmt.Sprint(len(text))}, "Server": {"Caddy"},
		}, res.Header)
		assert.JSONEq(t, `{"error": "a token that is known here is needed, as Authorization: Bearer and the token"}`, text)
	}
	assert.True(t, c.picture(t, "", "/a.jpg"))
	assert.EqualValues(t, 1, c.root.Load())
}

func TestWhatTheControlHandlerRefuses(t *testing.T) {
	c := startControlled(t)
	c.picture(t, "", "/a.jpg")
	for name, want := range map[string]struct {
		method, path, body, origin string
		status                     int
		message                    string
	}{
		"another path":     {http.MethodPost, "/_edge/purge/", purgeAll, "", http.StatusNotFound, controlRoutes},
		"another method":   {http.MethodDelete, "/_edge/purge", purgeAll, "", http.StatusMethodNotAllowed, "method DELETE is not allowed here, only POST is"},
		"a large body":     {http.MethodPost, "/_edge/purge", purgeAll + strings.Repeat(" ", 64<<10), "", http.StatusRequestEntityTooLarge, "the body has more than 65536 bytes"},
		"nonsense":         {http.MethodPost, "/_edge/purge", "{}", "", http.StatusBadRequest, `"cache" is missing; allowed: images, pages`},
		"an unknown zone":  {http.MethodPost, "/_edge/purge", `{"cache": "images", "zone": "blog"}`, "", http.StatusBadRequest, `unknown zone "blog"; the configuration has: root, shop`},
		"an unknown path":  {http.MethodPost, "/_edge/purge", `{"cache": "images", "zone": "/shop/x", "source": "/a.jpg"}`, "", http.StatusBadRequest, `unknown zone "/shop/x"; the configuration has: root, shop`},
		"an other origin":  {http.MethodPost, "/_edge/purge", purgeAll, "https://evil.example", http.StatusForbidden, "a page of another site asks"},
		"an opaque origin": {http.MethodPost, "/_edge/purge", purgeAll, "null", http.StatusForbidden, "a page of another site asks"},
	} {
		t.Run(name, func(t *testing.T) {
			header := []string{"Authorization", "Bearer s3cret"}
			if want.origin != "" {
				header = append(header, "Origin", want.origin)
			}
			res, text := c.order(t, want.method, want.path, want.body, header...)
			assert.Equal(t, want.status, res.StatusCode)
			said, err := json.Marshal(map[string]string{"error": want.message})
			require.NoError(t, err)
			assert.JSONEq(t, string(said), text)
			if want.status == http.StatusMethodNotAllowed {
				assert.Equal(t, http.MethodPost, res.Header.Get("Allow"))
			}
			if want.status == http.StatusForbidden || want.status == http.StatusNotFound {
				return
			}
			w, err := askAdmin(t, report.AdminPath(report.PurgeRoute), want.method, want.body)
			var refused caddy.APIError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, want.status, refused.HTTPStatus, "the admin endpoint refuses it too")
			assert.Equal(t, want.message, refused.Error())
			assert.Equal(t, res.Header.Get("Allow"), w.Header().Get("Allow"))
		})
	}
	assert.True(t, c.picture(t, "", "/a.jpg"), "nothing was purged")

	res, text := c.order(t, http.MethodPost, "/_edge/purge", purgeAll, "Authorization", "Bearer s3cret", "Origin",
		c.URL(""))
	assert.Equal(t, http.StatusOK, res.StatusCode, "the site's own page: %s", text)
}

func TestPurgesFollowReloads(t *testing.T) {
	c := startControlled(t)
	token := "handle_path /_edge/* {\n nextjs_control {\n token_file " + c.token + "\n }\n}\n"
	order := func(body string) (int, string) {
		res, text := c.order(t, http.MethodPost, "/_edge/purge", body, "Authorization", "Bearer s3cret")
		return res.StatusCode, text
	}
	says := func(body, want string) func() bool {
		return func() bool {
			_, text, err := c.try(t, http.MethodPost, "/_edge/purge", body, "Authorization", "Bearer s3cret")
			return err == nil && strings.Contains(text, want)
		}
	}
	for name, directives := range map[string]string{
		"token_file: stat /nowhere": "nextjs_control {\n token_file /nowhere\n}", " is empty": "nextjs_control {\n token_file " + edgetest.File(t, "\n") + "\n}",
	} {
		require.ErrorContains(t, c.Load(t, directives), name)
	}
	status, _ := order(`{"cache": "images", "zone": "shop"}`)
	require.Equal(t, http.StatusOK, status, "the configuration that serves is the one before")

	address, _ := paint(t)
	require.NoError(t, c.Load(t, token+"nextjs {\n zone blog / "+address+" {\n image off\n }\n}"))
	edgetest.AfterReload(t, says(`{"cache": "images", "zone": "shop"}`,
		`unknown zone \"shop\"; the configuration has: blog`))
	status, text := order(`{"cache": "images", "zone": "blog"}`)
	assert.Equal(t, http.StatusOK, status)
	assert.JSONEq(t, `{"purged": []}`, text, "it keeps no pictures")

	require.NoError(t, c.Load(t, token+"respond ok"))
	edgetest.AfterReload(t, says(`{"cache": "images", "zone": "blog"}`,
		`unknown zone \"blog\": the configuration has no zones`))
	_, text = order(purgeAll)
	assert.JSONEq(t, `{"purged": []}`, text)
}

func TestControlInJSONNeedsAToken(t *testing.T) {
	config := `{"admin": {"disabled": true, "config": {"persist": false}}, "apps": {"http": {"servers": {"edge": {"listen": ["127.0.0.1:0"], "routes": [{"handle": [{"handler": "nextjs_control"}]}]}}}}}`
	require.ErrorContains(t, caddy.Load([]byte(config), true), "nextjs_control needs token_file or token")
}
