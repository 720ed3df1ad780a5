package imageopt

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// IMAGES.md 4.
func TestPreferredFormat(t *testing.T) {
	both, reverse, one := []string{avif, webp}, []string{webp, avif}, []string{webp}
	for _, c := range []struct {
		accept  string
		formats []string
		want    string
	}{
		{"", both, ""},
		{"*/*", both, ""},
		{"image/*", both, ""},
		{"IMAGE/WEBP", one, ""},
		{"image/webp", one, webp},
		{"image/webp", both, webp},
		{chrome, both, avif},
		{chrome, reverse, avif},
		{chrome, one, webp},
		{"image/webp,image/avif", both, avif},
		{"image/avif;q=0.5,image/webp;q=0.9", both, webp},
		{"image/webp2,*/*", one, webp},
		{"*/*,image/webp;q=0.1", both, ""},
		{"*/*,image/webp;q=0.1", one, webp},
		{"image/webp;q=0,image/webp", one, webp},
		{"image/webp;q=0", one, ""},
		{"image/webp;q=0,*/*", one, ""},
		{"image/webp;q=0.0001", one, webp},
		{"image/webp;q=7,image/avif;q=0.9", both, webp},
		{"garbage,image,image/webp", one, webp},
		{"image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5", both, ""},
		// Where Next.js is at odds with itself (IMAGES.md 16).
		{"image/webp;foo", one, ""},
		{"image/webp;q=", one, ""},
		{"image/webp;a=b=c", one, ""},
		{"image/webp;foo=bar", one, webp},
		{chrome, nil, ""},
	} {
		assert.Equal(t, c.want, preferredFormat(c.accept, c.formats), "%+v", c)
	}
}

func TestPreferredFormatAgreesWithNext(t *testing.T) {
	elements := []string{"image/webp", "image/webp", "image/avif", "image/avif", "image/png", "image/*", "*/*", "*", "image", "text/html", "IMAGE/WEBP", "Image/Avif", "image/webp2", "x image/webp", "*/webp", "a/b/*", "/", "<image/avif>", "image/", "", "application/json", "zz/top", "é/webp"}
	parameters := []string{"", "", "", ";q=0.5", ";q=0.9", ";q=1", ";q=0", ";q=0.0005", ";q=2", ";q=-1", ";Q=0.3", ";q=x", ";q=.7", ";q=5e-1", ";q=0x1", "; q = 0.4", ";a=b;q=0.2", ";q=0.2;a=b", ";a=b", ";a=\"x,y;z\"", ";q=\"0.5\"", ";q", ";q=", ";a=b=c", ";", ";level=1;level=2;x=3"}
	formats := [][]string{{webp}, {avif}, {avif, webp}, {webp, avif}}
	random := rand.New(rand.NewPCG(5, 6))
	var questions []parseQuestion
	for range 3000 {
		var list []string
		for range 1 + random.IntN(5) {
			list = append(list, elements[random.IntN(len(elements))]+parameters[random.IntN(len(parameters))])
		}
		question := parseQuestion{Query: "url=/a&w=64&q=75", Accept: ptr(strings.Join(list, []string{",", ", "}[random.IntN(2)]))}
		question.Config.Images = DefaultImages(16)
		question.Config.Images.Formats = formats[random.IntN(len(formats))]
		questions = append(questions, question)
	}
	for i, want := range askNext[parseQuestion, parseAnswer](t, 16, "parse", questions) {
		q := questions[i]
		got := preferredFormat(*q.Accept, q.Config.Images.Formats)
		switch bare, _, labelled := strings.Cut(want.MimeType, ";"); {
		case want.Thrown != "":
			assert.Empty(t, got, "%q throws %s", *q.Accept, want.Thrown)
		case strings.Contains(*q.Accept, "a=") || strings.Contains(*q.Accept, "level="):
			// With parameters Next.js compares other text than the name.
			if labelled {
				assert.Equal(t, bare, got, "%q with %v", *q.Accept, q.Config.Images.Formats)
			}
		default:
			assert.Equal(t, want.MimeType, got, "%q with %v", *q.Accept, q.Config.Images.Formats)
		}
	}
}
