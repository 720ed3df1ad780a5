package pagecache

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func sameSum(parts ...string) bodyHash { return hashed(parts...).version() }

func hashed(parts ...string) *versionHash {
	h := newVersionHash()
	for _, part := range parts {
		_, _ = h.Write([]byte(part))
	}
	once := h.version()
	if exact := h.exact(); h.version() != once || h.exact() != exact {
		panic("a sum is another one the second time")
	}
	return h
}

// Payloads are equal whoever had them rendered, however they come in, and else only if they are equal.
func TestTheHashLeavesOutWhoAsked(t *testing.T) {
	const made = `0:{"c":["","blog","a?_rsc=HEAvJdHAQJrUAe2K"],"q":""}`
	for _, equal := range []string{
		made, `0:{"c":["","blog","a?_rsc=_i_aeImnuN6u1u1r"],"q":""}`, `0:{"c":["","blog","a?_rsc=bl95g"],"q":""}`, `0:{"c":["","blog","a?_rsc="],"q":""}`, `0:{"c":["","blog","a"],"q":""}`,
	} {
		assert.Equal(t, sameSum(made), sameSum(equal), equal)
		for at := range equal {
			assert.Equal(t, sameSum(made), sameSum(equal[:at], equal[at:]), "%s, cut at %d", equal, at)
		}
	}
	for _, other := range []string{
		`0:{"c":["","blog","b?_rsc=HEAvJdHAQJrUAe2K"],"q":""}`, `0:{"c":["","blog","a?_rsc=HEAvJdHAQJrUAe2K"],"q":"?a=1"}`, `0:{"c":["","blog","a?_rs=HEAvJdHAQJrUAe2K"],"q":""}`,
		`0:{"c":["","blog","a?"],"q":""}`, `0:{"c":["","blog","a??_rsc=x"],"q":""}`,
	} {
		assert.NotEqual(t, sameSum(made), sameSum(other), other)
	}
	assert.NotEqual(t, sameSum("what?"), sameSum("what"))
	assert.Equal(t, sameSum("?_?_rsc=1!"), sameSum("?_!"))

	assert.Equal(t, hashed("plain").version(), hashed("plain").exact())
	exact := map[bodyHash]string{}
	for _, body := range []string{"plain", "a?_rsc=x", "a?_rsc=y", "a?_rsc=", "a", "a?_rsc=x&?_rsc=y", "a?_rsc=y&?_rsc=x", "a?_rsc=xy&?_rsc=", "a?_rsc=x\n", "a?_rsc=y\n"} {
		assert.NotContains(t, exact, hashed(body).exact(), body)
		exact[hashed(body).exact()] = body
		for at := range body {
			assert.Equal(t, hashed(body).exact(), hashed(body[:at], body[at:]).exact(), body)
		}
	}
}
