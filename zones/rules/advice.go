package rules

import (
	"net"
	"net/http"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/internal/httpheader"
)

// Advice is something that an application should change, because the edge cannot put it right.
type Advice struct {
	// Name tells it apart from others.
	Name string
	// Message says what is wrong, Remedy what to do.
	Message, Remedy string
}

// probe is a path that no application has: what matches it is meant for every path.
const probe = "/caddy-nextjs-probe"

// Advice returns what the build shows to be wrong with its middleware.
func (s *Set) Advice() (list []Advice) {
	if !s.HasMiddleware() || s.build.BasePath == "" {
		return nil
	}
	base, i18n := s.build.BasePath, s.build.I18n
	locale := ""
	if i18n != nil {
		locale = "/" + i18n.DefaultLocale
	}
	// With trailingSlash the bare basePath is redirected before anybody asks the middleware.
	if !s.build.TrailingSlash && !s.middlewareMatches(base+locale) && s.middlewareMatches(base+locale+probe) {
		list = append(list, Advice{
			"middleware_misses_root",
			"the middleware does not run for " + base +
				", though it does for any other path: its matcher wants a slash behind the basePath",
			`add "/" to the matcher`,
		})
	}
	if i18n != nil && len(i18n.Locales) > 1 {
		list = append(list, Advice{
			"middleware_sees_base_path",
			"with basePath and i18n, nextUrl.pathname in the middleware keeps the basePath and a locale that is not the " +
				"default one: code that compares it with a path lets " + base + "/<locale>/… pass",
			"take both off before comparing, or guard by the matcher alone",
		})
	}
	return list
}

// IsRewriteOverTLS reports whether an answer is the failure of a rewrite of the middleware that should have stayed
// within the application. Next.js takes the rewritten URL for another host's, because it names its own host in
// another way (vercel/next.js#94745), and speaks TLS to its own port.
func IsRewriteOverTLS(status int, h http.Header, upstream string) bool {
	if status != http.StatusInternalServerError || len(h["Content-Type"]) > 0 {
		return false
	}
	rest, ok := strings.CutPrefix(httpheader.First(h, "X-Middleware-Rewrite"), "https://")
	if !ok {
		return false
	}
	host, _, _ := strings.Cut(rest, "/")
	_, port, err := net.SplitHostPort(host)
	if err != nil {
		return false
	}
	_, own, err := net.SplitHostPort(upstream)
	return err == nil && port == own
}

// OtherDeployment returns the deployment that an answer names, if it is not that of the build. The client reloads the
// page when it sees another one than its own (vercel/next.js#98078).
func (s *Set) OtherDeployment(h http.Header) (id string, other bool) {
	if s == nil {
		return "", false
	}
	id = httpheader.First(h, "X-Nextjs-Deployment-Id")
	return id, id != "" && id != s.build.DeploymentID
}
