package rules

import (
	"cmp"
	"net/http"
	"slices"

	"bongsu/facility"
)

// ActNote writes a note beside an alarm, whatever its state is. Its argument is "text".
const ActNote = "alarm.note"

// noteAct adds a note to the record. The oldest one leaves the record, not the journal, when there are too many.
func (e *Alarms) noteAct(a *alarm, act facility.Act) (int, string) {
	text, err := facility.NoteText(act.Args["text"])
	if err != nil {
		return http.StatusUnprocessableEntity, err.Error()
	}
	note := facility.AlarmNote{Act: act.ID, N: 1, At: *e.stamp(), By: actors(act), Station: act.Station,
		Occurrence: a.rec.Occurrence, Revision: a.rec.Revision + 1, Text: text}
	kept := a.rec.Notes
	if n := len(kept); n > 0 {
		note.N = kept[n-1].N + 1
		kept = kept[max(0, n+1-facility.NotesKept):]
	}
	a.rec.Notes = append(slices.Clone(kept), note) // records handed out before share the old ones
	return http.StatusOK, ""
}

// noted says whether an act's note is written already: an act without an answer is asked again.
func (a *alarm) noted(act string) bool {
	return act != "" && slices.ContainsFunc(a.rec.Notes, func(n facility.AlarmNote) bool { return n.Act == act })
}

// sheetNotes is how many notes the sheet for the fire authority has: it is one page.
const sheetNotes = 12

// HandOverNotes picks the notes for the fire authority: of alarms that stand in a battery room or belong to the classes
// fire and safety, as far as they were written since the alarm began. The newest come first.
func HandOverNotes(site *facility.Site, rooms []facility.FireRoomView, alarms []facility.Alarm) []facility.HandOverNote {
	out := []facility.HandOverNote{}
	for _, a := range alarms {
		if !facility.NeverHidden(a.Class) && !slices.ContainsFunc(rooms, func(r facility.FireRoomView) bool { return hangsUnder(site, a.Asset, r.Asset) }) {
			continue
		}
		for _, n := range a.Notes {
			if n.Occurrence == a.Occurrence {
				out = append(out, facility.HandOverNote{At: n.At, By: n.By, Text: n.Text, Alarm: a.Text, Where: nameOf(site, a.Asset)})
			}
		}
	}
	slices.SortFunc(out, func(a, b facility.HandOverNote) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.By, b.By), cmp.Compare(a.Text, b.Text))
	})
	return out[:min(len(out), sheetNotes)]
}

// hangsUnder says whether an asset is another one or hangs under it at any depth.
func hangsUnder(site *facility.Site, id, top facility.AssetID) bool {
	for range len(site.Assets) { // a ring of parents must not hold us
		if id == top {
			return true
		}
		a := site.Asset(id)
		if a == nil {
			break
		}
		id = a.Parent
	}
	return false
}
