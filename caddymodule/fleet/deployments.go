package fleet

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/edge"
)

const (
	defaultKeep   = 5
	defaultMaxAge = 24 * time.Hour
	// defaultActionBody is what Next.js takes of an action where nothing else is said (serverActions.bodySizeLimit).
	defaultActionBody = 1 << 20
)

// What documents set a cookie that names their deployment.
const (
	pinCookieOn  = "on"
	pinCookieAll = "all"
	pinCookieOff = "off"
)

var pinCookieWords = []string{pinCookieOn, pinCookieAll, pinCookieOff}

// checkDeployments refuses what cannot be meant of the deployments of a zone.
func (s Settings) checkDeployments() error {
	switch {
	case s.Keep < 0:
		return errors.New("keep must not be negative")
	case s.ActionBody < -1:
		return errors.New("action_body must not be negative")
	case s.PinCookie != "" && !slices.Contains(pinCookieWords, s.PinCookie):
		return fmt.Errorf("pin_cookie takes %s, found %q", strings.Join(pinCookieWords, ", "), s.PinCookie)
	}
	return nil
}

// KeptDeployments is how many deployments stay that are not live any more.
func (s Settings) KeptDeployments() int { return cmp.Or(s.Keep, defaultKeep) }

// DeploymentMaxAge is how long at most they stay after the switch to another one.
func (s Settings) DeploymentMaxAge() time.Duration {
	return cmp.Or(time.Duration(s.MaxAge), defaultMaxAge)
}

// KeptActionBody is how large a body of a server action may be so that it is kept (bytes). 0: none is.
func (s Settings) KeptActionBody() int64 {
	return max(0, cmp.Or(s.ActionBody, defaultActionBody))
}

// PinsFromStart reports whether documents set the cookie before anything was deployed, so that tabs which are open at
// the first deploy follow their build, too.
func (s Settings) PinsFromStart() bool {
	return s.PinCookie == pinCookieOn || s.PinCookie == pinCookieAll
}

// PinCookieOf is the name of the cookie that names the deployment of the last document of a zone, "" for none, and
// whether documents that shared caches may keep get it too.
func (s Settings) PinCookieOf(zone string) (name string, onAll bool) {
	if s.PinCookie == pinCookieOff {
		return "", false
	}
	return edge.PinCookieName(zone), s.PinCookie == pinCookieAll
}
