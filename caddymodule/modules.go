// Package caddymodule is the face of caddy-nextjs: the Caddy modules and the Caddyfile directive. It is the only
// library package of the project that imports Caddy; what it decides is decided in the packages below it.
package caddymodule

import (
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/cli"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/control"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/encode"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/files"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/fleet"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/health"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/images"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/pages"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/proxy"
	"github.com/caddy-nextjs/caddy-nextjs/imageopt"
)

// Every module, directive, command and route of the project. Module ids are API: they do not change.
func init() {
	caddy.RegisterModule(new(App))
	caddy.RegisterModule(new(Handler))
	caddy.RegisterModule(encode.Encode{})
	caddy.RegisterModule(new(encode.Brotli))
	caddy.RegisterModule(proxy.UpstreamSource{})
	caddy.RegisterModule(new(proxy.Transport))
	caddy.RegisterModule(new(health.Handler))
	caddy.RegisterModule(files.Static{})
	caddy.RegisterModule(images.Image{})
	caddy.RegisterModule(pages.Cache{})
	caddy.RegisterModule(new(control.Handler))
	caddy.RegisterModule(control.Admin{})

	httpcaddyfile.RegisterGlobalOption("nextjs", parseGlobal)
	httpcaddyfile.RegisterDirective("nextjs", parseDirective)
	httpcaddyfile.RegisterDirectiveOrder("nextjs", httpcaddyfile.Before, "reverse_proxy")
	httpcaddyfile.RegisterHandlerDirective("nextjs_health", health.Parse)
	httpcaddyfile.RegisterDirectiveOrder("nextjs_health", httpcaddyfile.Before, "respond")
	httpcaddyfile.RegisterHandlerDirective("nextjs_control", control.Parse)
	httpcaddyfile.RegisterDirectiveOrder("nextjs_control", httpcaddyfile.Before, "respond")

	caddycmd.RegisterCommand(nextjsCommand())
	// On the admin endpoint, and for nextjs_control.
	control.Handle(files.Route, explainRoute, images.Route, control.Purge(images.Purge, pages.Purge))
	control.Handle(fleet.Routes(proxy.Streams)...)
	control.Handle(fleet.DeployRoutes()...)
}

// nextjsCommand is `caddy nextjs`.
func nextjsCommand() caddycmd.Command {
	return cli.Command(files.ReadDirectories, func() (version string, avif bool) { return imageopt.Library(zap.NewNop()) })
}
