package rules

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

const (
	setpointOf1 = facility.PointID("demo/cw/ch1/ctl/setpoint")
	modeOf1     = facility.PointID("demo/cw/ch1/ctl/mode")
	localOf1    = facility.PointID("demo/cw/ch1/ctl/local")
	supplyOf1   = facility.CommandID("demo/cw/ch1/ctl/set-supply")
	movedOf1    = settingPrefix + string(setpointOf1)
)

// What a set-point's readings come to, second by second, beside the orders that went out.
func TestASettingMovesByOrdersAlone(t *testing.T) {
	step := time.Second
	type at struct {
		order  float64 // sent before the reading; 0 for none
		blind  bool    // ... and shows elsewhere
		value  float64 // the reading; 0 for a bad one
		local  float64
		repeat bool // the reading is the one before, not a new one
		want   settingVerdict
	}
	back, panel, astray := settingBack, settingAtPanel, settingAstray
	cases := map[string][]at{
		"stands":                             {{value: 10}, {value: 10}, {value: 10.04}},
		"moved by nobody":                    {{value: 10}, {value: 6}, {value: 6, want: astray}, {value: 6}, {value: 6}},
		"seen once is not enough":            {{value: 10}, {value: 6}, {value: 6, repeat: true}, {value: 10}, {value: 10}},
		"and comes back":                     {{value: 10}, {value: 6}, {value: 6, want: astray}, {value: 10, want: back}, {value: 10}},
		"and moved on":                       {{value: 10}, {value: 6}, {value: 6, want: astray}, {value: 5}, {value: 5, want: astray}},
		"an order explains it":               {{value: 10}, {order: 8, value: 10}, {value: 8}, {value: 8}},
		"an order on its way explains steps": {{value: 10}, {order: 8, value: 9.5}, {value: 9}, {value: 8}, {value: 8}},
		"an order explains its value alone":  {{value: 10}, {order: 8, value: 8}, {value: 6}, {value: 6, want: astray}},
		"a late order is still ours":         {{value: 10}, {order: 8, value: 0}, {value: 0}, {value: 8}, {value: 8}},
		"an order accepts where it stands":   {{value: 10}, {value: 6}, {value: 6, want: astray}, {order: 6, value: 6, want: back}, {value: 6}},
		"another order to the same register": {{value: 10}, {order: 1, blind: true, value: 9}, {value: 9}, {value: 9}},
		"bad readings say nothing":           {{value: 10}, {}, {}, {value: 10}},
		"moved behind a silence":             {{value: 10}, {}, {}, {value: 7}, {value: 7, want: astray}},
		"somebody at the panel":              {{value: 10}, {value: 6, local: 1}, {value: 6, local: 1, want: panel}, {value: 6, local: 1}, {value: 6}},
		"the panel is told a scan later":     {{value: 10}, {value: 6}, {value: 6, local: 1, want: panel}, {value: 6}},
		"the panel before, not now":          {{value: 10, local: 1}, {value: 10}, {value: 10}, {value: 6}, {value: 6, want: astray}},
	}
	for name, steps := range cases {
		t.Run(name, func(t *testing.T) {
			cmd := facility.Command{ID: "d/set", Device: "d", Def: facility.CommandDef{Name: "set", Scale: 0.1, Deadline: 2 * time.Second}}
			s := &setting{local: 1, commands: []facility.Command{cmd}}
			now := noon
			var v, local facility.Sample
			for i, x := range steps {
				now = now.Add(step)
				if x.order != 0 {
					cmd.Def.Equals = x.order
					s.ordered(job{record: "o", cmd: cmd}, nil, !x.blind, now)
				}
				if !x.repeat {
					v = facility.Sample{Value: x.value, At: now, Seen: now, Quality: facility.Good}
					if x.value == 0 {
						v.Quality = facility.Bad
					}
					local = facility.Sample{Value: x.local, At: now, Seen: now, Quality: facility.Good}
				}
				got := s.judge(now, v, local)
				if got != x.want {
					t.Errorf("step %d, reading %g: verdict %d, want %d", i, x.value, got, x.want)
				}
				switch got { // as the desk does
				case settingAstray:
					left := v.Value
					s.astray, s.suspect = &left, time.Time{}
				case settingAtPanel:
					s.stand(v)
					s.returned(v)
				}
			}
		})
	}
}

// When an order has failed its time is over: what comes then is nobody's.
func TestAFailedOrderExplainsNothingLater(t *testing.T) {
	cmd := facility.Command{ID: "d/set", Device: "d", Def: facility.CommandDef{Name: "set", Scale: 0.1, Equals: 8, Deadline: 2 * time.Second}}
	s := &setting{local: noRef, commands: []facility.Command{cmd}}
	read := func(after time.Duration, value float64) settingVerdict {
		at := noon.Add(after)
		return s.judge(at, facility.Sample{Value: value, At: at, Quality: facility.Good}, facility.Sample{})
	}
	read(0, 10)
	s.ordered(job{record: "o", cmd: cmd}, nil, true, noon)
	for sec := time.Duration(1); sec <= 9; sec++ {
		if got := read(sec*time.Second, 6); got != settingStands {
			t.Fatalf("second %d, while the order may still work: verdict %d", sec, got)
		}
	}
	read(11*time.Second, 6)
	if got := read(12*time.Second, 6); got != settingAstray {
		t.Errorf("after the order's time: verdict %d, want astray", got)
	}
}

func (h *house) supply(id string, value float64) {
	h.t.Helper()
	res := h.engine.Do(h.t.Context(), facility.Act{ID: id, Kind: "command", Subject: string(supplyOf1), By: []string{"kim"}, Station: "browser:one",
		Args: map[string]string{"value": fmt.Sprint(value)}})
	if res.Code != http.StatusAccepted {
		h.t.Fatalf("the order was refused: %+v", res)
	}
}

func (h *house) active(id string) bool {
	p, err := h.engine.Picture(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return slices.ContainsFunc(p.Alarms, func(a facility.Alarm) bool { return a.ID == id && a.Active })
}

func changesIn(entries []journal.Entry) (out []SettingChange) {
	for _, e := range entries {
		var x SettingChange
		if e.Kind == KindSetting && json.Unmarshal(e.Data, &x) == nil {
			out = append(out, x)
		}
	}
	return out
}

// A stranger moves a set-point under our feet: people are told who ordered what last and since when it stands
// elsewhere, and an order of ours ends it.
func TestAStrangersSetPointIsTold(t *testing.T) {
	story(t, func(t *testing.T, h *house) {
		h.supply("o1", 10)
		time.Sleep(5 * time.Second)
		if h.active(movedOf1) {
			t.Fatal("our own order was taken for a stranger's")
		}
		h.set(setpointOf1, 6)
		time.Sleep(5 * time.Second)
		if !h.active(movedOf1) {
			t.Error("nobody is told")
		}
		got := changesIn(h.book.all())
		if len(got) != 1 || got[0].Was != 10 || got[0].Is != 6 || got[0].Local || got[0].Order != "o1" || got[0].By != "kim" || got[0].Link != "cooling" {
			t.Errorf("the journal has %+v", got)
		}
		h.supply("o2", 7)
		time.Sleep(5 * time.Second)
		if h.active(movedOf1) || len(changesIn(h.book.all())) != 1 {
			t.Errorf("after an order of ours it still stands; %+v", changesIn(h.book.all()))
		}
	})
}

// Somebody at the chiller's own panel is written down, and raises nothing; neither does a mode that automatics move.
func TestThePanelAndTheAutomaticsAreNoStrangers(t *testing.T) {
	story(t, func(t *testing.T, h *house) {
		h.set(localOf1, 1)
		h.set(setpointOf1, 6)
		h.set("demo/ups-a/ups/ctl/mode", 2)
		time.Sleep(5 * time.Second)
		got := changesIn(h.book.all())
		if len(got) != 1 || !got[0].Local || got[0].Is != 6 {
			t.Errorf("the journal has %+v, want one change at the panel", got)
		}
		h.set(localOf1, 0)
		time.Sleep(5 * time.Second)
		for _, e := range h.book.all() {
			if e.Kind == KindAlarm && e.Subject == movedOf1 {
				t.Errorf("an alarm was raised: %s", e.Data)
			}
		}
	})
}

// The engine knows after a restart where the set-point should stand: what was ordered, what was set at the panel, what
// a stranger left.
func TestSettingsOutliveARestart(t *testing.T) {
	cases := map[string]struct {
		before, away, after func(h *house)
		active              bool
		changes             int
	}{
		"ordered, and moved meanwhile": {before: func(h *house) { h.supply("o1", 8) }, away: func(h *house) { h.set(setpointOf1, 6) }, active: true, changes: 1},
		"ordered, and left alone":      {before: func(h *house) { h.supply("o1", 8) }},
		"set at the panel, and left alone": {before: func(h *house) {
			h.supply("o1", 8)
			time.Sleep(5 * time.Second)
			h.set(localOf1, 1)
			h.set(setpointOf1, 9)
		},
			away: func(h *house) { h.set(localOf1, 0) }, changes: 1},
		"a stranger's, and it stays":           {before: func(h *house) { h.set(setpointOf1, 6) }, active: true, changes: 1},
		"a stranger's, and it is put back":     {before: func(h *house) { h.set(setpointOf1, 6) }, away: func(h *house) { h.set(setpointOf1, calmSetpoint) }, changes: 1},
		"a stranger's, and an order afterward": {before: func(h *house) { h.set(setpointOf1, 6) }, after: func(h *house) { h.supply("o2", 6) }, changes: 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				book := &paper{}
				h := newHouse(t, book)
				time.Sleep(5 * time.Second)
				c.before(h)
				time.Sleep(10 * time.Second)
				h.ends()
				if c.away != nil {
					c.away(h)
				}
				next := newHouseWith(t, book, func(n *house) { n.values = h.values })
				time.Sleep(10 * time.Second)
				if c.after != nil {
					c.after(next)
					time.Sleep(10 * time.Second)
				}
				if got := next.active(movedOf1); got != c.active {
					t.Errorf("alarm active %v, want %v", got, c.active)
				}
				if got := changesIn(book.all()); len(got) != c.changes {
					t.Errorf("%d changes in the journal, want %d: %+v", len(got), c.changes, got)
				}
				next.ends()
			})
		})
	}
}

// calmSetpoint is where this house's set-points stand before anybody moves them.
const calmSetpoint = 25

// A reloaded site keeps what is known of its settings, and ends the alarm of one that it holds no longer.
func TestSettingsOutliveAReload(t *testing.T) {
	site := demoSite(t)
	desk, alarms := newSettingDesk(site), mustAlarms(t, site)
	ref, _ := site.Ref(setpointOf1)
	live := facility.NewLive(site.Points)
	now := noon
	read := func(value float64) {
		now = now.Add(time.Second)
		live.Apply([]facility.Sample{{Point: ref, Value: value, Quality: facility.Good, At: now, Seen: now}})
		desk.step(now, live, alarms)
	}
	read(10)
	desk.redefine(site)
	for range 3 {
		read(6)
	}
	if a, _ := alarms.Get(movedOf1); !a.Active || a.Limit != 10 {
		t.Fatalf("after the reload nobody remembers 10: %+v", a)
	}
	other := demoSite(t)
	for id, c := range other.Commands {
		c.Guard.Held = false
		other.Commands[id] = c
	}
	desk.redefine(other)
	read(6)
	if a, _ := alarms.Get(movedOf1); a.Active {
		t.Error("the site holds it no longer, and its alarm stands")
	}
}

func mustAlarms(t *testing.T, site *facility.Site) *Alarms {
	t.Helper()
	a, err := NewAlarms(site)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Which orders may move a setting: those that write a register in common.
func TestOrdersToTheSameRegister(t *testing.T) {
	word := func(fn, addr int, kind string) facility.CommandDef {
		return facility.CommandDef{Function: fn, Address: &addr, Type: kind}
	}
	cases := []struct {
		a, b facility.CommandDef
		want bool
	}{
		{word(6, 0x100, ""), word(6, 0x100, ""), true},
		{word(6, 0x100, ""), word(6, 0x101, ""), false},
		{word(16, 0x100, "float32"), word(6, 0x101, ""), true},
		{word(5, 1, ""), word(6, 1, ""), false},
		{facility.CommandDef{Function: 15, Address: new(int), Count: 3}, word(5, 2, ""), true},
		{facility.CommandDef{}, word(5, 2, ""), false},
	}
	for i, c := range cases {
		if overlap(c.a, c.b) != c.want || overlap(c.b, c.a) != c.want {
			t.Errorf("case %d: want %v", i, c.want)
		}
	}
}

// A site says which settings are held beside its set-points, and which set-points others may move.
func TestASiteSaysWhatIsHeld(t *testing.T) {
	held := heldCommands(demoSite(t))
	for _, id := range []facility.CommandID{supplyOf1, "demo/cw/ch1/ctl/auto", "demo/h1/crah1/ctl/set-supply"} {
		if !slices.Contains(held, id) {
			t.Errorf("%s is not held: %v", id, held)
		}
	}
	if slices.Contains(held, facility.CommandID("demo/cw/ch1/ctl/start")) {
		t.Error("a start is held, and machines start by themselves")
	}
}
