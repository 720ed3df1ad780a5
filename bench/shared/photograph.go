package main

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"os"
	"path/filepath"
)

// tiles make the photograph, left to right, top to bottom.
var tiles = []string{"Blinds", "Dune", "FreshFlower", "Garden", "LadyBird", "RainDrops", "Storm", "TwoWings", "Wood"}

const (
	backgrounds           = "/usr/share/backgrounds/mate/nature"
	width, height         = 4000, 3000
	columns               = 3
	tileWidth, tileHeight = (width + columns - 1) / columns, height / columns
)

// photograph is a JPEG of 12 million pixels.
func photograph() ([]byte, error) {
	whole := image.NewRGBA(image.Rect(0, 0, width, height))
	for n, name := range tiles {
		tile, err := decoded(filepath.Join(backgrounds, name+".jpg"))
		if err != nil {
			return nil, fmt.Errorf("%w: install mate-backgrounds, or name a photograph", err)
		}
		corner := image.Pt(n%columns*tileWidth, n/columns*tileHeight)
		draw.Draw(whole, image.Rectangle{Min: corner, Max: corner.Add(image.Pt(tileWidth, tileHeight))}, tile, middle(tile.Bounds()), draw.Src)
	}
	var made bytes.Buffer
	err := jpeg.Encode(&made, whole, &jpeg.Options{Quality: 90})
	return made.Bytes(), err
}

// middle is where a tile begins that has the middle of a picture.
func middle(bounds image.Rectangle) image.Point {
	return bounds.Min.Add(bounds.Size().Sub(image.Pt(tileWidth, tileHeight)).Div(2))
}

func decoded(file string) (image.Image, error) {
	opened, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	return jpeg.Decode(opened)
}
