//go:build e2e

package pages_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
	"github.com/caddy-nextjs/caddy-nextjs/internal/edgetest"
)

// The state directory is full from the beginning, or cannot be written: pages are kept in memory, and that is said
// once.
func TestPagesWithoutADisk(t *testing.T) {
	for name, prepare := range map[string]func(t *testing.T, state string){
		"a full disk": func(t *testing.T, state string) {
			if output, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", state).CombinedOutput(); err != nil {
				t.Skipf("a small file system can be mounted by root only: %s", output)
			}
			t.Cleanup(func() { assert.NoError(t, exec.Command("umount", "--lazy", state).Run()) })
			filler := make([]byte, 128<<10)
			for os.WriteFile(filepath.Join(state, "filler"), filler, 0o600) != nil && len(filler) > 1024 {
				filler = filler[:len(filler)/2]
			}
		},
		"no directory": func(t *testing.T, state string) {
			require.NoError(t, os.WriteFile(filepath.Join(state, "pages"), []byte("a file in its place"), 0o600))
		},
	} {
		t.Run(harness.NoSlash(name), func(t *testing.T) {
			state := t.TempDir()
			prepare(t, state)
			s := startFireSite(t, fireSettings{state: state})
			for _, a := range s.apps() {
				for range 3 {
					s.keep(t, a.steady)
					s.keep(t, a.dated)
				}
				s.purge(t, fmt.Sprintf(`{"cache": "pages", "path": %q}`, a.steady))
				_, how := s.look(t, a.steady)
				assert.Equal(t, "miss", how)
				s.keep(t, a.steady)
			}
			assert.Positive(t, s.Metric(t, `caddy_nextjs_store_bytes{store="pages",tier="memory"}`))
			said := 0
			for line := range strings.Lines(s.Log.Since(0)) {
				if strings.Contains(line, `"level":"warn"`) && strings.Contains(line, "store") && strings.Contains(line, "pages") {
					said++
				}
			}
			assert.Equal(t, 1, said, "warnings in\n%s", s.Log.Since(0))
		})
	}
}

// Twice as many bytes of pages as may be kept: what is kept stays within the bounds of both tiers, and the pages that
// were asked for often stay.
func TestPagesStayWithinTheirBounds(t *testing.T) {
	const memory, disk = 256 << 10, 512 << 10
	s := startFireSite(t, fireSettings{global: "memory 256KiB\n\t\t\tcache_size 512KiB"})
	popular := "/market/items/popular/"
	s.keep(t, popular)
	size, asked := 0, 0
	for size < harness.LongOr(2, 10)*disk {
		a, _ := s.look(t, fmt.Sprintf("/market/items/one/?page=%d", asked))
		require.NotEmpty(t, a.Text)
		size += len(a.Text)
		asked++
		if asked%10 == 0 {
			s.look(t, popular)
		}
		if asked%100 == 0 {
			s.withinBounds(t, memory, disk)
		}
	}
	require.Equal(t, asked, s.next15.count("/market/items/one/"), "each is a page of its own")
	s.withinBounds(t, memory, disk)
	assert.Positive(t, s.Metric(t, `caddy_nextjs_store_evictions_total{store="pages",tier="disk"}`))
	assert.Positive(t, s.Metric(t, `caddy_nextjs_store_bytes{store="pages",tier="memory"}`))
	assert.Zero(t, s.Metric(t, "caddy_nextjs_page_filling_bytes"))
	_, how := s.look(t, popular)
	assert.Equal(t, "hit", how)
}

// withinBounds waits until what is kept is within its bounds, for the store evicts behind what it writes.
func (s *fireSite) withinBounds(t *testing.T, memory, disk float64) {
	t.Helper()
	edgetest.Eventually(t, edgetest.Patience, func() bool {
		return s.Metric(t, `caddy_nextjs_store_bytes{store="pages",tier="memory"}`) <= memory && s.Metric(t,
			`caddy_nextjs_store_bytes{store="pages",tier="disk"}`) <= disk
	}, "no more is kept than may be")
}
