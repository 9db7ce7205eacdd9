// Package bands learns what is usual for a measured value and says how far a value is from it.
//
// In: hourly means of a point and of the points that drive it, each with its time. Out: a band, which is an
// expected value and a spread for every hour of the week, with the share that follows the drivers taken out;
// and verdicts that say in words what was expected. It reads no clock, socket or global, touches no file but the
// ones that Save and Load are given, and learns nothing by itself: the caller decides which hours may be learned from.
package bands

import (
	"math"
	"time"
)

// Week is the number of bins of a band: the hours of a week, Monday 00:00 first.
const Week = 7 * 24

// What a band can be short of.
const (
	Ready      = "ready"
	Warming    = "warming"    // not enough was learned yet
	Unfamiliar = "unfamiliar" // a driver is outside of what was seen while learning
)

// Driver is a point that the value follows, and by how much.
type Driver struct {
	Point string  `json:"point"`
	Slope float64 `json:"slope"` // of the value per unit of the driver
	Mid   float64 `json:"mid"`   // the driver's median while learning
	Low   float64 `json:"low"`   // its range while learning
	High  float64 `json:"high"`
}

// slack is how far outside of what it showed a driver may be. One that stood still while learning is met again by a mean
// that is rounded in another way.
func (d *Driver) slack() float64 {
	return max(.15*(d.High-d.Low), 1e-6*max(math.Abs(d.Low), math.Abs(d.High)))
}

// Band is what is usual for one point. Its numbers are in the point's unit.
type Band struct {
	Point   string    `json:"point"`
	Zone    string    `json:"zone"` // time zone of the hours of the week
	Learned time.Time `json:"learned"`
	From    time.Time `json:"from"` // the oldest hour it was learned from
	To      time.Time `json:"to"`   // the newest
	Hours   int       `json:"hours"`
	Weekly  bool      `json:"weekly"` // false: too few weeks, every day has the same hours
	Ready   bool      `json:"ready"`  // the warm-up is over
	Needs   int       `json:"needs"`  // hours the warm-up takes
	Drivers []Driver  `json:"drivers,omitempty"`

	Since *time.Time `json:"since,omitempty"` // when a new normal was accepted; it is learned from what came later

	Centre [Week]float64 `json:"centre"` // expected, with every driver at its middle
	Spread [Week]float64 `json:"spread"` // robust standard deviation around it

	zone *time.Location
}

// Expectation is what a band says about one moment.
type Expectation struct {
	State  string  // Ready, Warming or Unfamiliar: otherwise the numbers mean nothing
	Driver string  // the unfamiliar one
	Centre float64 // in the point's unit
	Spread float64
}

// Low and High are the edges of the band at a number of spreads.
func (x Expectation) Low(spreads float64) float64 { return x.Centre - spreads*x.Spread }

// High is the upper edge.
func (x Expectation) High(spreads float64) float64 { return x.Centre + spreads*x.Spread }

// Off is how many spreads a value is from the middle, negative below it.
func (x Expectation) Off(v float64) float64 { return (v - x.Centre) / x.Spread }

// open makes the time zone ready. A zone this machine does not know leaves the hours in UTC, as the learner
// has them then too.
func (b *Band) open() {
	if b.zone != nil {
		return
	}
	zone, err := time.LoadLocation(b.Zone)
	if err != nil {
		zone = time.UTC
	}
	b.zone = zone
}

// Expect says what is usual at a moment, given the drivers in the order of the band. Between the middles of
// two hours it moves in a straight line.
func (b *Band) Expect(at time.Time, drivers []float64) Expectation {
	if !b.Ready || len(drivers) < len(b.Drivers) {
		return Expectation{State: Warming}
	}
	b.open()
	i, j, share := between(at.In(b.zone))
	x := Expectation{
		State:  Ready,
		Centre: b.Centre[i]*(1-share) + b.Centre[j]*share,
		Spread: b.Spread[i]*(1-share) + b.Spread[j]*share,
	}
	for k := range b.Drivers {
		d, v := &b.Drivers[k], drivers[k]
		if slack := d.slack(); v < d.Low-slack || v > d.High+slack {
			return Expectation{State: Unfamiliar, Driver: d.Point}
		}
		x.Centre += d.Slope * (v - d.Mid)
	}
	return x
}

// HourOf is the bin of a local time.
func HourOf(local time.Time) int {
	return (int(local.Weekday())+6)%7*24 + local.Hour()
}

// between gives the two bins whose middles enclose a local time, and how far it is from the first.
func between(local time.Time) (i, j int, share float64) {
	i = HourOf(local)
	share = (float64(local.Minute()) + float64(local.Second())/60) / 60
	if share >= .5 {
		return i, (i + 1) % Week, share - .5
	}
	return (i + Week - 1) % Week, i, share + .5
}

// Set is the bands of a site, by point.
type Set struct {
	Made  time.Time        `json:"made"`
	Bands map[string]*Band `json:"bands"`
}

// Get returns the band of a point; nil when there is none or no set.
func (s *Set) Get(point string) *Band {
	if s == nil {
		return nil
	}
	return s.Bands[point]
}

// Open makes the time zones of all bands ready, so that asking them reads no file. It is called before others have
// the set.
func (s *Set) Open() {
	if s == nil {
		return
	}
	zones := map[string]*time.Location{}
	for _, b := range s.Bands {
		if b == nil {
			continue
		}
		if b.zone == nil {
			b.zone = zones[b.Zone]
		}
		b.open()
		zones[b.Zone] = b.zone
	}
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
