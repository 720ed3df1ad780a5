//go:build cgo && !novips

package vips

/*
#cgo pkg-config: vips
#cgo linux LDFLAGS: -ldl
#include <dlfcn.h>
#include <string.h>
#include <vips/vips.h>

static int heifsave(VipsImage *in, int q, void **made, size_t *length) {
	return vips_heifsave_buffer(in, made, length, "strip", TRUE, "Q", q, "effort", 3, "bitdepth", 8,
		"compression", VIPS_FOREIGN_HEIF_COMPRESSION_AV1, "subsample_mode", VIPS_FOREIGN_SUBSAMPLE_OFF, NULL);
}

#if __has_include(<libheif/heif.h>)
#include <libheif/heif.h>

#define EACH(do) \
	do(heif_context_alloc) do(heif_context_free) do(heif_context_get_encoder_for_format) do(heif_context_encode_image) \
	do(heif_context_write) do(heif_encoder_release) do(heif_encoder_set_lossy_quality) \
	do(heif_encoder_set_parameter_integer) do(heif_encoder_set_parameter_string) \
	do(heif_image_create) do(heif_image_add_plane) do(heif_image_get_plane) do(heif_image_release)

#define FIELD(name) __typeof__(&name) name;
static struct { EACH(FIELD) } heif;

static int find_heif(void) {
	void *library = dlopen("libheif.so.1", RTLD_LAZY);
#define FIND(name) && (heif.name = (__typeof__(&name))dlsym(library, #name))
	return library EACH(FIND);
}

static int failed(struct heif_error error) {
	if (error.code != heif_error_Ok)
		vips_error("avif", "%s", error.message);
	return error.code != heif_error_Ok;
}

static int encoder_of(struct heif_context *context, int q, struct heif_encoder **encoder) {
	if (failed(heif.heif_context_get_encoder_for_format(context, heif_compression_AV1, encoder)) ||
		failed(heif.heif_encoder_set_lossy_quality(*encoder, q)))
		return -1;
	// An encoder that does not know one of these goes on without it.
	heif.heif_encoder_set_parameter_integer(*encoder, "speed", 6);
	heif.heif_encoder_set_parameter_string(*encoder, "chroma", "444");
	heif.heif_encoder_set_parameter_string(*encoder, "aom:enable-intrabc", "0");
	return 0;
}

typedef struct {
	uint8_t *pixels;
	int stride;
} Plane;

static int copy_rows(VipsRegion *region, VipsRect *area, void *to) {
	Plane *plane = to;
	for (int y = area->top; y < area->top + area->height; y++)
		memcpy(plane->pixels + (size_t)y * plane->stride, VIPS_REGION_ADDR(region, 0, y), VIPS_REGION_SIZEOF_LINE(region));
	return 0;
}

static int copy_pixels(VipsImage *in, struct heif_image **out) {
	Plane plane;
	if (failed(heif.heif_image_create(in->Xsize, in->Ysize, heif_colorspace_RGB,
			in->Bands == 4 ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB, out)) ||
		failed(heif.heif_image_add_plane(*out, heif_channel_interleaved, in->Xsize, in->Ysize, 8)))
		return -1;
	plane.pixels = heif.heif_image_get_plane(*out, heif_channel_interleaved, &plane.stride);
	return vips_sink_disc(in, copy_rows, &plane);
}

typedef struct {
	void **made;
	size_t *length;
} Buffer;

static struct heif_error keep(struct heif_context *context, const void *data, size_t length, void *to) {
	Buffer *buffer = to;
	*buffer->made = g_memdup2(data, length);
	*buffer->length = length;
	return (struct heif_error){heif_error_Ok, heif_suberror_Unspecified, ""};
}

static int encode(VipsImage *in, int q, void **made, size_t *length) {
	struct heif_context *context = heif.heif_context_alloc();
	struct heif_encoder *encoder = NULL;
	struct heif_image *image = NULL;
	struct heif_writer writer = {1, keep};
	int result = encoder_of(context, q, &encoder) || copy_pixels(in, &image) ||
		failed(heif.heif_context_encode_image(context, image, encoder, NULL, NULL)) ||
		failed(heif.heif_context_write(context, &writer, &(Buffer){made, length}));
	heif.heif_image_release(image);
	heif.heif_encoder_release(encoder);
	heif.heif_context_free(context);
	return -result;
}
#else
static int find_heif(void) { return 0; }
static int encode(VipsImage *in, int q, void **made, size_t *length) { return heifsave(in, q, made, length); }
#endif

static int plain(VipsImage *in) {
	return in->BandFmt == VIPS_FORMAT_UCHAR && in->Coding == VIPS_CODING_NONE && (in->Bands == 3 || in->Bands == 4);
}

static int save_avif(VipsImage *in, int q, int own, void **made, size_t *length) {
	return own && plain(in) ? encode(in, q, made, length) : heifsave(in, q, made, length);
}
*/
import "C"

import (
	"sync"
	"unsafe"

	gv "github.com/davidbyttow/govips/v2/vips"
)

// findHeif looks for the library that libvips has its AVIF from. It is not linked, because every start
// of the binary would load it, and with it the codecs.
var findHeif = sync.OnceValue(func() bool { return C.find_heif() != 0 })

// largeAVIF is the number of pixels from which an AVIF takes so long, a quarter of a second, that what it takes to give
// its memory back does not count.
const largeAVIF = 512 << 10

// saveAVIF keeps the resolution of colours (4:4:4), as Next.js does. govips has no such parameter, and libvips none for
// what the rest is about, which is done as libvips does it: aom shall not look for repetitions (intra block copy) in
// what it takes for a screenshot. In drawings 1,920 pixels wide that costs two to five times the CPU time and 150 MB,
// for the same bytes. Where libheif is not found, libvips does it.
func saveAVIF(i *gv.ImageRef, quality int) ([]byte, error) {
	if i.Width()*i.Height() >= largeAVIF {
		defer giveBack()
	}
	own := C.int(0)
	if findHeif() {
		own = 1
	}
	return saved(i, func(in *C.VipsImage, made *unsafe.Pointer, length *C.size_t) C.int {
		return C.save_avif(in, C.int(quality), own, made, length)
	})
}
