//go:build cgo && !novips

#include "ops.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

// Defined in log.go.
extern void nxLog(int level, char *message);

static void log_handler(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer data) {
	(void) domain;
	(void) data;
	// Several lines for each picture, of no use to anybody but libvips' authors.
	if (level & (G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG))
		return;
	nxLog((int) level, (char *) message);
}

int nx_start(void) {
	g_log_set_handler("VIPS", G_LOG_LEVEL_MASK | G_LOG_FLAG_FATAL | G_LOG_FLAG_RECURSION, log_handler, NULL);
	if (vips_init("caddy-nextjs"))
		return -1;
	// The parallelism is that of the pipeline's own queue; encoders that have threads (AV1) bring their own.
	vips_concurrency_set(1);
	// Every request differs, and what is equal is coalesced and kept elsewhere.
	vips_cache_set_max(0);
	vips_cache_set_max_mem(0);
	vips_cache_set_max_files(0);
	vips_block_untrusted_set(TRUE);
	// All loaders, then those of Next.js's own list that the pipeline uses.
	vips_operation_block_set("VipsForeignLoad", TRUE);
	vips_operation_block_set("VipsForeignLoadJpeg", FALSE);
	vips_operation_block_set("VipsForeignLoadPng", FALSE);
	vips_operation_block_set("VipsForeignLoadWebp", FALSE);
	vips_operation_block_set("VipsForeignLoadHeif", FALSE);
	vips_operation_block_set("VipsForeignLoadNsgif", FALSE);
	vips_operation_block_set("VipsForeignLoadTiff", FALSE);
	return 0;
}

void nx_tune_malloc(int arenas, int thresholds) {
#ifdef __GLIBC__
	if (arenas)
		mallopt(M_ARENA_MAX, 2);
	if (thresholds) {
		mallopt(M_MMAP_THRESHOLD, 1 << 20);
		mallopt(M_TRIM_THRESHOLD, 1 << 20);
	}
#endif
}

int nx_has_operation(const char *name) {
	return vips_type_find("VipsOperation", name) != 0;
}

#define COMMON "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_WARNING

// The bytes must stay where they are until the image is closed.
int nx_load(const void *bytes, size_t length, int format, NxLoad load, VipsImage **out) {
	void *buffer = (void *) bytes;
	switch (format) {
	case NX_JPEG:
		return vips_jpegload_buffer(buffer, length, out, COMMON, "shrink", load.shrink, NULL);
	case NX_PNG:
		return vips_pngload_buffer(buffer, length, out, COMMON, NULL);
	case NX_WEBP:
		return vips_webpload_buffer(buffer, length, out, COMMON, "scale", load.scale, NULL);
	case NX_AVIF:
		return vips_heifload_buffer(buffer, length, out, COMMON, "page", load.page, NULL);
	case NX_GIF:
		return vips_gifload_buffer(buffer, length, out, COMMON, NULL);
	case NX_TIFF:
		return vips_tiffload_buffer(buffer, length, out, COMMON, NULL);
	}
	vips_error("nextjs", "no loader for format %d", format);
	return -1;
}

int nx_has_profile(VipsImage *in) {
	return vips_image_get_typeof(in, VIPS_META_ICC_NAME) == VIPS_TYPE_BLOB;
}

int nx_int_field(VipsImage *in, const char *name, int otherwise) {
	int value;
	if (vips_image_get_typeof(in, name) != G_TYPE_INT || vips_image_get_int(in, name, &value))
		return otherwise;
	return value;
}

int nx_profile_transform(VipsImage *in, VipsImage **out, const char *input, const char *output, int depth) {
	if (input)
		return vips_icc_transform(in, out, output, "input_profile", input, "intent", VIPS_INTENT_PERCEPTUAL, "black_point_compensation", TRUE, "depth", depth, NULL);
	return vips_icc_transform(in, out, output, "embedded", TRUE, "intent", VIPS_INTENT_PERCEPTUAL, "black_point_compensation", TRUE, "depth", depth, NULL);
}

int nx_colourspace(VipsImage *in, VipsImage **out, VipsInterpretation to) {
	return vips_colourspace(in, out, to, "source_space", in->Type, NULL);
}

int nx_premultiply(VipsImage *in, VipsImage **out) {
	VipsImage *wide;
	if (vips_premultiply(in, &wide, NULL))
		return -1;
	int failed = vips_cast(wide, out, in->BandFmt, NULL);
	g_object_unref(wide);
	return failed;
}

int nx_unpremultiply(VipsImage *in, VipsImage **out, VipsBandFormat format) {
	VipsImage *wide;
	if (vips_unpremultiply(in, &wide, NULL))
		return -1;
	int failed = vips_cast(wide, out, format, NULL);
	g_object_unref(wide);
	return failed;
}

int nx_cast(VipsImage *in, VipsImage **out, VipsBandFormat format) {
	return vips_cast(in, out, format, NULL);
}

int nx_resize(VipsImage *in, VipsImage **out, double horizontal, double vertical) {
	return vips_resize(in, out, horizontal, "vscale", vertical, "kernel", VIPS_KERNEL_LANCZOS3, NULL);
}

int nx_rotate(VipsImage *in, VipsImage **out, VipsAngle angle) {
	return vips_rot(in, out, angle, NULL);
}

int nx_mirror(VipsImage *in, VipsImage **out) {
	return vips_flip(in, out, VIPS_DIRECTION_HORIZONTAL, NULL);
}

int nx_in_memory(VipsImage *in, VipsImage **out) {
	*out = vips_image_copy_memory(in);
	return *out ? 0 : -1;
}

// A copy shares the pixels.
int nx_copy(VipsImage *in, VipsImage **out) {
	return vips_copy(in, out, NULL);
}

gint64 nx_bytes(VipsImage *in) {
	return (gint64) VIPS_IMAGE_SIZEOF_IMAGE(in);
}

static void forget(VipsImage *image, const char *name) {
	if (g_str_has_prefix(name, "exif-") || g_str_has_suffix(name, "-data") || g_str_equal(name, VIPS_META_ORIENTATION))
		vips_image_remove(image, name);
}

// Drops EXIF, XMP, IPTC, profile and orientation. "strip" of the encoders is not enough: libvips 8.14 writes EXIF and XMP into WebP all
// the same. What GIF says of its palette stays, its encoder can use that.
int nx_bare(VipsImage *in, VipsImage **out) {
	if (vips_copy(in, out, NULL))
		return -1;
	char **fields = vips_image_get_fields(*out);
	for (int i = 0; fields[i]; i++)
		forget(*out, fields[i]);
	g_strfreev(fields);
	return 0;
}

// The encoders' settings are those of Next.js's call of sharp; what is not set here is libvips' default there, too.
int nx_save(VipsImage *in, NxSave save, void **bytes, size_t *length) {
	switch (save.format) {
	case NX_JPEG:
		// trellis_quant, overshoot_deringing, optimize_scans and quant_table work with mozjpeg only; elsewhere they cost a warning each.
		return vips_jpegsave_buffer(in, bytes, length, "strip", TRUE, "Q", save.q, "interlace", save.progressive,
			"optimize_coding", TRUE, "subsample_mode", VIPS_FOREIGN_SUBSAMPLE_ON, NULL);
	case NX_WEBP:
		return vips_webpsave_buffer(in, bytes, length, "strip", TRUE, "Q", save.q, "effort", 4, "alpha_q", 100, NULL);
	case NX_AVIF:
		return vips_heifsave_buffer(in, bytes, length, "strip", TRUE, "Q", save.q, "effort", 3, "bitdepth", 8,
			"compression", VIPS_FOREIGN_HEIF_COMPRESSION_AV1, "subsample_mode", VIPS_FOREIGN_SUBSAMPLE_OFF, NULL);
	case NX_PNG:
		return vips_pngsave_buffer(in, bytes, length, "strip", TRUE, "palette", TRUE, "Q", save.q, "dither", 1.0, "effort", 7,
			"bitdepth", 8, "compression", 6, "filter", VIPS_FOREIGN_PNG_FILTER_NONE, NULL);
	case NX_GIF:
		return vips_gifsave_buffer(in, bytes, length, "strip", TRUE, "dither", 1.0, "effort", 7, "bitdepth", 8, "reuse", TRUE,
			"interpalette_maxerror", 3.0, NULL);
	case NX_TIFF:
		return vips_tiffsave_buffer(in, bytes, length, "strip", TRUE, "compression", VIPS_FOREIGN_TIFF_COMPRESSION_JPEG, "Q", save.q,
			NULL);
	}
	vips_error("nextjs", "no encoder for format %d", save.format);
	return -1;
}
