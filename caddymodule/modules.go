// Package caddymodule is the face of caddy-nextjs: the Caddy modules and the Caddyfile directive. It is the only library
// package of the project that imports Caddy; what it decides is decided in the packages below it.
package caddymodule

import (
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
)

// Every module, directive, command and route of the project. Module ids are API: they do not change.
func init() {
	caddy.RegisterModule(new(App))
	caddy.RegisterModule(new(Handler))
	caddy.RegisterModule(Encode{})
	caddy.RegisterModule(new(Brotli))
	caddy.RegisterModule(UpstreamSource{})
	caddy.RegisterModule(new(Transport))
	caddy.RegisterModule(new(Health))
	caddy.RegisterModule(Static{})
	caddy.RegisterModule(Image{})
	caddy.RegisterModule(Cache{})
	caddy.RegisterModule(new(Control))
	caddy.RegisterModule(Admin{})

	httpcaddyfile.RegisterGlobalOption("nextjs", parseGlobal)
	httpcaddyfile.RegisterDirective("nextjs", parseDirective)
	httpcaddyfile.RegisterDirectiveOrder("nextjs", httpcaddyfile.Before, "reverse_proxy")
	httpcaddyfile.RegisterHandlerDirective("nextjs_health", parseHealth)
	httpcaddyfile.RegisterDirectiveOrder("nextjs_health", httpcaddyfile.Before, "respond")
	httpcaddyfile.RegisterHandlerDirective("nextjs_control", parseControl)
	httpcaddyfile.RegisterDirectiveOrder("nextjs_control", httpcaddyfile.Before, "respond")

	caddycmd.RegisterCommand(command(readFiles))
	// On the admin endpoint, and for nextjs_control.
	handleRoutes(filesRoute, readRoute(explainPath, serveRequestReport), imageRoute, purgeRoute(purgeImages, purgePages))
}
