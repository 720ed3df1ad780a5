package imageopt

import (
	"net/url"
	"regexp"
	"strings"
)

// fileName is getFileNameWithExtension of next/dist/server/image-optimizer.js: the last segment of the source up to its first dot, with the extension of
// the answer.
func fileName(href, mime string) string {
	path, _, _ := strings.Cut(href, "?")
	name := path[strings.LastIndexByte(path, '/')+1:]
	extension := pictureTypes[mime].extension
	if name == "" || extension == "" {
		return "image.bin"
	}
	name, _, _ = strings.Cut(name, ".")
	return name + "." + extension
}

var encodedOctet = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

// disposition is the npm library content-disposition: the name in ISO 8859-1 with "?" for what that lacks, and in UTF-8 when that says more.
func disposition(kind, name string) string {
	if kind == "" {
		kind = "attachment"
	}
	plain, exact := latin1Name(name)
	value := strings.ToLower(kind) + `; filename="` + quotedName.Replace(plain) + `"`
	if !exact || encodedOctet.MatchString(name) {
		value += "; filename*=UTF-8''" + extendedValue.Replace(encodeComponent(name))
	}
	return value
}

// quotedName escapes what ends a quoted string.
var quotedName = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// extendedValue encodes what encodeURIComponent leaves and RFC 5987 does not have.
var extendedValue = strings.NewReplacer("'", "%27", "(", "%28", ")", "%29", "*", "%2A")

// latin1Name returns a name as bytes of ISO 8859-1, and whether nothing of it got lost.
func latin1Name(name string) (plain string, exact bool) {
	b := make([]byte, 0, len(name))
	exact = true
	for _, r := range name {
		switch {
		case r >= 0x20 && r <= 0x7e, r >= 0xa0 && r <= 0xff:
			b = append(b, byte(r))
			continue
		case r > 0xffff:
			b = append(b, '?') // one for each of its two units of UTF-16
		}
		b = append(b, '?')
		exact = false
	}
	return string(b), exact
}

// encodeComponent is encodeURIComponent of JavaScript, which leaves more as it is than url.QueryEscape.
func encodeComponent(text string) string {
	return componentEncoding.Replace(url.QueryEscape(text))
}

var componentEncoding = strings.NewReplacer("+", "%20", "%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*")
