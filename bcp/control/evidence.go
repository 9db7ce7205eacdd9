package control

import (
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"bongsu/bcp"
	"bongsu/facility"
	"bongsu/journal"
)

// Kinds of the entries that the facility's evidence is folded from: those a relay carries, and what a desk
// has seen of its own site.
const (
	KindStage    = "stage"        // facility.StageChange, relayed
	KindAlarm    = "alarm"        // facility.Alarm of priority 1 and 2, relayed
	KindEvidence = "bcp.evidence" // bcp.Evidence, from the signs of a site's own desk
	KindReceipt  = "bcp.receipt"  // Receipt of a message
)

// Receipt says that a message arrived.
type Receipt struct {
	Key    string    `json:"key"` // of the act that sent it
	Person string    `json:"person"`
	Event  string    `json:"event"`
	At     time.Time `json:"at"`
}

// EvidenceDraft is what a desk has seen of its own site as an entry.
func EvidenceDraft(e bcp.Evidence, actor string) journal.Draft {
	return journal.Draft{Kind: KindEvidence, Actor: actor, Subject: e.Kind + " " + e.Site, Data: e}
}

// stageNumbers is how far each stage of the fire response is. S0 is calm and SP a pre-alarm.
var stageNumbers = map[string]int{"S0": 0, "SP": 0, "S1": 1, "S2": 2, "S3": 3, "S4": 4, "S5A": 5, "S5B": 5, "S5C": 5, "S6": 6}

// facts folds what fields and desks have told. It is a pure fold: the same entries give the same facts
// at every site.
type facts struct {
	sites    map[string]string // data center by the id of its facility
	rooms    map[string]*roomFire
	evidence map[string]bcp.Evidence // by id
	receipts map[string]bcp.Tri
	order    []string          // receipts, oldest first
	ended    []string          // occurrences that are over, oldest first
	newest   map[string]string // occurrence by what it is one of, see supersede
	damage   []bcp.Evidence    // entries that could not be read, oldest first
}

// roomFire is one battery room while something burns in it.
type roomFire struct {
	site, room string
	id         string // of the occurrence
	racks      map[string]string
	worst      int
	votes      int
	since      time.Time
	authority  bool
}

func newFacts(sites map[string]string) *facts {
	return &facts{sites: sites, rooms: map[string]*roomFire{}, evidence: map[string]bcp.Evidence{}, receipts: map[string]bcp.Tri{}, newest: map[string]string{}}
}

// site is the data center of a facility; one that is not named has the facility's own id.
func (f *facts) site(id string) string {
	if dc, ok := f.sites[id]; ok {
		return dc
	}
	return id
}

// keptReceipts is how many receipts are remembered; the summons of 1,500 people with several channels fit.
const keptReceipts = 20_000

// fold takes up one entry; those of other rooms are passed over. An entry of a field that cannot be read
// is a warning: something serious may have been in it.
func (f *facts) fold(e Entry) {
	f.calm(e.Time)
	switch e.Kind {
	case KindStage:
		var s facility.StageChange
		if err := json.Unmarshal(e.Data, &s); err != nil {
			f.unreadable(e, err)
			return
		}
		f.stage(e, s)
	case KindAlarm:
		var a facility.Alarm
		if err := json.Unmarshal(e.Data, &a); err != nil {
			f.unreadable(e, err)
			return
		}
		f.alarm(e, a)
	case KindEvidence:
		var v bcp.Evidence
		if err := json.Unmarshal(e.Data, &v); err != nil || v.ID == "" {
			f.unreadable(e, err)
			return
		}
		v.Site = f.site(v.Site)
		f.supersede(v)
		f.keep(v)
	case KindReceipt:
		var r Receipt
		if json.Unmarshal(e.Data, &r) != nil {
			return
		}
		if f.receipts[r.Key] == bcp.Unseen {
			f.order = append(f.order, r.Key)
		}
		f.receipts[r.Key] = bcp.Yes
		if len(f.order) > keptReceipts {
			delete(f.receipts, f.order[0])
			f.order = f.order[1:]
		}
	}
}

// damageFor is how long an entry that cannot be read warns, and keptDamage how many of them do.
const (
	damageFor  = 24 * time.Hour
	keptDamage = 100
)

func (f *facts) unreadable(e Entry, err error) {
	if err == nil {
		err = bcp.ErrIncomplete
	}
	v := bcp.Evidence{ID: fmt.Sprintf("entry-%d", e.Seq), Kind: bcp.EvidenceWarning, Site: f.site(e.Site), At: e.Time,
		What: fmt.Sprintf("entry %d of %s cannot be read: %v", e.Seq, e.Site, err)}
	f.keep(v)
	f.damage = append(f.damage, v)
	if len(f.damage) > keptDamage {
		f.end(f.damage[0])
		f.damage = f.damage[1:]
	}
}

// calm lets the warnings about damage end: nothing else ever would. Time is that of the entries, so that every
// fold ends them at the same one.
func (f *facts) calm(now time.Time) {
	for len(f.damage) > 0 && now.Sub(f.damage[0].At) > damageFor {
		f.end(f.damage[0])
		f.damage = f.damage[1:]
	}
}

func (f *facts) end(v bcp.Evidence) {
	v.Gone = true
	f.keep(v)
}

// supersede ends the occurrence before this one of the same sign or alarm. A desk or field that was started
// anew knows nothing of the last occurrence and would never end it: a proof that the power is off would stand
// for ever.
func (f *facts) supersede(v bcp.Evidence) {
	at := strings.LastIndexByte(v.ID, '/')
	if at < 0 || !strings.HasPrefix(v.ID, signID) && !strings.HasPrefix(v.ID, alarmID) {
		return
	}
	of := v.ID[:at]
	if before, ok := f.evidence[f.newest[of]]; ok && before.ID != v.ID && !before.Gone {
		f.end(before)
	}
	f.newest[of] = v.ID
}

// How the ids of occurrences begin that follow one another.
const (
	signID  = "sign/"
	alarmID = "alarm/"
)

// told is the moment that is the same in the field's own journal and in the shared one.
func (e Entry) told() time.Time {
	if e.Told.IsZero() {
		return e.Time
	}
	return e.Told
}

func (f *facts) stage(e Entry, s facility.StageChange) {
	key := e.Site + "|" + s.Room
	r := f.rooms[key]
	n, known := stageNumbers[s.To]
	if !known {
		n = 1 // a stage of a newer program: something happens there
	}
	if r == nil {
		if s.To == "S0" {
			return
		}
		r = &roomFire{site: f.site(e.Site), room: s.Room, id: "fire/" + e.Site + "/" + s.Room + "/" + strconv.FormatInt(e.told().UnixMilli(), 10), racks: map[string]string{}, since: e.told()}
		f.rooms[key] = r
	}
	r.racks[s.Rack] = s.To
	r.worst, r.votes = max(r.worst, n), max(r.votes, s.Votes)
	r.authority = r.authority || s.To == "S6"
	gone := true
	for _, stage := range r.racks {
		gone = gone && stage == "S0"
	}
	v := bcp.Evidence{ID: r.id, Kind: bcp.EvidenceFire, Site: r.site, Subject: r.room, Stage: r.worst, Votes: r.votes, At: r.since, Gone: gone,
		What: r.room + ": S" + strconv.Itoa(r.worst)}
	if r.worst == 0 {
		v.Kind = bcp.EvidenceWarning
	}
	f.keep(v)
	if r.authority {
		f.keep(bcp.Evidence{ID: r.id + "/authority", Kind: bcp.EvidenceAuthority, Site: r.site, Subject: r.room, At: e.Time, Gone: gone,
			What: r.room + ": control of the site was handed to the fire authority"})
	}
	if gone {
		delete(f.rooms, key)
	}
}

func (f *facts) alarm(e Entry, a facility.Alarm) {
	id := fmt.Sprintf(alarmID+"%s/%s/%d", e.Site, a.ID, a.Occurrence)
	if !a.Active {
		if v, ok := f.evidence[id]; ok {
			f.end(v)
		}
		return
	}
	v := bcp.Evidence{ID: id, Kind: bcp.EvidenceWarning, Site: f.site(e.Site), Subject: string(a.Asset), At: e.Time, What: a.Text.EN}
	f.supersede(v)
	f.keep(v)
}

// keptGone is how many ended occurrences are remembered, so that a case that is open learns of the end.
const keptGone = 500

func (f *facts) keep(v bcp.Evidence) {
	if v.Gone && !f.evidence[v.ID].Gone {
		f.ended = append(f.ended, v.ID)
	}
	f.evidence[v.ID] = v
	if len(f.ended) > keptGone {
		if f.evidence[f.ended[0]].Gone { // not if it has begun anew
			delete(f.evidence, f.ended[0])
		}
		f.ended = f.ended[1:]
	}
}

// all lists the evidence, oldest first.
func (f *facts) all() []bcp.Evidence {
	out := make([]bcp.Evidence, 0, len(f.evidence))
	for _, e := range f.evidence {
		out = append(out, e)
	}
	sort.Slice(out, func(a, b int) bool {
		if !out[a].At.Equal(out[b].At) {
			return out[a].At.Before(out[b].At)
		}
		return out[a].ID < out[b].ID
	})
	return out
}

// lost says which sites are confirmed lost: the building itself says so.
func lost(evidence []bcp.Evidence) map[string]bcp.Tri {
	out := map[string]bcp.Tri{}
	for _, e := range evidence {
		if e.Notice() && !e.Gone {
			out[e.Site] = bcp.Yes
		}
	}
	return out
}

// powerOff says which sites are proven to be without power by the facility's own feedback.
func (f *facts) powerOff(site string) bcp.Tri {
	for _, e := range f.evidence {
		if e.Kind == bcp.EvidencePowerOff && e.Site == site && !e.Gone {
			return bcp.Yes
		}
	}
	return bcp.Unseen
}

// stages is the stage of each room of a site, for the screen.
func (f *facts) stages(site string) map[string]int {
	out := map[string]int{}
	for _, r := range f.rooms {
		if r.site == site && r.worst > 0 {
			out[r.room] = r.worst
		}
	}
	return out
}
