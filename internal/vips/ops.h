//go:build cgo && !novips

// Fixed-arity forms of the libvips operations that the pipeline is made of: cgo cannot call variadic functions.
#ifndef CADDY_NEXTJS_VIPS_OPS_H
#define CADDY_NEXTJS_VIPS_OPS_H

#include <vips/vips.h>

#if VIPS_MAJOR_VERSION < 8 || (VIPS_MAJOR_VERSION == 8 && VIPS_MINOR_VERSION < 14)
#error "libvips 8.14 or later is needed; to build without pictures: -tags novips, or CGO_ENABLED=0"
#endif

enum { NX_JPEG = 1, NX_PNG, NX_WEBP, NX_AVIF, NX_GIF, NX_TIFF };

typedef struct {
	int shrink;   // JPEG: 1, 2, 4 or 8
	double scale; // WebP: 0 < scale <= 1
	int page;     // AVIF: index of the primary picture
} NxLoad;

typedef struct {
	int format;
	int q;
	int progressive; // JPEG
} NxSave;

int nx_start(void);
void nx_tune_malloc(int arenas, int thresholds);
int nx_has_operation(const char *name);

int nx_load(const void *bytes, size_t length, int format, NxLoad load, VipsImage **out);
int nx_has_profile(VipsImage *in);
int nx_int_field(VipsImage *in, const char *name, int otherwise);
int nx_profile_transform(VipsImage *in, VipsImage **out, const char *input, const char *output, int depth);
int nx_colourspace(VipsImage *in, VipsImage **out, VipsInterpretation to);
int nx_premultiply(VipsImage *in, VipsImage **out);
int nx_unpremultiply(VipsImage *in, VipsImage **out, VipsBandFormat format);
int nx_cast(VipsImage *in, VipsImage **out, VipsBandFormat format);
int nx_resize(VipsImage *in, VipsImage **out, double horizontal, double vertical);
int nx_rotate(VipsImage *in, VipsImage **out, VipsAngle angle);
int nx_mirror(VipsImage *in, VipsImage **out);
int nx_in_memory(VipsImage *in, VipsImage **out);
int nx_copy(VipsImage *in, VipsImage **out);
gint64 nx_bytes(VipsImage *in);
int nx_bare(VipsImage *in, VipsImage **out);
int nx_save(VipsImage *in, NxSave save, void **bytes, size_t *length);

#endif
