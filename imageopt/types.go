package imageopt

// Media types of pictures (next/dist/server/image-optimizer/image-type.js).
const (
	avif = "image/avif"
	webp = "image/webp"
	png  = "image/png"
	jpeg = "image/jpeg"
	jxl  = "image/jxl"
	jp2  = "image/jp2"
	heic = "image/heic"
	gif  = "image/gif"
	svg  = "image/svg+xml"
	ico  = "image/x-icon"
	icns = "image/x-icns"
	tiff = "image/tiff"
	bmp  = "image/bmp"
)

// pictureType is what is done with a type.
type pictureType struct {
	extension string
	// passes says that the picture is never decoded.
	passes bool
	// old says that every client shows the type: it needs no Accept.
	old bool
}

var pictureTypes = map[string]pictureType{
	avif: {extension: "avif"},
	webp: {extension: "webp"},
	png:  {extension: "png", old: true},
	jpeg: {extension: "jpeg", old: true},
	gif:  {extension: "gif", old: true},
	tiff: {extension: "tiff", old: true},
	jp2:  {extension: "jp2", old: true},
	svg:  {extension: "svg", passes: true},
	ico:  {extension: "ico", passes: true},
	icns: {extension: "icns", passes: true},
	bmp:  {extension: "bmp", passes: true},
	jxl:  {extension: "jxl", passes: true},
	heic: {extension: "heic", passes: true},
}

// PassesThrough reports whether a picture of this type is answered as it came, whatever width and quality were asked for.
func PassesThrough(mime string, animated bool) bool {
	return animated || pictureTypes[mime].passes
}

// OutputType is the type that a picture is made into. format is what the client prefers, or "".
func OutputType(source, format string) string {
	if format != "" {
		return format
	}
	if pictureTypes[source].old {
		return source
	}
	return jpeg
}

// CheckType refuses a source that is no picture, and SVG where the zone does not allow it. mime is what Sniff found.
func (s *Settings) CheckType(mime string) *Refusal {
	switch {
	case mime == "":
		return &Refusal{400, "The requested resource isn't a valid image."}
	case mime == svg && !s.DangerouslyAllowSVG:
		return &Refusal{400, `"url" parameter is valid but image type is not allowed`}
	default:
		return nil
	}
}
