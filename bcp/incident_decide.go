package bcp

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Decide says what time and evidence do to every case, at most one move a machine. Asked again after the
// moves were made, it goes on, until nothing is left.
func (x *Incidents) Decide(now time.Time, f Facts) []Decision {
	var out []Decision
	out = append(out, x.open(now, f)...)
	for _, i := range x.All() {
		if d, ok := x.grade(now, i); ok {
			out = append(out, d.at(now, f))
		}
		if d, ok := x.step(now, i, f); ok {
			out = append(out, d.at(now, f))
		}
	}
	return out
}

// at fills in what every decision of a turn has in common.
func (d Decision) at(now time.Time, f Facts) Decision {
	d.At, d.Epoch = now, f.Epoch
	if d.By == "" {
		d.By = byClock
	}
	return d
}

// home is the case that evidence belongs to: facility evidence of one site is one disaster.
func home(e Evidence) string {
	if e.Facility() {
		return ""
	}
	return e.Subject
}

func (x *Incidents) current(e Evidence) *Incident {
	for _, i := range x.All() {
		if !i.Over() && i.Site == e.Site && i.Subject == home(e) {
			return i
		}
	}
	return nil
}

// open starts a case for each new evidence that has none. What belongs together opens one.
func (x *Incidents) open(now time.Time, f Facts) []Decision {
	var out []Decision
	begun := map[string]bool{}
	for _, e := range f.Evidence {
		if e.Kind == EvidenceWarning || e.Gone || begun[e.Site+"|"+home(e)] || x.current(e) != nil || x.known(e) {
			continue
		}
		begun[e.Site+"|"+home(e)] = true
		d := Decision{Machine: MachineIncident, ID: "i" + strconv.Itoa(x.opened+len(out)+1), Event: evCreate, By: byEvidence, Why: e.What}
		opened := incidentDetail{Site: e.Site, Subject: home(e), Evidence: []Evidence{e}}
		// The first page goes with the very first entry, so that it goes even where none can be written.
		if rung, people := firstRung(0, now, f); len(people) > 0 {
			opened.Rung, opened.Paged = &rung, true
			d.Effects = pageAll(people, d.ID)
		}
		d.Detail = opened
		if e.Facility() && !e.Critical() {
			// One channel alone never moves anything, but it is worth minutes of warning.
			d.Effects = append(d.Effects, Effect{Kind: EffectPlan, To: e.Site})
		}
		out = append(out, d.at(now, f))
	}
	return out
}

// known says whether the same occurrence was dealt with in a case that is over.
func (x *Incidents) known(e Evidence) bool {
	for _, i := range x.all {
		if slices.ContainsFunc(i.Evidence, func(o Evidence) bool { return o.ID == e.ID && !e.grew(o) }) {
			return true
		}
	}
	return false
}

// grade raises the grade for critical evidence, for the source's opinion and for late recovery.
func (x *Incidents) grade(now time.Time, i *Incident) (Decision, bool) {
	d := Decision{Machine: MachineGrade, ID: i.ID}
	if x.ledger.State(MachineGrade, i.ID) == "" {
		d.Event = evCreate
		return d, true
	}
	if i.Over() {
		return d, false
	}
	for _, e := range i.Evidence {
		if i.Graded[gradeKey(e)] {
			continue
		}
		switch {
		case e.Critical() && i.Grade > 1:
			d.Event = evFacilityCritical
		case e.Grade == 1 && i.Grade > 1:
			d.Event = evRaise1
		case e.Grade == 2 && i.Grade > 2:
			d.Event = evRaise2
		default:
			continue
		}
		d.By, d.Why, d.Detail = byEvidence, e.What, incidentDetail{For: gradeKey(e)}
		return d, true
	}
	if due, ok := x.overdueAt(i); ok && !now.Before(due) {
		d.Event, d.Why = evOverdue, fmt.Sprintf("not recovered within the expected time of grade %d", i.Grade)
		return d, true
	}
	return d, false
}

// gradeKey makes evidence raise once as it comes and once more when it becomes critical, so that people
// may lower a grade without the same evidence raising it again.
func gradeKey(e Evidence) string {
	if e.Critical() {
		return e.ID + "!"
	}
	return e.ID
}

// overdueAt is when the grade rises by itself: the expected recovery after the declaration, and after a
// rise the expected recovery of the new grade.
func (x *Incidents) overdueAt(i *Incident) (time.Time, bool) {
	expected, ok := x.times.Expected[i.Grade]
	if !ok || i.Grade <= 1 || i.State != IncidentHandling {
		return time.Time{}, false
	}
	return i.GradeSince.Add(expected), true
}

// step is the next move of one case.
func (x *Incidents) step(now time.Time, i *Incident, f Facts) (Decision, bool) {
	d := Decision{Machine: MachineIncident, ID: i.ID}
	if i.Over() && i.State != IncidentClosed {
		return d, false
	}
	if n, ok := x.news(i, f); ok {
		return n, true
	}
	if i.State == IncidentDetected || i.State == IncidentTriage {
		for _, e := range i.Evidence {
			if e.Critical() && !e.Gone {
				d.Event, d.By, d.Why = evFacilityCritical, byEvidence, e.What
				d.Effects = append([]Effect{{Kind: EffectTell, Args: map[string]string{"incident": i.ID}}, {Kind: EffectPlan, To: e.Site}}, callRoles(i, f)...)
				return d, true
			}
		}
	}
	switch i.State {
	case IncidentDetected:
		return x.climb(now, i, f)
	case IncidentTriage:
		d.Event, d.Why, d.Effects = evTriageTimeout, "nobody decided: the default is to declare", callRoles(i, f)
		return d, !now.Before(i.Since.Add(x.times.Triage))
	case IncidentDeclared:
		return x.fillRoles(now, i, f)
	case IncidentHandling, IncidentMitigated:
		return x.handle(now, i, f)
	case IncidentClosed:
		due := f.roster().workdaysAfter(now, x.times.Retro)
		d.Event, d.Detail = evOpenFollowup, incidentDetail{RetroDue: &due}
		return d, true
	}
	return d, false
}

func (f Facts) roster() *Roster {
	if f.Roster == nil {
		return &Roster{}
	}
	return f.Roster
}

// news writes down evidence that is new or has grown.
func (x *Incidents) news(i *Incident, f Facts) (Decision, bool) {
	d := Decision{Machine: MachineIncident, ID: i.ID, Event: evNote, By: byEvidence}
	var fresh []Evidence
	for _, e := range f.Evidence {
		if e.Kind == EvidenceWarning || i.Over() || e.Site != i.Site || home(e) != i.Subject {
			continue
		}
		at := slices.IndexFunc(i.Evidence, func(o Evidence) bool { return o.ID == e.ID })
		if at < 0 && !e.Gone || at >= 0 && e.grew(i.Evidence[at]) {
			fresh = append(fresh, e)
		}
	}
	d.Detail = incidentDetail{Evidence: fresh}
	return d, len(fresh) > 0
}

// climb pages the ladder, rung by rung. A rung with nobody on it costs no time.
func (x *Incidents) climb(now time.Time, i *Incident, f Facts) (Decision, bool) {
	d := Decision{Machine: MachineIncident, ID: i.ID}
	if x.cleared(now, i, f) {
		d.Event, d.Why = evSelfCleared, "up again, never down"
		return d, true
	}
	wait := x.times.Ack
	if i.Grade == 1 {
		wait = x.times.AckGrade1
	}
	// Rung counts the rungs paged so far: 0 says that nobody was.
	if i.Rung > 0 && now.Before(i.Paged.Add(wait)) {
		return d, false
	}
	if next, people := firstRung(i.Rung, now, f); len(people) > 0 {
		d.Event, d.Detail = evAckTimeout, incidentDetail{Rung: &next, Paged: true}
		if i.Rung == 0 {
			d.Event = evNote
		}
		d.Effects = pageAll(people, i.ID)
		return d, true
	}
	d.Event, d.Why = evLadderExhausted, "nobody on the ladder has answered"
	if tower := firstReachable(f.roster().Roles[RoleTower], f.Unreachable, 1); tower != "" {
		d.Detail = incidentDetail{Roles: map[string]string{RoleTower: tower}}
		d.Effects = append(d.Effects, Effect{Kind: EffectPage, To: tower, Args: map[string]string{"incident": i.ID, "role": RoleTower}})
	}
	d.Effects = append(append(d.Effects, Effect{Kind: EffectTell, Args: map[string]string{"incident": i.ID}}), callRoles(i, f)...)
	return d, true
}

// firstRung is the first rung from one on that has people now, as the number of rungs paged with it.
func firstRung(from int, now time.Time, f Facts) (paged int, people []string) {
	r := f.roster()
	for rung := from; rung < len(r.Ladder); rung++ {
		if people := r.OnRung(rung, now, f.Unreachable); len(people) > 0 {
			return rung + 1, people
		}
	}
	return from, nil
}

func pageAll(people []string, incident string) []Effect {
	var out []Effect
	for _, p := range people {
		out = append(out, Effect{Kind: EffectPage, To: p, Args: map[string]string{"incident": incident}})
	}
	return out
}

// callRoles pages the holders of the roles that are still empty.
func callRoles(i *Incident, f Facts) []Effect {
	var out []Effect
	for _, role := range roles {
		if line := f.roster().Roles[role]; i.Roles[role] == "" && len(line) > 0 {
			out = append(out, Effect{Kind: EffectPage, To: line[0], Args: map[string]string{"incident": i.ID, "role": role}})
		}
	}
	return out
}

// firstReachable is the first of a line who may be reached, from a place on; the holder is asked last
// when the line starts behind him.
func firstReachable(line []string, unreachable map[string]bool, from int) string {
	from = min(from, len(line))
	for _, p := range slices.Concat(line[from:], line[:from]) {
		if !unreachable[p] {
			return p
		}
	}
	return ""
}

// cleared says whether all that opened the case has been up for long enough and was never down.
func (x *Incidents) cleared(now time.Time, i *Incident, f Facts) bool {
	for _, e := range i.Evidence {
		at := slices.IndexFunc(f.Evidence, func(n Evidence) bool { return n.ID == e.ID })
		if at >= 0 {
			e = f.Evidence[at]
		}
		if e.Facility() && e.Kind != EvidenceSilent || e.EverDown || e.UpSince.IsZero() || now.Before(e.UpSince.Add(x.times.SelfClear)) {
			return false
		}
	}
	return len(i.Evidence) > 0
}

// fillRoles starts the handling when all four roles are taken, or hands the empty ones to the first of
// their lines who can be reached.
func (x *Incidents) fillRoles(now time.Time, i *Incident, f Facts) (Decision, bool) {
	d := Decision{Machine: MachineIncident, ID: i.ID, Effects: []Effect{{Kind: EffectStatus, Args: map[string]string{"incident": i.ID, "state": "draft"}}}}
	var empty []string
	for _, role := range roles {
		if i.Roles[role] == "" {
			empty = append(empty, role)
		}
	}
	if len(empty) == 0 {
		d.Event = evRolesFilled
		return d, true
	}
	if now.Before(i.Since.Add(x.times.Roles)) {
		return d, false
	}
	d.Event, d.Why = evRolesTimeout, "deputies take the empty roles"
	given := map[string]string{}
	for _, role := range empty {
		person := firstReachable(f.roster().Roles[role], f.Unreachable, 0)
		if person == "" {
			d.Effects = append(d.Effects, Effect{Kind: EffectAlarm, To: role, Args: map[string]string{"text": "nobody of this role can be reached"}})
			continue
		}
		given[role] = person
		d.Effects = append(d.Effects, Effect{Kind: EffectPage, To: person, Args: map[string]string{"incident": i.ID, "role": role}})
	}
	d.Detail = incidentDetail{Roles: given}
	return d, true
}

// handle follows recovery: late, mitigated, relapsed, or silent for too long.
func (x *Incidents) handle(now time.Time, i *Incident, f Facts) (Decision, bool) {
	d := Decision{Machine: MachineIncident, ID: i.ID}
	vantages, failing := 0, false
	for _, c := range f.Checks {
		if now.Sub(c.At) > freshCheck || c.At.Before(i.Since) {
			continue
		}
		failing = failing || c.Failing
		if c.Row >= 5 && !c.Failing {
			vantages++
		}
	}
	switch {
	case i.State == IncidentMitigated && failing:
		d.Event, d.Why = evRelapse, "a core check fails again"
	case i.State == IncidentHandling && i.LateTold < i.Late:
		d.Event = evOverdue
		d.Effects = []Effect{{Kind: EffectTell, Args: map[string]string{"incident": i.ID, "grade": strconv.Itoa(i.Grade)}}}
	case i.State == IncidentHandling && vantages >= 2 && !failing && !f.moving[i.Site]:
		d.Event, d.Why = evMitigate, "five synthetic checks in a row from two places"
	case !now.Before(i.Paged.Add(x.times.Silence)):
		d.Event, d.Why, d.Detail = evNote, "nothing written down: those who took it are paged again", incidentDetail{Paged: true}
		for _, role := range roles {
			if p := i.Roles[role]; p != "" {
				d.Effects = append(d.Effects, Effect{Kind: EffectPage, To: p, Args: map[string]string{"incident": i.ID, "role": role}})
			}
		}
	default:
		return d, false
	}
	return d, true
}
