package rules

import (
	"math"
	"slices"
	"time"

	"bongsu/facility"
)

// SingleLine is the power of a site from the intake to the racks as it stands at one moment, folded to what one
// screen can hold.
type SingleLine struct {
	Time      time.Time      `json:"time"`
	Boxes     []LineBox      `json:"boxes"`
	Joins     []LineJoin     `json:"joins"`
	Transfers []LineTransfer `json:"transfers"`
}

// States of a place on the single line.
const (
	LineLive      = "live"      // proven, from the grid
	LineGenerator = "generator" // from a generator alone
	LineBattery   = "battery"   // from batteries alone
	LineDead      = "dead"
	LinePartly    = "partly"   // of several, some are dead
	LineUnknown   = "unknown"  // it depends on what nothing proves
	LineDisagree  = "disagree" // the breakers say one thing, the voltage another
	LineIsolated  = "isolated" // batteries that are cut off; they keep their own voltage
)

// LineBox is one place, or several of a kind side by side.
type LineBox struct {
	ID    string           `json:"id"`
	Kind  string           `json:"kind"` // the asset's kind; bus, battery, panels, racks, beyond
	Asset facility.AssetID `json:"asset,omitempty"`
	Name  facility.Text    `json:"name"`
	Row   int              `json:"row"` // 0 at the sources
	State string           `json:"state"`
	Count int              `json:"count"` // how many places it stands for
	Dead  int              `json:"dead"`
	// Isolated and Unproven count the battery racks whose own switches are open, and those of which nothing proves it.
	Isolated int `json:"isolated"`
	Unproven int `json:"unproven"`
	// KW, Load (percent) and Minutes (on battery) are null where nothing tells them, or not all of what they need is good.
	KW      *float64           `json:"kw"`
	Load    *float64           `json:"load"`
	Minutes *float64           `json:"minutes"`
	Quality facility.Quality   `json:"quality"` // the worst of what was read for them
	Members []LineMember       `json:"members,omitempty"`
	Assets  []facility.AssetID `json:"-"` // all it stands for
}

// LineMember is one place of a folded box.
type LineMember struct {
	Asset facility.AssetID `json:"asset"`
	Name  facility.Text    `json:"name"`
	State string           `json:"state"`
}

// LineJoin is the switches between two boxes.
type LineJoin struct {
	From     string           `json:"from"`
	To       string           `json:"to"`
	Kind     string           `json:"kind"`
	Name     facility.Text    `json:"name"`  // of the one switch; of several the first's
	State    string           `json:"state"` // closed, open, standby, unknown; mixed of several
	Count    int              `json:"count"`
	Open     int              `json:"open"`
	Shown    bool             `json:"shown"` // a point shows its position
	Live     bool             `json:"live"`  // power comes through it, as far as is known
	Quality  facility.Quality `json:"quality"`
	BothWays bool             `json:"both_ways"`
}

// LineTransfer is a source transfer as it stands. Values are those of its points' lists.
type LineTransfer struct {
	Asset    facility.AssetID `json:"asset"`
	Name     facility.Text    `json:"name"`
	Position facility.Text    `json:"position"`
	Mode     facility.Text    `json:"mode"`
	Quality  facility.Quality `json:"quality"`
}

// mostMembers bounds what a folded box tells one by one; what is dead comes first.
const mostMembers = 60

// deadVolts is where a conductor counts as dead: below what is dangerous to touch.
const deadVolts = 50

// Read draws the site as it is known at a moment. Of is the box whose members are told, empty for none.
func (d *LineDrawer) Read(now time.Time, v facility.View, of string) SingleLine {
	f := d.energised(now, v)
	out := SingleLine{Time: now.UTC(), Boxes: make([]LineBox, len(d.boxes)), Joins: make([]LineJoin, len(d.joins)), Transfers: []LineTransfer{}}
	for i := range d.boxes {
		out.Boxes[i] = d.box(&d.boxes[i], f, now, v, d.boxes[i].ID == of)
	}
	for i := range d.joins {
		out.Joins[i] = d.join(&d.joins[i], f)
	}
	for _, t := range d.transfers {
		out.Transfers = append(out.Transfers, t.read(d.site, now, v))
	}
	return out
}

// lineFlow is what is proven, and what may be, of every node and switch.
type lineFlow struct {
	states []position
	at     []string // state of each node
	sure   []bool
}

// energised spreads power from the sources that show voltage: once over what is proven, once over what may be so.
func (d *LineDrawer) energised(now time.Time, v facility.View) lineFlow {
	nodes := d.planner.supply.Nodes
	f := lineFlow{states: d.planner.states(now, v), at: make([]string, len(nodes))}
	proof := make([]string, len(nodes))
	for i := range nodes {
		proof[i] = d.measured(i, now, v)
	}
	feeds := func(i int) bool { return nodes[i].Source && !nodes[i].Battery && nodes[i].Kind != "generator" }
	generators := func(i int) bool { return nodes[i].Kind == "generator" }
	any := func(i int) bool { return nodes[i].Source }
	proven := func(i int) bool { return proof[i] == LineLive || nodes[i].Kind == "beyond" || nodes[i].Battery }
	closed := func(k int) bool {
		sw := &d.planner.supply.Switches[k]
		if sw.Kind == facility.SwitchZoneInput && d.onBattery(sw.Asset, now, v) {
			return false // the UPS itself says that nothing comes in
		}
		return f.states[k].state == switchClosed || !sw.HasState
	}
	maybe := func(k int) bool { return closed(k) || f.states[k].state == switchUnknown }
	grid := d.reach(func(i int) bool { return feeds(i) && proven(i) }, closed)
	gen := d.reach(func(i int) bool { return generators(i) && proven(i) }, closed)
	f.sure = d.reach(func(i int) bool { return any(i) && proven(i) }, closed)
	possible := d.reach(func(i int) bool { return any(i) && proof[i] != LineDead }, maybe)
	for i := range nodes {
		switch {
		case grid[i]:
			f.at[i] = LineLive
		case gen[i]:
			f.at[i] = LineGenerator
		case f.sure[i]:
			f.at[i] = LineBattery
		case possible[i]:
			f.at[i] = LineUnknown
		default:
			f.at[i] = LineDead
		}
		if f.at[i] != LineUnknown && proof[i] != "" && proof[i] != LineUnknown && (proof[i] == LineDead) != (f.at[i] == LineDead) {
			f.at[i] = LineDisagree
		}
	}
	return f
}

// onBattery says whether the UPS of the zone over an asset says that it runs on battery.
func (d *LineDrawer) onBattery(at facility.AssetID, now time.Time, v facility.View) bool {
	ref, ok := d.battery[d.zoneOver(at)]
	if !ok {
		return false
	}
	s := v.Sample(ref, now)
	return s.Quality == facility.Good && s.Value == 1
}

// reach marks what power comes to from some sources over some switches.
func (d *LineDrawer) reach(source, passes func(int) bool) []bool {
	s := d.planner.supply
	live := make([]bool, len(s.Nodes))
	var queue []int
	for i := range s.Nodes {
		if source(i) {
			live[i] = true
			queue = append(queue, i)
		}
	}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for _, k := range d.touching[at] {
			sw := &s.Switches[k]
			to := sw.To
			if at == to {
				to = sw.From
				if !sw.BothWays {
					continue
				}
			}
			if !live[to] && passes(k) {
				live[to] = true
				queue = append(queue, to)
			}
		}
	}
	return live
}

// measured says what the voltage at a node proves: live, dead, unknown, or nothing where none is measured.
func (d *LineDrawer) measured(node int, now time.Time, v facility.View) string {
	refs := d.volts[node]
	if len(refs) == 0 {
		return ""
	}
	highest, good := 0.0, false
	for _, ref := range refs {
		if s := v.Sample(ref, now); s.Quality == facility.Good {
			highest, good = max(highest, math.Abs(s.Value)), true
		}
	}
	switch {
	case !good:
		return LineUnknown
	case highest < deadVolts:
		return LineDead
	}
	return LineLive
}

func (d *LineDrawer) box(b *lineBox, f lineFlow, now time.Time, v facility.View, members bool) LineBox {
	out := b.LineBox
	out.Quality = facility.Good
	states := map[int]string{}
	if b.counts > 0 { // a battery's bus and links are no racks
		states = d.batteries(b, f, &out)
	} else {
		tally := map[string]int{}
		for _, i := range b.nodes {
			states[i] = f.at[i]
			tally[f.at[i]]++
		}
		out.State, out.Count, out.Dead = folded(tally, len(b.nodes)), len(b.nodes), tally[LineDead]
	}
	out.KW = total(b.kw, &out.Quality, now, v)
	out.Load = highest(b.load, &out.Quality, now, v)
	out.Minutes = highest(b.minutes, &out.Quality, now, v)
	if !members || len(b.nodes) < 2 {
		return out
	}
	for _, i := range b.nodes {
		if n := d.planner.supply.Nodes[i]; n.ID == string(n.Asset) {
			out.Members = append(out.Members, LineMember{Asset: n.Asset, Name: n.Name, State: states[i]})
		}
	}
	slices.SortStableFunc(out.Members, func(a, b LineMember) int { return rankOf(a.State) - rankOf(b.State) })
	out.Members = out.Members[:min(len(out.Members), mostMembers)]
	return out
}

// rankOf orders states by how soon somebody should look.
func rankOf(state string) int {
	return slices.Index([]string{LineDisagree, LineDead, LineIsolated, LineUnknown, LineBattery, LineGenerator, LineLive}, state)
}

// folded is the state of several places.
func folded(tally map[string]int, n int) string {
	switch {
	case tally[LineDisagree] > 0:
		return LineDisagree
	case n > 0 && tally[LineDead] == n:
		return LineDead
	case tally[LineDead] > 0:
		return LinePartly
	}
	for _, s := range []string{LineUnknown, LineBattery, LineGenerator} {
		if tally[s] > 0 {
			return s
		}
	}
	return LineLive
}

// total adds readings; null as long as one of them is not good.
func total(refs []facility.Ref, worst *facility.Quality, now time.Time, v facility.View) *float64 {
	return gather(refs, worst, now, v, func(a, b float64) float64 { return a + b })
}

func highest(refs []facility.Ref, worst *facility.Quality, now time.Time, v facility.View) *float64 {
	return gather(refs, worst, now, v, math.Max)
}

func gather(refs []facility.Ref, worst *facility.Quality, now time.Time, v facility.View, join func(a, b float64) float64) *float64 {
	var out *float64
	for _, ref := range refs {
		s := v.Sample(ref, now)
		*worst = worst.Worse(s.Quality)
		if !usable(s) {
			return nil
		}
		value := s.Value
		if out != nil {
			value = join(*out, value)
		}
		out = &value
	}
	return out
}

func (d *LineDrawer) join(j *lineJoin, f lineFlow) LineJoin {
	out := j.LineJoin
	out.Count, out.Quality = len(j.switches), facility.Good
	tally := map[string]int{}
	for _, k := range j.switches {
		sw, at := &d.planner.supply.Switches[k], f.states[k]
		state := at.state
		if !sw.HasState {
			state = switchClosed
		} else {
			out.Shown = true
			out.Quality = out.Quality.Worse(at.quality)
		}
		tally[state]++
		if state == switchClosed && (f.sure[sw.From] || sw.BothWays && f.sure[sw.To]) {
			out.Live = true
		}
	}
	out.Open = tally[switchOpen] + tally[switchStandby]
	out.State = "mixed"
	for _, s := range []string{switchClosed, switchOpen, switchStandby, switchUnknown} {
		if tally[s] == out.Count {
			out.State = s
		}
	}
	return out
}
