package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/control"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

// runCommand runs a command, and returns what it prints to either output.
func runCommand(ctx context.Context, args ...string) (out, said string, err error) {
	root := &cobra.Command{Use: "nextjs", SilenceUsage: true, SilenceErrors: true}
	Command(nil, nil).CobraFunc(root)
	var stdout, stderr bytes.Buffer
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	root.SetArgs(args)
	err = root.ExecuteContext(ctx)
	return stdout.String(), stderr.String(), err
}

// edgeOf is where an edge is asked, and a file with a token for it.
func edgeOf(t *testing.T, serve http.HandlerFunc) (url, token string) {
	t.Helper()
	server := httptest.NewServer(serve)
	t.Cleanup(server.Close)
	token = filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("s3cret\n"), 0o600))
	return server.URL + "/_edge", token
}

// deploys answers an order to deploy, and notes it.
func deploys(t *testing.T, orders chan<- string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		orders <- r.Method + " " + r.URL.EscapedPath() + " " + string(body)
		var order report.DeployOrder
		assert.NoError(t, json.Unmarshal(body, &order))
		assert.NoError(t, control.AnswerJSON(w, http.StatusOK, report.Deployed{
			Deployment: report.Deployment{ID: "42", State: report.StateLive, Upstreams: order.Upstreams}, Zone: "shop", Before: "41", Durable: true,
		}))
	}
}

// refuses answers with an error, in the shape of the API or as what stands before an edge does.
func refuses(t *testing.T, status int, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		assert.NoError(t, control.AnswerJSON(w, status, map[string]string{"error": message}))
	}
}

func TestDeployOrdersWhatIsSaid(t *testing.T) {
	orders := make(chan string, 1)
	edge, token := edgeOf(t, deploys(t, orders))
	for args, want := range map[string]string{
		"--zone shop --to 10.0.0.7:3000,10.0.0.8:3000":                         `PUT /_edge/v1/zones/shop/deployments/- {"upstreams":["10.0.0.7:3000","10.0.0.8:3000"],"timeout":"1m0s"}`,
		"--zone shop --to a:1 --to b:2 --id 42":                                `PUT /_edge/v1/zones/shop/deployments/42 {"upstreams":["a:1","b:2"],"timeout":"1m0s"}`,
		"--zone /shop --to a:1 --id v1/2 --build /srv/builds/42 --timeout 90s": `PUT /_edge/v1/zones/%2Fshop/deployments/v1%2F2 {"upstreams":["a:1"],"build":"/srv/builds/42","timeout":"1m30s"}`,
	} {
		out, said, err := runCommand(t.Context(), append([]string{"deploy", "--control", edge, "--token-file", token}, strings.Fields(args)...)...)
		require.NoError(t, err, args)
		assert.Equal(t, want, <-orders)
		assert.Regexp(t, `^42 of shop is live at \S+(, \S+)?; 41 was live before\n$`, out)
		assert.Empty(t, said)
	}
	out, _, err := runCommand(t.Context(), "deploy", "--control", edge, "--token-file", token, "--zone", "shop", "--to", "a:1", "--json")
	require.NoError(t, err)
	<-orders
	assert.JSONEq(t, `{"id": "42", "state": "live", "since": "0001-01-01T00:00:00Z", "upstreams": ["a:1"], "zone": "shop", "before": "41", "durable": true}`, out)
}

// Over the admin endpoint the command runs where the edge does: a directory may be named as seen from there.
func TestDeployByTheAdminEndpoint(t *testing.T) {
	orders := make(chan string, 1)
	server := httptest.NewServer(deploys(t, orders))
	defer server.Close()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	t.Chdir(dir)
	out, _, err := runCommand(t.Context(), "deploy", "--address", server.Listener.Addr().String(), "--zone", "shop", "--to", "a:1", "--build", "42/")
	require.NoError(t, err)
	assert.Equal(t, `PUT /nextjs/v1/zones/shop/deployments/- {"upstreams":["a:1"],"build":"`+dir+`/42","timeout":"1m0s"}`, <-orders)
	assert.Equal(t, "42 of shop is live at a:1; 41 was live before\n", out)

	refusing := httptest.NewServer(refuses(t, http.StatusUnprocessableEntity, "a:1 did not answer within 1m0s; nothing has changed"))
	defer refusing.Close()
	address := refusing.Listener.Addr().String()
	_, _, err = runCommand(t.Context(), "deploy", "--address", address, "--zone", "shop", "--to", "a:1")
	require.EqualError(t, err, "the edge at "+address+" refuses: a:1 did not answer within 1m0s; nothing has changed")
}

func TestDeployAndRolloutFlagsThatAreWrong(t *testing.T) {
	for args, message := range map[string]string{
		"deploy --to a:1":                                                           "--zone is missing",
		"deploy --zone shop":                                                        "--to is missing",
		"deploy --zone shop --to a:1,,b:1":                                          "--to has an upstream that is empty",
		"deploy --zone shop --to a:1 --id=":                                         "--id is empty; leave it out",
		"deploy --zone shop --to a:1 --id ..":                                       `--id takes a name, found ".."`,
		"deploy --zone shop --to a:1 --timeout 11m":                                 "--timeout takes a duration from 1s to 10m, found 11m0s",
		"deploy --zone shop --to a:1 --timeout 0s":                                  "--timeout takes a duration from 1s to 10m",
		"deploy --zone shop --to a:1 --build 42 --control http://a --token-file b":  "--build is a directory on the machine of the edge",
		"deploy --zone shop --to a:1 --control http://a":                            "--control needs --token-file",
		"deploy --zone shop --to a:1 --token-file a":                                "--token-file is for --control, which is missing",
		"deploy --zone shop --to a:1 --control http://a --control http://a":         "--control names http://a twice",
		"deploy --zone shop --to a:1 --control http://a --token-file b --address c": "--control names an edge, and so do --address",
		"deploy shop --to a:1":                                                      "unknown command",
		"rollback":                                                                  "--zone is missing",
		"rollback --zone shop --to=":                                                "--to is empty; leave it out",
		"promote --zone shop":                                                       "--id is missing",
		"promote --zone shop --id=":                                                 "--id is missing",
		"retire --zone shop --id 41 --now --wait 1s":                                "none of the others can be",
		"retire --zone shop --id 41 --wait=-1s":                                     "--wait takes a duration such as 30s",
		"forget --id 41":                                                            "--zone is missing",
	} {
		_, _, err := runCommand(t.Context(), strings.Fields(args)...)
		assert.ErrorContains(t, err, message, args)
	}
}

// The edge goes on without the command, which asks for the same until it learns what has become of it.
func TestDeployAsksAgainWhereTheConnectionBreaks(t *testing.T) {
	orders := make(chan string, 4)
	deploy := deploys(t, orders)
	for name, breaks := range map[string]http.HandlerFunc{
		"a connection that ends": func(w http.ResponseWriter, _ *http.Request) {
			connection, _, err := http.NewResponseController(w).Hijack()
			if assert.NoError(t, err) {
				_ = connection.Close()
			}
		},
		"an answer that ends": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "{")
		},
		"what stands before the edge": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "<h1>Gateway Time-out</h1>", http.StatusGatewayTimeout)
		},
		"an edge that is started again": refuses(t, http.StatusServiceUnavailable, "the edge stops: the deploy goes on when it is started again"),
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int64
			edge, token := edgeOf(t, func(w http.ResponseWriter, r *http.Request) {
				if asked.Add(1) == 1 {
					body, _ := io.ReadAll(r.Body)
					orders <- r.Method + " " + r.URL.EscapedPath() + " " + string(body)
					breaks(w, r)
					return
				}
				deploy(w, r)
			})
			out, said, err := runCommand(t.Context(), "deploy", "--control", edge, "--token-file", token, "--zone", "shop", "--to", "a:1")
			require.NoError(t, err)
			assert.Equal(t, <-orders, <-orders)
			assert.Equal(t, "42 of shop is live at a:1; 41 was live before\n", out)
			assert.Regexp(t, "^"+edge+`: no answer \(.+\): a deploy that has begun goes on; asking again\n$`, said)
			assert.EqualValues(t, 2, asked.Load())
		})
	}
}

func TestDeployFailsAtOnceWhereNoEdgeIs(t *testing.T) {
	_, token := edgeOf(t, nil)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	free := listener.Addr().String()
	require.NoError(t, listener.Close())
	for _, way := range [][]string{{"--control", "http://" + free, "--token-file", token}, {"--address", free}} {
		_, said, err := runCommand(t.Context(), append([]string{"deploy", "--zone", "shop", "--to", "a:1"}, way...)...)
		require.ErrorContains(t, err, "no edge answers")
		assert.Empty(t, said)
	}
}

// hangs answers nothing until the client has gone.
func hangs(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // only then is it noticed
	<-r.Context().Done()
}

func TestADeployOfWhichNobodyKnowsTheEnd(t *testing.T) {
	edge, token := edgeOf(t, hangs)
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	f := deployFlags{zone: "shop", id: "42", to: []string{"a:1"}, timeout: time.Minute}
	_, err := f.deployAt(ctx, &controlFlags{control: edge, tokenFile: token}, func(string) {})
	require.ErrorContains(t, err, "nobody knows how the deploy has ended, caddy nextjs status tells: ")
}

func TestADeployGoesOnWithoutWhoInterruptsIt(t *testing.T) {
	edge, token := edgeOf(t, func(w http.ResponseWriter, r *http.Request) {
		self, err := os.FindProcess(os.Getpid())
		assert.NoError(t, err)
		assert.NoError(t, self.Signal(os.Interrupt))
		hangs(w, r)
	})
	_, _, err := runCommand(t.Context(), "deploy", "--control", edge, "--token-file", token, "--zone", "shop", "--to", "a:1")
	require.EqualError(t, err, "ended by the signal: interrupt: a deploy that has begun goes on; the same command again waits on")
}

func TestOrdersToSeveralEdges(t *testing.T) {
	orders := make(chan string, 9)
	good, token := edgeOf(t, deploys(t, orders))
	other, _ := edgeOf(t, deploys(t, orders))
	bad, _ := edgeOf(t, refuses(t, http.StatusUnprocessableEntity, "a:1 did not answer within 1m0s"))
	deploy := func(args ...string) (string, error) {
		out, _, err := runCommand(t.Context(), append([]string{"deploy", "--zone", "shop", "--to", "a:1", "--token-file", token}, args...)...)
		return out, err
	}
	const done = "42 of shop is live at a:1; 41 was live before\n"
	out, err := deploy("--control", good, "--control", other)
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{good + ": " + done, other + ": " + done}, strings.SplitAfter(out, "\n")[:2])

	out, err = deploy("--control", good, "--control", bad)
	require.EqualError(t, err, "1 of 2 edges have done it, and not "+bad+": order it once more there, or take it back elsewhere")
	assert.ElementsMatch(t, []string{good + ": " + done, bad + ": failed: it refuses: a:1 did not answer within 1m0s\n", ""}, strings.SplitAfter(out, "\n"))

	out, err = deploy("--control", bad, "--control", good, "--json")
	require.Error(t, err)
	assert.JSONEq(t, `[{"edge": "`+bad+`", "error": "it refuses: a:1 did not answer within 1m0s"}, {"edge": "`+good+`", "answer":
		{"id": "42", "state": "live", "since": "0001-01-01T00:00:00Z", "upstreams": ["a:1"], "zone": "shop", "before": "41", "durable": true}}]`, out)

	_, err = deploy("--control", bad, "--control", strings.Replace(bad, "/_edge", "/other", 1))
	require.EqualError(t, err, "none of the 2 edges has done it")
}

func TestRolloutCommands(t *testing.T) {
	since := time.Now().Add(-50 * time.Hour)
	var order string
	edge, token := edgeOf(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		order = r.Method + " " + r.URL.Path + " " + string(body)
		assert.NoError(t, control.AnswerJSON(w, http.StatusOK, report.Rollout{Zone: "shop", Live: "41", Deployments: []report.Deployment{
			{ID: "42", State: report.StateDraining, Since: since, Upstreams: []string{"10.0.0.8:3000", "10.0.0.9:3000"}},
			{ID: "41", State: report.StateLive, Since: since, Upstreams: []string{"10.0.0.7:3000"}, Build: "/srv/builds/41"},
			{ID: "config", State: report.StateRetired, Since: since, Why: "ordered"},
		}}))
	})
	for args, want := range map[string]string{
		"rollback --zone shop":                  `POST /_edge/v1/rollback {"zone":"shop"}`,
		"rollback --zone shop --to 41":          `POST /_edge/v1/rollback {"zone":"shop","deployment":"41"}`,
		"promote --zone shop --id config":       `POST /_edge/v1/promote {"zone":"shop","deployment":"config"}`,
		"retire --zone shop --id 40":            `POST /_edge/v1/retire {"zone":"shop","deployment":"40","wait":"30s"}`,
		"retire --zone shop --id 40 --now":      `POST /_edge/v1/retire {"zone":"shop","deployment":"40","now":true}`,
		"retire --zone shop --id 40 --wait 90s": `POST /_edge/v1/retire {"zone":"shop","deployment":"40","wait":"1m30s"}`,
		"forget --zone shop --id 40":            `POST /_edge/v1/forget {"zone":"shop","deployment":"40"}`,
	} {
		out, said, err := runCommand(t.Context(), append(strings.Fields(args), "--control", edge, "--token-file", token)...)
		require.NoError(t, err, args)
		assert.Empty(t, said)
		assert.Equal(t, want, order)
		assert.Equal(t, `41 of shop is live
This is forgotten when the edge is started again.
DEPLOYMENT  STATE     SINCE  UPSTREAMS                     BUILD           WHY
42          draining     2d  10.0.0.8:3000, 10.0.0.9:3000  -
41          live         2d  10.0.0.7:3000                 /srv/builds/41
config      retired      2d  -                             -               ordered
`, out)
	}
}
