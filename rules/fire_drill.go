package rules

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"bongsu/facility"
	"bongsu/journal"
	"bongsu/rules/fire"
)

// KindDrill is the journal's entry of a drill in a fire room. It is another kind than a stage change, so that nobody
// who follows the journal takes a drill's stage for a real one.
const KindDrill = "fire.drill" // facility.FireDrillNote

// Bounds of a drill.
const (
	drillMost     = 4 * time.Hour
	drillHour     = time.Hour // when nobody says how long
	drillFromC    = 25.0
	drillToC      = 95.0
	drillRise     = 12.0 // K/min when nobody says how fast
	drillRiseMost = 60.0
	drillKept     = 100 // orders that are shown
)

// fireDrill is a drill that runs: a rack that heats up on paper, and outputs that answer on paper a second after
// they are ordered. Its orders are of a type that no executor takes.
type fireDrill struct {
	facility.FireDrill
	room   string
	rack   int     // in the engine's inputs, -1: nothing is simulated
	rise   float64 // K/min
	due    []string
	alarms map[string]facility.FireDrillAlarm // that stand, by key
}

// drillBound are the acts that a running drill takes in the place of the real response.
var drillBound = []fire.RequestKind{fire.RequestTakeover, fire.RequestPowerCut, fire.RequestRelease, fire.RequestReset}

// practised says whether a request of a kind would go to a drill now.
func (d *fireDesk) practised(kind fire.RequestKind) bool {
	return d.drill != nil && slices.Contains(drillBound, kind)
}

// mayDrill says why a drill act cannot be done now, with code 0 when it can.
func (d *fireDesk) mayDrill(act facility.Act, kind fire.RequestKind, room facility.FireRoom) facility.ActResult {
	no := func(format string, args ...any) facility.ActResult {
		return facility.ActResult{Code: http.StatusConflict, Detail: fmt.Sprintf(format, args...)}
	}
	switch {
	case kind == fire.RequestDrillOff && (d.drill == nil || d.drill.room != room.ID):
		return no("no drill runs in room %s", room.ID)
	case kind == fire.RequestDrillOff:
		return facility.ActResult{}
	case kind == fire.RequestDrillOn && d.drill != nil:
		return no("%s runs a drill in room %s already: end that one first", d.drill.By, d.drill.room)
	case kind == fire.RequestDrillOn && d.engine.Busy():
		return no("a real pre-alarm, stage or the authority's control stands: no drill begins now")
	case kind == fire.RequestDrillOn:
		_, res := d.newDrill(act, room, time.Time{})
		return res
	case slices.Contains(drillBound, kind) && d.drill != nil && d.drill.room != room.ID:
		return no("a drill runs in room %s, and this would be taken for a part of it: end the drill first", d.drill.room)
	}
	return facility.ActResult{}
}

// newDrill reads what an act asks for.
func (d *fireDesk) newDrill(act facility.Act, room facility.FireRoom, now time.Time) (*fireDrill, facility.ActResult) {
	bad := func(format string, args ...any) (*fireDrill, facility.ActResult) {
		return nil, facility.ActResult{Code: http.StatusUnprocessableEntity, Detail: fmt.Sprintf(format, args...)}
	}
	dr := &fireDrill{room: room.ID, rack: -1, rise: drillRise, alarms: map[string]facility.FireDrillAlarm{}}
	lasts := drillHour
	if s := act.Args["minutes"]; s != "" {
		n, err := strconv.Atoi(s)
		if lasts = time.Duration(n) * time.Minute; err != nil || n < 1 || lasts > drillMost {
			return bad("a drill of %q minutes: want 1 to %d", s, int(drillMost.Minutes()))
		}
	}
	if s := act.Args["rise"]; s != "" {
		v, err := strconv.ParseFloat(s, 64)
		if dr.rise = v; err != nil || !(v >= 1 && v <= drillRiseMost) {
			return bad("a rise of %q K/min: want 1 to %g", s, drillRiseMost)
		}
	}
	if rack := act.Args["rack"]; rack != "" {
		if !slices.ContainsFunc(room.Racks, func(r facility.FireRack) bool { return r.ID == rack }) {
			return bad("room %s has no rack %q", room.ID, rack)
		}
		dr.rack = slices.Index(d.engine.RackIDs(), rack)
	}
	dr.FireDrill = facility.FireDrill{By: firstOf(act.By), From: now.UTC(), Until: now.Add(lasts).UTC(), Rack: act.Args["rack"],
		Stage: fire.S0.String(), Orders: []facility.FireDrillOrder{}, Alarms: []facility.FireDrillAlarm{}}
	return dr, facility.ActResult{}
}

func firstOf(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return names[0]
}

// practise puts what the drill simulates into the inputs and gives what the desk itself asks of the drill: its end
// when its time is over, or when a former process left one running.
func (d *fireDesk) practise(now time.Time) (end bool) {
	for i := range d.in.Racks {
		d.in.Racks[i].SimSet = [fire.Channels]bool{}
	}
	d.in.DrillConfirmed = d.in.DrillConfirmed[:0]
	dr := d.drill
	if dr == nil {
		return d.engine.Drilling()
	}
	d.in.DrillConfirmed = append(d.in.DrillConfirmed, dr.due...)
	dr.due = dr.due[:0]
	if dr.rack >= 0 {
		v := min(drillFromC+dr.rise*now.Sub(dr.From).Minutes(), drillToC)
		dr.TempC = rounded(v)
		for ch := range d.in.Racks[dr.rack].Sim {
			d.in.Racks[dr.rack].Sim[ch] = fire.Reading{Value: v, Good: true, Refreshed: true}
			d.in.Racks[dr.rack].SimSet[ch] = true
		}
	}
	return !now.Before(dr.Until)
}

// hear puts this tick's requests into the inputs, those that begin or end a drill last: what was signed before a
// drill must not become real, nor the other way round, by the order of two requests.
func (d *fireDesk) hear(now time.Time) (begun []journal.Draft, why string) {
	d.in.Requests = d.in.Requests[:0]
	d.judged, d.asked = oneOfEach(d.asked)
	if d.left != nil {
		begun = append(begun, journal.Draft{Kind: KindDrill, Actor: d.left.By, Subject: d.left.Room,
			Data: facility.FireDrillNote{Room: d.left.Room, Rack: d.left.Rack, By: d.left.By, Until: d.left.Until, Event: "end", What: "the field process restarted"}})
		d.left = nil
	}
	running := d.engine.Drilling()
	var turns []fire.Request
	for _, r := range d.judged {
		switch {
		case r.req.Kind == fire.RequestDrillOn || r.req.Kind == fire.RequestDrillOff:
			turns = append(turns, r.req)
			if r.req.Kind == fire.RequestDrillOff {
				why = firstOf(r.act.By) + " ended it"
			}
		case slices.Contains(drillBound, r.req.Kind) && r.drill != running:
			r.refused = changedMeanwhile
		default:
			d.in.Requests = append(d.in.Requests, r.req)
		}
	}
	begun = append(begun, d.beginDrills(now)...)
	if d.practise(now) {
		turns = append(turns, fire.Request{Kind: fire.RequestDrillOff})
		why = "its time is over"
	}
	d.in.Requests = append(d.in.Requests, turns...)
	return begun, why
}

// changedMeanwhile refuses an act that was asked in a drill and would be done for real, or the other way round.
const changedMeanwhile = "a drill began or ended since this was asked: look again, then ask again"

func (d *fireDesk) drillKept() *facility.FireDrillNote {
	if d.drill == nil {
		return nil
	}
	return &facility.FireDrillNote{Room: d.drill.room, Rack: d.drill.Rack, By: d.drill.By, Until: d.drill.Until}
}

// beginDrills makes the drills that this tick's requests begin. It is done before the tick, as the engine begins them in it.
func (d *fireDesk) beginDrills(now time.Time) (out []journal.Draft) {
	for _, r := range d.judged {
		if r.req.Kind != fire.RequestDrillOn || d.drill != nil {
			continue
		}
		i := slices.IndexFunc(d.site.Fire.Rooms, func(m facility.FireRoom) bool { return m.ID == r.act.Subject })
		if d.drill, _ = d.newDrill(r.act, d.site.Fire.Rooms[i], now); d.drill != nil {
			out = append(out, d.noteDrill("begin", r.act.Reason))
		}
	}
	return out
}

func (d *fireDesk) noteDrill(event, what string) journal.Draft {
	dr := d.drill
	return journal.Draft{Kind: KindDrill, Actor: dr.By, Subject: dr.room,
		Data: facility.FireDrillNote{Room: dr.room, Rack: dr.Rack, By: dr.By, Until: dr.Until, Event: event, What: what}}
}

// followDrill takes in what the drill decided; why says how it ended, if people or time ended it.
func (d *fireDesk) followDrill(now time.Time, dec fire.Decisions, why string) (out []journal.Draft) {
	dr := d.drill
	if dr == nil {
		return nil
	}
	for _, s := range dec.DrillStages {
		out = append(out, d.noteDrill("stage", fmt.Sprintf("%s%s %s > %s", s.Rack, s.Room, s.From, s.To)))
	}
	for _, c := range dec.DrillCommands {
		dr.due = append(dr.due, c.Feedback())
		dr.Orders = append(dr.Orders, facility.FireDrillOrder{Name: c.Name(), At: now.UTC()})
		out = append(out, d.noteDrill("order", c.Name()))
	}
	dr.Orders = dr.Orders[max(0, len(dr.Orders)-drillKept):]
	for _, a := range dec.DrillAlarms {
		if !a.Raised {
			delete(dr.alarms, a.Key())
			continue
		}
		words, text := announced(a)
		dr.alarms[a.Key()] = facility.FireDrillAlarm{Key: a.Key(), Priority: words.priority, Text: text, Since: now.UTC()}
		out = append(out, d.noteDrill("alarm", a.Key()))
	}
	if !d.engine.Drilling() {
		if why == "" {
			why = "a real event ended it"
		}
		out = append(out, d.noteDrill("end", why))
		d.drill = nil
	}
	return out
}

// drillView is a room's drill as people see it, nil for none.
func (d *fireDesk) drillView(room string, view fire.View) *facility.FireDrill {
	if d.drill == nil || d.drill.room != room || view.Drill == nil {
		return nil
	}
	v := d.drill.FireDrill
	v.Orders, v.Alarms = slices.Clone(v.Orders), slices.AppendSeq([]facility.FireDrillAlarm{}, maps.Values(d.drill.alarms))
	slices.SortFunc(v.Alarms, func(a, b facility.FireDrillAlarm) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), b.Since.Compare(a.Since), cmp.Compare(a.Key, b.Key))
	})
	for _, m := range view.Drill.Rooms {
		if m.Name == room {
			v.Stage = m.Stage.String()
		}
	}
	return &v
}
