package rules

import (
	"math"
	"slices"
	"time"

	"bongsu/facility"
	"bongsu/journal"
	"bongsu/rules/fire"
)

// KindPanel is the journal's entry of a difference between a listed panel and the engine.
const KindPanel = "panel" // facility.FireDifference

// fireCare is what is kept beside the staged response: the comparison with a listed panel, the fire watch,
// the drain tanks, the gas banks and the proof tests. It sees what the engine decided and can change
// nothing of it: it holds neither the engine's inputs nor a way to the wire.
type fireCare struct {
	site    *facility.Site
	panel   *fire.Comparison // nil where this system drives the outputs itself
	vigil   *fire.Vigil
	rooms   []roomCare
	proofs  proofBook
	rounds  map[string]*roomRounds // by room, while it is watched
	told    bool                   // the alarms of a former process have been looked through
	changed bool                   // something must be written
	savedAt time.Time
}

// roomCare is what is measured around one room.
type roomCare struct {
	id               string
	tank             *fire.Tank
	level, flow, bar facility.Ref
	lowBar           float64
}

// careState is what the journal keeps of it.
type careState struct {
	Vigil   fire.VigilKept             `json:"vigil,omitempty"`
	Tested  map[string]time.Time       `json:"tested,omitempty"`
	Begun   time.Time                  `json:"begun"`
	Failed  map[string]bool            `json:"failed,omitempty"`  // proof tests whose newest result is a failure
	Results []facility.FireProofResult `json:"results,omitempty"` // the newest
	Rounds  map[string]*roomRounds     `json:"rounds,omitempty"`
}

// watchSaved is how often what is left of a fire watch is written.
const watchSaved = 10 * time.Minute

func newFireCare(site *facility.Site, engine *fire.Engine, now time.Time) *fireCare {
	c := &fireCare{site: site, vigil: fire.NewVigil(fire.FireWatchLeast), proofs: newProofBook(now), rounds: map[string]*roomRounds{}}
	if site.Fire.Mode == "supervisor" {
		c.panel = fire.NewComparison(engine)
	}
	ref := func(room facility.FireRoom, name string) facility.Ref {
		if r, ok := site.Ref(room.Points[name]); ok {
			return r
		}
		return noRef
	}
	for _, room := range site.Fire.Rooms {
		m := roomCare{id: room.ID, level: ref(room, "TANK"), flow: ref(room, "PUMP_FLOW"), bar: ref(room, "BANK_BAR"), lowBar: room.BankBar}
		if m.level != noRef {
			m.tank = fire.NewTank(room.ID, room.TankL)
		}
		c.rooms = append(c.rooms, m)
	}
	return c
}

// tick takes in what the engine decided and what the field shows, and returns alarms and journal entries.
func (c *fireCare) tick(d *fireDesk, now time.Time, view fire.View, v facility.View) (alarms []fire.AlarmEvent, drafts []journal.Draft) {
	if !c.told {
		c.told = true
		alarms = append(alarms, c.nothingStands(view)...)
	}
	if c.panel != nil {
		for _, diff := range c.panel.Tick(view, d.in.Confirmed) {
			alarms = append(alarms, diff.Alarms()...)
			drafts = append(drafts, journal.Draft{Kind: KindPanel, Actor: fireActor, Subject: diff.Command, Data: d.difference(diff)})
		}
	}
	alarms = append(alarms, c.vigil.Tick(view)...)
	alarms = append(alarms, c.roundsDue(now)...)
	for i := range c.rooms {
		if m := &c.rooms[i]; m.tank != nil {
			alarms = append(alarms, m.tank.Tick(view.Now, number(v, m.level, now), number(v, m.flow, now))...)
		}
	}
	alarms = append(alarms, c.proofs.tick(d.engine, now, v)...)
	c.changed = c.changed || c.proofs.changed || (len(c.vigil.Keep()) > 0 && now.Sub(c.savedAt) >= watchSaved)
	return alarms, drafts
}

// nothingStands ends what a former process may have raised of the alarms that are judged anew.
func (c *fireCare) nothingStands(view fire.View) []fire.AlarmEvent {
	var list []fire.AlarmEvent
	end := func(subject string, names ...string) {
		for _, n := range names {
			list = append(list, fire.AlarmEvent{Name: n, Subject: subject})
		}
	}
	commands := slices.Clone(view.Site)
	for _, r := range view.Racks {
		commands = append(commands, r.Commands...)
	}
	for _, m := range view.Rooms {
		commands = append(commands, m.Commands...)
		end(m.Name, fire.AlarmTankFilling, fire.AlarmTankFull)
		if _, on := c.vigil.Left(m.Name); !on {
			end(m.Name, fire.AlarmFireWatch, fire.AlarmRoundDue)
		}
	}
	for _, k := range commands {
		end(k.Name, fire.AlarmPanelSilent, fire.AlarmPanelAlone)
	}
	for key := range c.proofs.tested {
		end(key, fire.AlarmProofTestDue)
	}
	return list
}

func (c *fireCare) keep(now time.Time) *careState {
	c.changed, c.proofs.changed, c.savedAt = false, false, now
	return &careState{Vigil: c.vigil.Keep(), Tested: c.proofs.tested, Begun: c.proofs.begun, Failed: c.proofs.failed,
		Results: c.proofs.results, Rounds: c.rounds}
}

func (c *fireCare) restore(s *careState, now time.Duration) {
	if s == nil {
		return // written before there was any of this
	}
	c.vigil.Restore(s.Vigil, now)
	c.proofs.restore(s)
	for room, r := range s.Rounds {
		c.rounds[room] = r
	}
}

// number is a good value, or none.
func number(v facility.View, ref facility.Ref, now time.Time) float64 {
	if s := sampleOf(v, ref, now); s.Quality == facility.Good {
		return s.Value
	}
	return math.NaN()
}

// difference writes one in the words of the journal and the screens.
func (d *fireDesk) difference(x fire.Difference) facility.FireDifference {
	stamp := func(on bool, at time.Duration) *time.Time {
		if !on {
			return nil
		}
		t := d.wall(at).UTC()
		return &t
	}
	return facility.FireDifference{Room: x.Room(), Command: x.Command, Kind: string(x.Kind), Since: d.wall(x.Since).UTC(),
		Wanted: stamp(x.Wanted, x.WantAt), Acted: stamp(x.Acted, x.ActAt)}
}

// show adds to a room's picture what is kept beside the response.
func (c *fireCare) show(out *facility.FireRoomView, d *fireDesk, room fire.RoomView, view fire.View, now time.Time, v facility.View) {
	out.Kind = room.Kind.String()
	if left, on := c.vigil.Left(room.Name); on {
		to := now.Add(left).UTC().Truncate(time.Minute)
		out.WatchTo = &to
	}
	i := slices.IndexFunc(c.rooms, func(m roomCare) bool { return m.id == room.Name })
	m := &c.rooms[i]
	for _, b := range fire.Inventory(view, map[string]float64{room.Name: number(v, m.bar, now)}, m.lowBar) {
		if b.Room == room.Name {
			out.Bank = &facility.FireBankView{Bar: rounded(b.Bar), Intact: b.Intact, Low: b.Low, Released: b.Released, LentTo: b.LentTo, Donors: append([]string{}, b.Donors...)}
		}
	}
	if m.tank != nil {
		t := m.tank.Last
		out.Tank = &facility.FireTankView{LevelPct: rounded(t.LevelPct), InflowLPM: math.Round(t.InflowLPM/10) * 10, FreeL: rounded(math.Round(t.Room/100) * 100)}
		if t.Full >= 0 {
			out.Tank.FullMin = rounded(t.Full.Minutes())
		}
	}
	racks := map[string]bool{room.Name: true, "SITE": true}
	for _, r := range view.Racks {
		racks[r.ID] = racks[r.ID] || r.Room == room.Name
	}
	if c.panel != nil {
		for _, x := range c.panel.Open() {
			if racks[x.Room()] {
				out.Panel = append(out.Panel, d.difference(x))
			}
		}
	}
	c.proofs.show(out, racks, now)
	if r := c.rounds[room.Name]; r != nil {
		next := r.next()
		out.Rounds, out.NextRound = slices.Clone(r.Rounds), &next
	}
}

// rounded is a whole number for a screen; none when it is none.
func rounded(v float64) *float64 {
	if math.IsNaN(v) {
		return nil
	}
	v = math.Round(v)
	return &v
}
