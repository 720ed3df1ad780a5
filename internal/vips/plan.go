package vips

// load is how a decoder is asked to read a source.
type load struct {
	shrink int     // JPEG: 1, 2, 4 or 8
	scale  float64 // WebP: 0 < scale <= 1
	page   int     // AVIF: index of the primary picture
}

// whole is a source read as it is.
var whole = load{shrink: 1, scale: 1}

func shrinkingJPEG(shrink float64) load { return load{shrink: jpegShrink(shrink), scale: 1} }

func shrinkingWebP(shrink float64) load { return load{shrink: 1, scale: 1 / shrink} }

// shrinkers are the decoders that shrink.
var shrinkers = map[string]func(shrink float64) load{JPEG: shrinkingJPEG, WebP: shrinkingWebP}

// Plan is what the header of a source decides: how it is read for results of a width. Equal sources have equal plans.
type Plan struct {
	size     Size
	turn     turn
	page     int
	shrinker func(shrink float64) load // nil: the decoder cannot shrink
}

// PlanOf is the plan for a source of a MIME type, with the EXIF orientation and the index of the page that is read.
func PlanOf(mime string, size Size, orientation, page int) Plan {
	return Plan{size: size, turn: turnOf(orientation), page: page, shrinker: shrinkers[mime]}
}

// load is how the source is read for a width.
func (p Plan) load(width int) load {
	if p.shrinker == nil {
		how := whole
		how.page = p.page
		return how
	}
	horizontal, vertical := shrinkOf(p.size.Width, p.size.Height, width, p.turn)
	return p.shrinker(min(horizontal, vertical))
}

// Stages are the pixels on the way to a width: those decoded, and those brought to the size. Two widths with an equal
// stage have the same pixels there.
func (p Plan) Stages(width int) (decoded, resized Stage) {
	side := p.size.Width
	if p.turn.sideways() {
		side = p.size.Height
	}
	how := p.load(width)
	return Stage{load: how}, Stage{load: how, width: min(width, side)}
}

// Stage names the pixels of a source at some point of its transform. Stages of one source can be compared.
type Stage struct {
	load  load
	width int // 0: as decoded
}
