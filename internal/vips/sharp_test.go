//go:build cgo && !novips

package vips_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/caddy-nextjs/caddy-nextjs/internal/sharp"
	"github.com/caddy-nextjs/caddy-nextjs/internal/vips"
)

func TestMain(m *testing.M) {
	if err := vips.Start(zap.NewNop()); err != nil {
		panic(err)
	}
	code := m.Run()
	if oracle, err := startSharp(); err == nil {
		_ = oracle.Close()
	}
	os.Exit(code)
}

var startSharp = sync.OnceValues(sharp.Start)

// oracle is the sharp that Next.js uses; without it the test is skipped.
func oracle(tb testing.TB) *sharp.Sharp {
	tb.Helper()
	s, err := startSharp()
	if errors.Is(err, sharp.ErrMissing) {
		tb.Skip(err)
	}
	require.NoError(tb, err)
	return s
}

// source is a picture made by JavaScript that returns a sharp object from args.width and args.height.
func source(tb testing.TB, width, height int, code string) []byte {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "source")
	require.NoError(tb, oracle(tb).Call(`
		const { width, height, file } = args
		const gradient = () => sharp(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="' + width + '" height="' + height +
			'"><defs><linearGradient id="g" x2="1" y2="1"><stop stop-color="#d33"/><stop offset=".5" stop-color="#3c6"/>' +
			'<stop offset="1" stop-color="#23d"/></linearGradient></defs><rect width="100%" height="100%" fill="url(#g)"/>' +
			'<circle cx="25%" cy="25%" r="15%" fill="#fff"/><rect x="60%" y="70%" width="30%" height="12%" fill="#111"/></svg>'))
		await (await (async () => { `+code+` })()).toFile(file)
	`, map[string]any{"width": width, "height": height, "file": file}, nil))
	made, err := os.ReadFile(file)
	require.NoError(tb, err)
	return made
}

// picture is what sharp sees in a file, as 8-bit samples.
type picture struct {
	Format        string
	Width         int
	Height        int
	Channels      int
	Space         string
	Depth         string
	HasProfile    bool
	IsProgressive bool
	Orientation   int
	Exif, Xmp     bool
	Chroma        string
	Pixels        []byte `json:"-"`
}

func decode(tb testing.TB, made []byte) picture {
	tb.Helper()
	dir := tb.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	require.NoError(tb, os.WriteFile(in, made, 0o600))
	var p picture
	require.NoError(tb, oracle(tb).Call(`
		const meta = await sharp(args.in).metadata()
		const { data, info } = await sharp(args.in).toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
		fs.writeFileSync(args.out, data)
		return { ...info, format: meta.format, space: meta.space, depth: meta.depth, hasProfile: meta.hasProfile, isProgressive: meta.isProgressive,
			orientation: meta.orientation ?? 0, exif: !!meta.exif, xmp: !!meta.xmp, chroma: meta.chromaSubsampling ?? '' }
	`, map[string]string{"in": in, "out": out}, &p))
	var err error
	p.Pixels, err = os.ReadFile(out)
	require.NoError(tb, err)
	return p
}

// nextjs is what Next.js makes of a source.
func nextjs(tb testing.TB, source []byte, width, quality int, mime string) ([]byte, error) {
	tb.Helper()
	dir := tb.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	require.NoError(tb, os.WriteFile(in, source, 0o600))
	err := oracle(tb).Call(`await sharp.nextjs(fs.readFileSync(args.in), args).toFile(args.out)`, map[string]any{
		"in": in, "out": out, "width": width, "quality": quality, "format": strings.TrimPrefix(mime, "image/"),
	}, nil)
	if err != nil {
		return nil, err
	}
	made, err := os.ReadFile(out)
	require.NoError(tb, err)
	return made, nil
}

func ours(source []byte, mime string, width int, output string) ([]byte, error) {
	return vips.Transform(context.Background(), source, mime, vips.Options{Width: width, Output: output, Quality: 75})
}

// difference is the mean absolute difference of the samples. The colour of what is transparent does not count.
func difference(tb testing.TB, a, b picture) float64 {
	tb.Helper()
	require.Equal(tb, []int{a.Width, a.Height, a.Channels}, []int{b.Width, b.Height, b.Channels})
	require.Len(tb, b.Pixels, len(a.Pixels))
	sum := 0
	for i := 0; i < len(a.Pixels); i += a.Channels {
		for c := range a.Channels {
			x, y := int(a.Pixels[i+c]), int(b.Pixels[i+c])
			if a.Channels%2 == 0 && c < a.Channels-1 {
				x, y = x*int(a.Pixels[i+a.Channels-1])/255, y*int(b.Pixels[i+a.Channels-1])/255
			}
			sum += max(x-y, y-x)
		}
	}
	return float64(sum) / float64(len(a.Pixels))
}
