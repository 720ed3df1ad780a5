package pagecache

import "slices"

// arrival is an answer that has come as a whole.
type arrival struct {
	variant    [8]byte
	twin       [8]byte // the variant that has the same body in the same version, if there is one: twinOf
	hash       bodyHash
	begun      sequence // when its fetch began
	at         sequence // above all sequence numbers given so far
	floorIfNew sequence // the floor of a page that has no record yet
	void       bool     // purged since it began
	isError    bool     // an error page: unless it takes the place of another body, it says nothing about the version
}

// outcome is what becomes of it.
type outcome struct {
	store bool
	gen   sequence // of the entry
	// makesSuspect: it has made other variants suspect, and one of them can show that nothing has changed.
	makesSuspect bool
	// overtakes: what is being fetched of the page at this moment may be older than this answer.
	overtakes bool
}

// commitArrival decides on an answer, and what it tells of the other variants of its page. known is false for a page
// without a record.
//
// It is the rule of generations: who was given this answer must not be given an older version afterwards, of whichever
// variant. Two answers of one variant with equal bodies show that the page was the same from the arrival of the first
// to the beginning of the second. Bodies of different variants cannot be compared, but for twins, so a variant that is
// seen for the first time makes the others suspect, until one of them is fetched and found equal.
// Cache.usabilityOf is where what is older is not served any more.
func commitArrival(p pageRecord, known bool, a arrival) (pageRecord, outcome) {
	if !known {
		// Of a record of another era only this is still believed.
		p = pageRecord{pageHead: pageHead{floor: a.floorIfNew, interceptable: p.interceptable}}
	}
	p.variants = slices.Clone(p.variants)
	at := p.findByTwin(a)
	equal := at >= 0 && p.variants[at].hash == a.hash
	late := a.void || a.begun < p.floor || at >= 0 && a.begun < p.variants[at].begun
	newest := a.begun >= p.arrived // all that was given to clients before is of this version or an older one
	p.arrived = a.at
	var out outcome
	switch {
	case late && equal: // it says nothing new
	case late:
		p.suspect = a.at
		out.overtakes = true
	case equal:
		out = p.confirm(at, a)
	case at >= 0:
		out = p.change(a, newest)
	case a.isError:
		out = outcome{store: true, gen: a.begun}
	default:
		out = p.extend(a, newest)
	}
	return p, out
}

// findByTwin is the place of the answer's variant among those that are known, -1 if it is not. A variant that is new,
// but whose twin has the same body, is noted as known.
func (p *pageRecord) findByTwin(a arrival) int {
	at := p.find(a.variant)
	if twin := p.find(a.twin); at < 0 && twin >= 0 && p.variants[twin].hash == a.hash {
		same := p.variants[twin]
		same.name, same.begun = a.variant, min(same.begun, a.begun)
		p.remember(same)
		return p.find(a.variant)
	}
	return at
}

// confirm notes an answer with the body that its variant had before. If it began after the page had become suspect,
// nothing has changed.
func (p *pageRecord) confirm(at int, a arrival) outcome {
	v := &p.variants[at]
	v.begun, v.gen = a.begun, max(v.gen, a.begun)
	if a.begun >= p.suspect {
		if v.since > p.proven { // nothing is known of the time before
			p.floor = max(p.floor, v.since)
		}
		p.suspect, p.proven = 0, a.begun
	}
	v.gen = max(v.gen, p.floor)
	return outcome{store: true, gen: v.gen}
}

// change notes an answer with another body than its variant had: the page has a new version.
func (p *pageRecord) change(a arrival, newest bool) outcome {
	p.floor, p.suspect, p.proven, p.variants = a.at, 0, a.at, nil
	if newest {
		p.variants = []knownVariant{firstSeen(a)}
	}
	return outcome{store: newest, gen: a.at, overtakes: true}
}

// extend notes an answer of a variant that nothing was known of.
func (p *pageRecord) extend(a arrival, newest bool) outcome {
	seen, first := firstSeen(a), len(p.variants) == 0
	if first {
		p.proven = a.at
	} else {
		p.suspect = a.at
	}
	if !newest {
		// It may be of an older version than what has arrived since it began: an equal answer of that shows nothing
		// about this one.
		seen.gen, p.proven = a.begun, min(p.proven, a.begun)
	}
	p.remember(seen)
	return outcome{store: true, gen: seen.gen, makesSuspect: !first, overtakes: true}
}

func firstSeen(a arrival) knownVariant {
	return knownVariant{name: a.variant, hash: a.hash, begun: a.begun, since: a.at, gen: a.at}
}
