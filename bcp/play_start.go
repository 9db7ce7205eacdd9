package bcp

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// startPlays begins the playbooks that begin with what is known now. Under a valid standing order that is
// with the first critical evidence; otherwise two people have to have started the recovery of a declared
// disaster. Each is started once a call of the committee.
func (o *Organisation) startPlays(now time.Time, f Facts) []Decision {
	var out []Decision
	org := o.Committee.Org()
	switch org.State {
	case OrgPending, OrgDeclared, OrgRecovery:
	default:
		return nil
	}
	for _, p := range o.playbooks {
		if p.Begins == "" || o.Plays.begun(p.ID, org.Call) {
			continue
		}
		i := slices.IndexFunc(f.Evidence, func(e Evidence) bool {
			return e.Kind == p.Begins && e.Site == org.Site && e.Critical() && !e.Gone
		})
		if i < 0 {
			continue
		}
		by, why := "", ""
		if order, names, ok := f.roster().Order(org.Site, now); ok {
			by, why = "standing order "+order.ID, "signed by "+strings.Join(names, " and ")
		} else if org.State == OrgRecovery && len(org.Started) >= 2 {
			by, why = org.Started[0], "approved by "+strings.Join(org.Started[1:], " and ")
		} else {
			continue
		}
		out = append(out, o.Plays.start(now, f, by, why, p, playDetail{Site: org.Site, Call: org.Call}, len(out)))
	}
	return out
}

// startByPeople begins any playbook by hand, as a disaster that was declared or as a drill.
func (o *Organisation) startByPeople(now time.Time, f Facts, r Request) (Decision, error) {
	i := slices.IndexFunc(o.playbooks, func(p Playbook) bool { return p.ID == r.Subject })
	org := o.Committee.Org()
	drill := r.arg("drill") == "true"
	switch {
	case i < 0:
		return Decision{}, fmt.Errorf("playbook %q: %w", r.Subject, ErrNoSuch)
	case f.roster().Person(r.By[0].Person) == nil || f.roster().Person(r.By[1].Person) == nil:
		return Decision{}, fmt.Errorf("start playbook %s: %w", r.Subject, ErrUnknownPerson)
	case !different(r.By[0], r.By[1]):
		return Decision{}, fmt.Errorf("start playbook %s: %w", r.Subject, ErrTwoPersons)
	case drill:
		return Decision{}, fmt.Errorf("start playbook %s as a drill: drills have adapters of their own, which this site has not: %w", r.Subject, ErrNotAllowed)
	case org.State != OrgDeclared && org.State != OrgRecovery:
		return Decision{}, fmt.Errorf("start playbook %s: no disaster is declared (%s): %w", r.Subject, org.State, ErrNotAllowed)
	case o.Plays.begun(r.Subject, org.Call):
		return Decision{}, fmt.Errorf("start playbook %s: it runs or has run in this disaster: %w", r.Subject, ErrRunning)
	}
	return o.Plays.start(now, f, r.By[0].Person, "approved by "+r.By[1].Person, o.playbooks[i], playDetail{Site: org.Site, Call: org.Call}, 0), nil
}

// begun says whether a playbook was started for a call of the committee.
func (x *Plays) begun(playbook string, call int) bool {
	for _, p := range x.all {
		if p.Playbook.ID == playbook && p.Call == call {
			return true
		}
	}
	return false
}

// start begins a playbook; after counts the plays begun in the same breath.
func (x *Plays) start(now time.Time, f Facts, by, why string, p Playbook, d playDetail, after int) Decision {
	d.Playbook = &p
	return Decision{Machine: MachinePlay, ID: "p" + strconv.Itoa(len(x.all)+after+1), Event: evCreate, By: by, Why: p.ID + ": " + why, Detail: d}.at(now, f)
}

// reported is what people have reported, still holds, and nobody else tells.
func (x *Incidents) reported(known []Evidence) []Evidence {
	var out []Evidence
	for _, i := range x.All() {
		if i.Over() {
			continue
		}
		for _, e := range i.Evidence {
			if e.Person != "" && !e.Gone && !slices.ContainsFunc(known, func(k Evidence) bool { return k.ID == e.ID }) {
				out = append(out, e)
			}
		}
	}
	return out
}
