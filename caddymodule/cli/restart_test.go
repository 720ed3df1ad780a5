package cli

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/caddymodule/report"
)

func TestHostAndPortOfAnUpstream(t *testing.T) {
	for upstream, want := range map[string][2]string{
		"web:3000":                     {"web", "3000"},
		"[::1]:3000":                   {"::1", "3000"},
		"https://10.0.0.2:3443":        {"10.0.0.2", "3443"},
		"https://10.0.0.2:3443 (shop)": {"10.0.0.2", "3443"},
		"unix//run/web.sock":           {"", ""},
	} {
		host, port := hostAndPort(upstream)
		assert.Equal(t, want, [2]string{host, port}, upstream)
	}
}

func TestUpstreamsAsAShellReadsThem(t *testing.T) {
	assert.Equal(t, "https://10.0.0.2:3443", quoted("https://10.0.0.2:3443"))
	assert.Equal(t, "'https://10.0.0.2:3443 (shop)'", quoted("https://10.0.0.2:3443 (shop)"))
	assert.Equal(t, `'it'\''s'`, quoted("it's"))
}

func TestOutputOfACommandIsWrittenByLines(t *testing.T) {
	var text strings.Builder
	output := &commandOutput{to: &sharedOutput{to: &text}, prefix: "a | "}
	for _, part := range []string{"one\ntw", "o\r\n", "\n", strings.Repeat("x", longestLine+1), "\nend"} {
		n, err := output.Write([]byte(part))
		require.NoError(t, err)
		assert.Len(t, part, n)
	}
	output.end()
	want := []string{"one", "two", "", strings.Repeat("x", longestLine), "x", "end"}
	assert.Equal(t, "a | "+strings.Join(want, "\na | ")+"\n", text.String())
	assert.Equal(t, want, output.last)
	for range keptLines {
		_, _ = output.Write([]byte("later\n"))
	}
	assert.Len(t, output.last, keptLines)
	assert.NotContains(t, output.last, "end")
}

func TestTheZoneOfAName(t *testing.T) {
	status := report.Status{Zones: []report.ZoneStatus{{Name: "home"}, {Name: "shop"}, {Name: "shop", Answered: true}}}
	found, err := zoneNamed(status, "home")
	require.NoError(t, err)
	assert.Equal(t, "home", found.Name)
	_, err = zoneNamed(status, "shop")
	require.EqualError(t, err, "2 applications have the name shop: name them differently in the configuration")
	_, err = zoneNamed(status, "docs")
	require.EqualError(t, err, `unknown zone "docs"; there are: home, shop, shop`)
}
