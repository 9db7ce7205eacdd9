package shared

import (
	"encoding/json"
	"fmt"

	"bongsu/journal"
)

// Kinds of the field's entries that a relay carries on: the engine's stages and alarms, and the
// field journal's own notes that some of them may be late or lost.
const (
	KindStage = "stage"
	KindAlarm = "alarm"
)

// serious is the least urgent alarm priority all sites must know of.
const serious = 2

// Position is how far a field's journal has been relayed.
type Position struct {
	Journal string `json:"journal"` // id of that journal
	Seq     uint64 `json:"seq"`
	Hash    string `json:"hash"` // of the entry Seq
	// Replaced counts the journals before this one.
	Replaced int `json:"replaced"`
}

// relayCore decides what of a field's journal goes on. It knows no network and no clock.
type relayCore struct {
	field  string
	site   string
	pos    Position // of the newest entry taken
	drafts []Draft  // taken and not yet written
}

// same says whether e, read right behind the entry before p, proves the journal to be the one p
// was noted in: e is the entry p names, or, if that can no longer be read, the one behind it.
func (p Position) same(e journal.Entry) bool {
	return e.Seq == p.Seq && e.Hash == p.Hash || e.Seq == p.Seq+1 && e.Prev == p.Hash
}

// renew begins a journal that was not seen before with its first entry; it is named by its hash.
func (p Position) renew(first journal.Entry) Position {
	next := Position{Journal: short(first.Hash), Replaced: p.Replaced}
	if p.Journal != "" {
		next.Replaced++
	}
	return next
}

func short(hash string) string { return hash[:min(len(hash), 16)] }

// take notes e as passed, and keeps it if all sites must know of it. What was passed before is
// ignored: the tail delivers at least once.
func (c *relayCore) take(e journal.Entry) {
	if e.Seq <= c.pos.Seq {
		return
	}
	c.pos.Seq, c.pos.Hash = e.Seq, e.Hash
	if carried(e) {
		c.drafts = append(c.drafts, c.draft(e))
	}
}

// carried says whether all sites must know of e.
func carried(e journal.Entry) bool {
	switch e.Kind {
	case KindStage, journal.KindGap, journal.KindDamage:
		return true
	case KindAlarm:
		var a struct {
			Priority int `json:"priority"`
		}
		// An alarm that cannot be read may be a serious one.
		return json.Unmarshal(e.Data, &a) != nil || a.Priority >= 1 && a.Priority <= serious
	}
	return false
}

// draft keys the entry by the field's site and its own hash. The hash stands for journal, number
// and content at once, so reading a journal again from its start repeats nothing, and a journal that
// was set back and went on differently loses nothing.
func (c *relayCore) draft(e journal.Entry) Draft {
	return Draft{
		Kind: e.Kind, Actor: e.Actor, Subject: e.Subject, Data: e.Data,
		Key:    fmt.Sprintf("field/%s/%s/%d/%s", c.site, c.field, e.Seq, e.Hash),
		Origin: &Origin{Field: c.field, Journal: c.pos.Journal, Seq: e.Seq, Time: e.Time, Hash: e.Hash},
	}
}

// withoutData names an entry that is too large for the shared log in its place.
func withoutData(d Draft) Draft {
	d.Data = map[string]any{"too_large": true}
	d.Subject = d.Subject[:min(len(d.Subject), 256)]
	d.Actor = d.Actor[:min(len(d.Actor), 256)]
	return d
}
