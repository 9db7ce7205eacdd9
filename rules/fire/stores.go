package fire

import (
	"math"
	"time"
)

// TankAlarms: the run-off of burning batteries is led to a tank. A full tank never stops the water; what
// runs over is said, and a tanker is asked for in time.
const (
	AlarmTankFilling = "TANK_FILLING"
	AlarmTankFull    = "TANK_FULL"
)

// When the tank is worth an alarm: so little time left, so full.
const (
	tankSoon    = 15 * time.Minute
	tankFullPct = 98.0
	tankSlopeOf = time.Minute
)

// Tank follows the drain tank of a room. It has no way to reach an output.
type Tank struct {
	room     string
	litres   float64 // capacity, 0 when nobody has said
	samples  []sample
	standing [2]bool
	Last     TankReading
}

// TankReading is how the tank stands.
type TankReading struct {
	LevelPct  float64       // not a number while nothing can be read
	InflowLPM float64       // litres a minute, the greater of what is pumped and what the level shows
	Room      float64       // litres that still fit; not a number when the capacity is unknown
	Full      time.Duration // until it is full; negative when it is not filling or nobody can say
}

// NewTank follows the tank of a room; litres is its capacity, 0 when nobody has said.
func NewTank(room string, litres float64) *Tank {
	nan := math.NaN()
	return &Tank{room: room, litres: litres, Last: TankReading{LevelPct: nan, Room: nan, Full: -1}}
}

// Tick takes in the level in percent and the flow of the fire pump in litres a minute, either of which may
// be not a number, and returns the alarms that begin or end.
func (t *Tank) Tick(now time.Duration, levelPct, flowLPM float64) []AlarmEvent {
	r := TankReading{LevelPct: levelPct, Room: math.NaN(), Full: -1}
	perMinute := 0.0 // percent
	if !math.IsNaN(levelPct) {
		for len(t.samples) > 0 && t.samples[0].at < now-tankSlopeOf {
			t.samples = t.samples[1:]
		}
		t.samples = append(t.samples, sample{now, levelPct})
		first := t.samples[0]
		if span := now - first.at; span >= tankSlopeOf/2 {
			perMinute = max((levelPct-first.value)/span.Minutes(), 0)
		}
		if t.litres > 0 {
			r.Room = max(t.litres*(100-levelPct)/100, 0)
		}
	}
	r.InflowLPM = perMinute * t.litres / 100
	if flowLPM > r.InflowLPM {
		r.InflowLPM = flowLPM
		if t.litres > 0 {
			perMinute = flowLPM / t.litres * 100
		}
	}
	if perMinute > 0 && !math.IsNaN(levelPct) {
		r.Full = time.Duration(max(100-levelPct, 0) / perMinute * float64(time.Minute))
	}
	t.Last = r
	return t.alarms([2]bool{r.Full >= 0 && r.Full < tankSoon, levelPct >= tankFullPct})
}

func (t *Tank) alarms(now [2]bool) []AlarmEvent {
	var events []AlarmEvent
	for i, name := range [2]string{AlarmTankFilling, AlarmTankFull} {
		if now[i] != t.standing[i] {
			t.standing[i] = now[i]
			events = append(events, AlarmEvent{Name: name, Subject: t.room, Raised: now[i]})
		}
	}
	return events
}

// Bank is one room's store of extinguishing gas and who could lend it more.
type Bank struct {
	Room     string
	Bar      float64 // pressure; not a number when it is not measured
	Intact   bool    // neither released, nor lent, nor reported low
	Low      bool    // its own switch or its pressure says so
	LentTo   string  // the room that drew on it
	Donors   []string
	Released bool
}

// Inventory lists the gas banks in the order of the rooms; pressures are in bar by room, lowBar is what a
// bank must hold at least (0: judged by its switch alone). It only shows: what the engine takes for intact
// is what it was told by the banks' switches.
func Inventory(v View, pressures map[string]float64, lowBar float64) []Bank {
	var list []Bank
	for _, m := range v.Rooms {
		if m.Kind == PlainRoom {
			continue
		}
		bar, ok := pressures[m.Name]
		if !ok {
			bar = math.NaN()
		}
		b := Bank{Room: m.Name, Bar: bar, Intact: m.BankIntact, Donors: m.Donors, Released: m.ReleasedSent}
		b.Low = m.BankFault || (lowBar > 0 && bar < lowBar)
		for _, o := range v.Rooms {
			if o.Donor == m.Name {
				b.LentTo = o.Name
			}
		}
		list = append(list, b)
	}
	return list
}
