package rules

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

// Nobody hears of a consequence: its first record says already that it stands behind its cause, also when both came with
// one scan and the consequence was read first.
func TestAMaskedAlarmNeverLeavesAsACall(t *testing.T) {
	for _, order := range [][]string{{"m/ats/io/cut", "m/ch/io/off"}, {"m/ch/io/off", "m/ats/io/cut"}} {
		r := newMaskRoom(t)
		r.said("")
		var refs []facility.Ref
		for _, p := range order {
			ref := r.ref(p)
			r.values[ref] = facility.Sample{Quality: facility.Good, Value: 1}
			refs = append(refs, ref)
		}
		r.read(refs...)
		want := []string{"ats-cut@m/ats/io/cut unacknowledged 1.1", "off@m/ch/io/off suppressed 1.1"}
		if said := r.said(""); len(said) != 2 || !slices.Contains(said, want[0]) || !slices.Contains(said, want[1]) {
			t.Errorf("%v: said %v", order, said)
		}
	}
}

// What comes out from behind a cause says when it called, so that a horn silenced since it began sounds again.
func TestAnAlarmThatComesOutOfHidingSaysWhen(t *testing.T) {
	r := newMaskRoom(t)
	for _, line := range []string{"+cut ats", "wait 1", "+off ch", "wait 60", "-cut ats", "wait 17"} {
		playMask(r, line)
	}
	a, _ := r.e.Get(maskID("off", "ch"))
	if a.Called == nil || a.Called.Sub(*a.Raised) < 75*time.Second || a.State != facility.AlarmUnacked {
		t.Errorf("%s, raised %v, called %v", a.State, a.Raised, a.Called)
	}
	playMask(r, "ack off ch")
	playMask(r, "-off ch")
	playMask(r, "+off ch")
	if a, _ := r.e.Get(maskID("off", "ch")); a.Called != nil || a.Occurrence != 2 {
		t.Errorf("the next occurrence still says when the one before it called: %+v", a)
	}
}

// The silence of a device that lost its supply stands behind the cause, and the data it does not bring behind its silence.
// The silence of one that fire, safety or priority 1 depends on always calls.
func TestASilenceBehindACause(t *testing.T) {
	r := newMaskRoom(t)
	playMask(r, "+cut ats")
	playMask(r, "wait 2")
	r.fail("m/ch/")
	r.pass(15 * time.Second)
	if a, _ := r.e.Get("comms@m/ch/plain"); a.State != facility.AlarmSuppressed || a.Parent != maskID("cut", "ats") {
		t.Errorf("the plain device is %s behind %q", a.State, a.Parent)
	}
	r.want("comms@m/ch/io", facility.AlarmUnacked)
	playMask(r, "-cut ats")
	r.pass(17 * time.Second)
	r.want("comms@m/ch/plain", facility.AlarmUnacked)
}

// A reload keeps what stands behind a cause there; when the new site does not mask it any more, it calls at once.
func TestMasksOverAReload(t *testing.T) {
	for _, tt := range []struct {
		name, from, to string
		want           facility.AlarmState
	}{
		{"nothing changed", "limit: 1", "limit: 1", facility.AlarmSuppressed},
		{"it is of fire now", "{id: off, points: m/*/io/off, kind: state, limit: 1, priority: 3, class: it", "{id: off, points: m/*/io/off, kind: state, limit: 1, priority: 3, class: fire", facility.AlarmUnacked},
		{"it follows from nothing now", "{id: off,", "{id: off, follows: none,", facility.AlarmUnacked},
		{"the cause cuts nothing now", "class: power, cuts: power", "class: power", facility.AlarmUnacked},
		{"the cause is gone", "{id: ats-cut,", "{id: other,", facility.AlarmUnacked},
	} {
		r := newMaskRoom(t)
		for _, line := range []string{"+cut ats", "wait 1", "+off ch", "wait 1"} {
			playMask(r, line)
		}
		text := strings.ReplaceAll(maskSite(), tt.from, tt.to)
		site := siteOf(t, text)
		next := engineOf(t, site)
		records, look := next.TakeOver(r.now, r.e, "the site changed")
		r.took(records)
		r.site, r.e = site, next
		r.took(r.e.Eval(r.now, r.live, look))
		r.want(maskID("off", "ch"), tt.want)
		if tt.want != facility.AlarmSuppressed {
			continue
		}
		r.pass(time.Minute)
		r.want(maskID("off", "ch"), facility.AlarmSuppressed)
		playMask(r, "-cut ats")
		r.pass(17 * time.Second)
		r.want(maskID("off", "ch"), facility.AlarmUnacked)
	}
}

// An alarm that comes out of hiding is one more that calls, and what came in hidden and went so is none.
func TestTheFloodCountsWhatCameOutOfHiding(t *testing.T) {
	r := newMaskRoom(t)
	w := NewAlarmWatch(r.site)
	told := 0
	rate := func() int {
		for ; told < len(r.log); told++ {
			w.Take(r.now, r.log[told])
		}
		return w.Positions(r.now)[0].Rate
	}
	for _, line := range []string{"+cut ats", "wait 1", "+off ch", "+off p", "wait 300"} {
		playMask(r, line)
	}
	if got := rate(); got != 1 {
		t.Errorf("a cause with two behind it counts as %d", got)
	}
	for _, line := range []string{"-off p", "shelve cut ats"} {
		playMask(r, line)
	}
	if got := rate(); got != 2 {
		t.Errorf("with one that came out of hiding it counts as %d", got)
	}
}

// maskedWalk is a random life of the site of causes and consequences.
func maskedWalk(t *testing.T, seed uint64, steps int) *room {
	r := newMaskRoom(t)
	rng := rand.New(rand.NewPCG(seed, 11))
	points := []string{"cut", "cut", "cut", "off", "two", "warm", "hot", "latched", "slow", "idle", "one", "smoke", "guard", "leak", "standby"}
	for range steps {
		asset := maskedAssets[rng.IntN(len(maskedAssets))][0]
		point := points[rng.IntN(len(points))]
		if point == "cut" { // where one cuts something
			asset, _, _ = strings.Cut(maskedCuts[rng.IntN(len(maskedCuts))], " ")
		}
		switch n := rng.IntN(20); {
		case n < 8:
			playMask(r, fmt.Sprintf("+%s %s", point, asset))
		case n < 14:
			playMask(r, fmt.Sprintf("-%s %s", point, asset))
		case n == 14:
			playMask(r, fmt.Sprintf("bad %s %s", point, asset))
		case n == 15:
			playMask(r, "restart")
		case n == 16 && len(r.e.Open()) > 0:
			open := r.e.Open()
			id := open[rng.IntN(len(open))].ID
			switch rng.IntN(4) {
			case 0:
				r.act("alarm.ack", id)
			case 1:
				r.act("alarm.shelve", id, "seconds", "30")
			case 2:
				r.act("alarm.out-of-service", id, "work_order", "WO-1")
			default:
				r.act("alarm.in-service", id, "function_test", "done")
			}
		default:
			r.pass(time.Duration(1+rng.IntN(25)) * time.Second)
		}
	}
	return r
}

// Whatever happens: what must always call is never masked, what was called for is never taken behind a cause, every mask
// names a cause that a person sees or that ended within the scans' time, and when all causes are gone nothing is hidden.
func TestRandomCausesHideNothingTheyMustNot(t *testing.T) {
	masked := 0
	for seed := range uint64(5) {
		r := maskedWalk(t, seed, 200)
		last := map[string]facility.Alarm{}
		for _, a := range r.log {
			was := last[a.ID]
			last[a.ID] = a
			behind := a.State == facility.AlarmSuppressed && a.Parent != ""
			if behind {
				masked++
			}
			if behind && (a.Priority == 1 || facility.NeverHidden(a.Class) || a.Latching || a.Rule == "leak") {
				t.Errorf("seed %d: %s is masked", seed, a.ID)
			}
			if behind && was.Occurrence == a.Occurrence && was.Parent == "" {
				t.Errorf("seed %d: %s was %s and stepped behind %s", seed, a.ID, was.State, a.Parent)
			}
		}
		for i := range r.site.Points {
			if id := string(r.site.Points[i].ID); strings.HasSuffix(id, "/cut") || strings.HasSuffix(id, "/standby") {
				r.values[facility.Ref(i)] = facility.Sample{Quality: facility.Good}
			}
		}
		r.pass(2 * time.Minute)
		for _, a := range r.e.Open() {
			if a.State == facility.AlarmSuppressed {
				t.Errorf("seed %d: with all causes gone %s is still behind %q", seed, a.ID, a.Parent)
			}
		}
	}
	if masked < 20 {
		t.Errorf("only %d records were masked: the walk proves little", masked)
	}
}

// The same life gives the same records, byte for byte.
func TestMasksAreDecidedTheSameEachTime(t *testing.T) {
	for seed := range uint64(2) {
		one, _ := json.Marshal(maskedWalk(t, seed, 120).log)
		two, _ := json.Marshal(maskedWalk(t, seed, 120).log)
		if string(one) != string(two) {
			t.Errorf("seed %d: two runs of one life differ", seed)
		}
	}
}
