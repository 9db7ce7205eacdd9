package bcp

import "time"

// swapAfter is how long the messenger has to say without a break that another site serves.
const swapAfter = 10 * time.Second

// armed looks for a reason to set off.
func (t runTurn) armed() (Decision, bool) {
	for _, subject := range append([]string{t.group.ID}, t.group.Services...) {
		if e, expired, ok := t.f.roster().Excluded(subject, t.now); ok && expired && !t.run.Expired[subject+e.Until.String()] {
			return Decision{Event: evNote, Why: "the exclusion of " + subject + " has expired and still holds", Detail: runDetail{Expired: subject + e.Until.String()},
				Effects: []Effect{{Kind: EffectAlarm, To: e.Owner, Args: map[string]string{"text": "renew or lift the exclusion of " + subject}}}}, true
		}
	}
	if d, ok := t.swapped(t.run.Target); ok {
		return d, true
	}
	for _, e := range t.f.Evidence {
		if e.Site != t.run.Source || !e.Notice() || e.Gone {
			continue
		}
		d := Decision{Event: evFacilityNotice, By: byEvidence, Why: e.What, Detail: runDetail{Trigger: TriggerFacility, Deadline: &e.Deadline, Carried: t.facts.Carried}}
		d.Effects = []Effect{{Kind: EffectPlan, To: t.group.ID, Args: t.args()}}
		return d, true
	}
	if t.facts.Misses >= 3 {
		return Decision{Event: evProbeFail, By: byEvidence, Why: "three probes missed", Detail: runDetail{Trigger: TriggerProbes, Carried: t.facts.Carried}}, true
	}
	if e, ok := t.silent(); ok {
		return Decision{Event: evProbeFail, By: byEvidence, Why: e.What, Detail: runDetail{Trigger: TriggerSilence, Carried: t.facts.Carried}}, true
	}
	return Decision{}, false
}

// complete ends the block after its time; a fire at the new site ends the patience earlier, but then two
// people are asked.
func (t runTurn) complete() (Decision, bool) {
	if d, ok := t.swapped(t.run.Source); ok {
		return d, true
	}
	if !t.now.Before(t.run.Ended.Add(t.x.times.Block)) {
		return Decision{Event: evBlockElapsed}, true
	}
	for _, e := range t.f.Evidence {
		if e.Site == t.run.Target && e.Critical() && !e.Gone && !t.run.Asked {
			return Decision{Event: evNote, By: byEvidence, Why: "the new site is in danger: " + e.What, Detail: runDetail{Asked: true},
				Effects: append(t.ask(), Effect{Kind: EffectTell, Args: t.args()})}, true
		}
	}
	return t.served()
}

// swapped turns the roles round where the messenger itself says, for long enough, that the group is served by
// the site that by our books does not: it was moved by hand, or the world was set up anew. Before a run the
// source serves, after one the target does. Books that are wrong would look for danger at the wrong site.
func (t runTurn) swapped(other string) (Decision, bool) {
	if other == "" || t.facts.ServedBy != other || t.facts.ServedSince.IsZero() || t.now.Before(t.facts.ServedSince.Add(swapAfter)) {
		return Decision{}, false
	}
	return Decision{Event: evNote, By: byEvidence, Why: "all of it is served by " + other + ", which our books did not know: the roles are swapped",
		Detail: runDetail{Swap: true}}, true
}
