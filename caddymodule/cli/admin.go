package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

// adminFlags say at which admin endpoint a command asks, in the words of Caddy's own commands.
type adminFlags struct{ address, config, adapter string }

func (f *adminFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.address, "address", "", "Address of the running edge's admin endpoint, if not the default")
	cmd.Flags().StringVarP(&f.config, "config", "c", "", "Configuration file that names the admin address, if --address is not used")
	cmd.Flags().StringVarP(&f.adapter, "adapter", "a", "", "Name of config adapter to apply (when --config is used)")
}

// ask asks the running edge and decodes its answer. The error says how to reach it; otherwise are the ways that the
// command has besides.
func (f *adminFlags) ask(method, path string, body []byte, otherwise string, into any) (address string, err error) {
	if address, err = caddycmd.DetermineAdminAPIAddress(f.address, nil, f.config, f.adapter); err != nil {
		return "", fmt.Errorf("looking for the admin address in %s: %w", f.config, err)
	}
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	res, err := caddycmd.AdminAPIRequest(address, method, path, nil, reader)
	if err != nil {
		return address, explainAdminError(address, otherwise, err)
	}
	defer func() { _ = res.Body.Close() }() // it was only read
	err = json.NewDecoder(res.Body).Decode(into)
	if err != nil && !strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		return address, notAdmin(address, otherwise)
	}
	if err != nil {
		return address, unanswered{fmt.Errorf("reading the answer of the edge at %s: %w", address, err), true}
	}
	return address, nil
}

// unanswered is a request that an edge has not answered, or not to its end.
type unanswered struct {
	error
	// sent says that it has left, so that the edge may do what it orders.
	sent bool
}

func (u unanswered) Unwrap() error { return u.error }

// explainAdminError says what to do about an admin endpoint that did not answer as asked. Caddy has no error values for
// that.
func explainAdminError(address, otherwise string, err error) error {
	text := strings.TrimSpace(err.Error())
	said := errors.New(text) // Caddy's own ends in a line break
	_, answer, answered := strings.Cut(text, "caddy responded with error: HTTP ")
	status, body, _ := strings.Cut(answer, ": ")
	refused := caddy.APIError{}
	isAdmin := json.Unmarshal([]byte(body), &refused) == nil && refused.Message != ""
	switch {
	case strings.HasPrefix(text, "performing request:") && strings.Contains(text, ` "https://`): // it was redirected
		return notAdmin(address, otherwise)
	case strings.HasPrefix(text, "performing request:"):
		isSent := !strings.Contains(text, ": dial ")
		return unanswered{fmt.Errorf("no edge answers at the admin address %s: %w\nStart it, or %s", address, said, otherwise), isSent}
	case status == "404" && (isAdmin || body == "404 page not found"): // that is net/http's own
		return fmt.Errorf("the Caddy at %s does not know what is asked: %w\n"+
			"It is without caddy-nextjs, or an older one; `caddy nextjs version` says what this one is", address, said)
	case isAdmin && status == "503":
		return unanswered{fmt.Errorf("the edge at %s is not there for now: %s", address, refused.Message), true}
	case isAdmin && isRefusal(status):
		return refusal{at: address, status: status, message: refused.Message}
	case answered && !isAdmin:
		return notAdmin(address, otherwise)
	}
	return fmt.Errorf("asking the edge at %s: %w", address, err)
}

// refusal is an order that an edge has understood and not carried out.
type refusal struct{ at, status, message string }

// notInTime is the status of an order for which an upstream has not answered in time.
const notInTime = "504"

// isRefusal reports whether a status is of a refusal.
func isRefusal(status string) bool {
	return status == "400" || status == "409" || status == "422" || status == notInTime
}

func (r refusal) Error() string { return fmt.Sprintf("the edge at %s refuses: %s", r.at, r.message) }

// notAdmin says that a site, or something else, answers at the address.
func notAdmin(address, otherwise string) error {
	if !strings.Contains(address, "/") { // not a socket
		address = "http://" + address
	}
	return fmt.Errorf("%s answered, but it is not Caddy's admin endpoint (by default %s): %s",
		address, caddy.DefaultAdminListen, otherwise)
}

// printAnswer prints what an edge says, as text or as JSON.
func printAnswer(to io.Writer, answer any, text string, asJSON bool) error {
	if asJSON {
		data, err := json.MarshalIndent(answer, "", "  ")
		if err != nil {
			return fmt.Errorf("writing JSON: %w", err)
		}
		text = string(data) + "\n"
	}
	if _, err := io.WriteString(to, text); err != nil {
		return fmt.Errorf("writing the answer: %w", err)
	}
	return nil
}
