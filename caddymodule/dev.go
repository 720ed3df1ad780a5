package caddymodule

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/caddy-nextjs/caddy-nextjs/zones"
)

const (
	// devPatience is how long a request waits for a dev server that takes no connections: long enough for one that is started again, short
	// enough for a person who has forgotten to start it.
	devPatience = 10 * time.Second
	// devKnockEvery is how often such a dev server is tried.
	devKnockEvery = 100 * time.Millisecond
)

var (
	errDevWithBuild = errors.New("dev and build exclude each other: a build says what `next start` answers, while `next dev` compiles what is asked for and " +
		"knows no build; leave out build, and write the paths of the zone (its basePath, its assetPrefix) after `zone`")
	errDevUpstreams = errors.New("dev takes one upstream: a page and its HMR socket must reach the same dev server")
	errDevImage     = errors.New("dev and image exclude each other: `next dev` makes its pictures itself; leave out image")
)

// checkDev refuses what cannot stand beside `dev`.
func (c ZoneConfig) checkDev() error {
	switch {
	case !c.Dev:
	case c.Build != "":
		return errDevWithBuild
	case len(c.Upstreams) > 1:
		return errDevUpstreams
	case c.Image != nil && !c.Image.Off:
		return errDevImage
	}
	return nil
}

// parseDev reads the word `dev` of a zone.
func (c *ZoneConfig) parseDev(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.Errf("dev takes no argument, found %q", d.Val())
	}
	c.Dev = true
	return nil
}

// waitForDev waits, once for each request, until the dev server of its zone takes connections, if err says that it did not: it is being
// started again, and the next try of reverse_proxy will reach it. Nothing was sent, and nothing is sent here.
func (a *attempt) waitForDev(ctx context.Context, err error) {
	if _, isDial := errors.AsType[reverseproxy.DialError](err); !isDial || !a.zone.Dev || a.waited {
		return
	}
	a.waited = true
	ctx, cancel := context.WithTimeout(ctx, devPatience)
	defer cancel()
	ticker := time.NewTicker(devKnockEvery)
	defer ticker.Stop()
	for !takesConnections(ctx, a.upstream) {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// takesConnections opens a connection to an upstream, and closes it.
func takesConnections(ctx context.Context, upstream *zones.Upstream) bool {
	address, err := caddy.ParseNetworkAddress(upstream.Address)
	if err != nil {
		return false
	}
	conn, err := new(net.Dialer).DialContext(ctx, address.Network, address.JoinHostPort(0))
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}
