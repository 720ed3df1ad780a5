package proxy

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/headers"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	"github.com/dustin/go-humanize"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/words"
)

// flushInterval bounds how long bytes of an answer with a Content-Length may wait for more; Caddy flushes all others at
// once. It is long enough for the head and the body of a usual page to leave in one write, and for a large file not to
// be flushed, and its compression interrupted, with every read.
const flushInterval = time.Millisecond

// streamCloseDelay keeps upgraded connections open when the configuration they began under is gone.
const streamCloseDelay = 24 * time.Hour

// Instead says what to write for the subdirectives of reverse_proxy that the edge needs for itself.
var Instead = []struct{ Word, Instead string }{
	{"to", "list the upstreams in a zone: `zone / web:3000`"},
	{"dynamic", "name what DNS tells as an upstream: `zone / dns+http://web:3000` or `srv+http://_web._tcp.example`"},
	{"lb_", "the edge spreads requests over a zone's upstreams by itself; say `queue` and `retries` in a zone"},
	{"health_", "say `health` in a zone; an upstream that refuses connections is passed over by itself"},
	{"transport", "for TLS to an upstream write its URL: `zone / https://web:3443`"},
	{"handle_response", "put Caddy's `intercept` directive before nextjs"},
}

// Parse reads the subdirectives of reverse_proxy in a proxy block. They are handed on unchanged.
func Parse(h httpcaddyfile.Helper) (reverseproxy.Handler, error) {
	var proxy reverseproxy.Handler
	if h.NextArg() {
		return proxy, h.Errf("proxy takes a block of reverse_proxy subdirectives, found %q", h.Val())
	}
	segment := h.NewFromNextSegment()
	if err := refuseOwnWords(segment); err != nil {
		return proxy, err
	}
	segment.Reset()
	if err := proxy.UnmarshalCaddyfile(segment); err != nil {
		return proxy, fmt.Errorf("proxy: %w", err)
	}
	if err := proxy.FinalizeUnmarshalCaddyfile(h); err != nil {
		return proxy, fmt.Errorf("proxy: %w", err)
	}
	return proxy, nil
}

func refuseOwnWords(segment *caddyfile.Dispenser) error {
	segment.Next()
	for segment.NextBlock(0) {
		word := segment.Val()
		for _, own := range Instead {
			if word == own.Word || strings.HasSuffix(own.Word, "_") && strings.HasPrefix(word, own.Word) {
				return segment.Errf("proxy: %s cannot be set here: %s", word, own.Instead)
			}
		}
		segment.RemainingArgs()
		for nesting := segment.Nesting(); segment.NextBlock(nesting); {
			segment.RemainingArgs()
		}
	}
	return nil
}

// Handler returns the reverse_proxy of a site: what its proxy block says, and what makes it stream. upgradeTimeout
// is that of the transport, 0 for the default.
func Handler(proxy reverseproxy.Handler, upgradeTimeout time.Duration) *reverseproxy.Handler {
	proxy.DynamicUpstreamsRaw = caddyconfig.JSONModuleObject(UpstreamSource{}, "source", "nextjs", nil)
	transport := map[string]any{"protocol": "nextjs"}
	if upgradeTimeout != 0 {
		transport["upgrade_timeout"] = caddy.Duration(upgradeTimeout)
	}
	proxy.TransportRaw = caddyconfig.JSON(transport, nil)
	proxy.LoadBalancing = retries()
	if proxy.FlushInterval == 0 {
		proxy.FlushInterval = caddy.Duration(flushInterval)
	}
	if proxy.StreamCloseDelay == 0 {
		proxy.StreamCloseDelay = caddy.Duration(streamCloseDelay)
	}
	removeAcceptEncoding(&proxy)
	return &proxy
}

// maxRetries bounds the tries of one request. The upstream source and the transport end them before that.
const maxRetries = 63

// retries lets a request be tried again whose error says that no connection could be made (reverseproxy.DialError).
// Without a matcher that matches nothing Caddy would repeat any failed GET.
func retries() *reverseproxy.LoadBalancing {
	nothing := caddy.ModuleMap{"not": caddyconfig.JSON([]map[string]json.RawMessage{{}}, nil)}
	return &reverseproxy.LoadBalancing{
		Retries:       maxRetries,
		RetryMatchRaw: caddyhttp.RawMatcherSets{nothing},
	}
}

// removeAcceptEncoding asks the upstream for uncompressed answers, which the edge then compresses, unless the user's
// own header_up says something about it.
func removeAcceptEncoding(proxy *reverseproxy.Handler) {
	if proxy.Headers == nil {
		proxy.Headers = new(headers.Handler)
	}
	if proxy.Headers.Request == nil {
		proxy.Headers.Request = new(headers.HeaderOps)
	}
	ops := proxy.Headers.Request
	const name = "Accept-Encoding"
	if mentions(ops.Add, name) || mentions(ops.Set, name) {
		return
	}
	for _, deleted := range ops.Delete {
		if strings.EqualFold(deleted, name) {
			return
		}
	}
	ops.Delete = append(ops.Delete, name)
}

func mentions(h http.Header, name string) bool { return len(h.Values(name)) > 0 }

// ParseHeaderSize reads max_header_size.
func ParseHeaderSize(d *caddyfile.Dispenser) (int, error) {
	var value string
	if err := words.OneArg(d, &value, "a size such as 16KiB"); err != nil {
		return 0, err
	}
	size, err := humanize.ParseBytes(value)
	if err != nil {
		return 0, d.Errf("max_header_size takes a size such as 16KiB, found %q", value)
	}
	if size < edge.MinHeaderSize || size > math.MaxInt32-edge.ServerRoom {
		return 0, d.Errf("max_header_size takes a size from 1KiB to 2GiB, found %q", value)
	}
	return int(size), nil
}

// ParseSharedCaches reads `cdn` or `shared_404` of the directive.
func ParseSharedCaches(d *caddyfile.Dispenser, c *edge.SharedCaches) (err error) {
	if d.Val() == "cdn" {
		c.CDN = true
		return words.NoArgs(d)
	}
	if c.Shared404, err = words.PositiveDuration(d); err != nil {
		return err
	}
	if err := c.CheckSharedCaches(); err != nil {
		return d.Err(err.Error())
	}
	return nil
}
