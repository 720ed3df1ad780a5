package imageopt

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// packed is what a coding makes of data.
func packed(data []byte, open func(io.Writer) io.WriteCloser) []byte {
	var buffer bytes.Buffer
	w := open(&buffer)
	_, _ = w.Write(data)
	w.Close()
	return buffer.Bytes()
}

func gzipped(data []byte) []byte {
	return packed(data, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })
}

func zlibbed(data []byte) []byte {
	return packed(data, func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) })
}

func deflated(data []byte) []byte {
	return packed(data, func(w io.Writer) io.WriteCloser { raw, _ := flate.NewWriter(w, 6); return raw })
}

func brotlied(data []byte) []byte {
	return packed(data, func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) })
}

func decoded(codings string, body []byte, limit int64) ([]byte, error) {
	answer := &http.Response{Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body))}
	if codings != "" {
		answer.Header.Set("Content-Encoding", codings)
	}
	reader, err := decodeBody(answer, limit)
	if err != nil {
		return nil, err
	}
	sink := &boundedBody{limit: limit}
	_, err = io.Copy(sink, reader)
	return sink.bytes, err
}

func noise(size int) []byte {
	random := rand.NewChaCha8([32]byte{1})
	data := make([]byte, size)
	_, _ = random.Read(data)
	return data
}

func flipped(data []byte, i int) []byte {
	data = bytes.Clone(data)
	data[(i+len(data))%len(data)] ^= 1
	return data
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// What each of these becomes was measured with the decoders of next 16.4 on Node 20.20.
func TestDecodeBodyAsNode(t *testing.T) {
	data := noise(2000)
	gz, zl, raw, br := gzipped(data), zlibbed(data), deflated(data), brotlied(data)
	const (
		all = iota
		twice
		some // the beginning
		none
		corrupt
	)
	for name, c := range map[string]struct {
		codings string
		body    []byte
		want    int
	}{
		"no coding":            {"", data, all},
		"gzip":                 {"gzip", gz, all},
		"x-gzip":               {"X-GZip", gz, all},
		"gzip empty":           {"gzip", nil, none},
		"gzip half":            {"gzip", gz[:len(gz)/2], some},
		"gzip without trailer": {"gzip", gz[:len(gz)-4], all},
		"gzip in its head":     {"gzip", gz[:5], none},
		"gzip padded":          {"gzip", join(gz, make([]byte, 10)), all},
		"gzip and text":        {"gzip", join(gz, []byte("hello")), corrupt},
		"gzip and a beginning": {"gzip", join(gz, []byte{0x1f, 0x8b}), all},
		"gzip and a bad head":  {"gzip", join(gz, []byte{0x1f, 0x8b, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9}), corrupt},
		"two members":          {"gzip", join(gz, gz), twice},
		"empty members":        {"gzip", join(bytes.Repeat(gzipped(nil), 500), gz), all},
		"gzip checksum":        {"gzip", flipped(gz, -6), corrupt},
		"no gzip":              {"gzip", []byte("hello world"), corrupt},
		"zlib":                 {"deflate", zl, all},
		"zlib empty":           {"deflate", nil, none},
		"zlib half":            {"deflate", zl[:len(zl)/2], some},
		"zlib one byte":        {"deflate", zl[:1], none},
		"zlib without trailer": {"deflate", zl[:len(zl)-2], all},
		"zlib and text":        {"deflate", join(zl, []byte("hello")), all},
		"zlib checksum":        {"deflate", flipped(zl, -1), corrupt},
		"raw deflate":          {"deflate", raw, all},
		"raw half":             {"deflate", raw[:len(raw)/2], some},
		"raw and text":         {"deflate", join(raw, []byte("hello")), all},
		"no deflate":           {"deflate", []byte{0xff, 0xfe, 0xfd, 1, 2, 3}, corrupt},
		"br":                   {"br", br, all},
		"br empty":             {"br", nil, none},
		"br half":              {"br", br[:len(br)/2], some},
		"br and text":          {"br", join(br, []byte("hello")), all},
		"no br":                {"br", []byte("hello world this is not br"), corrupt},
		"stacked":              {"gzip, br , deflate", zlibbed(brotlied(gz)), all},
		"five":                 {"gzip,gzip,gzip,gzip,gzip", gzipped(gzipped(gzipped(gzipped(gz)))), all},
		"unknown":              {"zstd", data, all},
		"identity":             {"identity", data, all},
		"unknown among known":  {"gzip, identity", data, all},
		"empty name":           {"gzip,", data, all},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decoded(c.codings, c.body, 1<<20)
			if c.want == corrupt {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			switch c.want {
			case all:
				assert.Equal(t, data, got)
			case twice:
				assert.Equal(t, join(data, data), got)
			case some:
				assert.NotEmpty(t, got)
				assert.True(t, bytes.HasPrefix(data, got))
			case none:
				assert.Empty(t, got)
			}
		})
	}
	_, err := decoded("gzip,gzip,gzip,gzip,gzip,gzip", gz, 1<<20)
	assert.ErrorIs(t, err, errTooManyCodings)
}

func TestCodingsOfSeveralHeaders(t *testing.T) {
	for _, c := range []struct {
		header []string
		want   []string
	}{
		{nil, nil},
		{[]string{""}, nil},
		{[]string{"gzip"}, []string{"gzip"}},
		{[]string{"gzip, br"}, []string{"br", "gzip"}},
		{[]string{"gzip", "deflate"}, []string{"deflate", "gzip"}},
		{[]string{"gzip", "lzma"}, nil},
	} {
		got, err := parseCodings(c.header)
		require.NoError(t, err)
		assert.Equal(t, c.want, got, c.header)
	}
}

// counting counts what is read of a body.
type counting struct {
	io.Reader
	read int
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read += n
	return n, err
}

// A bomb ends where it begins to grow, in whichever layer that is, and not when all of it has been read.
func TestBombsAreStopped(t *testing.T) {
	const limit = 64 << 10
	growing := join(make([]byte, 2<<20), noise(512<<10))
	nothing := bytes.Repeat(gzipped(nil), 16<<10) // 400 KiB that become nothing
	for name, c := range map[string]struct {
		codings string
		body    []byte
		most    int // bytes read
	}{
		"gzip":             {"gzip", gzipped(growing), 64 << 10},
		"a bomb in a bomb": {"gzip, gzip", gzipped(gzipped(growing)), 64 << 10},
		"brotli":           {"br", brotlied(growing), 64 << 10},
		"much of nothing":  {"gzip", nothing, 3*limit + 2*layerSlack},
		"nothing, packed":  {"gzip, gzip", gzipped(nothing), 64 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			body := &counting{Reader: bytes.NewReader(c.body)}
			answer := &http.Response{Header: http.Header{"Content-Encoding": {c.codings}}, Body: io.NopCloser(body)}
			reader, err := decodeBody(answer, limit)
			require.NoError(t, err)
			_, err = io.Copy(&boundedBody{limit: limit}, reader)
			require.ErrorIs(t, err, errBodyTooLarge)
			assert.LessOrEqual(t, body.read, c.most)
		})
	}
}

func TestRemoteDecodes(t *testing.T) {
	image := []byte(strings.Repeat("image ", 100))
	bodies := map[string]struct {
		codings string
		body    []byte
	}{
		"/gzip":   {"gzip", gzipped(image)},
		"/br":     {"br", brotlied(image)},
		"/bad":    {"gzip", []byte("no gzip at all")},
		"/six":    {"gzip,gzip,gzip,gzip,gzip,gzip", image},
		"/empty":  {"gzip", gzipped(nil)},
		"/bomb":   {"gzip", gzipped(make([]byte, 1<<20))},
		"/plain":  {"snappy", image},
		"/equal":  {"deflate", deflated(make([]byte, 1000))},
		"/onemor": {"deflate", deflated(make([]byte, 1001))},
	}
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", bodies[r.URL.Path].codings)
		_, _ = w.Write(bodies[r.URL.Path].body)
	})
	f := newTestFetcher(t, FetchLimits{MaxBytes: 1000}, names{})
	fetch := func(path string) (Source, error) {
		return f.Remote(t.Context(), at(t, server, "a.test", path), anything)
	}
	for _, path := range []string{"/gzip", "/br", "/plain"} {
		source, err := fetch(path)
		require.NoError(t, err, path)
		assert.Equal(t, image, source.Body, path)
	}
	source, err := fetch("/equal")
	require.NoError(t, err)
	assert.Len(t, source.Body, 1000)
	_, err = fetch("/bad")
	requireRefused(t, err, 500, serverError, CauseEncoding)
	_, err = fetch("/six")
	requireRefused(t, err, 400, upstreamInvalid, CauseEncoding)
	_, err = fetch("/empty")
	requireRefused(t, err, 400, upstreamInvalid, CauseEmpty)
	for _, path := range []string{"/bomb", "/onemor"} {
		_, err = fetch(path)
		requireRefused(t, err, 413, upstreamInvalid, CauseTooLarge)
	}
}

func FuzzDecodeBody(f *testing.F) {
	data := noise(200)
	f.Add("gzip", gzipped(data))
	f.Add("deflate", zlibbed(data))
	f.Add("deflate,br", brotlied(deflated(data)))
	f.Add("br", brotlied(data))
	f.Add("gzip, ,x", data)
	f.Fuzz(func(t *testing.T, codings string, body []byte) {
		const limit = 1 << 16
		got, _ := decoded(codings, body, limit)
		require.LessOrEqual(t, len(got), limit)
	})
}
