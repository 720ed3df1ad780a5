package control

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"
)

// Token lets who has it do things of one scope.
type Token struct {
	// What it is for: `read` (files, explanations), `purge`, `deploy`, or `adapter`: purging pages of the zone, as the
	// application itself does it.
	Scope string `json:"scope"`
	// Name of the zone that it is limited to. Default: all zones; `adapter` needs one.
	Zone string `json:"zone,omitempty"`
	// File that holds the token, as that of `token_file`. One file may be that of several tokens: it is for all that
	// they are for.
	File string `json:"file"`
}

var errNoTokens = errors.New(
	"nextjs_control needs token_file or token, a file that holds the token of those who may control the edge")

// check finds what is wrong with the configuration of a token.
func (t Token) check() error {
	switch {
	case !slices.Contains(Scopes, t.Scope):
		return fmt.Errorf("token: unknown scope %q; allowed: %s", t.Scope, strings.Join(Scopes, ", "))
	case t.Scope == ScopeAdapter && t.Zone == "":
		return errors.New("token adapter needs the name of a zone, that of the application which has the token")
	case strings.HasPrefix(t.Zone, "/"): // it would let nobody in
		return fmt.Errorf("token %s takes the name of a zone before the file, found the path %q", t.Scope, t.Zone)
	case t.File == "":
		return fmt.Errorf("token %s needs a file that holds the token", t.Scope)
	}
	return nil
}

// key is a token and what it is for.
type key struct {
	*bearerToken
	grants []grant
}

// keyring are the tokens of a handler, one for each file.
type keyring []key

// newKeyring reads the files. The error says which word names one that holds no token.
func newKeyring(tokenFile string, tokens []Token, log *zap.Logger) (keyring, error) {
	var ring keyring
	if tokenFile != "" {
		if err := ring.add(tokenFile, grant{}, log); err != nil {
			return nil, fmt.Errorf("token_file: %w", err)
		}
	}
	for _, token := range tokens {
		if err := ring.add(token.File, grant{token.Scope, token.Zone}, log); err != nil {
			return nil, fmt.Errorf("token %s: %w", token.Scope, err)
		}
	}
	return ring, nil
}

func (k *keyring) add(file string, granted grant, log *zap.Logger) error {
	file = caddy.NewReplacer().ReplaceKnown(file, "")
	at := slices.IndexFunc(*k, func(one key) bool { return one.file == file })
	if at >= 0 {
		(*k)[at].grants = append((*k)[at].grants, granted)
		return nil
	}
	token, err := newBearerToken(file, log)
	*k = append(*k, key{token, []grant{granted}})
	return err
}

// callerOf returns who asks; false if the request brings no token that is known. It looks at all of them, so that the
// time it takes tells nothing.
func (k keyring) callerOf(r *http.Request) (caller Caller, known bool) {
	sum, brought := broughtToken(r.Header)
	for _, one := range k {
		if one.is(sum) && brought {
			caller.grants = append(caller.grants, one.grants...)
		}
	}
	caller.address, caller.remote = addressOf(r), true
	return caller, len(caller.grants) > 0
}
