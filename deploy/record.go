package deploy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"maps"
	"time"
)

// record is a line of the journal: one of its commands, or what holds at its beginning.
type record struct {
	Number  uint64             `json:"number"`
	Time    time.Time          `json:"time"`
	Drain   *Drain             `json:"drain,omitempty"`
	Undrain *Undrain           `json:"undrain,omitempty"`
	Rollout *zoneRollout       `json:"rollout,omitempty"`
	Holds   map[string]Drained `json:"holds,omitempty"`
	// Rollouts are what holds of deployments, by the zone's name.
	Rollouts map[string]*Rollout `json:"rollouts,omitempty"`
}

// zoneRollout is what has become of the deployments of a zone. nil: they were forgotten.
type zoneRollout struct {
	Zone    string   `json:"zone"`
	Rollout *Rollout `json:"deployments"`
}

// restore does what a record says.
func (r record) restore(holds *kept) {
	maps.Copy(holds.drains, r.Holds)
	maps.Copy(holds.rollouts, r.Rollouts)
	if r.Drain != nil {
		holds.drains[r.Drain.Address] = Drained{Since: r.Time, Durable: true}
	}
	if r.Undrain != nil {
		delete(holds.drains, r.Undrain.Address)
	}
	switch {
	case r.Rollout == nil:
	case r.Rollout.Rollout == nil:
		delete(holds.rollouts, r.Rollout.Zone)
	default:
		holds.rollouts[r.Rollout.Zone] = r.Rollout.Rollout
	}
}

// sumField is what stands before the checksum of a line, and sumLength how long both are with what ends the line.
const (
	sumField  = `,"crc32c":"`
	sumLength = len(sumField) + 8 + len(`"}`)
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// line returns a record as a line. Its checksum is over all that stands before it.
func (r record) line() ([]byte, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("writing a record: %w", err)
	}
	return append(withSum(text[:len(text)-1]), '\n'), nil
}

// withSum ends the text of a record by its checksum.
func withSum(text []byte) []byte {
	return fmt.Appendf(text, "%s%08x\"}", sumField, crc32.Checksum(text, castagnoli))
}

// parseRecord reads a line without its end; false: it is damaged.
func parseRecord(line []byte) (one record, ok bool) {
	at := len(line) - sumLength
	if at < 0 || !bytes.Equal(withSum(bytes.Clone(line[:at])), line) {
		return record{}, false
	}
	err := json.Unmarshal(line, &one)
	return one, err == nil
}

// replay does what the records of a journal say. It returns the number of the last one, and how many lines are damaged.
// A last line that is torn is none of them: nobody was told that it holds.
func replay(text []byte, holds *kept) (number uint64, damaged int) {
	for line := range bytes.Lines(text) {
		content, isEnded := bytes.CutSuffix(line, []byte("\n"))
		one, ok := parseRecord(content)
		switch {
		case ok:
		case isEnded:
			damaged++
			continue
		default:
			if one, ok = parseRecord(content[:len(content)-1]); !ok {
				continue // torn
			}
			damaged++ // only its end is
		}
		number = max(number, one.Number)
		one.restore(holds)
	}
	return number, damaged
}
