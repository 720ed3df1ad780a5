package cli

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

func TestTextOfTheArchive(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	seen := func(first, last time.Duration, b report.ArchivedBuild) report.ArchivedBuild {
		b.FirstSeen, b.Last, b.Count = now.Add(-first), now.Add(-last), report.Count{Files: 21, Bytes: 703_000}
		return b
	}
	files := report.Files{
		Zones: []report.ZoneFiles{
			{Name: "home", Paths: []string{"/"}, Listen: []string{":443"}, Upstreams: []string{"web:3000"}, Archive: []report.ArchivedBuild{
				seen(2*time.Hour, time.Minute, report.ArchivedBuild{Build: "BlHgoJuEno9lztBUG0mCT", Live: true}),
				seen(50*time.Hour, 2*time.Hour, report.ArchivedBuild{Build: "build-TfctsWXpff2fKS", DeploymentID: "v41"}),
				seen(80*24*time.Hour, 3*24*time.Hour, report.ArchivedBuild{DeploymentID: "v40", PassedThrough: true}),
				seen(80*24*time.Hour, 5*time.Second, report.ArchivedBuild{PassedThrough: true}),
			}},
			{Name: "shop", Paths: []string{"/shop"}, Listen: []string{":443"}, Upstreams: []string{"shop:3000"}},
		},
		Archive: &report.Archive{Bytes: 12_300_000, Size: 1 << 30, MaxAge: 90 * 60},
	}
	assert.Equal(t, `Zone home: /, on :443
No build: all files come from the upstream, web:3000

In the archive                              files    size  first seen    live
build BlHgoJuEno9lztBUG0mCT                    21  703 kB      2h ago     now
build build-TfctsWXpff2fKS, deployment v41     21  703 kB      2d ago  2h ago
deployment v40, what passed through            21  703 kB     80d ago  3d ago
what passed through                            21  703 kB     80d ago  5s ago

Zone shop: /shop, on :443
No build: all files come from the upstream, shop:3000

The archive takes 12 MB of at most 1.1 GB (assets_size); a build stays for 1h30m0s after it was live (assets_max_age)
`, FilesText(files, now))
	files.Archive.MaxAge = 30 * 24 * 60 * 60
	assert.Contains(t, FilesText(files, now), "stays for 30d after")
}
