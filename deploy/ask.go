package deploy

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
)

// Question is what an upstream is asked, past everything that handles requests of clients.
type Question struct {
	// Method is GET if it is "".
	Method, Path string
	// Header is what is said beside. nil: nothing.
	Header http.Header
	// Host and Scheme are those by which a visitor would come. "": nobody's.
	Host, Scheme string
	// TLS has the question go over TLS whatever the address says, with these settings but for what they say of the
	// certificate of the upstream, which is not looked at.
	TLS *tls.Config
}

// unixPrefix stands before the path of a socket.
const unixPrefix = "unix/"

// AnyAnswer is cheap for Next.js: it looks for a file that it has not, renders nothing, and answers.
var AnyAnswer = Question{Path: "/_next/static/caddy-nextjs-readiness"}

// DialContext connects to an upstream.
func (u *Upstream) DialContext(ctx context.Context) (net.Conn, error) {
	network, address := "tcp", u.Dial
	if socket, ok := strings.CutPrefix(u.Dial, unixPrefix); ok {
		network, address = "unix", socket
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	return conn, nil
}

// serverName is the name by which a TLS server that has many knows which one is meant.
func (u *Upstream) serverName() string {
	host, _, _ := net.SplitHostPort(u.Dial) // a socket has none
	return cmp.Or(u.ServerName, host)
}

// clientTLS returns how an upstream is spoken to over TLS: by settings, which may be nil, and without a look at its
// certificate. Nothing is told to it or taken from it; requests of clients go by the transport's own settings.
func (u *Upstream) clientTLS(settings *tls.Config) *tls.Config {
	config := settings.Clone()
	if config == nil {
		config = new(tls.Config)
	}
	config.InsecureSkipVerify = true
	config.ServerName = cmp.Or(config.ServerName, u.serverName())
	return config
}

// Ask asks an upstream, by a connection of its own, and returns the status of its answer. The error says that it gave
// none.
func (u *Upstream) Ask(ctx context.Context, q Question) (status int, err error) {
	res, err := u.send(ctx, q)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

// send asks an upstream, likewise. The body of the answer is to be closed.
func (u *Upstream) send(ctx context.Context, q Question) (*http.Response, error) {
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return u.DialContext(ctx) },
		TLSClientConfig:   u.clientTLS(q.TLS),
	}
	scheme := "http"
	if u.TLS || q.TLS != nil {
		scheme = "https"
	}
	req, err := http.NewRequestWithContext(ctx, cmp.Or(q.Method, http.MethodGet), scheme+"://edge.invalid"+q.Path, nil)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", u.Address, err)
	}
	if q.Header != nil {
		req.Header = q.Header.Clone()
	}
	req.Header.Set("User-Agent", "caddy-nextjs")
	req.Host = u.Dial // as one who asks it directly
	if strings.HasPrefix(u.Dial, unixPrefix) {
		req.Host = "localhost"
	}
	if q.Host != "" {
		req.Host = q.Host
		req.Header.Set("X-Forwarded-Host", q.Host)
		req.Header.Set("X-Forwarded-For", "127.0.0.1")
	}
	if q.Scheme != "" {
		req.Header.Set("X-Forwarded-Proto", q.Scheme)
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", u.Address, err)
	}
	return res, nil
}
