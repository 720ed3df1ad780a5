package imageopt

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/blobstore"
)

var somePictures = []picture{
	{},
	{mime: webp, maxAge: 14400, expires: time.UnixMilli(1767323045678), etag: "abc", upstreamETag: `W/"x"`},
	{mime: png, maxAge: -5, expires: time.UnixMilli(-1), etag: "é\x00\n", passed: true},
}

func TestWhatIsKeptOfAPictureComesBack(t *testing.T) {
	for _, p := range somePictures {
		back, err := parseMeta(p.meta())
		require.NoError(t, err)
		p.expires = time.UnixMilli(p.expires.UnixMilli())
		assert.Equal(t, p, *back)
	}
}

func TestDamagedHeadsAreNoPictures(t *testing.T) {
	whole := somePictures[1].meta()
	for length := range whole {
		_, err := parseMeta(whole[:length])
		require.ErrorIs(t, err, errMeta, "%d bytes", length)
	}
	_, err := parseMeta(append(whole, 0))
	require.ErrorIs(t, err, errMeta)
	other := append([]byte{metaVersion + 1}, whole[1:]...)
	_, err = parseMeta(other)
	require.ErrorIs(t, err, errMeta)
}

// What another version has kept is made again.
func TestAPictureOfAnotherVersionIsAMiss(t *testing.T) {
	o := optimizerFor(t, nil)
	require.Equal(t, ResultMiss, o.ask(t, t.Context(), "/a.jpg").result)
	_, r := newExchange(t, "/a.jpg")
	wanted, refusal := o.zone.Settings.Parse(r.URL.RawQuery, "", nil)
	require.Nil(t, refusal)
	require.NoError(t, o.store.Put(t.Context(), o.zone.key(parsed{wanted, wanted.Key()}, ""), []byte{metaVersion + 1, 0}, []byte("old")))
	assert.Equal(t, ResultMiss, o.ask(t, t.Context(), "/a.jpg").result)
	assert.Equal(t, ResultHit, o.ask(t, t.Context(), "/a.jpg").result)
}

// A picture that lies on disk only is written from its file, and can be put again.
func TestPicturesOnDisk(t *testing.T) {
	store, err := blobstore.Open(blobstore.Settings{Dir: t.TempDir(), Memory: -1})
	require.NoError(t, err)
	defer store.Close()
	key := blobstore.Key{Space: "zone", Name: "a"}
	made := somePictures[1]
	made.body = bytes.Repeat([]byte("bytes"), 50_000)
	require.NoError(t, store.Put(t.Context(), key, made.meta(), made.body))
	entry, ok := store.Get(t.Context(), key)
	require.True(t, ok)
	require.False(t, entry.FromMemory())
	kept, err := fromEntry(entry)
	require.NoError(t, err)
	assert.Equal(t, int64(250_000), kept.size())
	again, err := kept.renewed()
	require.NoError(t, err)
	kept.close()
	assert.Equal(t, made.body, again.body)
	assert.Nil(t, again.entry)
}

// Any bytes are a head, or refused; what is read is what would be written.
func FuzzPictureMeta(f *testing.F) {
	for _, p := range somePictures {
		f.Add(p.meta())
	}
	f.Add([]byte{metaVersion, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{metaVersion, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parseMeta(b)
		if err != nil {
			return
		}
		back, err := parseMeta(p.meta())
		if err != nil {
			t.Fatalf("%q is read as %+v, whose own head is refused: %v", b, p, err)
		}
		if back.mime != p.mime || back.maxAge != p.maxAge || !back.expires.Equal(p.expires) || back.etag != p.etag || back.upstreamETag != p.upstreamETag || back.passed != p.passed {
			t.Fatalf("%+v comes back as %+v", p, back)
		}
	})
}
