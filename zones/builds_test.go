package zones

import (
	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
	"github.com/caddy-nextjs/caddy-nextjs/internal/zonetest"
)

var readBuild, request, devRequest = zonetest.ReadBuild, zonetest.Request, zonetest.DevRequest

type object = buildtest.JSON
