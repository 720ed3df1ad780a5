package pagecache

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func exampleMeta() meta {
	return meta{
		status: 200, era: 1, begun: 2, gen: 3, hash: bodyHash{4}, exact: bodyHash{9}, stored: 5, freshUntil: 6, staleUntil: 7, errorUntil: 8,
		tags: appendTexts(nil, []string{"a", "b"}), header: appendHeader(nil, http.Header{"Etag": {`"x"`}, "Link": {"1", "2"}}),
	}
}

func TestTheMetaOfAnEntryComesBack(t *testing.T) {
	want := exampleMeta()
	got, err := parseMeta(appendMeta(nil, want))
	require.NoError(t, err)
	assert.Equal(t, want, got)
	assert.Equal(t, http.Header{"Etag": {`"x"`}, "Link": {"1", "2"}}, parseHeader(got.header))
}

func TestARecordComesBack(t *testing.T) {
	want := pageRecord{
		pageHead: pageHead{era: 1, floor: 2, suspect: 3, soft: 4, freshUntil: 5, interceptable: true}, arrived: 6, proven: 7,
		tags: []string{"a"}, variants: []knownVariant{{name: [8]byte{1}, hash: bodyHash{2}, begun: 3, since: 4, gen: 5}},
	}
	got, err := parsePage(appendPage(nil, want))
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

// FuzzMeta: no bytes make the reading of an entry fail in another way than by an error, and what is read is written as
// it was.
func FuzzMeta(f *testing.F) {
	f.Add(appendMeta(nil, exampleMeta()))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseMeta(data)
		if err != nil {
			return
		}
		for range m.eachTag {
		}
		parseHeader(m.header)
		again, err := parseMeta(appendMeta(nil, m))
		require.NoError(t, err)
		require.Equal(t, m, again)
	})
}

// FuzzRecord does the same with records of pages.
func FuzzRecord(f *testing.F) {
	f.Add(appendPage(nil, pageRecord{tags: []string{"a"}, variants: []knownVariant{{}}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := parsePage(data)
		if err != nil {
			return
		}
		again, err := parsePage(appendPage(nil, p))
		require.NoError(t, err)
		require.Equal(t, p, again)
	})
}
