package control

import (
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/words"
)

// Words are those of the directive. A test compares them with the reference in docs/caddyfile.md.
var Words = []string{"token_file", "token"}

// Parse reads the directive:
//
//	nextjs_control [<matcher>] {
//		token_file <path>
//		token      read|purge|deploy|adapter [<zone>] <path>
//	}
func Parse(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	control := new(Handler)
	return control, control.UnmarshalCaddyfile(h.Dispenser)
}

// UnmarshalCaddyfile implements caddyfile.Unmarshaler.
func (c *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if d.NextArg() {
		return d.Errf("nextjs_control takes a block, found %q", d.Val())
	}
	for d.NextBlock(0) {
		if err := c.readWord(d); err != nil {
			return err
		}
	}
	if err := c.check(); err != nil {
		return d.WrapErr(err)
	}
	return nil
}

func (c *Handler) readWord(d *caddyfile.Dispenser) error {
	switch d.Val() {
	case "token_file":
		return words.OneArg(d, &c.TokenFile, "a file")
	case "token":
		token, err := parseToken(d)
		c.Tokens = append(c.Tokens, token)
		return err
	}
	return d.Errf("unknown word %q in nextjs_control; allowed: %s", d.Val(), strings.Join(Words, ", "))
}

func parseToken(d *caddyfile.Dispenser) (Token, error) {
	var token Token
	switch args := d.RemainingArgs(); len(args) {
	case 2:
		token = Token{Scope: args[0], File: args[1]}
	case 3:
		if args[1] == "" { // a variable that was not set must not mean all zones
			return token, d.Errf("token %s has an empty zone; leave it out for all zones", args[0])
		}
		token = Token{Scope: args[0], Zone: args[1], File: args[2]}
	default:
		return token, d.Errf("token takes a scope (%s), the name of a zone if it is for that one only, and a file, "+
			"found %d arguments", strings.Join(Scopes, ", "), len(args))
	}
	if err := token.check(); err != nil {
		return token, d.WrapErr(err)
	}
	return token, nil
}
