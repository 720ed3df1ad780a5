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
		l       landing
		unknown bool
		want    outcome
		// entries that may be served afterwards, by their gen.
		floor, doubt stamp
	}
	for name, steps := range map[string][]step{
		"the first one is all that is known": {
			{l: landing{variant: html, hash: one, begun: 10, now: 20, oldest: 10}, unknown: true, want: outcome{store: true, gen: 20, overtakes: true}, floor: 10},
		},
		"an equal body is of the same generation": {
			{l: landing{variant: html, hash: one, begun: 10, now: 20, oldest: 10}, unknown: true, want: outcome{store: true, gen: 20, overtakes: true}, floor: 10},
			{l: landing{variant: html, hash: one, begun: 30, now: 40}, want: outcome{store: true, gen: 30}, floor: 10},
		},
		"another body makes all others old": {
			{l: landing{variant: html, hash: one, begun: 10, now: 20, oldest: 10}, unknown: true, want: outcome{store: true, gen: 20, overtakes: true}, floor: 10},
			{l: landing{variant: html, hash: two, begun: 30, now: 40}, want: outcome{store: true, gen: 40, overtakes: true}, floor: 40},
		},
		"a variant that is new raises a doubt, and an equal body ends it": {
			{l: landing{variant: html, hash: one, begun: 10, now: 20, oldest: 10}, unknown: true, want: outcome{store: true, gen: 20, overtakes: true}, floor: 10},
			{l: landing{variant: rsc, hash: two, begun: 30, now: 40}, want: outcome{store: true, gen: 40, doubtful: true, overtakes: true}, floor: 10, doubt: 40},
			{l: landing{variant: html, hash: one, begun: 50, now: 60}, want: outcome{store: true, gen: 50}, floor: 10},
		},
		"the variant that raised the doubt cannot end it for what was before": {
			{l: landing{variant: html, hash: one, begun: 10, now: 20, oldest: 10}, unknown: true, want: outcome{store: true, gen: 20, overtakes: true}, floor: 10},
			{l: landing{variant: rsc, hash: two, begun: 30, now: 40}, want: outcome{store: true, gen: 40, doubtful: true, overtakes: true}, floor: 10, doubt: 40},
			{l: landing{variant: rsc, hash: two, begun: 50, now: 60}, want: outcome{store: true, gen: 50}, floor: 40},
		},
		"a twin with an equal body is no doubt": {
			{l: landing{variant: rsc, hash: one, begun: 10, now: 20, oldest: 10}, unknown: true, want: outcome{store: true, gen: 20, overtakes: true}, floor: 10},
			{l: landing{variant: prefetch, twin: rsc, hash: one, begun: 15, now: 30}, want: outcome{store: true, gen: 20}, floor: 10},
		},
		"a twin with an equal body ends the doubt that a document has raised": {
			{l: landing{variant: rsc, hash: one, begun: 10, now: 20, oldest: 10}, unknown: true, want: outcome{store: true, gen: 20, overtakes: true}, floor: 10},
			{l: landing{variant: html, hash: two, begun: 30, now: 40}, want: outcome{store: true, gen: 40, doubtful: true, overtakes: true}, floor: 10, doubt: 40},
			{l: landing{variant: prefetch, twin: rsc, hash: one, begun: 50, now: 60}, want: outcome{store: true, gen: 50}, floor: 10},
		},
		"a twin with another body raises a doubt": {
			{l: landing{variant: rsc, hash: one, begun: 10, now: 20, oldest: 10}, unknown: true, want: outcome{store: true, gen: 20, overtakes: true}, floor: 10},
			{l: landing{variant: prefetch, twin: rsc, hash: two, begun: 30, now: 40}, want: outcome{store: true, gen: 40, doubtful: true, overtakes: true}, floor: 10, doubt: 40},
		},
		"a fetch that began before the doubt does not end it": {
			{l: landing{variant: html, hash: one, begun: 10, now: 20, oldest: 10}, unknown: true, want: outcome{store: true, gen: 20, overtakes: true}, floor: 10},
			{l: landing{variant: rsc, hash: two, begun: 30, now: 40}, want: outcome{store: true, gen: 40, doubtful: true, overtakes: true}, floor: 10, doubt: 40},
			{l: landing{variant: html, hash: one, begun: 35, now: 50}, want: outcome{store: true, gen: 35}, floor: 10, doubt: 40},
		},
		"two that come at once are both in doubt": {
			{l: landing{variant: html, hash: one, begun: 10, now: 20, oldest: 10}, unknown: true, want: outcome{store: true, gen: 20, overtakes: true}, floor: 10},
			{l: landing{variant: rsc, hash: two, begun: 15, now: 30}, want: outcome{store: true, gen: 15, doubtful: true, overtakes: true}, floor: 10, doubt: 30},
		},
		"a change that was overtaken makes all old, itself too": {
			{l: landing{variant: html, hash: one, begun: 10, now: 20, oldest: 10}, unknown: true, want: outcome{store: true, gen: 20, overtakes: true}, floor: 10},
			{l: landing{variant: segment, hash: one, begun: 30, now: 40}, want: outcome{store: true, gen: 40, doubtful: true, overtakes: true}, floor: 10, doubt: 40},
			{l: landing{variant: html, hash: two, begun: 35, now: 50}, want: outcome{gen: 50, overtakes: true}, floor: 50},
		},
		"what was purged meanwhile is not kept, and may be newer": {
			{l: landing{variant: html, hash: one, begun: 10, now: 20, oldest: 10}, unknown: true, want: outcome{store: true, gen: 20, overtakes: true}, floor: 10},
			{l: landing{variant: html, hash: one, begun: 30, now: 40, void: true}, want: outcome{}, floor: 10},
			{l: landing{variant: html, hash: two, begun: 50, now: 60, void: true}, want: outcome{overtakes: true}, floor: 10, doubt: 60},
		},
		"an error page says nothing of the page": {
			{l: landing{variant: html, hash: one, begun: 10, now: 20, oldest: 10}, unknown: true, want: outcome{store: true, gen: 20, overtakes: true}, floor: 10},
			{l: landing{variant: segment, hash: two, begun: 30, now: 40, minor: true}, want: outcome{store: true, gen: 30}, floor: 10},
		},
		"unless there was a page": {
			{l: landing{variant: html, hash: one, begun: 10, now: 20, oldest: 10}, unknown: true, want: outcome{store: true, gen: 20, overtakes: true}, floor: 10},
			{l: landing{variant: html, hash: two, begun: 30, now: 40, minor: true}, want: outcome{store: true, gen: 40, overtakes: true}, floor: 40},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var p pageRecord
			for i, s := range steps {
				var got outcome
				p, got = land(p, !s.unknown, s.l)
				assert.Equal(t, s.want, got, "step %d", i)
				assert.Equal(t, s.floor, p.floor, "floor after step %d", i)
				assert.Equal(t, s.doubt, p.doubt, "doubt after step %d", i)
			}
		})
	}
}

func TestTheVariantsThatARecordKnowsAreBounded(t *testing.T) {
	p, _ := land(pageRecord{}, false, landing{begun: 1, now: 2, oldest: 1})
	for i := range 3 * maxVariants {
		at := stamp(10 * (i + 1))
		p, _ = land(p, true, landing{variant: [8]byte{byte(i), byte(i >> 8), 1}, begun: at, now: at + 1})
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
