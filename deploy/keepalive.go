package deploy

import (
	"strconv"
	"strings"
	"time"
)

// maxIdle bounds what an upstream can make the edge keep open: Caddy's own default.
const maxIdle = 2 * time.Minute

// idleTimeout returns how long a connection may be idle before it is used again, when the upstream closes it after
// announced. Between the two lies the time that a request needs to reach the upstream: a POST that meets the closing
// connection cannot be repeated and would end as 502.
func idleTimeout(announced time.Duration) time.Duration {
	return min(max(announced-time.Second, announced/2, time.Millisecond), maxIdle)
}

// parseKeepAlive reads the timeout of a Keep-Alive header such as "timeout=5, max=100" (Node.js sends whole seconds). A
// timeout of 0 is reported as the shortest one that counts.
func parseKeepAlive(value string) (timeout time.Duration, ok bool) {
	for param := range strings.SplitSeq(value, ",") {
		name, seconds, _ := strings.Cut(strings.TrimSpace(param), "=")
		if !strings.EqualFold(strings.TrimSpace(name), "timeout") {
			continue
		}
		n, err := strconv.ParseUint(strings.Trim(strings.TrimSpace(seconds), `"`), 10, 31)
		if err != nil {
			return 0, false
		}
		return max(time.Duration(n)*time.Second, 1), true
	}
	return 0, false
}
