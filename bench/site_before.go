package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"

	"github.com/caddy-nextjs/caddy-nextjs/internal/buildtest"
)

// demandPage is what the paths of pages begin with that the upstream makes on demand, 10 KB each.
const demandPage = "/demand/"

// beforeBuild has a dynamic page, one made on demand, files, and a picture.
func beforeBuild() (buildtest.Build, error) {
	picture, err := drawnPicture(1600, 1200)
	if err != nil {
		return buildtest.Build{}, err
	}
	type object = buildtest.JSON
	return buildtest.Build{
		Config: object{"images": object{
			"path": "/_next/image", "loader": "default", "deviceSizes": []int{640}, "formats": []string{"image/webp"},
			"minimumCacheTTL": 14400,
		}},
		App:        map[string]string{"/page/page": "/page", "/demand/[n]/page": "/demand/[n]"},
		Prerenders: object{"dynamicRoutes": object{"/demand/[n]": object{"fallback": nil}}},
		Routes:     object{"dynamicRoutes": []any{object{"page": "/demand/[n]", "regex": `^/demand/([^/]+?)(?:/)?$`}}},
		Files: map[string]string{
			"static/chunks/17.js": randomText(17 << 10), "static/chunks/229.js": randomText(229 << 10),
			"../public/picture.jpg": picture,
		},
	}, nil
}

// drawnPicture returns a JPEG of soft colours.
func drawnPicture(width, height int) (string, error) {
	drawn := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			red, green, blue := x*255/width, y*255/height, (x^y)&63
			drawn.SetRGBA(x, y, color.RGBA{uint8(red), uint8(green), uint8(blue), 255})
		}
	}
	var encoded bytes.Buffer
	if err := jpeg.Encode(&encoded, drawn, nil); err != nil {
		return "", fmt.Errorf("encoding a picture: %w", err)
	}
	return encoded.String(), nil
}
