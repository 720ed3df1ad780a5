// Package proxy is what stands around Caddy's reverse_proxy: the upstream of each try, and the transport, which sees
// the beginning and the end of each and puts answers right.
package proxy
