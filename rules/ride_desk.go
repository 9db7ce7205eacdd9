package rules

import (
	"maps"
	"slices"
	"strings"
	"time"

	"bongsu/facility"
)

// rideEvery is how often the clocks are read in the field: their ticks are minutes.
const rideEvery = time.Second

// rideDesk reads the clocks for the loop and has their ticks raised.
type rideDesk struct {
	clocks *RideClocks
	last   time.Time
	raised map[string]bool // by the id of the alarm
	told   bool            // what a former process raised has been looked through
}

func newRideDesk(site *facility.Site) *rideDesk {
	return &rideDesk{clocks: NewRideClocks(site), raised: map[string]bool{}}
}

// redefine takes up another site. What the old one raised ends when the new one has no such clock.
func (d *rideDesk) redefine(site *facility.Site) { d.clocks, d.last = NewRideClocks(site), time.Time{} }

// step gives what changed in the alarms.
func (d *rideDesk) step(now time.Time, v facility.View, alarms *Alarms) []facility.Alarm {
	if since := now.Sub(d.last); since >= 0 && since < rideEvery {
		return nil
	}
	d.last = now
	if !d.told {
		d.told = true
		for id, a := range alarms.open {
			if a.active() && strings.HasPrefix(id, ridePrefix) {
				d.raised[id] = true
			}
		}
	}
	clocks := d.clocks.Read(now, v)
	var out []facility.Alarm
	for _, f := range RideFindings(now, clocks) {
		switch {
		case f.On:
			out = append(out, alarms.Raise(now, f.External)...)
			d.raised[f.ID] = true
		default: // also what a former process raised
			out = append(out, alarms.Clear(now, f.ID)...)
			delete(d.raised, f.ID)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(d.raised)) {
		if !d.clocks.has(id) {
			out = append(out, alarms.Clear(now, id)...)
			delete(d.raised, id)
		}
	}
	return out
}

// has says whether an alarm is of one of these clocks.
func (r *RideClocks) has(alarm string) bool {
	return slices.ContainsFunc(r.clocks, func(c *rideClock) bool {
		return slices.ContainsFunc(rideTicks, func(t rideTick) bool { return alarm == rideID(c.ID, t.minutes) })
	})
}
