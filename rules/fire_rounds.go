package rules

import (
	"net/http"
	"slices"
	"time"

	"bongsu/facility"
	"bongsu/rules/fire"
)

// roundsKept is how many rounds of a room are shown; the journal has them all.
const roundsKept = 12

// roomRounds are the looks at one room under fire watch.
type roomRounds struct {
	From   time.Time            `json:"from"` // of the watch
	Rounds []facility.FireRound `json:"rounds,omitempty"`
	Late   bool                 `json:"late,omitempty"` // its alarm stands

	heard []facility.FireRound // since the last tick
}

// next is when somebody has to look again.
func (r *roomRounds) next() time.Time {
	last := r.From
	if n := len(r.Rounds); n > 0 {
		last = r.Rounds[n-1].At
	}
	return last.Add(fire.RoundEvery)
}

// round takes down that somebody has looked at a room. It bears the time of the next tick.
func (c *fireCare) round(act facility.Act) facility.ActResult {
	r := c.rounds[act.Subject]
	seen := act.Args["seen"]
	switch {
	case r == nil:
		return facility.ActResult{Code: http.StatusConflict, Detail: "this room is not under fire watch: raise an alarm at once if something burns"}
	case seen != "clear" && seen != "sign":
		return facility.ActResult{Code: http.StatusUnprocessableEntity, Detail: `say what was seen: "clear" or "sign"`}
	}
	r.heard = append(r.heard, facility.FireRound{By: firstOf(act.By), Sign: seen == "sign", Note: act.Reason})
	return facility.ActResult{Code: http.StatusOK}
}

// roundsDue follows which rooms are watched and raises and ends the alarms of rounds that nobody made.
func (c *fireCare) roundsDue(now time.Time) (list []fire.AlarmEvent) {
	for _, m := range c.rooms {
		r := c.rounds[m.id]
		_, watched := c.vigil.Left(m.id)
		switch {
		case watched && r == nil:
			r = &roomRounds{From: now.UTC()}
			c.rounds[m.id], c.changed = r, true
		case !watched && r != nil:
			if r.Late {
				list = append(list, fire.AlarmEvent{Name: fire.AlarmRoundDue, Subject: m.id})
			}
			delete(c.rounds, m.id)
			c.changed = true
			continue
		case !watched:
			continue
		}
		for _, h := range r.heard {
			h.At = now.UTC()
			r.Rounds, c.changed = append(r.Rounds, h), true
			if h.Sign {
				c.vigil.Prolong(m.id)
			}
		}
		r.heard = nil
		r.Rounds = slices.Clone(r.Rounds[max(0, len(r.Rounds)-roundsKept):])
		if late := now.After(r.next()); late != r.Late {
			r.Late, c.changed = late, true
			list = append(list, fire.AlarmEvent{Name: fire.AlarmRoundDue, Subject: m.id, Raised: late})
		}
	}
	return list
}
