package pagecache

import "strings"

// TagsHeader is the header in which Next.js and its adapters say the tags of an answer (Said.Tags), unless the
// application uses another one. It is for caches, and never sent on.
const TagsHeader = "X-Next-Cache-Tags"

// Next.js has at most 128 tags of at most 256 characters on what it caches (server/lib/patch-fetch.js), and some of its own for each
// part of the path. More than this is not Next.js's.
const (
	maxTags = 512
	maxTag  = 1 << 10
)

// ParseTags reads the lines of a header of tags, separated by commas: each tag once, in their order. They are not nil: no tag is
// known to be none. ok is false where there are more than 512, or one is longer than 1 KiB.
func ParseTags(lines []string) (tags []string, ok bool) {
	tags = make([]string, 0, 8)
	seen := make(map[string]bool, 8)
	for _, line := range lines {
		for tag := range strings.SplitSeq(line, ",") {
			tag = strings.Trim(tag, " \t")
			if tag == "" || seen[tag] {
				continue
			}
			if len(tag) > maxTag || len(tags) == maxTags {
				return nil, false
			}
			seen[tag] = true
			tags = append(tags, tag)
		}
	}
	return tags, true
}
