//go:build e2e

package image_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

// imageLens decodes pictures, in a process of its own that has the decoders of Next.js
// (e2e/fixtures/images/compare.mjs).
type imageLens struct {
	input  io.Writer
	output *bufio.Reader
	dir    string
}

// imageFacts is what a decoder says of a picture.
type imageFacts struct {
	Format, Compression, Space, Depth, ChromaSubsampling string
	Width, Height, Channels, Orientation, Pages          int
	HasAlpha, IsProgressive, IsPalette, Metadata         bool
}

// imageView is two pictures side by side. Distance is nil if they are not of one size; Coarse is that of a few fields,
// in which what two encoders do with the same details is gone.
type imageView struct {
	A, B             imageFacts
	Distance, Coarse *imageDistance
	Error            string
}

// imageDistance are mean absolute differences, of 255.
type imageDistance struct{ Colour, Alpha float64 }

func newImageLens(t *testing.T) *imageLens {
	t.Helper()
	fixture := filepath.Join(harness.Repository(), "e2e", "fixtures", "images")
	cmd := exec.Command("node", "compare.mjs")
	cmd.Dir, cmd.Stderr = fixture, os.Stderr
	input, err := cmd.StdinPipe()
	require.NoError(t, err)
	output, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = input.Close() // it ends by itself, then
		_ = cmd.Wait()
	})
	return &imageLens{input: input, output: bufio.NewReader(output), dir: t.TempDir()}
}

// compare looks at two pictures.
func (l *imageLens) compare(t testing.TB, a, b []byte) imageView {
	t.Helper()
	files := map[string]string{"a": filepath.Join(l.dir, "a"), "b": filepath.Join(l.dir, "b")}
	require.NoError(t, os.WriteFile(files["a"], a, 0o600))
	require.NoError(t, os.WriteFile(files["b"], b, 0o600))
	question, err := json.Marshal(files)
	require.NoError(t, err)
	_, err = l.input.Write(append(question, '\n'))
	require.NoError(t, err)
	line, err := l.output.ReadBytes('\n')
	require.NoError(t, err, "the decoder has ended")
	var view imageView
	require.NoError(t, json.NewDecoder(bytes.NewReader(line)).Decode(&view))
	return view
}
