package rules

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"bongsu/facility"
	"bongsu/journal"
	"bongsu/rules/fire"
)

// fireDesk stands between the pure fire engine and the house: it fills in the inputs, keeps a record
// of every command the engine gives, and says what must be written and what must be sent. It sends
// nothing itself.
type fireDesk struct {
	site     *facility.Site
	engine   *fire.Engine
	inputs   *fireInputs
	in       fire.Inputs
	began    time.Time // zero of the engine's monotonic scale
	commands map[string]facility.Command
	assets   map[string]facility.AssetID // rack, room or SITE to its asset
	states   map[string]fire.CommandState
	records  map[string]string    // a command's name to the id of its current record
	ours     map[fire.Action]bool // actions whose deadline comes from their profile
	times    map[fire.Action]fire.Supervision
	savedAt  time.Time
	asked    []*fireRequest // wait for a tick
	judged   []*fireRequest // by the last tick, and not answered yet
	care     *fireCare
	drill    *fireDrill              // nil outside a drill
	left     *facility.FireDrillNote // the drill that a former process left running
	watch    *fire.Watch             // nil when nobody judges the run
}

// fireRequest is a person's act on its way into a tick.
type fireRequest struct {
	act    facility.Act
	req    fire.Request
	drill  bool // asked and signed while a drill ran: it is for the drill or for nobody
	answer func(facility.ActResult)

	refused string // why it was not handed to the engine
}

// fireState is what the journal keeps for a restart.
type fireState struct {
	Wall  time.Time     `json:"wall"`
	State fire.Snapshot `json:"state"`
	Care  *careState    `json:"care,omitempty"`
	// Drill is the one that ran. A restart ends it: after an outage nobody knows who still practises.
	Drill *facility.FireDrillNote `json:"drill,omitempty"`
}

// saveEvery is how often the state is written while something is under way, beside each change.
const saveEvery = 10 * time.Second

// fireOutcome is what one tick asks of the house.
type fireOutcome struct {
	drafts []journal.Draft
	send   []job
	again  []job // levels asserted again after a restart
	alarms []fire.AlarmEvent
	drill  []fire.AlarmEvent // of the drill
}

func newFireDesk(site *facility.Site, now time.Time) (*fireDesk, error) {
	cfg := fire.Config{Limits: fire.DefaultLimits()}
	if wait := site.Fire.NozzleWait; wait > 0 {
		cfg.NozzleWaitISO = &wait
	}
	d := &fireDesk{site: site, began: now, commands: map[string]facility.Command{}, assets: map[string]facility.AssetID{},
		states: map[string]fire.CommandState{}, records: map[string]string{}, ours: map[fire.Action]bool{}}
	for _, room := range site.Fire.Rooms {
		d.assets[room.ID] = room.Asset
		d.addCommands(room.ID, room.Commands)
		if len(room.Racks) == 0 {
			cfg.Rooms = append(cfg.Rooms, fire.RoomConfig{Name: room.ID, Kind: kindOf(room)})
		}
		for _, rack := range room.Racks {
			cfg.Racks = append(cfg.Racks, fire.RackConfig{ID: rack.ID, Room: room.ID, Override: overrides(rack)})
			d.assets[rack.ID] = rack.Asset
			d.addCommands(rack.ID, rack.Commands)
		}
	}
	d.addCommands("SITE", site.Fire.Commands)
	d.times = cfg.Limits.Supervision
	d.supervise(d.times)
	if len(site.Fire.Rooms) > 0 {
		d.assets["SITE"] = site.Fire.Rooms[0].Asset
	}
	var err error
	if d.engine, err = fire.New(cfg); err != nil {
		return nil, fmt.Errorf("fire section of the site: %w", err)
	}
	d.inputs = newFireInputs(site, d.engine.RackIDs(), d.engine.RoomNames())
	d.in = d.engine.NewInputs()
	d.care = newFireCare(site, d.engine, now)
	return d, nil
}

// kindOf tells a room without racks that has its own gas from one that is only evacuated.
func kindOf(room facility.FireRoom) fire.RoomKind {
	if room.Commands["GAS_RELEASE"] != "" {
		return fire.GasRoom
	}
	return fire.PlainRoom
}

// overrides are the thresholds of the rack's channels that differ from the site's.
func overrides(rack facility.FireRack) (own [fire.Channels]fire.Thresholds) {
	for ch := range own {
		if v := rack.Thresholds[fire.Channel(ch).String()]; len(v) == 4 {
			own[ch] = fire.Thresholds{PreAlarm: v[0], Stage: [3]float64(v[1:])}
		}
	}
	return own
}

func (d *fireDesk) addCommands(scope string, commands map[string]facility.CommandID) {
	for name, id := range commands {
		d.commands[scope+"."+name] = d.site.Commands[id]
	}
}

// supervise gives every action that the response itself leaves without a deadline (the fire call, the
// evacuation alarm, the drain, ...) the deadline of its device's profile and one more try: a command
// that nobody misses is one that nobody repeats. docs/decisions/0005 says more.
func (d *fireDesk) supervise(s map[fire.Action]fire.Supervision) {
	for name, cmd := range d.commands {
		a, ok := actionOf(name)
		if !ok || (s[a].Deadline != 0 && !d.ours[a]) {
			continue
		}
		d.ours[a] = true
		s[a] = fire.Supervision{Deadline: max(s[a].Deadline, cmd.Def.Deadline), Retries: 1}
	}
}

func actionOf(command string) (fire.Action, bool) {
	name := command[strings.LastIndex(command, ".")+1:]
	for a := fire.ChgStop; a <= fire.PowerCut; a++ {
		if a.String() == name {
			return a, true
		}
	}
	return 0, false
}

// restore takes up the state a former process left in the journal.
func (d *fireDesk) restore(saved fireState, records []facility.CommandRecord, now time.Time) error {
	if err := d.takeUp(saved, now); err != nil {
		return err
	}
	d.care.restore(saved.Care, now.Sub(d.began))
	d.left = saved.Drill
	for _, r := range records {
		if r.By == fireActor {
			d.records[r.Name] = r.ID
		}
	}
	for _, c := range commandsOf(d.engine.View()) {
		d.states[c.Name] = c.State
	}
	return nil
}

// tick lets the engine decide once.
func (d *fireDesk) tick(now time.Time, v facility.View, desk *commandDesk) fireOutcome {
	d.inputs.fill(&d.in, now, v)
	begun, why := d.hear(now)
	dec := d.engine.Tick(now.Sub(d.began), now, d.in)
	view := d.engine.View() // once: it is as large as the site
	if d.watch != nil {
		d.watch.Tick(fire.Observation{Now: now.Sub(d.began), Inputs: d.in, Decisions: dec, View: view})
	}
	out := fireOutcome{alarms: slices.Clone(dec.Alarms), drill: slices.Clone(dec.DrillAlarms)}
	out.drafts = append(begun, d.followDrill(now, dec, why)...)
	for _, s := range dec.Stages {
		out.drafts = append(out.drafts, journal.Draft{Kind: KindStage, Actor: fireActor, Subject: s.Rack + s.Room,
			Data: facility.StageChange{Room: d.roomOf(s), Rack: s.Rack, From: s.From.String(), To: s.To.String(), Why: s.Why, Votes: s.Votes}})
	}
	for _, c := range dec.Commands {
		rec, j, ok := d.command(c, now, v, desk)
		out.drafts = append(out.drafts, commandDraft(rec))
		if ok {
			out.send = append(out.send, j)
		}
	}
	for _, c := range dec.Reassert {
		if cmd, ok := d.commands[c.Name]; ok {
			out.again = append(out.again, job{name: c.Name, cmd: cmd})
		}
	}
	followed := d.follow(now, view, desk)
	out.drafts = append(out.drafts, followed...)
	alarms, drafts := d.care.tick(d, now, view, v)
	out.alarms, out.drafts = append(out.alarms, alarms...), append(out.drafts, drafts...)
	changed := len(out.drafts) > 0 || len(out.alarms) > 0 || len(d.judged) > 0 || d.care.changed
	if changed || (busy(view) && now.Sub(d.savedAt) >= saveEvery) || counting(view) {
		d.savedAt = now
		// The state goes first: a restart that finds a command's entry finds the stage that gave it.
		state := journal.Draft{Kind: KindFireState, Actor: fireActor, Data: fireState{Wall: now.UTC(), State: d.engine.Snapshot(), Care: d.care.keep(now), Drill: d.drillKept()}}
		out.drafts = append([]journal.Draft{state}, out.drafts...)
	}
	return out
}

func (d *fireDesk) roomOf(s fire.StageChange) string {
	if s.Room != "" {
		return s.Room
	}
	for _, room := range d.site.Fire.Rooms {
		if slices.ContainsFunc(room.Racks, func(r facility.FireRack) bool { return r.ID == s.Rack }) {
			return room.ID
		}
	}
	return ""
}

// spent are the one-shots that use something up. The others, the fire call above all, are cheap to
// repeat, and a relay that still stands from the last incident is no call for this one.
var spent = map[fire.Action]bool{fire.Patch: true, fire.Nozzle: true, fire.GasRelease: true, fire.GasReserve: true}

// command makes the record of a command. A one-shot whose feedback already shows it done is not
// pulsed again: after damage to the journal only the field itself knows what was released.
func (d *fireDesk) command(c fire.Command, now time.Time, v facility.View, desk *commandDesk) (facility.CommandRecord, job, bool) {
	cmd := d.commands[c.Name]
	id := d.records[c.Name]
	if c.Attempt == 1 || desk.records[id] == nil {
		id = fmt.Sprintf("%s@%d", c.Name, now.UnixMilli())
		d.records[c.Name] = id
		desk.add(facility.CommandRecord{ID: id, Name: c.Name, Command: cmd.ID, Asset: cmd.Asset, By: fireActor, Requested: now.UTC()})
	}
	r := desk.records[id]
	r.State, r.Attempt = facility.CommandJournaled, c.Attempt
	if c.Donor != "" {
		r.Detail = "bank of room " + c.Donor
	}
	if s := v.Sample(cmd.Feedback, now); spent[c.Action] && s.Quality == facility.Good && s.Value == cmd.Def.Equals {
		r.State, r.Detail = facility.CommandAccepted, "not sent: the field already shows it done"
		return *r, job{}, false
	}
	j := job{record: id, name: c.Name, cmd: cmd}
	if t := d.times[c.Action].Deadline; t > 0 {
		j.sendBy = now.Add(sendWindow(t, spent[c.Action] || cmd.Def.Pulse))
	}
	return *r, j, true
}

// follow notes which commands the engine now takes as confirmed or failed.
func (d *fireDesk) follow(now time.Time, view fire.View, desk *commandDesk) []journal.Draft {
	var out []journal.Draft
	for _, c := range commandsOf(view) {
		if d.states[c.Name] == c.State {
			continue
		}
		d.states[c.Name] = c.State
		r := desk.records[d.records[c.Name]]
		if r == nil {
			continue
		}
		switch c.State {
		case fire.CommandConfirmed:
			t := d.wall(c.ConfirmedAt).UTC()
			r.Confirmed, r.State, r.Error = &t, facility.CommandConfirmed, ""
		case fire.CommandFailed:
			r.State, r.Error = facility.CommandFailed, strings.TrimSuffix(fmt.Sprintf("no feedback after %d tries: %s", c.Attempts, r.Error), ": ")
		default:
			continue
		}
		out = append(out, commandDraft(*r))
	}
	return out
}

// wall turns the engine's monotonic time into a stamp for people.
func (d *fireDesk) wall(t time.Duration) time.Time { return d.began.Add(t) }

func commandsOf(v fire.View) []fire.CommandView {
	var out []fire.CommandView
	for _, r := range v.Racks {
		out = append(out, r.Commands...)
	}
	for _, r := range v.Rooms {
		out = append(out, r.Commands...)
	}
	return append(out, v.Site...)
}

// busy holds while any rack is above normal.
func busy(v fire.View) bool {
	return slices.ContainsFunc(v.Racks, func(r fire.RackView) bool { return r.Stage > fire.S0 })
}

// counting holds while a room counts down to its gas: the remainder must survive a restart.
func counting(v fire.View) bool {
	return slices.ContainsFunc(v.Rooms, func(r fire.RoomView) bool { return r.Stage == fire.S5A })
}

func decodeFireState(data json.RawMessage) (fireState, error) {
	var s fireState
	if err := json.Unmarshal(data, &s); err != nil {
		return s, fmt.Errorf("the journalled fire state cannot be read: %w", err)
	}
	return s, nil
}
