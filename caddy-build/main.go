// Command caddy is Caddy with its standard modules and caddy-nextjs, built by plain `go build`.
package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/caddy-nextjs/caddy-nextjs"
)

func main() {
	caddycmd.Main()
}
