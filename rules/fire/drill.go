package fire

import "time"

// A drill is a second world beside the real one. It sees simulated channels where there are any
// and the real readings otherwise; the real world sees real readings only and never stops.

// route sorts the requests by world: what changes the real plant for good goes to both, what a
// drill practises goes to the drill while one runs.
func (e *Engine) route(requests []Request) {
	e.forReal, e.forDrill = e.forReal[:0], e.forDrill[:0]
	for _, q := range requests {
		switch q.Kind {
		case RequestDrillOn:
			e.startDrill()
		case RequestDrillOff:
			e.dropDrill()
		case RequestTakeover, RequestPowerCut, RequestRelease, RequestReset:
			if e.drill != nil {
				e.forDrill = append(e.forDrill, q)
			} else {
				e.forReal = append(e.forReal, q)
			}
		default:
			e.forReal, e.forDrill = append(e.forReal, q), append(e.forDrill, q)
		}
	}
}

func (e *Engine) startDrill() {
	if e.drill != nil {
		return
	}
	e.drill = newCore(e.cfg)
	for i, r := range e.real.racks {
		for k := range r.ch {
			e.drill.racks[i].ch[k].bypass = r.ch[k].bypass
		}
	}
	e.real.each(func(k *command) { e.drill.byName[k.subject].blockedBy = k.blockedBy })
}

// dropDrill ends a drill; its standing alarms end with it.
func (e *Engine) dropDrill() {
	if e.drill == nil {
		return
	}
	d := e.drill
	d.alarms = d.alarms[:0]
	d.endPulses()
	d.subjects(func(s *standing) { d.clear(s) })
	e.ended = append(e.ended, d.alarms...)
	e.drill = nil
	e.forDrill = e.forDrill[:0]
}

// tickDrill runs the drill's tick, or ends the drill because the real world needs everyone.
func (e *Engine) tickDrill(now time.Duration, in Inputs, d *Decisions) {
	if e.real.busy() {
		e.real.pulse(pulseDrillAborted, "")
		e.dropDrill()
		d.DrillAlarms = e.ended
		return
	}
	e.mixed.Racks = append(e.mixed.Racks[:0], in.Racks...)
	e.mixed.Rooms = append(e.mixed.Rooms[:0], in.Rooms...)
	for i := range e.mixed.Racks {
		r := &e.mixed.Racks[i]
		for k, set := range r.SimSet {
			if set {
				r.Channels[k] = r.Sim[k]
			}
		}
	}
	e.drill.begin(now, e.mixed)
	e.drill.run(e.forDrill, in.DrillConfirmed)
	e.drilled = e.drilled[:0]
	for _, k := range e.drill.commands {
		e.drilled = append(e.drilled, DrillCommand{name: k.Name, attempt: k.Attempt})
	}
	e.ended = append(e.ended, e.drill.alarms...)
	d.DrillCommands, d.DrillAlarms, d.DrillStages = e.drilled, e.ended, e.drill.stages
}

// busy holds when anything real is going on that a drill must give way to.
func (c *core) busy() bool {
	if c.authority {
		return true
	}
	for _, r := range c.racks {
		if r.stage >= SP {
			return true
		}
	}
	for _, m := range c.rooms {
		if m.gas >= S5A || m.rung >= SP {
			return true
		}
	}
	return false
}

// Busy says whether anything real is going on that ends a drill and lets none begin.
func (e *Engine) Busy() bool { return e.real.busy() }

// Drilling says whether a drill is running.
func (e *Engine) Drilling() bool { return e.drill != nil }
