package imageopt

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/internal/heaptest"
)

// What is remembered of requests is bounded by what was read of them, whatever else they have brought.
func TestTheMemoHoldsNoRequests(t *testing.T) {
	settings, err := NewSettings(DefaultImages(0), "", false, 0)
	require.NoError(t, err)
	z := &Zone{Settings: settings}
	for name, target := range map[string]string{
		"a source as it is":   "http://" + heaptest.Padding + ".example/_next/image?w=64&q=75&url=/%d.png",
		"an encoded source":   "http://" + heaptest.Padding + ".example/_next/image?w=64&q=75&url=%%2F%d.png",
		"a long query":        "/_next/image?w=64&q=75&url=/%d.png&" + heaptest.Padding,
		"a refused parameter": "http://" + heaptest.Padding + ".example/_next/image?w=65&q=75&url=/%d.png",
	} {
		grown := heaptest.Growth(func() {
			for i := range parseCacheEntries - 1 {
				r := httptest.NewRequest(http.MethodGet, fmt.Sprintf(target, i), nil)
				accept := strings.Repeat("image/webp,", 20) + "image/png"
				_, _ = z.parse(r.URL.RawQuery, accept, nil)
				again, refusal := z.parse(r.URL.RawQuery, accept, nil)
				require.True(t, refusal != nil || again.Href == fmt.Sprintf("/%d.png", i))
			}
		})
		assert.Less(t, grown, int64(parseCacheEntries*2*parseCacheText), name)
		assert.LessOrEqual(t, len(z.parseCache.list), parseCacheEntries, name)
	}
	assert.NotEmpty(t, z.parseCache.list)
	runtime.KeepAlive(z)
}
