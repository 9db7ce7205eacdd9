package fire

import "time"

// Vigil keeps the fire watch: lithium cells re-ignite minutes to days after they were put out, so a room
// that has burnt is watched by people for a day after its last sign of fire. It changes no decision.
type Vigil struct {
	least time.Duration
	rooms map[string]*roomVigil
}

// FireWatchLeast is how long a room is watched after its last sign of fire.
const FireWatchLeast = 24 * time.Hour

// AlarmFireWatch stands as long as a room must be watched; AlarmRoundDue while nobody has looked for longer than
// RoundEvery, which is judgement.
const (
	AlarmFireWatch = "FIRE_WATCH"
	AlarmRoundDue  = "FIRE_WATCH_ROUND"
	RoundEvery     = 30 * time.Minute
)

type roomVigil struct {
	on   bool
	left time.Duration
	now  time.Duration
}

// VigilKept is a vigil over a restart: rooms that are watched, with what is left for each.
type VigilKept map[string]time.Duration

// NewVigil watches for at least so long; a shorter time than FireWatchLeast is raised to it.
func NewVigil(least time.Duration) *Vigil {
	return &Vigil{least: max(least, FireWatchLeast), rooms: map[string]*roomVigil{}}
}

// Tick takes in the engine's view and returns the alarms that begin or end. A room at stage 1 or above
// begins or prolongs its watch; a pre-alarm during the watch begins it anew, as smoke after a fire is fire.
func (v *Vigil) Tick(view View) []AlarmEvent {
	var events []AlarmEvent
	for _, m := range view.Rooms {
		r := v.rooms[m.Name]
		if r == nil {
			r = &roomVigil{now: view.Now}
			v.rooms[m.Name] = r
		}
		passed := max(view.Now-r.now, 0)
		r.now = view.Now
		switch {
		case m.Reached >= S1 || (r.on && m.Reached >= SP):
			r.left = v.least
			if !r.on {
				r.on = true
				events = append(events, AlarmEvent{Name: AlarmFireWatch, Subject: m.Name, Raised: true})
			}
		case r.on:
			if r.left -= passed; r.left <= 0 {
				r.on, r.left = false, 0
				events = append(events, AlarmEvent{Name: AlarmFireWatch, Subject: m.Name})
			}
		}
	}
	return events
}

// Prolong begins a room's watch anew: somebody saw a sign of fire. A room that is not watched stays so.
func (v *Vigil) Prolong(room string) {
	if r := v.rooms[room]; r != nil && r.on {
		r.left = v.least
	}
}

// Left is how long a room is still to be watched; false when it is not.
func (v *Vigil) Left(room string) (time.Duration, bool) {
	r := v.rooms[room]
	if r == nil || !r.on {
		return 0, false
	}
	return r.left, true
}

// Keep is what a restart takes up again.
func (v *Vigil) Keep() VigilKept {
	kept := VigilKept{}
	for name, r := range v.rooms {
		if r.on {
			kept[name] = r.left
		}
	}
	return kept
}

// Restore takes a vigil up. The time of the outage counts for nothing: nobody can say who watched.
func (v *Vigil) Restore(kept VigilKept, now time.Duration) {
	for name, left := range kept {
		v.rooms[name] = &roomVigil{on: true, left: min(max(left, 0), v.least), now: now}
	}
}
