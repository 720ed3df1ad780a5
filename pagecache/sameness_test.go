package pagecache

import (
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/assert"
)

func sameSum(parts ...string) bodyHash {
	h := &sameHash{Hash: sha256.New()}
	for _, part := range parts {
		_, _ = h.Write([]byte(part))
	}
	sum := sumOf(h)
	if sumOf(h) != sum {
		panic("a sum is another one the second time")
	}
	return sum
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
}
