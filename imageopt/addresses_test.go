package imageopt

import (
	"encoding/json"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"code.dny.dev/ssrf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSpecialUse(t *testing.T) {
	for use, addrs := range map[string][]string{
		"": {
			"1.1.1.1", "8.8.8.8", "93.184.216.34", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "198.17.255.255",
			"198.20.0.0", "223.255.255.255", "::ffff:8.8.8.8", "2606:4700:4700::1111", "2a00:1450:4001::1", "2001:200::", "2001:4860:4860::8888", "3ffe::1",
		},
		"this network":                  {"0.0.0.0", "0.255.255.255", "::ffff:0.0.0.0"},
		"loopback":                      {"127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"},
		"private":                       {"10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255", "::ffff:10.0.0.1"},
		"carrier-grade NAT":             {"100.64.0.0", "100.127.255.255"},
		"link-local":                    {"169.254.0.0", "169.254.169.254", "fe80::", "febf:ffff::", "::ffff:169.254.169.254"},
		"protocol assignments":          {"192.0.0.0", "192.0.0.255", "2001:2::", "2001:10::", "2001:20::", "2001:1ff:ffff::"},
		"documentation":                 {"192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::", "2001:db8:ffff::", "3fff::", "3fff:fff:ffff::"},
		"6to4 relay":                    {"192.88.99.1"},
		"AS112":                         {"192.31.196.1", "192.175.48.1", "2620:4f:8000::1"},
		"benchmarking":                  {"198.18.0.0", "198.19.255.255"},
		"multicast":                     {"224.0.0.0", "239.255.255.255", "ff00::", "ff02::1"},
		"reserved":                      {"240.0.0.0", "255.255.255.255"},
		"unspecified":                   {"::"},
		"IPv4-compatible":               {"::7f00:1", "::8.8.8.8"},
		"IPv4-translated":               {"::ffff:0:127.0.0.1"},
		"NAT64":                         {"64:ff9b::7f00:1", "64:ff9b::8.8.8.8"},
		"NAT64 of a network":            {"64:ff9b:1::1", "64:ff9b:1:ffff::"},
		"discard":                       {"100::", "100::ffff:ffff:ffff:ffff"},
		"Teredo":                        {"2001::1", "2001:0:ffff::"},
		"6to4":                          {"2002::", "2002:7f00:1::"},
		"segment routing":               {"5f00::1", "5f00:ffff::"},
		"unique local":                  {"fc00::", "fdff:ffff::"},
		"site-local":                    {"fec0::", "feff:ffff::"},
		"not global unicast":            {"200::1", "1::1", "4000::1", "8000::", "fbff::1", "64:ff9b::1:0:0"},
		"scoped":                        {"fe80::1%eth0", "2606::1%0", "::ffff:8.8.8.8%eth0"},
		"automatic multicast tunneling": {"192.52.193.1"},
	} {
		for _, text := range addrs {
			assert.Equal(t, use != "", specialUse(netip.MustParseAddr(text)) != nil, "%s (%s)", text, use)
		}
	}
	assert.Error(t, specialUse(netip.Addr{}))
}

// What Next.js refuses is refused; what is refused besides are the ranges that its library forgets.
func TestAddressesAreRefusedAsByNext(t *testing.T) {
	node, err := exec.LookPath("node")
	script := filepath.Join("..", "e2e", "fixtures", "next16", "node_modules", "next", "dist", "server", "is-private-ip.js")
	if _, missing := os.Stat(script); err != nil || missing != nil {
		t.Skip("needs node and the fixture next16, which make test installs")
	}
	var addrs []string
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var v4 [4]byte
		var v6 [16]byte
		for i := range v4 {
			v4[i] = byte(random.Uint32())
		}
		for i := range v6 {
			v6[i] = byte(random.Uint32())
		}
		addrs = append(addrs, netip.AddrFrom4(v4).String(), netip.AddrFrom16(v6).String())
		v6[0] = 0x20 | v6[0]&0x1f
		addrs = append(addrs, netip.AddrFrom16(v6).String())
	}
	v6 := append(slices.Clone(ssrf.IPv6DeniedPrefixes), ssrf.IPv6GlobalUnicast)
	for _, special := range append(v6, ssrf.IPv4DeniedPrefixes...) {
		first, last := special.Addr(), lastOf(special)
		for _, addr := range []netip.Addr{first, last, first.Prev(), last.Next()} {
			if !addr.IsValid() {
				continue
			}
			addrs = append(addrs, addr.String())
			if addr.Is4() {
				addrs = append(addrs, "::ffff:"+addr.String())
			}
		}
	}
	asked := exec.CommandContext(t.Context(), node, "-e", `
const { isPrivateIp } = require(process.argv[1])
const addrs = JSON.parse(require('fs').readFileSync(0))
console.log(JSON.stringify(addrs.map(isPrivateIp)))`, absolute(t, script))
	given, err := json.Marshal(addrs)
	require.NoError(t, err)
	asked.Stdin = strings.NewReader(string(given))
	output, err := asked.Output()
	require.NoError(t, err)
	var next []bool
	require.NoError(t, json.Unmarshal(output, &next))
	require.Len(t, next, len(addrs))
	documentation := netip.MustParsePrefix("3fff::/20")
	for i, text := range addrs {
		addr := netip.MustParseAddr(text)
		refused := specialUse(addr)
		if next[i] {
			assert.Error(t, refused, text)
		} else if refused != nil {
			elsewhere := addr.Is6() && !addr.Is4In6() && !ssrf.IPv6GlobalUnicast.Contains(addr)
			assert.True(t, elsewhere || documentation.Contains(addr), "%v, and Next.js fetches from it", refused)
		}
	}
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	require.NoError(t, err)
	return path
}

// lastOf is the last address of a range.
func lastOf(prefix netip.Prefix) netip.Addr {
	bytes := prefix.Addr().AsSlice()
	for bit := prefix.Bits(); bit < 8*len(bytes); bit++ {
		bytes[bit/8] |= 0x80 >> (bit % 8)
	}
	last, _ := netip.AddrFromSlice(bytes)
	return last
}

func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"127.0.0.1", "::ffff:10.0.0.1", "fe80::1%x", "2001:db8::", "8.8.8.8", "::", "64:ff9b::a00:1", "0x7f.1", "1.2.3.4.5"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return
		}
		refused := specialUse(addr)
		plain := addr.Unmap().WithZone("")
		if addr.Zone() == "" {
			require.Equal(t, specialUse(plain), refused, "a form of IPv4")
		}
		ordinary := plain.IsGlobalUnicast() && !plain.IsPrivate()
		require.False(t, refused == nil && !ordinary, "%s is special to package netip", text)
		require.False(t, refused == nil && plain.Is6() && !ssrf.IPv6GlobalUnicast.Contains(plain), text)
	})
}

func TestRouteIsReadAsWritten(t *testing.T) {
	addrs := []netip.Addr{netip.MustParseAddr("8.8.8.8"), netip.MustParseAddr("2606::1"), netip.MustParseAddr("::ffff:1.1.1.1")}
	for text, port := range map[string]string{
		"http://a.test/": "80", "https://a.test/": "443", "https://a.test:8443/": "8443", "http://[2606::1]/": "80", "http://[2606::1]:81/": "81",
	} {
		u, err := url.Parse(text)
		require.NoError(t, err)
		way := newRoute(u, addrs)
		assert.Equal(t, port, way.port, text)
		again, err := parseRoute(way.String())
		require.NoError(t, err)
		assert.Equal(t, way, again)
		assert.Equal(t, u.Hostname(), again.host)
	}
	u := &url.URL{Scheme: "http", Host: "a.test"}
	assert.Len(t, newRoute(u, make([]netip.Addr, 100)).addrs, maxAddresses)
	assert.NotEqual(t, newRoute(u, addrs).String(), newRoute(u, addrs[:2]).String(), "connections are not shared between them")
	for _, bad := range []string{"a.test:80", "", "61:80", "zz:80", "612038:80"} {
		_, err := parseRoute(bad)
		assert.Error(t, err, bad)
	}
}

func TestHostHeader(t *testing.T) {
	for text, want := range map[string]string{
		"http://a.test:80/": "a.test", "https://a.test:443/": "a.test", "http://a.test:443/": "a.test:443", "http://[::80]/": "[::80]", "http://[::80]:80/": "[::80]",
	} {
		u, err := url.Parse(text)
		require.NoError(t, err)
		assert.Equal(t, want, hostHeader(u), text)
	}
}
