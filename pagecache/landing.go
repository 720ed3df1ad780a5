package pagecache

// landing is an answer that has come as a whole.
type landing struct {
	variant [8]byte
	twin    [8]byte // the variant that has the same body in the same version, if there is one: twinOf
	hash    bodyHash
	begun   stamp // when its fetch began
	now     stamp // above all stamps given so far
	oldest  stamp // what the floor of a page without a record is
	void    bool  // purged since it began
	minor   bool  // an error page: unless it takes the place of another body, it says nothing about the version of the page
}

// outcome is what becomes of it.
type outcome struct {
	store bool
	gen   stamp // of the entry
	// doubtful: it has raised a doubt that another variant can end.
	doubtful bool
	// overtakes: what is being fetched of the page at this moment may be older than this answer.
	overtakes bool
}

// land decides on an answer, and what it tells of the other variants of its page. known is false for a page without a
// record.
//
// It is the rule of generations: who was given this answer must not be given an older version afterwards, of whichever
// variant. Two answers of one variant with equal bodies show that the page was the same from the landing of the first
// to the beginning of the second. Bodies of different variants cannot be compared, but for twins, so a variant that is
// seen for the first time raises a doubt about the others, until one of them is fetched and found equal.
func land(p pageRecord, known bool, l landing) (pageRecord, outcome) {
	if !known {
		p = pageRecord{pageHead: pageHead{era: p.era, floor: l.oldest, interceptable: p.interceptable}}
	}
	p.variants = append([]knownVariant(nil), p.variants...)
	at := p.find(l.variant)
	if twin := p.find(l.twin); at < 0 && twin >= 0 && p.variants[twin].hash == l.hash {
		// As if it were the twin that has come.
		known := p.variants[twin]
		known.name, known.begun = l.variant, min(known.begun, l.begun)
		p.know(known)
		at = p.find(l.variant)
	}
	equal := at >= 0 && p.variants[at].hash == l.hash
	late := l.void || l.begun < p.floor || at >= 0 && l.begun < p.variants[at].begun
	newest := l.begun >= p.landed // all that was given to clients before is of this version or an older one
	p.landed = l.now
	switch {
	case late && equal:
		return p, outcome{}
	case late:
		p.doubt = l.now
		return p, outcome{overtakes: true}
	case equal:
		v := p.variants[at]
		v.begun, v.gen = l.begun, max(v.gen, l.begun)
		if l.begun >= p.doubt {
			if v.since > p.proven { // nothing is known of the time before
				p.floor = max(p.floor, v.since)
			}
			p.doubt, p.proven = 0, l.begun
		}
		v.gen = max(v.gen, p.floor)
		p.variants[at] = v
		return p, outcome{store: true, gen: v.gen}
	case at < 0 && l.minor:
		return p, outcome{store: true, gen: l.begun}
	}
	seen := knownVariant{name: l.variant, hash: l.hash, begun: l.begun, since: l.now, gen: l.now}
	switch {
	case at >= 0: // changed
		p.floor, p.doubt, p.proven, p.variants = l.now, 0, l.now, nil
		if newest {
			p.variants = []knownVariant{seen}
		}
		return p, outcome{store: newest, gen: l.now, overtakes: true}
	case len(p.variants) == 0:
		p.proven = l.now
	default:
		p.doubt = l.now
	}
	if !newest {
		// It may be of an older version than what has landed since it began: an equal answer of that shows nothing
		// about this one.
		seen.gen, p.proven = l.begun, min(p.proven, l.begun)
	}
	doubtful := len(p.variants) > 0
	p.know(seen)
	return p, outcome{store: true, gen: seen.gen, doubtful: doubtful, overtakes: true}
}
