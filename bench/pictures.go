package main

import (
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"os"
	"path/filepath"
)

// photographs of the examples, and of Debian's mate-backgrounds where that is installed: real ones of up to 5
// megapixels.
var photographFiles = []string{
	"/usr/share/backgrounds/mate/nature/Blinds.jpg", "/usr/share/backgrounds/mate/nature/TwoWings.jpg", "/usr/share/backgrounds/mate/nature/Wood.jpg",
	"/usr/share/backgrounds/mate/nature/Garden.jpg", "examples/multi-zone/*/public/*.jpg", "examples/multi-zone/*/public/*/*.jpg",
}

// mosaics are how large pictures are composed of small ones: a camera's 12 and 24 megapixels.
var mosaics = []image.Point{{4000, 3000}, {6000, 4000}}

// writePhotographs writes count pictures into dir, the first of them composed, and returns their names.
func writePhotographs(dir string, count int) ([]string, error) {
	var files []string
	for _, pattern := range photographFiles {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("looking for photographs: %w", err)
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no photographs: run in the project's directory")
	}
	var names []string
	for i, size := range mosaics {
		if len(names) == count {
			return names, nil
		}
		name := fmt.Sprintf("mosaic-%d.jpg", size.X*size.Y/1_000_000)
		if err := writeMosaic(filepath.Join(dir, name), files[i%len(files)], size); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	for i := 0; len(names) < count && i < len(files); i++ {
		content, err := os.ReadFile(files[i])
		if err != nil {
			return nil, fmt.Errorf("reading a photograph: %w", err)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(files[i])), content, 0o600); err != nil {
			return nil, fmt.Errorf("copying a photograph: %w", err)
		}
		names = append(names, filepath.Base(files[i]))
	}
	return names, nil
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
