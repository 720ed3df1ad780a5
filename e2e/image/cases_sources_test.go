//go:build e2e

package image_test

import (
	"fmt"

	"github.com/caddy-nextjs/caddy-nextjs/e2e/harness"
)

// decodable are sources with what Next.js makes of them at w=256 without Accept: type and size.
var decodable = []struct{ name, kind, size string }{
	{"photo.jpg", "jpeg", "256x170"},
	{"progressive.jpg", "jpeg", ""},
	{"full-colour.jpg", "jpeg", ""},
	{"grey.jpg", "jpeg", ""},
	{"cmyk.jpg", "jpeg", ""},
	{"cmyk-profile.jpg", "jpeg", ""},
	{"p3.jpg", "jpeg", ""},
	{"srgb.jpg", "jpeg", ""},
	{"small.jpg", "jpeg", "60x43"},
	{"pixel.jpg", "jpeg", "1x1"},
	{"wide.jpg", "jpeg", "256x1"},
	{"described.jpg", "jpeg", ""},
	{"tail.jpg", "jpeg", ""},
	{"opaque.png", "png", "256x171"},
	{"alpha.png", "png", ""},
	{"deep.png", "png", ""},
	{"deep-alpha.png", "png", ""},
	{"grey.png", "png", ""},
	{"palette.png", "png", ""},
	{"interlaced.png", "png", ""},
	{"p3.png", "png", ""},
	{"exif-6.png", "png", ""},
	{"apng-one.png", "png", "96x64"},
	{"apng-hidden.png", "png", ""},
	{"apng-late.png", "png", ""},
	{"apng-text.png", "png", ""},
	{"still.gif", "gif", ""},
	{"alpha.gif", "gif", ""},
	{"photo.webp", "jpeg", ""},
	{"lossless.webp", "jpeg", ""},
	{"alpha.webp", "jpeg", ""},
	{"exif-6.webp", "jpeg", ""},
	{"photo.avif", "jpeg", ""},
	{"alpha.avif", "jpeg", ""},
	{"photo.tiff", "tiff", ""},
	{"alpha.tiff", "tiff", ""},
	{"intel.tiff", "tiff", "160x100"},
	{"motorola.tiff", "tiff", "160x100"},
	{"wrong.png", "jpeg", ""},
	{"wrong.svg", "jpeg", ""},
	{"wrong.txt", "jpeg", ""},
	{"noextension", "jpeg", ""},
}

// unchanged are sources that are answered as they are, with their type.
var unchanged = []struct{ name, kind string }{
	{"animated.gif", "gif"},
	{"animated.webp", "webp"},
	{"apng.png", "png"},
	{"text-anim.webp", "webp"},
	{"icon.ico", "x-icon"},
	{"icon.icns", "x-icns"},
	{"drawing.bmp", "bmp"},
	{"big.bmp", "bmp"},
	{"code.jxl", "jxl"},
	{"box.jxl", "jxl"},
	{"picture.heic", "heic"},
	{"truncated.jpg", "jpeg"},
	{"truncated.png", "png"},
	{"truncated.gif", "gif"},
	{"truncated.webp", "webp"},
	{"truncated.avif", "avif"},
	{"truncated.tiff", "tiff"},
	{"scrambled.jpg", "jpeg"},
	{"badsum.png", "png"},
	{"bomb.png", "png"},
	{"nothing.png", "png"},
	{"half-head.jpg", "jpeg"},
	{"head.jpg", "jpeg"},
	{"head.png", "png"},
	{"forged.avif", "avif"},
	{"forged.gif", "gif"},
	{"forged.webp", "webp"},
	{"forged.tiff", "tiff"},
	{"forged.jp2", "jp2"},
}

// noPicture are sources that are refused, whatever they look like.
var noPicture = []string{
	"empty.jpg", "byte.jpg", "pointer.cur", "picture.heix", "picture.mif1", "sequence.msf1", "sequence.avis", "zero-box.avif", "large-box.avif", "film.mp4", "code.j2k",
	"sound.wav", "big.tiff", "paper.pdf", "page.html", "words.txt", "data.json", "layers.psd", "portable.ppm", "surface.dds", "texture.ktx", "program.elf", "shifted.jpg", "wrong.gif",
	"drawing.svg", "declared.svg", "marked.svg", "blank.svg", "commented.svg", "doctype.svg", "upper.svg", "blank-upper.sv", "late.svg", "nearly.svg", "prefixed.svg", "bare.svg",
	"large.svg", "script.svg", "feed.xml", "inline.html",
}

// avifSources are those that are also made into AVIF, which takes its time.
var avifSources = map[string]bool{
	"photo.jpg": true, "grey.jpg": true, "cmyk.jpg": true, "p3.jpg": true, "alpha.png": true, "deep-alpha.png": true, "still.gif": true, "alpha.webp": true,
	"photo.avif": true, "motorola.tiff": true, "pixel.jpg": true, "wide.jpg": true,
}

func sourceCases() []imageCase {
	var cases []imageCase
	for _, source := range decodable {
		target := imageQuery("/contract/"+source.name, 256, 75)
		cases = append(cases,
			imageCase{name: "source " + source.name, target: target, kind: source.kind, size: source.size},
			imageCase{name: "source " + source.name + " as WebP", target: target, headers: []string{"Accept", acceptWebP}, kind: "webp", size: source.size})
		if avifSources[source.name] {
			cases = append(cases, imageCase{name: "source " + source.name + " as AVIF", target: target, headers: []string{"Accept", acceptChrome}, kind: "avif", size: source.size})
		}
	}
	for _, source := range unchanged {
		target := imageQuery("/contract/"+source.name, 256, 75)
		cases = append(cases,
			imageCase{name: "unchanged " + source.name, target: target, kind: source.kind},
			imageCase{name: "unchanged " + source.name + " for Chrome", target: target, headers: []string{"Accept", acceptChrome}, kind: source.kind})
	}
	for _, name := range noPicture {
		cases = append(cases, imageCase{name: "no picture " + name, target: imageQuery("/contract/"+name, 256, 75), status: 400})
	}
	return append(cases,
		// Too high for WebP and AVIF, not for PNG.
		imageCase{name: "tall", target: imageQuery("/contract/tall.png", 64, 75), kind: "png", size: "64x17000"},
		imageCase{name: "too tall for WebP", target: imageQuery("/contract/tall.png", 64, 75), headers: []string{"Accept", acceptWebP}, kind: "png", size: "64x17000"},
		imageCase{name: "tall made low", target: imageQuery("/contract/tall.png", 32, 75), headers: []string{"Accept", acceptWebP}, kind: "webp", size: "32x8500"},
	)
}

// sizeCases: each width and quality, and each orientation.
func sizeCases() []imageCase {
	var cases []imageCase
	for _, width := range []int{32, 48, 64, 96, 128, 256, 384, 640, 750, 828, 1080, 1200, 1920, 2048, 3840} {
		for _, source := range []string{"photo.jpg", "lossless.webp"} {
			target := imageQuery("/contract/"+source, width, 75)
			cases = append(cases, imageCase{name: fmt.Sprintf("width %d of %s", width, source), target: target, kind: "jpeg"})
			if source == "photo.jpg" || width < 640 {
				cases = append(cases, imageCase{name: fmt.Sprintf("width %d of %s as WebP", width, source), target: target, headers: []string{"Accept", acceptWebP}, kind: "webp"})
			}
		}
	}
	for orientation := 1; orientation <= 8; orientation++ {
		size := map[bool]string{false: "128x91", true: "128x179"}[orientation > 4]
		for _, accept := range []string{"", acceptWebP} {
			cases = append(cases, imageCase{
				name:    fmt.Sprintf("orientation %d %s", orientation, harness.NoSlash(accept)),
				target:  imageQuery(fmt.Sprintf("/contract/exif-%d.jpg", orientation), 128, 75),
				headers: []string{"Accept", accept}, size: size,
			})
		}
	}
	for _, quality := range []int{1, 30, 50, 75, 90, 100} {
		for _, source := range []string{"exif-1.jpg", "alpha.png"} {
			for _, accept := range []string{"", acceptWebP, acceptAVIF} {
				if source == "alpha.png" && accept == "" && quality > 1 && quality < 100 {
					continue // a palette takes its time, and hardly another quality
				}
				cases = append(cases, imageCase{
					name:    fmt.Sprintf("quality %d of %s %s", quality, source, harness.NoSlash(accept)),
					target:  imageQuery("/contract/"+source, 384, quality),
					headers: []string{"Accept", accept},
				})
			}
		}
	}
	return append(cases,
		imageCase{name: "upright, wider than it is", target: imageQuery("/contract/exif-6.jpg", 640, 75), size: "357x500"},
		imageCase{name: "AVIF at 640", target: imageQuery("/contract/photo.jpg", 640, 75), headers: []string{"Accept", acceptChrome}, kind: "avif", size: "640x427"},
		imageCase{name: "not larger as AVIF", target: imageQuery("/contract/exif-1.jpg", 3840, 75), headers: []string{"Accept", acceptChrome}, kind: "avif", size: "500x357"},
	)
}
