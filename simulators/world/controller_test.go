package world

import (
	"math"
	"testing"
	"time"
)

// controller is a small staged response for the tests: the votes of one rack, enough to drive the model the way the
// real engine would. It reads only what the instruments show.
type controller struct {
	t        *testing.T
	w        *World
	rack     string
	room     string
	evidence bool // delta evidence corroborates
	last     int  // highest stage it may reach
	deaf     bool // watches but commands nothing

	stage    int
	at       [5]int // second at which each stage was entered, -1 before
	channels [3]watch
	bmAlone  int
	excess   []float64
	peers    []string
}

// watch is one temperature channel with its counters for 60, 68 and 80 degC.
type watch struct {
	count   [3]int
	over    [3]bool
	lastC   float64
	badFor  int
	lostAt  int // stage in which it became bad
	good    bool
	limited bool // obscured
}

var stageThresholdC = [3]float64{60, 68, 80}

func newController(t *testing.T, w *World, rack, room string) *controller {
	c := &controller{t: t, w: w, rack: rack, room: room, evidence: true, last: 4, at: [5]int{-1, -1, -1, -1, -1}}
	for _, id := range w.Racks(room) {
		if id != rack {
			c.peers = append(c.peers, id)
		}
	}
	return c
}

// scan reads one channel; the value is held for three bad scans before it stops voting.
func (h *watch) scan(v float64, obscured bool, stage int) {
	h.limited = obscured
	if math.IsNaN(v) || v > 650 {
		if h.badFor++; h.badFor <= 3 {
			v = h.lastC
		} else {
			if h.badFor == 4 {
				h.lostAt = stage
				h.count, h.over = [3]int{}, [3]bool{}
			}
			h.good = false
			return
		}
	} else {
		h.badFor, h.lastC = 0, v
	}
	h.good = !obscured
	for i, limit := range stageThresholdC {
		switch {
		case v >= limit:
			if h.count[i]++; h.count[i] >= 3 {
				h.over[i] = true
			}
		case v < limit-2:
			h.count[i], h.over[i] = 0, false
		}
	}
}

// step judges this second's instruments and sends what a new stage demands.
func (c *controller) step(second int) {
	r, err := c.w.Rack(c.rack)
	if err != nil {
		c.t.Fatal(err)
	}
	cam, _ := c.w.Camera(c.rack)
	room, _ := c.w.Room(c.room)
	inRange := func(v float64) float64 {
		if v > 200 {
			return math.NaN()
		}
		return v
	}
	curtain, _ := c.w.Feedback(c.rack, Curtain)
	c.channels[0].scan(inRange(r.AirC), false, c.stage)
	c.channels[1].scan(inRange(r.BMSC), false, c.stage)
	c.channels[2].scan(cam.MaxC, c.stage >= 1 && curtain.Confirmed && cam.MaxC < 50, c.stage)
	support := r.SmokeAlarm || r.OffGasAlarm || r.ArcFlag || c.delta(r, cam)
	c.bmAlone++
	if bm := &c.channels[1]; !bm.good || !bm.over[0] {
		c.bmAlone = 0
	}
	demand := [3]bool{c.vote(0, support), c.vote(1, support), c.vote(2, support)}
	demand[0] = demand[0] || c.bmAlone >= 60 || r.SmokeAlarm && room.ASDLevel >= 3
	demand[1] = demand[1] || demand[2]
	demand[0] = demand[0] || demand[1]
	for i := range demand {
		if demand[i] && c.stage == i && c.stage < c.last {
			c.enter(i+1, second)
		}
	}
	if c.stage == 3 && c.last >= 4 && second-c.at[3] >= 60 && c.hotOrBlind() {
		c.enter(4, second)
	}
}

// vote counts the channels over a threshold by the table of good channels.
func (c *controller) vote(i int, support bool) bool {
	good, over := 0, 0
	for k := range c.channels {
		h := &c.channels[k]
		switch {
		case h.good:
			good++
			if h.over[i] {
				over++
			}
		case h.badFor >= 10 && h.lastC >= 60 && c.stage >= 1 && i == h.lostAt:
			good, over = good+1, over+1
		}
	}
	if over >= 1 && support {
		over++
	}
	need := 2
	if i == 0 && good < 3 {
		need = 1
	}
	return good > 0 && over >= need
}

func (c *controller) hotOrBlind() bool {
	blind := true
	for k := range c.channels {
		if c.channels[k].good {
			blind = false
			if c.channels[k].lastC >= 60 {
				return true
			}
		}
	}
	return blind
}

func (c *controller) delta(r RackReading, cam CameraReading) bool {
	if !c.evidence {
		return false
	}
	excess := math.NaN()
	if len(c.peers) > 0 && !cam.Obscured {
		var seen []float64
		for _, id := range c.peers {
			p, _ := c.w.Camera(id)
			seen = append(seen, p.MaxC)
		}
		excess = cam.MaxC - median(seen)
	}
	c.excess = append(c.excess, excess)
	return DeltaEvidence(c.excess, r.BMSSecondC, r.BMSMedianC)
}

func (c *controller) enter(stage, second int) {
	c.stage, c.at[stage] = stage, second
	if c.deaf {
		return
	}
	orders := [5][][2]string{
		1: {{c.rack, Isolate}, {c.rack, Curtain}, {c.room, EvacAlarm}, {c.room, HVACStop}},
		2: {{c.rack, Patch}},
		3: {{c.room, DrainToTank}, {c.rack, Nozzle}},
		4: {{c.rack, Water}},
	}
	for _, o := range orders[stage] {
		if err := c.w.SetActuator(o[0], o[1], true); err != nil {
			c.t.Fatal(err)
		}
	}
}

func median(v []float64) float64 {
	sorted := append([]float64(nil), v...)
	for i := range sorted {
		for j := i; j > 0 && sorted[j] < sorted[j-1]; j-- {
			sorted[j], sorted[j-1] = sorted[j-1], sorted[j]
		}
	}
	return sorted[len(sorted)/2]
}

// story is what happened in one run, by the second.
type story struct {
	bm, cell, air, room []float64 // index = second
	rackPct, roomPct    []float64
	control             *controller
	truth               RackTruth
	world               *World
}

const (
	rackUnderTest = "b1"
	roomUnderTest = "battery-room"
)

// oneRack is a single noiseless rack in its room.
func oneRack(change func(*Config)) *World {
	cfg := DefaultConfig()
	cfg.Sensors.Noiseless = true
	cfg.Rooms = []RoomConfig{{ID: roomUnderTest, Racks: []string{rackUnderTest}}}
	if change != nil {
		change(&cfg)
	}
	return New(cfg)
}

// play runs the world for some seconds with an optional controller.
func play(t *testing.T, w *World, c *controller, seconds int) story {
	t.Helper()
	s := story{control: c, world: w}
	note := func() {
		r, err := w.Rack(rackUnderTest)
		if err != nil {
			t.Fatal(err)
		}
		u := w.racks[rackUnderTest]
		s.bm = append(s.bm, r.BMSC)
		s.cell = append(s.cell, u.hottest())
		s.air = append(s.air, u.airC)
		s.room = append(s.room, u.room.airC)
		s.rackPct = append(s.rackPct, u.gases.pctM(u.smoke))
		s.roomPct = append(s.roomPct, u.room.pctM())
	}
	note()
	for second := 1; second <= seconds; second++ {
		w.Step(time.Second)
		if c != nil {
			c.step(second)
		}
		note()
	}
	s.truth, _ = w.Truth(rackUnderTest)
	return s
}

// peak finds the highest value and the second it came.
func peak(v []float64) (top float64, at int) {
	top = v[0]
	for i, x := range v {
		if x > top {
			top, at = x, i
		}
	}
	return top, at
}

// firstOver finds the second at which a series first reached a limit, -1 if never.
func firstOver(v []float64, limit float64) int {
	for i, x := range v {
		if x >= limit {
			return i
		}
	}
	return -1
}

func inject(t *testing.T, w *World, f Fault) string {
	t.Helper()
	id, err := w.Inject(f)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// shortOf is an internal short of the end cell of the middle module without foregoing vapour.
func shortOf(watts float64) Fault {
	zero := 0.0
	return Fault{Kind: InternalShort, Target: rackUnderTest, Params: FaultParams{Watts: watts, OffGasLeadS: &zero}}
}

// overcharge of the middle module; no vapour in advance.
func overcharge() Fault {
	zero := 0.0
	return Fault{Kind: Overcharge, Target: rackUnderTest, Params: FaultParams{Watts: 150, OffGasLeadS: &zero}}
}
