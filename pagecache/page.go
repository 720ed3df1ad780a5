package pagecache

import (
	"crypto/sha256"
	"slices"

	"github.com/caddy-nextjs/caddy-nextjs/pagecache/policy"
)

// recordName is the name of a page's record in its group. Names of variants do not begin like that.
const recordName = "\x00page"

// recordVersion is the version of its format.
const recordVersion = 2

// maxVariants bounds the variants that a record knows. Of those beyond, nothing is known.
const maxVariants = 64

// pageHead is what a record says to those who look for an entry. Times are in nanoseconds since 1970.
type pageHead struct {
	era            uint64
	floor          sequence // entries with an older gen are of an older version, or purged
	suspect        sequence // entries with an older gen may be of an older version
	soft           sequence // entries whose fetch began before are stale
	freshUntil     int64    // variants age together: none that comes later stays fresh for longer
	currentUntil   int64    // until then Next.js does not call the page outdated: of fresh at most
	outdatedBefore sequence // entries whose fetch began before are outdated, as an answer that came later was
	outdatedAt     int64    // when Next.js said so, and began to make the page again
	interceptable  bool     // an answer's Vary has named next-url
}

// pageRecord is what is known of a page.
type pageRecord struct {
	pageHead
	arrived  sequence // when the newest answer had come
	proven   sequence // from the floor to here, the version was the same
	tags     []string // of its HTML and payloads in this generation; nil: not known
	variants []knownVariant
}

// knownVariant is the body that a variant had in this generation.
type knownVariant struct {
	name  [8]byte
	hash  bodyHash
	begun sequence // of the newest fetch that it came with
	since sequence // when it was first seen
	gen   sequence // of its entry
}

// variantID stands for the name of a variant.
func variantID(name string) (id [8]byte) {
	sum := sha256.Sum256([]byte(name))
	copy(id[:], sum[:])
	return id
}

// twinOf stands for the name of the variant that has the same body in the same version of a page; zero: there is none.
func twinOf(name string) (id [8]byte) {
	if twin := policy.TwinOf(name); twin != "" {
		id = variantID(twin)
	}
	return id
}

func (p *pageRecord) find(id [8]byte) int {
	return slices.IndexFunc(p.variants, func(v knownVariant) bool { return v.name == id })
}

// addTags notes the tags of a variant: beside those of other variants of the same generation, as segments have them
// all. More than Next.js has are not its tags.
func (p *pageRecord) addTags(tags []string, same bool) {
	if !same || p.tags == nil {
		p.tags = tags
		return
	}
	all := slices.Clip(p.tags)
	for _, tag := range tags {
		if !slices.Contains(p.tags, tag) {
			all = append(all, tag)
		}
	}
	if len(all) <= policy.MaxTags {
		p.tags = all
	}
}

// remember notes the body of a variant.
func (p *pageRecord) remember(v knownVariant) {
	if at := p.find(v.name); at >= 0 {
		p.variants[at] = v
		return
	}
	if len(p.variants) >= maxVariants {
		p.variants = slices.Delete(p.variants, 0, 1)
	}
	p.variants = append(p.variants, v)
}

// appendPage is the reverse of parsePage.
func appendPage(to []byte, p pageRecord) []byte {
	flags := byte(0)
	if p.interceptable {
		flags |= 1
	}
	if p.tags != nil {
		flags |= 2
	}
	to = append(to, recordVersion, flags)
	to = appendUint64(to, p.era)
	to = appendSequence(appendSequence(appendSequence(to, p.floor), p.suspect), p.soft)
	to = appendTime(appendTime(to, p.freshUntil), p.currentUntil)
	to = appendTime(appendSequence(to, p.outdatedBefore), p.outdatedAt)
	to = appendSequence(appendSequence(to, p.arrived), p.proven)
	to = appendTexts(to, p.tags)
	to = appendCount(to, len(p.variants))
	for _, v := range p.variants {
		to = append(append(to, v.name[:]...), v.hash[:]...)
		to = appendSequence(appendSequence(appendSequence(to, v.begun), v.since), v.gen)
	}
	return to
}

// parseHead reads what is asked for with every request. It allocates nothing.
func parseHead(d *decoder) (p pageHead, flags byte, err error) {
	if d.byte() != recordVersion {
		return p, 0, errDamaged
	}
	flags = d.byte()
	p = pageHead{
		era: d.uint64(), floor: d.sequence(), suspect: d.sequence(), soft: d.sequence(), freshUntil: d.time(),
		currentUntil: d.time(), outdatedBefore: d.sequence(), outdatedAt: d.time(), interceptable: flags&1 != 0,
	}
	if d.bad {
		return pageHead{}, 0, errDamaged
	}
	return p, flags, nil
}

// parsePage reads a record.
func parsePage(data []byte) (p pageRecord, err error) {
	d := decoder{rest: data}
	head, flags, err := parseHead(&d)
	if err != nil {
		return p, err
	}
	p.pageHead = head
	p.arrived, p.proven = d.sequence(), d.sequence()
	if tags := d.texts(); flags&2 != 0 {
		p.tags = tags
	}
	p.variants = make([]knownVariant, min(d.count(), maxVariants))
	for i := range p.variants {
		v := &p.variants[i]
		copy(v.name[:], d.take(len(v.name)))
		copy(v.hash[:], d.take(len(v.hash)))
		v.begun, v.since, v.gen = d.sequence(), d.sequence(), d.sequence()
	}
	if d.bad || len(d.rest) > 0 {
		return pageRecord{}, errDamaged
	}
	return p, nil
}
