// Package corpus names the pictures that benchmarks are made with, by class: encoders that are equal on photographs are
// not on drawings.
//
// The screenshots are pages of examples/multi-zone (/tides of home, /search of blog), drawn once by
// `chromium --headless --hide-scrollbars --window-size=1920,1200 --screenshot=FILE URL` and compressed again without
// loss (sharp, compressionLevel 9, no filter).
package corpus

import (
	"fmt"
	"path/filepath"
	"slices"
)

// Class is a kind of pictures.
type Class struct {
	Name  string
	Files []string
}

// OfType are the files of a type, as their names say it: "jpg" or "png".
func (c Class) OfType(extension string) []string {
	return slices.DeleteFunc(slices.Clone(c.Files), func(file string) bool { return filepath.Ext(file) != "."+extension })
}

// backgrounds are those of Debian's package mate-backgrounds.
const backgrounds = "/usr/share/backgrounds/mate/"

// patterns of the files of each class. The first files of a class come first: who wants fewer takes these.
var patterns = []struct {
	class string
	files []string
}{
	{"photographs", []string{
		backgrounds + "nature/Blinds.jpg", backgrounds + "nature/TwoWings.jpg", backgrounds + "nature/Wood.jpg",
		backgrounds + "nature/Garden.jpg", backgrounds + "nature/*.jpg", backgrounds + "abstract/Elephants_3840x2160.jpg",
	}},
	{"illustrations", []string{
		"examples/multi-zone/home/public/harbour*.jpg", "examples/multi-zone/home/public/lantern.jpg",
		backgrounds + "desktop/Ubuntu-Mate-*.png", "examples/multi-zone/*/public/*.jpg", backgrounds + "desktop/*.png",
	}},
	{"screenshots", []string{"bench/corpus/screenshots/*.png"}},
	{"line art", []string{backgrounds + "abstract/Gulp.png", backgrounds + "abstract/*.png"}},
}

// Classes finds the pictures from the project's directory. A class that lacks some is an error, which says what to do:
// figures of other pictures would look like those of these.
func Classes() ([]Class, error) {
	var classes []Class
	for _, wanted := range patterns {
		class := Class{Name: wanted.class}
		for _, pattern := range wanted.files {
			found, err := filepath.Glob(pattern)
			if err != nil {
				return nil, fmt.Errorf("looking for %s: %w", wanted.class, err)
			}
			if len(found) == 0 {
				return nil, fmt.Errorf("no %s: install Debian's mate-backgrounds, and run in the project's directory", pattern)
			}
			for _, file := range found {
				if !slices.Contains(class.Files, file) {
					class.Files = append(class.Files, file)
				}
			}
		}
		classes = append(classes, class)
	}
	return classes, nil
}
