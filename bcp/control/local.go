package control

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"bongsu/bcp"
)

// factFor is how long a fact may take to come true where the step does not say.
const factFor = 5 * time.Second

// local answers the open acts that nobody outside has to do: facts that are looked at, and failover runs
// that steps start or join.
func (t *term) local(now time.Time, w *writer) error {
	for _, a := range t.org.Ledger.Open() {
		if a.State != bcp.ActIntended && a.State != bcp.ActUnknown {
			continue
		}
		act := stepAct(a.Effect)
		var o *bcp.Outcome
		var err error
		switch {
		case act.Kind == kindFact && (a.Kind == bcp.EffectCheck || a.Kind == bcp.EffectVerify):
			o = t.fact(now, a, act)
		case act.Kind == kindFailover && a.Kind == bcp.EffectDo:
			o, err = t.join(now, a, act, w)
		}
		if err != nil {
			return err
		}
		if o != nil {
			o.Key, o.Epoch, o.Probed = a.Key, t.lease.Epoch(), a.State == bcp.ActUnknown
			if err := t.outcome(*o); err != nil {
				return err
			}
		}
	}
	return nil
}

// fact compares a fact with what it has to be, for as long as it may take.
func (t *term) fact(now time.Time, a bcp.ActRecord, act bcp.Act) *bcp.Outcome {
	within := factFor
	if d, err := time.ParseDuration(act.With["within"]); err == nil {
		within = d
	}
	have, known := t.factOf(act.With["name"])
	switch {
	case known && have == act.With["equals"]:
		return &bcp.Outcome{State: bcp.ActDone, Detail: act.With["name"] + " is " + have}
	case t.at(now).Before(a.Intended.Add(within)):
		return nil
	case !known:
		return &bcp.Outcome{State: bcp.ActNotDone, Detail: act.With["name"] + " is not known"}
	}
	return &bcp.Outcome{State: bcp.ActNotDone, Detail: fmt.Sprintf("%s is %s, not %s", act.With["name"], have, act.With["equals"])}
}

// factOf reads a fact by its name: messenger/SITE/frozen, messenger/SITE/traffic-mode, run/GROUP/state,
// run/GROUP/under, run/GROUP/begun, org/state.
func (t *term) factOf(name string) (string, bool) {
	part := strings.Split(name, "/")
	switch {
	case len(part) == 3 && part[0] == "messenger":
		for _, s := range t.sight.Sites {
			if s.ID != part[1] || s.Alive != bcp.Yes {
				continue
			}
			switch part[2] {
			case "frozen":
				return strconv.FormatBool(s.Frozen), true
			case "traffic-mode":
				return s.Traffic, s.Traffic != ""
			}
		}
	case len(part) == 3 && part[0] == "run":
		r := t.org.Runs.Get(part[1])
		switch {
		case r == nil:
		case part[2] == "state":
			return r.State, true
		case part[2] == "under":
			return strconv.FormatBool(r.Under()), true
		case part[2] == "begun":
			return strconv.FormatBool(r.Under() || r.State == bcp.RunComplete), true
		}
	case name == "org/state":
		return t.org.Committee.Org().State, true
	}
	return "", false
}

// join lets a step's run come to its end: one under way is joined, none is started. The step is done once
// the target serves.
func (t *term) join(now time.Time, a bcp.ActRecord, act bcp.Act, w *writer) (*bcp.Outcome, error) {
	group := act.With["group"]
	run := t.org.Runs.Get(group)
	if run == nil {
		return nil, nil
	}
	play := t.org.Plays.Get(a.Args["play"])
	step := a.Args["play"] + "/" + a.Args["step"]
	began := a.Intended
	if play != nil {
		began = play.Started
	}
	switch {
	case !run.Served.IsZero() && !run.Triggered.Before(began):
		return &bcp.Outcome{State: bcp.ActDone, Detail: group + " is served by " + run.Target}, nil
	case run.State == bcp.RunComplete && run.Triggered.Before(began) && run.Served.After(began.Add(-time.Hour)):
		return &bcp.Outcome{State: bcp.ActDone, Detail: group + " was moved before the playbook began"}, nil
	case (run.State == bcp.RunFailed || run.State == bcp.RunAborted) && !run.Since.Before(a.Intended):
		return &bcp.Outcome{State: bcp.ActNotDone, Detail: "the run of " + group + " ended as " + run.State}, nil
	case run.Under():
		for _, j := range run.Joined {
			if j == step {
				return nil, nil
			}
		}
		d, err := t.org.Runs.Join(t.at(now), t.gather(now), group, step)
		if err != nil {
			return nil, nil // it has just ended: the next round sees how
		}
		return t.fire(d, w)
	}
	by := bcp.Who{Station: "playbook"}
	if play != nil {
		by.Person = play.By
	}
	d, err := t.org.Runs.Order(t.at(now), t.gather(now), group, by, act.With["trigger"])
	if err != nil {
		return &bcp.Outcome{State: bcp.ActNotDone, Detail: err.Error()}, nil
	}
	return t.fire(d, w)
}

// fire makes one decision of the loop's own. One that is refused ends the step that wanted it: people see why.
func (t *term) fire(d bcp.Decision, w *writer) (*bcp.Outcome, error) {
	tr, err := t.org.Ledger.Fire(t.act, d, w.record)
	for _, e := range tr.Effects {
		t.run(e)
	}
	switch {
	case w.err != nil:
		return nil, fmt.Errorf("a decision could not be written: %w", w.err)
	case err != nil:
		return &bcp.Outcome{State: bcp.ActNotDone, Detail: err.Error()}, nil
	}
	return nil, nil
}

// plan says in words what fits before a deadline.
func (t *term) plan(e bcp.Effect) string {
	run := t.org.Runs.Get(e.Args["group"])
	if run == nil || run.Deadline.IsZero() {
		return "no deadline: the whole run is planned"
	}
	left := run.Deadline.Sub(t.at(t.cfg.Now()))
	fit, err := bcp.FitBefore(left, runSteps)
	if err != nil {
		return err.Error()
	}
	text := fmt.Sprintf("%s left; fits: %s (%s)", left.Round(time.Second), strings.Join(fit.Steps, ", "), fit.Takes)
	if len(fit.Left) > 0 {
		text += "; does not fit: " + strings.Join(fit.Left, ", ")
	}
	return text
}

// runSteps are the parts of a run with the 90th percentile of what they took in the reference messenger;
// the waits of the canary and of the public verification are part of them.
var runSteps = []bcp.Timed{
	{ID: "precheck", P90: 2 * time.Second},
	{ID: "fence", P90: 3 * time.Second, DependsOn: []string{"precheck"}},
	{ID: "data gate", P90: 2 * time.Second, DependsOn: []string{"fence"}},
	{ID: "promote", P90: 3 * time.Second, DependsOn: []string{"data gate"}},
	{ID: "verify target", P90: 4 * time.Second, DependsOn: []string{"promote"}},
	{ID: "shed", P90: time.Second, DependsOn: []string{"verify target"}},
	{ID: "canary", P90: 25 * time.Second, DependsOn: []string{"shed"}},
	{ID: "shift", P90: 3 * time.Second, DependsOn: []string{"canary"}},
	{ID: "verify public", P90: 75 * time.Second, DependsOn: []string{"shift"}},
}
