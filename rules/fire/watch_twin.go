package fire

import (
	"slices"
	"time"
)

// tickTwins lets the watch's own engines see the same tick without what must make no difference.
func (w *Watch) tickTwins(o *Observation) {
	if w.undrilled == nil {
		return
	}
	in := o.Inputs
	in.Racks = slices.Clone(in.Racks)
	for i := range in.Racks {
		in.Racks[i].Sim, in.Racks[i].SimSet = [Channels]Reading{}, [Channels]bool{}
	}
	in.DrillConfirmed, in.Requests = nil, w.forPlant(o.Inputs.Requests)
	w.wanted = w.undrilled.Tick(o.Now, time.Time{}, in)
	in.Requests = slices.DeleteFunc(slices.Clone(in.Requests), func(q Request) bool {
		return q.Kind == RequestBypass || q.Kind == RequestInhibit
	})
	w.untouched.Tick(o.Now, time.Time{}, in)
}

// forPlant leaves out the requests that belong to a drill.
func (w *Watch) forPlant(requests []Request) []Request {
	var list []Request
	drilling := w.before.Drill != nil
	for _, q := range requests {
		switch q.Kind {
		case RequestDrillOn:
			drilling = true
		case RequestDrillOff:
			drilling = false
		case RequestTakeover, RequestPowerCut, RequestRelease, RequestReset:
			if !drilling {
				list = append(list, q)
			}
		default:
			list = append(list, q)
		}
	}
	return list
}

// restoreTwins takes the watch's own engines through the same outage.
func (w *Watch) restoreTwins(s Snapshot, down, now time.Duration) {
	if w.undrilled == nil {
		return
	}
	for _, e := range []**Engine{&w.undrilled, &w.untouched} {
		kept := s
		if w.known {
			kept = (*e).Snapshot()
		} else {
			w.maintainedIn(s.Real)
		}
		kept.Drill = nil
		next, err := New(w.cfg)
		if err == nil {
			next.drill = nil
			err = next.Restore(kept, down, now)
		}
		if err != nil {
			w.broken("I7", "the state cannot be taken up: %v", err)
			return
		}
		*e = next
	}
}

// maintainedIn finds the racks that were being worked on before the watch began.
func (w *Watch) maintainedIn(s WorldState) {
	for _, r := range s.Racks {
		for _, ch := range r.Channels {
			w.maintained[r.ID] = w.maintained[r.ID] || ch.BypassLeft != nil
		}
		for _, k := range r.Commands {
			w.maintained[r.ID] = w.maintained[r.ID] || len(k.Inhibited) > 0
		}
	}
	for _, m := range s.Rooms {
		for _, k := range m.Commands {
			for _, r := range s.Racks {
				w.maintained[r.ID] = w.maintained[r.ID] || (r.Room == m.Name && len(k.Inhibited) > 0)
			}
		}
	}
}

// drillTouchesNothing is I8: whatever is drilled, the real plant is ordered the same as without.
func drillTouchesNothing(w *Watch) {
	for _, k := range w.o.Decisions.Commands {
		if _, ok := w.place[k.Name]; !ok {
			w.broken("I8", "%s is no output of the plant", k.Name)
		}
	}
	if w.undrilled != nil && w.drilling() && !w.sameAsTwin() {
		w.broken("I8", "with a drill %v, without it %v", w.o.Decisions.Commands, w.wanted.Commands)
	}
}

// nothingElseDecides is I10: with no wall clock, no console and no past but its own, a second engine
// decides the same.
func nothingElseDecides(w *Watch) {
	if w.undrilled != nil && !w.drilling() && !w.sameAsTwin() {
		w.broken("I10", "decided %v %v, a second engine %v %v", w.o.Decisions.Commands, w.o.Decisions.Stages, w.wanted.Commands, w.wanted.Stages)
	}
}

func (w *Watch) drilling() bool { return w.before.Drill != nil || w.after.Drill != nil }

func (w *Watch) sameAsTwin() bool {
	return slices.Equal(w.o.Decisions.Commands, w.wanted.Commands) && slices.Equal(w.o.Decisions.Stages, w.wanted.Stages)
}

// maintenanceHidesNothing is I11: work on one rack leaves the votes of every other as they are, and
// none of them stands lower than it would.
func maintenanceHidesNothing(w *Watch) {
	if w.untouched == nil {
		return
	}
	c := w.untouched.real
	for i, r := range w.after.Racks {
		twin := c.racks[i]
		if w.maintained[r.ID] {
			continue
		}
		for k, v := range r.Votes {
			if v.Votes != twin.votes[k].votes || v.N != twin.votes[k].n || v.Demand != twin.demand[k] {
				w.broken("I11", "%s has %+v for stage %d, without the maintenance elsewhere %+v", r.ID, v, k+1, twin.votes[k])
			}
		}
		if w.after.Authority == c.authority && r.Reached < twin.stage {
			w.broken("I11", "%s is in %s, without the maintenance elsewhere in %s", r.ID, r.Reached, twin.stage)
		}
	}
}
