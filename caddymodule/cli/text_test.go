package cli

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
	"github.com/caddy-nextjs/caddy-nextjs/imageopt"
)

func TestTimesThatAreNoneAreNotSaid(t *testing.T) {
	assert.Equal(t, "fresh for 1 year", keptTimeText((&report.Kept{Fresh: 31536000, StaleWhile: 31536000, StaleIfError: 31536000})))
	assert.Equal(t, "stale since 5s, then served while it is fetched again for 10s", keptTimeText((&report.Kept{Fresh: -5, StaleWhile: 10})))
}

func TestDurationsAsPeopleSayThem(t *testing.T) {
	for text, seconds := range map[string]float64{
		"0s": 0, "48s": 48, "1m": 60, "3m 20s": 200, "1h": 3600, "5h 10m": 5*3600 + 600, "1 day": 86400, "1 day 2h": 26 * 3600,
		"12 days": 12 * 86400, "1 year": 31535940, "2 years": 2 * 31536000,
	} {
		assert.Equal(t, text, duration(seconds))
	}
}

func TestTheVersionReport(t *testing.T) {
	report := newVersionReport(func() (string, bool) { return imageopt.Library(zap.NewNop()) })
	assert.NotEmpty(t, report.Version)
	text := report.text()
	for _, name := range []string{"nextjs ", "caddy ", "go ", "libvips "} {
		assert.Contains(t, text, name)
	}
	assert.Contains(t, versionReport{Version: "v1", Libvips: "8.14", AVIF: false}.text(), "libvips   8.14, without AVIF\n")
	assert.Contains(t, versionReport{Version: "v1"}.text(), "libvips   none: pictures are made by Next.js\n")
}

func TestTheFormatThatIsAnsweredFirst(t *testing.T) {
	image := report.Image{Zone: "root", Verdict: "image", By: "edge", Explanation: &imageopt.Explanation{
		Status: 200, Source: "/a.jpg", Type: "image/avif", First: "image/webp", Estimate: 1234 * time.Millisecond,
	}}
	const said = "image/webp, while the AVIF is made in the background: it is estimated to take 1.23s\n"
	assert.Contains(t, ImageText(&image), said)
	image.First = ""
	assert.NotContains(t, ImageText(&image), "background")
}
