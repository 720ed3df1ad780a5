package pagecache

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// An answer that was overtaken when nothing is known of the page any more has been given to a client all the same, and
// may be newer than what comes next: that is in doubt if its fetch began before.
func TestALateAnswerMayBeNewer(t *testing.T) {
	html, rsc := variantID("html"), variantID("rsc")
	page := pageRecord{pageHead: pageHead{floor: 50}, landed: 50, proven: 50} // purged at 50, or changed by an answer that was itself overtaken
	page, out := land(page, true, landing{variant: rsc, hash: bodyHash{5}, begun: 48, now: 60})
	assert.Equal(t, outcome{overtakes: true}, out)
	page, out = land(page, true, landing{variant: html, hash: bodyHash{4}, begun: 55, now: 62})
	assert.Equal(t, outcome{store: true, gen: 55, overtakes: true}, out)
	assert.Less(t, out.gen, page.doubt, "it is fetched again before it is served")
	_, out = land(page, true, landing{variant: html, hash: bodyHash{5}, begun: 65, now: 70})
	assert.Equal(t, outcome{store: true, gen: 70, overtakes: true}, out)
}

// What began before another answer landed, and lands after it, may be older. That the other one comes with the same
// body again says nothing about it.
func TestWhatBeganBeforeIsNotProvenByWhatLandedMeanwhile(t *testing.T) {
	html, segment := variantID("html"), variantID("segment")
	page, _ := land(pageRecord{}, false, landing{variant: html, hash: bodyHash{11}, begun: 30, now: 40, oldest: 10})
	page, older := land(page, true, landing{variant: segment, hash: bodyHash{10}, begun: 35, now: 60})
	assert.True(t, older.store)
	assert.Less(t, older.gen, page.doubt)
	page, _ = land(page, true, landing{variant: html, hash: bodyHash{11}, begun: 70, now: 80})
	assert.Zero(t, page.doubt)
	assert.Less(t, older.gen, page.floor, "it is fetched again before it is served")
}
