package rules

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
	"bongsu/journal"
	"bongsu/rules/fire"
)

// ward is the demo site's fire desk by itself: a hand on every sensor, a tick a second, and everything
// that was raised and written.
type ward struct {
	t        *testing.T
	site     *facility.Site
	live     *facility.Live
	desk     *fireDesk
	orders   *commandDesk
	now      time.Time
	values   map[facility.PointID]float64
	standing map[string]bool
	drafts   []journal.Draft
}

func newWard(t *testing.T, change func(f *facility.FireSite)) *ward {
	t.Helper()
	site := demoSite(t)
	if change != nil {
		change(site.Fire)
	}
	w := &ward{t: t, site: site, live: facility.NewLive(site.Points), now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC),
		values: map[facility.PointID]float64{}, standing: map[string]bool{}, orders: newCommandDesk(site)}
	for _, p := range site.Points {
		w.values[p.ID] = calm(p)
	}
	var err error
	if w.desk, err = newFireDesk(site, w.now); err != nil {
		t.Fatal(err)
	}
	w.run(3)
	return w
}

func (w *ward) run(seconds int) {
	for range seconds {
		w.now = w.now.Add(time.Second)
		w.publish()
		w.take(w.desk.tick(w.now, w.live, w.orders))
		w.desk.asked = nil
	}
}

// publish has every sensor read what it is set to.
func (w *ward) publish() {
	batch := make([]facility.Sample, 0, len(w.site.Points))
	for i, p := range w.site.Points {
		batch = append(batch, facility.Sample{Point: facility.Ref(i), Quality: facility.Good, Value: w.values[p.ID], At: w.now, Seen: w.now})
	}
	w.live.Apply(batch)
}

func (w *ward) take(out fireOutcome) {
	w.drafts = append(w.drafts, out.drafts...)
	for _, a := range out.alarms {
		w.standing[a.Key()] = a.Raised
	}
}

func (w *ward) room() facility.FireRoomView { return w.desk.rooms(w.now, w.live)[0] }

func (w *ward) heat(degC float64) {
	w.values["demo/b1/r3/io/rt"], w.values["demo/b1/r3/bms/t-max"] = degC, degC
}

func (w *ward) stands(want map[string]bool) {
	w.t.Helper()
	for key, on := range want {
		if w.standing[key] != on {
			w.t.Errorf("alarm %s stands %v, want %v", key, w.standing[key], on)
		}
	}
}

// In supervisor mode the panel is given its time; what it does not do is named, asked for and written,
// and what it does by itself too.
func TestASupervisorWritesEveryDifference(t *testing.T) {
	w := newWard(t, func(f *facility.FireSite) { f.Mode = "supervisor" })
	w.heat(62)
	w.run(12)
	w.stands(map[string]bool{"PANEL_SILENT:R3.ISOLATE": true})
	w.values[w.site.Points[w.site.Commands["demo/b1/r3/io/isolate"].Feedback].ID] = w.site.Commands["demo/b1/r3/io/isolate"].Def.Equals
	w.values[w.site.Points[w.site.Commands["demo/b1/r5/io/nozzle"].Feedback].ID] = w.site.Commands["demo/b1/r5/io/nozzle"].Def.Equals
	w.run(10)
	w.stands(map[string]bool{"PANEL_SILENT:R3.ISOLATE": false, "PANEL_ALONE:R5.NOZZLE": true})
	var told []string
	for _, d := range w.drafts {
		if x, ok := d.Data.(facility.FireDifference); ok && d.Kind == KindPanel && (x.Room == "R3" || x.Room == "R5") {
			told = append(told, x.Command+" "+x.Kind)
		}
	}
	for _, want := range []string{"R3.ISOLATE silent", "R3.ISOLATE agrees", "R5.NOZZLE alone"} {
		if !slices.Contains(told, want) {
			t.Errorf("the journal says %v, want %s", told, want)
		}
	}
	if v := w.room(); !slices.ContainsFunc(v.Panel, func(x facility.FireDifference) bool { return x.Command == "R5.NOZZLE" && x.Kind == "alone" }) {
		t.Errorf("the picture shows %v", v.Panel)
	}
}

func TestAnExecutorComparesWithNobody(t *testing.T) {
	w := newWard(t, nil)
	w.heat(62)
	w.run(30)
	for key := range w.standing {
		if strings.HasPrefix(key, "PANEL_") && w.standing[key] {
			t.Errorf("%s without a panel", key)
		}
	}
}

// The fire is out and the process starts anew: the watch goes on where it was.
func TestTheFireWatchOutlivesAProcess(t *testing.T) {
	w := newWard(t, nil)
	w.heat(62)
	w.run(5)
	w.stands(map[string]bool{"FIRE_WATCH:B1": true})
	if to := w.room().WatchTo; to == nil || to.Sub(w.now) < fire.FireWatchLeast-2*time.Minute {
		t.Fatalf("watched until %v at %v", to, w.now)
	}
	state := lastState(t, w)
	w.desk, _ = newFireDesk(w.site, w.now.Add(time.Minute))
	w.now = w.now.Add(time.Minute)
	if err := w.desk.restore(state, nil, w.now); err != nil {
		t.Fatal(err)
	}
	w.run(2)
	w.stands(map[string]bool{"FIRE_WATCH:B1": true})
	if w.room().WatchTo == nil {
		t.Error("the new process has forgotten the fire watch")
	}
}

func lastState(t *testing.T, w *ward) fireState {
	t.Helper()
	for _, d := range slices.Backward(w.drafts) {
		if d.Kind != KindFireState {
			continue
		}
		text, err := json.Marshal(d.Data)
		if err != nil {
			t.Fatal(err)
		}
		s, err := decodeFireState(text)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	t.Fatal("no state was written")
	return fireState{}
}

// A bank that reports itself low is shown so and lends nothing; a channel may have thresholds of its own.
func TestBanksTanksAndOwnThresholdsComeFromTheSite(t *testing.T) {
	w := newWard(t, func(f *facility.FireSite) {
		room := &f.Rooms[0]
		room.TankL = 20000
		room.Points["TANK"], room.Points["PUMP_FLOW"] = "demo/b1/io/tank-level", "demo/b1/io/pump-flow"
		room.Points["BANK_LOW"], room.Points["BANK_BAR"] = "demo/b1/io/gas-bank-low", "demo/b1/io/gas-pressure"
		room.Racks[2].Thresholds = map[string][]float64{"BM": {45, 55, 63, 75}}
	})
	w.values["demo/b1/io/gas-pressure"], w.values["demo/b1/io/tank-level"], w.values["demo/b1/io/pump-flow"] = 181.6, 40, 600
	w.run(3)
	v := w.room()
	if v.Bank == nil || !v.Bank.Intact || v.Bank.Bar == nil || *v.Bank.Bar != 182 {
		t.Errorf("bank %+v", v.Bank)
	}
	if v.Tank == nil || v.Tank.FullMin == nil || *v.Tank.FullMin != 20 || v.Tank.FreeL == nil || *v.Tank.FreeL != 12000 {
		t.Errorf("tank %+v", v.Tank)
	}
	w.values["demo/b1/io/gas-bank-low"], w.values["demo/b1/io/pump-flow"] = 1, 900
	w.values["demo/b1/r3/bms/t-max"], w.values["demo/b1/r3/io/rt"] = 56, 56
	w.run(5)
	w.stands(map[string]bool{"TANK_FILLING:B1": true})
	if v = w.room(); v.Bank.Intact || !v.Bank.Low {
		t.Errorf("bank %+v", v.Bank)
	}
	if got := v.Racks[2].Channels["BM"].Over; !slices.Equal(got, []int{55}) {
		t.Errorf("56 degrees is over %v of the channel's own thresholds", got)
	}
	if got := v.Racks[2].Channels["RT"].Over; len(got) > 0 {
		t.Errorf("the other channel is over %v", got)
	}
}
