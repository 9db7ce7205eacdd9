package rules

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"bongsu/facility"
	"bongsu/rules/fire"
)

const (
	planEvery    = time.Minute         // how often the proof tests are looked through
	proofSoon    = 30 * 24 * time.Hour // a test that is due within this is shown
	proofsShown  = 40                  // of a room at most
	proofLasts   = 8 * time.Hour       // a test that was begun and never recorded is forgotten
	resultsKept  = 20
	resultsShown = 5
)

// proofBook is which proof tests were done, which are under way and which are due. It reads the field and reaches
// nothing.
type proofBook struct {
	tested    map[string]time.Time // when a test passed last, by fire.ProofKey
	failed    map[string]bool      // tests whose newest result is a failure
	results   []facility.FireProofResult
	runs      map[string]*proofRun
	heard     []facility.FireProofResult // since the last tick
	begun     time.Time                  // since when tests are recorded
	due       map[string]bool            // tests whose alarm stands
	alarmed   map[string]bool            // failures whose alarm stands
	plan      []fire.ProofDue
	plannedAt time.Time
	changed   bool
}

// proofRun is a test under way.
type proofRun struct {
	facility.FireProofRun
	watches []proofWatch // in the order of Signals
}

// proofWatch looks for one signal. An edge counts only after it has been seen not to hold: what stood there before the
// test proves nothing.
type proofWatch struct {
	ref   facility.Ref
	holds func(v float64) bool
	edge  bool
	armed bool
}

// ProofTests lists the proof tests with their intervals and what they must show.
func ProofTests() []fire.ProofTest { return fire.ProofTests() }

func newProofBook(now time.Time) proofBook {
	return proofBook{tested: map[string]time.Time{}, failed: map[string]bool{}, runs: map[string]*proofRun{},
		due: map[string]bool{}, alarmed: map[string]bool{}, begun: now.UTC()}
}

func (b *proofBook) restore(s *careState) {
	b.begun, b.results = s.Begun, s.Results
	maps.Copy(b.tested, s.Tested)
	maps.Copy(b.failed, s.Failed)
	maps.Copy(b.alarmed, s.Failed)
}

// begin lets a test begin: from now on its signals are looked for.
func (b *proofBook) begin(d *fireDesk, act facility.Act) facility.ActResult {
	key, res := proofKeyOf(d.engine, act)
	if res.Code != 0 {
		return res
	}
	test, _ := fire.ProofTestNamed(act.Args["test"])
	run := &proofRun{FireProofRun: facility.FireProofRun{Subject: act.Args["subject"], Test: test.ID, Name: txt(test.KO, test.EN), By: firstOf(act.By),
		Since: act.At.UTC(), Signals: []facility.FireProofSignal{}}}
	rack := act.Args["subject"]
	if test.OnRack {
		if rack = act.Args["rack"]; !inRoom(d.site, act.Args["subject"], rack) {
			return facility.ActResult{Code: http.StatusUnprocessableEntity, Detail: fmt.Sprintf("say on which rack of the room: %q is none of it", rack)}
		}
	}
	for _, name := range test.Expect {
		if signal, watch, ok := d.proofSignal(name, act.Args["subject"], rack); ok {
			run.Signals, run.watches = append(run.Signals, signal), append(run.watches, watch)
		}
	}
	b.runs[key] = run
	return facility.ActResult{Code: http.StatusOK}
}

func inRoom(site *facility.Site, room, rack string) bool {
	for _, m := range site.Fire.Rooms {
		if m.ID == room {
			return slices.ContainsFunc(m.Racks, func(r facility.FireRack) bool { return r.ID == rack })
		}
	}
	return false
}

func proofKeyOf(e *fire.Engine, act facility.Act) (string, facility.ActResult) {
	key := fire.ProofKey(act.Args["subject"], act.Args["test"])
	if !fire.ProofKnown(e, key) {
		return "", facility.ActResult{Code: http.StatusUnprocessableEntity, Detail: fmt.Sprintf("there is no proof test %q: name a rack or room and one of its tests", key)}
	}
	return key, facility.ActResult{}
}

// proofSignal says where a signal is read and what it must show. A site without it does without.
func (d *fireDesk) proofSignal(name, subject, rack string) (s facility.FireProofSignal, w proofWatch, ok bool) {
	for _, scope := range []string{rack, subject} {
		if cmd, known := d.commands[scope+"."+name]; known {
			p := d.site.Points[cmd.Feedback]
			return facility.FireProofSignal{Name: name, Point: p.ID, Want: fmt.Sprintf("= %g", cmd.Def.Equals)},
				proofWatch{ref: cmd.Feedback, holds: cmd.Def.Shows, edge: true}, true
		}
	}
	for _, room := range d.site.Fire.Rooms {
		points, first := room.Points, 0.0
		i := slices.IndexFunc(room.Racks, func(r facility.FireRack) bool { return r.ID == rack })
		if i < 0 && room.ID != subject {
			continue
		}
		if i >= 0 && room.Racks[i].Points[name] != "" {
			points, first = room.Racks[i].Points, firstThreshold(room.Racks[i], name)
		}
		ref, known := d.site.Ref(points[name])
		if !known {
			return s, w, false
		}
		s, w = facility.FireProofSignal{Name: name, Point: points[name]}, proofWatch{ref: ref}
		switch name {
		case "BANK_LOW":
			s.Want, w.holds = "= 0", func(v float64) bool { return v == 0 }
		case "BANK_BAR":
			s.Want, w.holds = fmt.Sprintf("≥ %g", room.BankBar), func(v float64) bool { return v > 0 && v >= room.BankBar }
		case "SM":
			s.Want, w.edge, w.holds = "≠ 0", true, func(v float64) bool { return v != 0 }
		default:
			s.Want, w.edge, w.holds = fmt.Sprintf("≥ %g", first), true, func(v float64) bool { return v >= first }
		}
		return s, w, true
	}
	return s, w, false
}

// firstThreshold is where a channel of a rack begins to count for stage 1, in degrees Celsius.
func firstThreshold(rack facility.FireRack, channel string) float64 {
	if own := rack.Thresholds[channel]; len(own) == 4 {
		return own[1]
	}
	return fire.DefaultLimits().Thresholds.Stage[0]
}

// record takes a result down; it bears the time of the next tick. A test that expects signals passes only with all of
// them seen since it was begun.
func (b *proofBook) record(e *fire.Engine, act facility.Act) facility.ActResult {
	key, res := proofKeyOf(e, act)
	if res.Code != 0 {
		return res
	}
	test, _ := fire.ProofTestNamed(act.Args["test"])
	result := facility.FireProofResult{Subject: act.Args["subject"], Test: test.ID, Name: txt(test.KO, test.EN), By: firstOf(act.By),
		Passed: act.Args["result"] == "passed", Seen: []string{}, Note: act.Reason}
	if r := act.Args["result"]; r != "passed" && r != "failed" {
		return facility.ActResult{Code: http.StatusUnprocessableEntity, Detail: `say what came of it: "passed" or "failed"`}
	}
	run := b.runs[key]
	if result.Passed && run == nil && len(test.Expect) > 0 {
		return facility.ActResult{Code: http.StatusConflict, Detail: "begin the test first: its signals are looked for from then on"}
	}
	if run != nil {
		var missing []string
		for _, s := range run.Signals {
			if s.Seen == nil {
				missing = append(missing, s.Name+" "+s.Want)
			} else {
				result.Seen = append(result.Seen, s.Name)
			}
		}
		if result.Passed && len(missing) > 0 {
			return facility.ActResult{Code: http.StatusConflict, Detail: "not seen yet: " + strings.Join(missing, ", ") + ". Wait for it, or record the test as failed"}
		}
		delete(b.runs, key)
	}
	b.heard = append(b.heard, result)
	return facility.ActResult{Code: http.StatusOK}
}

// tick looks for signals, takes results in and raises and ends the alarms of tests that are overdue or failed.
func (b *proofBook) tick(e *fire.Engine, now time.Time, v facility.View) (list []fire.AlarmEvent) {
	for key, run := range b.runs {
		if now.Sub(run.Since) > proofLasts {
			delete(b.runs, key)
			continue
		}
		run.look(now, v)
	}
	for _, r := range b.heard {
		key := fire.ProofKey(r.Subject, r.Test)
		r.At = now.UTC()
		if delete(b.failed, key); r.Passed {
			b.tested[key] = r.At
		} else {
			b.failed[key] = true
		}
		b.results = append(b.results, r)
		b.results, b.changed = slices.Clone(b.results[max(0, len(b.results)-resultsKept):]), true
		if b.failed[key] != b.alarmed[key] {
			b.alarmed[key] = b.failed[key]
			list = append(list, fire.AlarmEvent{Name: fire.AlarmProofTestFailed, Subject: key, Raised: b.failed[key]})
		}
	}
	b.heard = nil
	if now.Sub(b.plannedAt) < planEvery && !b.changed {
		return list
	}
	b.plannedAt = now
	b.plan = fire.ProofPlan(e, b.tested, b.begun, now)
	for _, p := range b.plan {
		key := fire.ProofKey(p.Subject, p.Test.ID)
		if p.Overdue != b.due[key] {
			b.due[key] = p.Overdue
			list = append(list, fire.AlarmEvent{Name: fire.AlarmProofTestDue, Subject: key, Raised: p.Overdue})
		}
	}
	return list
}

// look notes the signals that are seen now.
func (r *proofRun) look(now time.Time, v facility.View) {
	for i := range r.watches {
		w, s := &r.watches[i], &r.Signals[i]
		sample := sampleOf(v, w.ref, now)
		if sample.Quality != facility.Good {
			s.Value = nil
			continue
		}
		value := sample.Value
		s.Value = &value
		switch holds := w.holds(value); {
		case !holds:
			w.armed = true
		case s.Seen == nil && (w.armed || !w.edge):
			t := now.UTC()
			s.Seen = &t
		}
	}
}

// show adds to a room's picture the tests of its racks and of itself.
func (b *proofBook) show(out *facility.FireRoomView, of map[string]bool, now time.Time) {
	for _, p := range b.plan {
		key := fire.ProofKey(p.Subject, p.Test.ID)
		if !of[p.Subject] || (p.Due.After(now.Add(proofSoon)) && !b.failed[key]) {
			continue
		}
		t := facility.FireProofTest{Subject: p.Subject, Test: p.Test.ID, Name: txt(p.Test.KO, p.Test.EN), Due: p.Due, Overdue: p.Overdue, Failed: b.failed[key]}
		if !p.Last.IsZero() {
			last := p.Last
			t.Last = &last
		}
		out.Tests = append(out.Tests, t)
	}
	slices.SortStableFunc(out.Tests, func(x, y facility.FireProofTest) int {
		if x.Failed != y.Failed {
			return map[bool]int{true: -1, false: 1}[x.Failed]
		}
		return x.Due.Compare(y.Due)
	})
	out.Tests = out.Tests[:min(len(out.Tests), proofsShown)]
	for _, run := range b.runs {
		if of[run.Subject] {
			one := run.FireProofRun
			one.Signals = slices.Clone(run.Signals)
			out.Testing = append(out.Testing, one)
		}
	}
	slices.SortFunc(out.Testing, func(x, y facility.FireProofRun) int {
		return cmp.Or(x.Since.Compare(y.Since), cmp.Compare(x.Subject+x.Test, y.Subject+y.Test))
	})
	for _, r := range slices.Backward(b.results) {
		if of[r.Subject] && len(out.Tested) < resultsShown {
			out.Tested = append(out.Tested, r)
		}
	}
}
