package pagecache

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

func TestGenerations(t *testing.T) {
	html, rsc, prefetch, segment := variantID("html"), variantID("rsc"), variantID("prefetch"), variantID("segment")
	one, two := bodyHash{1}, bodyHash{2}
	type step struct {
		l       arrival
		unknown bool
		want    outcome
		// entries that may be served afterwards, by their gen.
		floor, suspect sequence
	}
	for name, steps := range map[string][]step{
		"the first one is all that is known": {
			{l: arrival{variant: html, hash: one, begun: 10, at: 20, floorIfNew: 10}, unknown: true, want: outcome{store: true, gen: 20, overtakes: true}, floor: 10},
		},
		"an equal body is of the same generation": {
			{l: arrival{variant: html, hash: one, begun: 10, at: 20, floorIfNew: 10}, unknown: true, want: outcome{store: true, gen: 20, overtakes: true}, floor: 10},
			{l: arrival{variant: html, hash: one, begun: 30, at: 40}, want: outcome{store: true, gen: 30}, floor: 10},
		},
		"another body makes all others old": {
			{l: arrival{variant: html, hash: one, begun: 10, at: 20, floorIfNew: 10}, unknown: true, want: outcome{store: true, gen: 20, overtakes: true}, floor: 10},
			{l: arrival{variant: html, hash: two, begun: 30, at: 40}, want: outcome{store: true, gen: 40, overtakes: true}, floor: 40},
		},
		"a variant that is new makes the others suspect, until an equal body comes": {
			{l: arrival{variant: html, hash: one, begun: 10, at: 20, floorIfNew: 10}, unknown: true, want: outcome{store: true, gen: 20, overtakes: true}, floor: 10},
			{l: arrival{variant: rsc, hash: two, begun: 30, at: 40}, want: outcome{store: true, gen: 40, makesSuspect: true, overtakes: true}, floor: 10, suspect: 40},
			{l: arrival{variant: html, hash: one, begun: 50, at: 60}, want: outcome{store: true, gen: 50}, floor: 10},
		},
		"the variant that made others suspect says nothing of what was before": {
			{l: arrival{variant: html, hash: one, begun: 10, at: 20, floorIfNew: 10}, unknown: true, want: outcome{store: true, gen: 20, overtakes: true}, floor: 10},
			{l: arrival{variant: rsc, hash: two, begun: 30, at: 40}, want: outcome{store: true, gen: 40, makesSuspect: true, overtakes: true}, floor: 10, suspect: 40},
			{l: arrival{variant: rsc, hash: two, begun: 50, at: 60}, want: outcome{store: true, gen: 50}, floor: 40},
		},
		"a twin with an equal body makes nothing suspect": {
			{l: arrival{variant: rsc, hash: one, begun: 10, at: 20, floorIfNew: 10}, unknown: true, want: outcome{store: true, gen: 20, overtakes: true}, floor: 10},
			{l: arrival{variant: prefetch, twin: rsc, hash: one, begun: 15, at: 30}, want: outcome{store: true, gen: 20}, floor: 10},
		},
		"a twin with an equal body shows that nothing has changed": {
			{l: arrival{variant: rsc, hash: one, begun: 10, at: 20, floorIfNew: 10}, unknown: true, want: outcome{store: true, gen: 20, overtakes: true}, floor: 10},
			{l: arrival{variant: html, hash: two, begun: 30, at: 40}, want: outcome{store: true, gen: 40, makesSuspect: true, overtakes: true}, floor: 10, suspect: 40},
			{l: arrival{variant: prefetch, twin: rsc, hash: one, begun: 50, at: 60}, want: outcome{store: true, gen: 50}, floor: 10},
		},
		"a twin with another body makes others suspect": {
			{l: arrival{variant: rsc, hash: one, begun: 10, at: 20, floorIfNew: 10}, unknown: true, want: outcome{store: true, gen: 20, overtakes: true}, floor: 10},
			{l: arrival{variant: prefetch, twin: rsc, hash: two, begun: 30, at: 40}, want: outcome{store: true, gen: 40, makesSuspect: true, overtakes: true}, floor: 10, suspect: 40},
		},
		"a fetch that began before shows nothing": {
			{l: arrival{variant: html, hash: one, begun: 10, at: 20, floorIfNew: 10}, unknown: true, want: outcome{store: true, gen: 20, overtakes: true}, floor: 10},
			{l: arrival{variant: rsc, hash: two, begun: 30, at: 40}, want: outcome{store: true, gen: 40, makesSuspect: true, overtakes: true}, floor: 10, suspect: 40},
			{l: arrival{variant: html, hash: one, begun: 35, at: 50}, want: outcome{store: true, gen: 35}, floor: 10, suspect: 40},
		},
		"two that come at once are both suspect": {
			{l: arrival{variant: html, hash: one, begun: 10, at: 20, floorIfNew: 10}, unknown: true, want: outcome{store: true, gen: 20, overtakes: true}, floor: 10},
			{l: arrival{variant: rsc, hash: two, begun: 15, at: 30}, want: outcome{store: true, gen: 15, makesSuspect: true, overtakes: true}, floor: 10, suspect: 30},
		},
		"a change that was overtaken makes all old, itself too": {
			{l: arrival{variant: html, hash: one, begun: 10, at: 20, floorIfNew: 10}, unknown: true, want: outcome{store: true, gen: 20, overtakes: true}, floor: 10},
			{l: arrival{variant: segment, hash: one, begun: 30, at: 40}, want: outcome{store: true, gen: 40, makesSuspect: true, overtakes: true}, floor: 10, suspect: 40},
			{l: arrival{variant: html, hash: two, begun: 35, at: 50}, want: outcome{gen: 50, overtakes: true}, floor: 50},
		},
		"what was purged meanwhile is not kept, and may be newer": {
			{l: arrival{variant: html, hash: one, begun: 10, at: 20, floorIfNew: 10}, unknown: true, want: outcome{store: true, gen: 20, overtakes: true}, floor: 10},
			{l: arrival{variant: html, hash: one, begun: 30, at: 40, void: true}, want: outcome{}, floor: 10},
			{l: arrival{variant: html, hash: two, begun: 50, at: 60, void: true}, want: outcome{overtakes: true}, floor: 10, suspect: 60},
		},
		"an error page says nothing of the page": {
			{l: arrival{variant: html, hash: one, begun: 10, at: 20, floorIfNew: 10}, unknown: true, want: outcome{store: true, gen: 20, overtakes: true}, floor: 10},
			{l: arrival{variant: segment, hash: two, begun: 30, at: 40, isError: true}, want: outcome{store: true, gen: 30}, floor: 10},
		},
		"unless there was a page": {
			{l: arrival{variant: html, hash: one, begun: 10, at: 20, floorIfNew: 10}, unknown: true, want: outcome{store: true, gen: 20, overtakes: true}, floor: 10},
			{l: arrival{variant: html, hash: two, begun: 30, at: 40, isError: true}, want: outcome{store: true, gen: 40, overtakes: true}, floor: 40},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var p pageRecord
			for i, s := range steps {
				var got outcome
				p, got = commitArrival(p, !s.unknown, s.l)
				assert.Equal(t, s.want, got, "step %d", i)
				assert.Equal(t, s.floor, p.floor, "floor after step %d", i)
				assert.Equal(t, s.suspect, p.suspect, "suspect after step %d", i)
			}
		})
	}
}

func TestTheVariantsThatARecordKnowsAreBounded(t *testing.T) {
	p, _ := commitArrival(pageRecord{}, false, arrival{begun: 1, at: 2, floorIfNew: 1})
	for i := range 3 * maxVariants {
		at := sequence(10 * (i + 1))
		p, _ = commitArrival(p, true, arrival{variant: [8]byte{byte(i), byte(i >> 8), 1}, begun: at, at: at + 1})
	}
	assert.Len(t, p.variants, maxVariants)
}

func TestTwins(t *testing.T) {
	for name, want := range map[string]string{
		"rsc": "prefetch", "prefetch": "rsc", "rsc" + policy.Separator + "/from": "prefetch" + policy.Separator + "/from", "prefetch" + policy.Separator + "/from": "rsc" + policy.Separator + "/from",
	} {
		assert.Equal(t, variantID(want), twinOf(name), name)
	}
	for _, name := range []string{"html", "data", "runtime 2", "segment 1 /rsc", "rscs"} {
		assert.Zero(t, twinOf(name), name)
	}
}

// An answer that was overtaken when nothing is known of the page any more has been given to a client all the same, and
// may be newer than what comes next: that is suspect if its fetch began before.
func TestALateAnswerMayBeNewer(t *testing.T) {
	html, rsc := variantID("html"), variantID("rsc")
	page := pageRecord{pageHead: pageHead{floor: 50}, arrived: 50, proven: 50} // purged at 50, or changed by an answer that was itself overtaken
	page, out := commitArrival(page, true, arrival{variant: rsc, hash: bodyHash{5}, begun: 48, at: 60})
	assert.Equal(t, outcome{overtakes: true}, out)
	page, out = commitArrival(page, true, arrival{variant: html, hash: bodyHash{4}, begun: 55, at: 62})
	assert.Equal(t, outcome{store: true, gen: 55, overtakes: true}, out)
	assert.Less(t, out.gen, page.suspect, "it is fetched again before it is served")
	_, out = commitArrival(page, true, arrival{variant: html, hash: bodyHash{5}, begun: 65, at: 70})
	assert.Equal(t, outcome{store: true, gen: 70, overtakes: true}, out)
}

// What began before another answer arrived, and arrives after it, may be older. That the other one comes with the same
// body again says nothing about it.
func TestWhatBeganBeforeIsNotProvenByWhatArrivedMeanwhile(t *testing.T) {
	html, segment := variantID("html"), variantID("segment")
	page, _ := commitArrival(pageRecord{}, false, arrival{variant: html, hash: bodyHash{11}, begun: 30, at: 40, floorIfNew: 10})
	page, older := commitArrival(page, true, arrival{variant: segment, hash: bodyHash{10}, begun: 35, at: 60})
	assert.True(t, older.store)
	assert.Less(t, older.gen, page.suspect)
	page, _ = commitArrival(page, true, arrival{variant: html, hash: bodyHash{11}, begun: 70, at: 80})
	assert.Zero(t, page.suspect)
	assert.Less(t, older.gen, page.floor, "it is fetched again before it is served")
}
