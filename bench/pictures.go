package main

import (
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"

	"github.com/caddy-nextjs/caddy-nextjs/bench/corpus"
)

// mosaics are how large photographs are composed of small ones: a camera's 12 and 24 megapixels.
var mosaics = []image.Point{{4000, 3000}, {6000, 4000}}

// writePictures writes count pictures of each class into dir, the first photographs composed, and returns their names.
func writePictures(dir string, count int) ([]corpus.Class, error) {
	classes, err := corpus.Classes()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making a folder for pictures: %w", err)
	}
	for n := range classes {
		var names []string
		if n == 0 {
			if names, err = writeMosaics(dir, classes[n].Files); err != nil {
				return nil, err
			}
		}
		for _, file := range classes[n].Files {
			if len(names) >= count {
				break
			}
			name := strings.ReplaceAll(classes[n].Name, " ", "-") + "-" + filepath.Base(file)
			if err := copyPicture(filepath.Join(dir, name), file); err != nil {
				return nil, err
			}
			names = append(names, name)
		}
		classes[n].Files = names
	}
	return classes, nil
}

func writeMosaics(dir string, files []string) ([]string, error) {
	var names []string
	for i, size := range mosaics {
		name := fmt.Sprintf("mosaic-%d.jpg", size.X*size.Y/1_000_000)
		if err := writeMosaic(filepath.Join(dir, name), files[i], size); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

func copyPicture(to, from string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("reading a picture: %w", err)
	}
	if err := os.WriteFile(to, content, 0o600); err != nil {
		return fmt.Errorf("copying a picture: %w", err)
	}
	return nil
}

// writeMosaic fills a large picture with a small one, mirrored so that no edges appear.
func writeMosaic(to, from string, size image.Point) error {
	file, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("opening a photograph: %w", err)
	}
	defer file.Close() // it was only read
	decoded, err := jpeg.Decode(file)
	if err != nil {
		return fmt.Errorf("decoding %s: %w", from, err)
	}
	tile := image.NewRGBA(image.Rectangle{Max: decoded.Bounds().Size()})
	draw.Draw(tile, tile.Bounds(), decoded, decoded.Bounds().Min, draw.Src)
	mirrored := func(at, length int) int {
		if at %= 2 * length; at >= length {
			return 2*length - 1 - at
		}
		return at
	}
	large := image.NewRGBA(image.Rectangle{Max: size})
	for y := range size.Y {
		for x := range size.X {
			large.SetRGBA(x, y, tile.RGBAAt(mirrored(x, tile.Rect.Dx()), mirrored(y, tile.Rect.Dy())))
		}
	}
	out, err := os.Create(to)
	if err != nil {
		return fmt.Errorf("creating a picture: %w", err)
	}
	if err := jpeg.Encode(out, large, &jpeg.Options{Quality: 90}); err != nil {
		_ = out.Close() // the error before it counts
		return fmt.Errorf("encoding a picture: %w", err)
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("writing a picture: %w", err)
	}
	return nil
}
