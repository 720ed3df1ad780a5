package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/control"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

const (
	// controlTimeout bounds what a command waits for an edge that it asks by --control.
	controlTimeout = 30 * time.Second
	// controlAnswerLimit bounds what it reads of the answer (bytes).
	controlAnswerLimit = 1 << 20
)

// controlFlags say by which way a command steers an edge: its admin endpoint, or its nextjs_control.
type controlFlags struct {
	adminFlags
	control, tokenFile string
	patience           time.Duration // how much longer than usual the answer may take
}

func (f *controlFlags) register(cmd *cobra.Command) {
	f.adminFlags.register(cmd)
	cmd.Flags().StringVar(&f.control, "control", "", "URL at which the edge has nextjs_control, to ask that and not the admin endpoint")
	cmd.Flags().StringVar(&f.tokenFile, "token-file", "", "File that holds the token for --control")
}

// get asks the edge by the name of a route, and decodes its answer. The error says what to do about it.
func (f *controlFlags) get(ctx context.Context, route string, into any) error {
	return f.call(ctx, http.MethodGet, route, nil, into)
}

// post orders something of the edge, likewise.
func (f *controlFlags) post(ctx context.Context, route string, order, into any) error {
	return f.order(ctx, http.MethodPost, route, order, into)
}

// order sends an order by a method. The error is unanswered where nobody knows what has become of it.
func (f *controlFlags) order(ctx context.Context, method, route string, order, into any) error {
	body, err := json.Marshal(order)
	if err != nil {
		return fmt.Errorf("writing the order: %w", err)
	}
	return f.call(ctx, method, route, body, into)
}

// call sends a request by the way that the flags say.
func (f *controlFlags) call(ctx context.Context, method, route string, body []byte, into any) (err error) {
	switch {
	case f.control == "" && f.tokenFile != "":
		return errors.New("--token-file is for --control, which is missing")
	case f.control == "":
		_, err = f.ask(method, report.AdminPath(route), body, "name another address by --address or --config, or its nextjs_control by --control", into)
		return err
	case f.adminFlags != (adminFlags{}):
		return errors.New("--control names an edge, and so do --address, --config and --adapter: use one way")
	case f.tokenFile == "":
		return errors.New("--control needs --token-file, a file that holds the token of the edge")
	}
	target, err := controlURL(f.control, route)
	if err != nil {
		return err
	}
	return f.callControl(ctx, method, target, body, into)
}

// controlURL is where nextjs_control takes an order.
func controlURL(base, route string) (*url.URL, error) {
	u, err := url.Parse(base)
	switch {
	case err != nil:
		return nil, fmt.Errorf("--control: %w", err)
	case u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("--control takes a URL such as https://example.com/_edge, found %q", base)
	}
	return u.JoinPath(report.APIVersion, route), nil
}

func (f *controlFlags) callControl(ctx context.Context, method string, target *url.URL, body []byte, into any) error {
	text, err := os.ReadFile(f.tokenFile)
	if err != nil {
		return fmt.Errorf("--token-file: %w", err)
	}
	token, err := control.ParseToken(text)
	if err != nil {
		return fmt.Errorf("--token-file: %s %w", f.tokenFile, err)
	}
	ctx, cancel := context.WithTimeout(ctx, controlTimeout+f.patience)
	defer cancel()
	var isSent atomic.Bool // a connection may still be written to when the answer, or an error, is there
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { isSent.Store(true) }})
	req, err := http.NewRequestWithContext(ctx, method, target.String(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("asking the edge at %s: %w", target, err)
	}
	req.Header.Set("Authorization", "Bearer "+string(token))
	req.Header.Set("Content-Type", "application/json")
	// The token is for this address and no other.
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		return unanswered{fmt.Errorf("no edge answers there: %w", err), isSent.Load()}
	}
	defer func() { _ = res.Body.Close() }() // it was only read
	answer, err := io.ReadAll(io.LimitReader(res.Body, controlAnswerLimit))
	if err != nil {
		return unanswered{fmt.Errorf("reading the answer of the edge at %s: %w", target, err), true}
	}
	if res.StatusCode != http.StatusOK {
		return f.explainStatus(target, res, answer)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("what answers at %s is no nextjs_control: %w", target, err)
	}
	return nil
}

// explainStatus says what to do about a refusal.
func (f *controlFlags) explainStatus(target *url.URL, res *http.Response, answer []byte) error {
	refused := caddy.APIError{}
	isControl := json.Unmarshal(answer, &refused) == nil && refused.Message != ""
	switch location := res.Header.Get("Location"); {
	case res.StatusCode == http.StatusUnauthorized:
		return fmt.Errorf("the edge at %s refuses the token in %s: no file that its nextjs_control names holds it", target, f.tokenFile)
	case res.StatusCode == http.StatusNotFound && isControl:
		return fmt.Errorf("the edge at %s does not know this order, so it is of another version: %s", target, refused.Message)
	case res.StatusCode == http.StatusNotFound:
		return fmt.Errorf("nothing that takes this order is at %s: --control is the URL of what the site hands to nextjs_control", target)
	case location != "":
		return fmt.Errorf("%s leads to %s, where the token is not sent: name the right URL by --control", target, location)
	case isControl && res.StatusCode == http.StatusServiceUnavailable:
		return unanswered{fmt.Errorf("the edge at %s is not there for now: %s", target, refused.Message), true}
	case isControl:
		return refusal{at: target.String(), status: strconv.Itoa(res.StatusCode), message: refused.Message}
	case res.StatusCode > http.StatusInternalServerError: // by what stands before the edge
		return unanswered{fmt.Errorf("the edge at %s is not reached: %s", target, res.Status), true}
	}
	return fmt.Errorf("the edge at %s answers with %s", target, res.Status)
}
