package deploy

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestIdleTimeoutStaysBelowWhatIsAnnounced(t *testing.T) {
	for _, c := range []struct {
		header string
		want   time.Duration
	}{
		{"", 4 * time.Second},
		{"max=100", 4 * time.Second},
		{"timeout=x", 4 * time.Second},
		{"timeout=-1", 4 * time.Second},
		{"timeout=5", 4 * time.Second},
		{"timeout=5, max=100", 4 * time.Second},
		{"max=100, Timeout = 75", 74 * time.Second},
		{`timeout="10"`, 9 * time.Second},
		{"timeout=1", 500 * time.Millisecond},
		{"timeout=0", time.Millisecond},
		{"timeout=86400", 2 * time.Minute},
	} {
		var u Upstream
		u.Announced(c.header)
		assert.Equal(t, c.want, u.IdleTimeout(4*time.Second), c.header)
	}
}

func TestIdleTimeoutFollowsTheLastAnnouncement(t *testing.T) {
	var u Upstream
	u.Announced("timeout=75")
	u.Announced("timeout=5")
	u.Announced("nonsense")
	assert.Equal(t, 4*time.Second, u.IdleTimeout(time.Minute))
}
