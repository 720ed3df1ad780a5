package files

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/assets"
)

func TestEverySourceAndEncodingIsCounted(t *testing.T) {
	counters := countersOf("counted")
	for source := assets.NotServed + 1; source < assets.Sources; source++ {
		for _, encoding := range []string{"", "zstd", "br", "gzip", "deflate"} {
			counters[source].Sent(encoding, 7)
		}
		for _, name := range encodingNames {
			assert.EqualValues(t, 7, testutil.ToFloat64(bytesTotal.WithLabelValues("counted", source.String(), name)))
		}
	}
}
