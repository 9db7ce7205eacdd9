package rules

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"bongsu/facility"
)

// States of a ride-through clock.
const (
	RideHolding   = "holding"   // nothing is being used up: the minutes are what it would last
	RideCharging  = "charging"  // being filled
	RideDraining  = "draining"  // counting down
	RideExhausted = "exhausted" // nothing is left
	RideUnknown   = "unknown"   // not computable: an input is missing
)

// rideSmoothing is over how long a clock's reading is averaged, so that a display does not jump with every scan.
const rideSmoothing = time.Minute

// RideClock is how long a UPS zone's batteries, or a tank of cold water, carry on.
type RideClock struct {
	ID      string             `json:"id"`   // ups:ZONE or tank:TANK
	Kind    string             `json:"kind"` // ups or tank
	Asset   facility.AssetID   `json:"asset"`
	Name    facility.Text      `json:"name"`
	Zones   []facility.AssetID `json:"zones"`
	State   string             `json:"state"`
	Since   time.Time          `json:"since"`   // of the state
	Minutes *float64           `json:"minutes"` // averaged over a minute; null when not computable
	Now     *float64           `json:"now"`     // by the newest readings alone
	Spread  float64            `json:"spread"`  // half of what the readings of the last minute differ by, in minutes
	Until   *time.Time         `json:"until"`   // when it runs out; only while draining
	Missing []facility.PointID `json:"missing"` // inputs that are not good: why it is not computable
	Inputs  []RideInput        `json:"inputs"`
	Limit   *RideInput         `json:"limit,omitempty"` // what the reckoning holds against
}

// RideInput is one reading a clock is reckoned from.
type RideInput struct {
	Point   facility.PointID `json:"point,omitempty"`
	Name    facility.Text    `json:"name"`
	Value   float64          `json:"value"`
	Unit    string           `json:"unit"`
	Quality facility.Quality `json:"quality"`
}

// RideZone is the shorter of the clocks of one UPS zone.
type RideZone struct {
	Zone    facility.AssetID `json:"zone"`
	Name    facility.Text    `json:"name"`
	Worst   string           `json:"worst"` // id of the clock that ends first, or of one that is not computable
	State   string           `json:"state"`
	Minutes *float64         `json:"minutes"` // null when one of them is not computable
}

// RideClocks keeps the clocks of a site. Its owner calls Read about once a second; it is not safe for concurrent use.
type RideClocks struct {
	site   *facility.Site
	clocks []*rideClock
}

// rideClock is one clock and what it read within the last minute.
type rideClock struct {
	RideClock
	read    func(now time.Time, v facility.View, c *RideClock) (minutes float64, state string)
	state   string
	since   time.Time
	samples []rideSample
}

// rideSample is one reading: of the minutes while they stand, of the end while they run.
type rideSample struct {
	at      time.Time
	minutes float64
}

// NewRideClocks makes the clocks that a site's topology names.
func NewRideClocks(site *facility.Site) *RideClocks {
	r := &RideClocks{site: site}
	if site.Topology == nil {
		return r
	}
	for i := range site.Topology.Batteries {
		g := &site.Topology.Batteries[i]
		r.add("ups", g.Zone, []facility.AssetID{g.Zone}, func(now time.Time, v facility.View, c *RideClock) (float64, string) {
			return r.battery(g, now, v, c)
		})
	}
	for i := range site.Topology.Stores {
		s := &site.Topology.Stores[i]
		r.add("tank", s.Tank, s.Zones, func(now time.Time, v facility.View, c *RideClock) (float64, string) {
			return r.store(s, now, v, c)
		})
	}
	return r
}

func (r *RideClocks) add(kind string, id facility.AssetID, zones []facility.AssetID, read func(time.Time, facility.View, *RideClock) (float64, string)) {
	c := &rideClock{RideClock: RideClock{ID: kind + ":" + string(id), Kind: kind, Asset: id, Zones: zones}, read: read}
	if a := r.site.Asset(id); a != nil {
		c.Name = a.Name
	}
	r.clocks = append(r.clocks, c)
}

// Read takes the newest readings in and tells every clock.
func (r *RideClocks) Read(now time.Time, v facility.View) []RideClock {
	out := make([]RideClock, len(r.clocks))
	for i, c := range r.clocks {
		out[i] = c.tell(now, v)
	}
	return out
}

func (c *rideClock) tell(now time.Time, v facility.View) RideClock {
	out := c.RideClock
	out.Missing, out.Inputs = []facility.PointID{}, []RideInput{}
	minutes, state := c.read(now, v, &out)
	if len(out.Missing) > 0 {
		state = RideUnknown
	}
	out.State = state
	if state != c.state {
		c.state, c.since, c.samples = state, now, c.samples[:0] // what stood before says nothing about what runs now
	}
	out.Since = c.since
	if state == RideUnknown {
		return out
	}
	c.samples = append(c.samples, rideSample{now, minutes})
	c.samples = slices.DeleteFunc(c.samples, func(s rideSample) bool { return now.Sub(s.at) >= rideSmoothing || s.at.After(now) })
	sum, low, high := 0.0, math.Inf(1), math.Inf(-1)
	for _, s := range c.samples {
		m := s.minutes
		if state == RideDraining { // an older reading has run down since
			m = max(0, m-now.Sub(s.at).Minutes())
		}
		sum, low, high = sum+m, min(low, m), max(high, m)
	}
	mean := sum / float64(len(c.samples))
	out.Minutes, out.Now, out.Spread = &mean, &minutes, (high-low)/2
	if state == RideDraining {
		end := now.Add(time.Duration(mean * float64(time.Minute)))
		out.Until = &end
	}
	return out
}

// input reads one point and notes it. A reading that is not good makes the clock not computable.
func (r *RideClocks) input(id facility.PointID, now time.Time, v facility.View, c *RideClock) float64 {
	ref, _ := r.site.Ref(id)
	s, p := v.Sample(ref, now), r.site.Points[ref]
	in := RideInput{Point: id, Name: p.Name, Unit: p.Unit, Quality: s.Quality}
	if s.Quality != facility.Good {
		c.Missing = append(c.Missing, id)
	} else {
		in.Value = s.Value
	}
	c.Inputs = append(c.Inputs, in)
	return in.Value
}

// battery is a UPS zone's clock: its own minutes at the present load.
func (r *RideClocks) battery(g *facility.BatteryGauge, now time.Time, v facility.View, c *RideClock) (float64, string) {
	minutes, on := r.input(g.Minutes, now, v, c), r.input(g.On, now, v, c)
	for _, p := range g.With {
		r.input(p, now, v, c)
	}
	switch {
	case minutes <= 0:
		return 0, RideExhausted
	case on != 0:
		return minutes, RideDraining
	}
	return minutes, RideHolding
}

// store is a tank's clock: the water that is still cold enough, over the flow that takes it out. Warm water that
// comes back in drains it; while what comes in is cold, it holds or fills.
func (r *RideClocks) store(s *facility.ColdStore, now time.Time, v facility.View, c *RideClock) (float64, string) {
	var temps []float64
	for _, p := range s.Temperatures {
		temps = append(temps, r.input(p, now, v, c))
	}
	level, flow, inlet := r.input(s.Level, now, v, c), r.input(s.Flow, now, v, c), r.input(s.Inlet, now, v, c)
	c.Limit = &RideInput{Name: txt("공급 한계", "Supply limit"), Value: s.BelowC, Unit: "degC", Quality: facility.Good}
	if len(c.Missing) > 0 {
		return 0, RideUnknown
	}
	share := coldShare(temps, s.BelowC)
	coldM3 := s.VolumeM3 * share * level / 100
	c.Inputs = []RideInput{
		{Name: txt("한계 아래의 물", "Water below the limit"), Value: coldM3, Unit: "m3", Quality: facility.Good},
		c.Inputs[len(temps)+1], c.Inputs[len(temps)+2],
	}
	if coldM3 <= 0 {
		return 0, RideExhausted
	}
	// A tank nobody draws from lasts for ever: a day is said instead of a number nobody can read.
	minutes := 24 * 60.0
	if flow > 0 {
		minutes = min(minutes, 60*coldM3/flow)
	}
	switch {
	case inlet > s.BelowC && flow > 0:
		return minutes, RideDraining
	case share < 1 && flow > 0:
		return minutes, RideCharging
	}
	return minutes, RideHolding
}

// coldShare is the part of a column of evenly spaced sensors that is below a limit, read between them as a line, so
// that the minutes run down evenly and do not jump from sensor to sensor.
func coldShare(t []float64, limit float64) float64 {
	below := 0.0
	for i := range len(t) - 1 {
		a, b := t[i], t[i+1]
		switch {
		case a <= limit && b <= limit:
			below++
		case a <= limit:
			below += (limit - a) / (b - a)
		case b <= limit:
			below += (limit - b) / (a - b)
		}
	}
	return below / float64(len(t)-1)
}

// Worst gives for each zone the clock that ends first. One that cannot be computed comes before all others: nobody
// knows that it is not the shortest.
func Worst(site *facility.Site, clocks []RideClock) []RideZone {
	out := []RideZone{}
	for i := range site.Assets {
		a := &site.Assets[i]
		if a.Kind != "ups-zone" {
			continue
		}
		var of []RideClock
		for _, c := range clocks {
			if slices.Contains(c.Zones, a.ID) {
				of = append(of, c)
			}
		}
		if len(of) == 0 {
			continue
		}
		w := slices.MinFunc(of, func(x, y RideClock) int {
			return cmp.Or(cmp.Compare(urgency(x), urgency(y)), cmp.Compare(minutesOf(x), minutesOf(y)))
		})
		out = append(out, RideZone{Zone: a.ID, Name: a.Name, Worst: w.ID, State: w.State, Minutes: w.Minutes})
	}
	return out
}

func urgency(c RideClock) int {
	if c.State == RideUnknown {
		return 0
	}
	return 1
}

func minutesOf(c RideClock) float64 {
	if c.Minutes == nil {
		return 0
	}
	return *c.Minutes
}

// rideTicks are the minutes at which a draining clock calls people, and how loudly.
var rideTicks = []rideTick{{30, 3}, {15, 2}, {5, 1}}

type rideTick struct {
	minutes  float64
	priority int
}

// rideID is the key of the alarm of one tick.
func rideID(clock string, tick float64) string {
	return fmt.Sprintf("%s%s:%g", ridePrefix, clock, tick)
}

// ridePrefix begins the key of every such alarm.
const ridePrefix = "ride:"

// rideBack is how far above a tick a clock must be before the call ends.
const rideBack = 1.0

// rideDwell is how long a clock must have run before it calls: a source transfer and a generator's start are over by
// then. The last tick does not wait.
const rideDwell = 20 * time.Second

// RideFinding is what one tick of one clock asks of the alarm engine.
type RideFinding struct {
	External
	On bool
}

// RideFindings judges the ticks of the clocks. A clock that is not computable leaves its calls as they are: missing
// data never ends an alarm. Each tick is a call of its own, so that the louder one is heard again.
func RideFindings(now time.Time, clocks []RideClock) []RideFinding {
	var out []RideFinding
	for _, c := range clocks {
		if c.State == RideUnknown {
			continue
		}
		for _, tick := range rideTicks {
			running := c.State == RideDraining || c.State == RideExhausted
			low, back := *c.Minutes <= tick.minutes, *c.Minutes > tick.minutes+rideBack
			young := now.Sub(c.Since) < rideDwell && tick.priority > 1
			if running && (low && young || !low && !back) {
				continue
			}
			out = append(out, RideFinding{On: running && low, External: rideAlarm(c, tick.minutes, tick.priority)})
		}
	}
	return out
}

func rideAlarm(c RideClock, tick float64, priority int) External {
	x := External{
		ID: rideID(c.ID, tick), Rule: fmt.Sprintf("ride-%s-%g", c.Kind, tick), Asset: c.Asset, Class: "power",
		Priority: priority, Value: math.Round(*c.Minutes), Limit: tick, Unit: "min",
		Text: txt(fmt.Sprintf("배터리 운전 %g분 이하 남음", tick), fmt.Sprintf("On battery: %g minutes or less left", tick)),
		Consequence: txt("남은 시간이 지나면 이 구역의 부하가 정전됩니다.",
			"When the time is up, this zone's load goes dark."),
		Action: txt("수전과 발전기를 복구하십시오. 늦으면 부하를 상대 구역이나 다른 센터로 옮기십시오.",
			"Bring feed or generator back; if that is too slow, move the load to the partner zone or another center."),
	}
	if c.Kind == "tank" {
		x.Class = "cooling"
		x.Text = txt(fmt.Sprintf("냉수 축열조 %g분 이하 남음", tick), fmt.Sprintf("Cold store: %g minutes or less left", tick))
		x.Consequence = txt("남은 시간이 지나면 전산실 온도가 오르기 시작합니다.", "When the time is up, the halls begin to warm.")
		x.Action = txt("냉동기를 다시 기동하십시오. 늦으면 부하를 줄이십시오.", "Start the chillers; if that is too slow, shed load.")
	}
	return x
}
