package assets

import (
	"math"
	"mime"
	"path"
	"strconv"
	"strings"
	"time"
)

// Cache-Control of each class of files (NEXTJS.md calls them kinds of pages; measured with Next.js 14.2, 15.5 and
// 16.4).
const (
	// immutable is Next.js's own for the files of a build: their names change with their content.
	immutable = "public, max-age=31536000, immutable"
	// revalidated is Next.js's own for service workers of the build.
	revalidated = "public, max-age=0, must-revalidate"
	// asked is Next.js's own for public files, whose content a deploy may change: all caches ask each time.
	asked = "public, max-age=0"
	// SharedCacheControl is for files that a deploy may change, where a CDN that is purged then stands in front:
	// browsers ask each time, it need not.
	SharedCacheControl = "public, max-age=0, s-maxage=31536000, must-revalidate"
)

// head holds the headers of a file, as net/http wants them: each request sets them without allocating.
type head struct {
	contentType, etag, lastModified, length []string
	cacheControl                            []string // nil: a deploy may change the file, and its set says it
	serviceWorker                           []string // Service-Worker-Allowed
	modTime                                 time.Time
}

// newHead makes the head of a file.
func newHead(urlPath, basePath string, size int64, modTime time.Time) head {
	modTime = nodeModTime(modTime)
	h := head{
		modTime:     modTime,
		contentType: []string{contentType(urlPath)},
		// The form of Next.js (send), so that an answer of the edge validates what an upstream has sent, and the other
		// way round.
		etag:         []string{`W/"` + strconv.FormatInt(size, 16) + "-" + strconv.FormatInt(modTime.UnixMilli(), 16) + `"`},
		lastModified: []string{modTime.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")},
		length:       []string{strconv.FormatInt(size, 10)},
	}
	switch {
	case strings.HasPrefix(urlPath, staticPrefix+"service-worker/"):
		h.cacheControl = []string{revalidated}
		if basePath == "" {
			basePath = "/"
		}
		h.serviceWorker = []string{basePath}
	case strings.HasPrefix(urlPath, staticPrefix):
		h.cacheControl = []string{immutable}
	}
	return h
}

// nodeModTime is a file's time as Node.js has it (fs.Stats.mtime): in milliseconds, of which it has a float64. There
// 474.499999 after the seconds of today is 474.5, which is rounded up. A half is rounded up before 1970 too.
func nodeModTime(t time.Time) time.Time {
	milliseconds := float64(t.Unix()*1000) + float64(t.Nanosecond())/1e6
	return time.UnixMilli(int64(math.Floor(milliseconds + 0.5)))
}

// types are those of Next.js's own file server (mime 1.6 in next/dist/compiled/send) where Go's or the system's table
// has another.
var types = map[string]string{
	".js": "application/javascript", ".mjs": "application/javascript", ".css": "text/css", ".html": "text/html", ".htm": "text/html", ".txt": "text/plain",
	".json": "application/json", ".map": "application/json", ".webmanifest": "application/manifest+json", ".xml": "application/xml", ".md": "text/markdown",
	".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp", ".avif": "image/avif",
	".ico": "image/x-icon", ".jxl": "image/jxl", ".heic": "image/heic", ".bmp": "image/bmp", ".tif": "image/tiff", ".tiff": "image/tiff",
	".woff": "font/woff", ".woff2": "font/woff2", ".ttf": "font/ttf", ".otf": "font/otf", ".eot": "application/vnd.ms-fontobject",
	".mp4": "video/mp4", ".webm": "video/webm", ".ogv": "video/ogg", ".mov": "video/quicktime", ".mp3": "audio/mpeg", ".ogg": "audio/ogg", ".wav": "audio/x-wav",
	".m4a": "audio/mp4", ".flac": "audio/x-flac", ".vtt": "text/vtt", ".pdf": "application/pdf", ".zip": "application/zip", ".gz": "application/gzip",
	".wasm": "application/wasm", ".csv": "text/csv", ".ics": "text/calendar", ".rtf": "text/rtf", ".yaml": "text/yaml", ".yml": "text/yaml",
}

// contentType returns the type of a file by its name, with a charset where Next.js sends one.
func contentType(name string) string {
	extension := strings.ToLower(path.Ext(name))
	mediaType, known := types[extension]
	if !known {
		mediaType, _, _ = strings.Cut(mime.TypeByExtension(extension), ";")
	}
	switch {
	case mediaType == "":
		return "application/octet-stream"
	case strings.HasPrefix(mediaType, "text/"), mediaType == "application/javascript", mediaType == "application/json":
		return mediaType + "; charset=UTF-8"
	}
	return mediaType
}
