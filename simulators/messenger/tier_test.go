package messenger

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// What is copied is older than the lag; what was not copied when another site took over goes into quarantine
// and is not served.
func TestALowerTierIsCopiedWithItsLag(t *testing.T) {
	a, b := newTierLog("dc1", 2*time.Second), newTierLog("dc2", 2*time.Second)
	for i := range 10 {
		if seq := a.put(1, fmt.Sprint("a", i), "kim", "x", noon.Add(time.Duration(i)*time.Second)); seq != int64(i+1) {
			t.Fatalf("stored at %d", seq)
		}
	}
	if a.put(1, "a3", "kim", "x", noon) != 4 {
		t.Error("the same record again is another one")
	}
	now := noon.Add(9 * time.Second)
	for _, c := range []struct {
		lag  time.Duration
		want int
	}{{0, 10}, {2 * time.Second, 8}, {time.Minute, 0}} {
		if got := len(a.due(0, now, c.lag)); got != c.want {
			t.Errorf("at a lag of %v %d are due, want %d", c.lag, got, c.want)
		}
	}
	if err := b.take(position{}, a.due(0, now, a.lag), false); err != nil || b.last().Seq != 8 || len(b.quarantined) != 0 {
		t.Fatalf("copied: %v, %+v", err, b.last())
	}
	// The writer dies with two records of its own; the other one writes on and later copies to it.
	for i := range 3 {
		b.put(2, fmt.Sprint("b", i), "lee", "y", now)
	}
	if err := a.take(position{1, 9}, b.after(9, 5), false); !errors.Is(err, errDiverged) && !errors.Is(err, errGap) && len(a.quarantined) == 0 {
		t.Errorf("records behind one that is not shared: %v", err)
	}
	a = newTierLog("dc1", 0)
	for i := range 10 {
		a.put(1, fmt.Sprint("a", i), "kim", "x", noon)
	}
	if err := a.take(position{2, 9}, b.after(9, 5), false); !errors.Is(err, errGap) || len(a.quarantined) != 0 {
		t.Errorf("a gap: %v, %d in quarantine", err, len(a.quarantined))
	}
	back := b.common(a.last())
	if back != 8 {
		t.Fatalf("the logs are alike up to %d, want 8", back)
	}
	from, _ := b.at(back)
	if err := a.take(from, b.after(back, 5), false); err != nil || a.last() != (position{2, 11}) {
		t.Errorf("%v, ends at %+v", err, a.last())
	}
	if len(a.quarantined) != 2 || a.quarantined[0].ID != "a8" || a.index["a9"] != 0 || a.index["b0"] != 9 {
		t.Errorf("quarantine %+v, index %v", a.quarantined, a.index)
	}
}

// The power of the serving site goes: of the messages nothing is lost, of the lower tiers what was not copied
// yet; the old site keeps that apart when it comes back.
func TestTiersLoseWhatTheirLagSays(t *testing.T) {
	cfg := rigConfig(8, 40)
	cfg.Load.Background = 100
	cfg.Tiers = facility.MessengerTiers{Two: time.Millisecond, Three: 10 * time.Minute}
	r := startWith(t, cfg)
	r.w.ledger.patience = 400 * time.Millisecond
	for _, tier := range tierOrder {
		r.w.ledger.tier(tier).patience = 400 * time.Millisecond
	}
	tiers := func() []TierCounts { return r.w.State().Tiers }
	eventually(t, "all tiers are written and read back", func() bool {
		c := tiers()
		return c[0].Acked > 40 && c[1].Acked > 15 && c[2].Acked > 20 && c[1].Unverified+c[2].Unverified == 0
	})
	// Tier 2 lags at both copies from here on: what is written now is not anywhere else.
	for _, site := range []string{"dc2", "dc3"} {
		if _, err := r.w.Inject(world.Fault{Kind: ReplicationLag, Target: site, Params: world.FaultParams{Mode: "tier2", Amount: 600}}, site); err != nil {
			t.Fatal(err)
		}
	}
	at := tiers()[1].Acked
	eventually(t, "tier 2 falls behind and says so", func() bool {
		d := r.site("dc1").state().Tiers["2"]
		return tiers()[1].Acked > at+10 && d.Missing["dc2"] > 5 && d.Behind["dc2"] > .2
	})
	r.w.setDark("dc1", "test", true)
	eventually(t, "the power is off", func() bool { return !r.w.State().Sites[0].Power })
	r.failOver("dc2", "dc3", 2)
	eventually(t, "the loss is seen", func() bool { c := tiers(); return c[1].Lost > 5 && c[2].Lost > 20 })
	s := r.settled(0, 2)
	if s.Lost != 0 || s.Tiers[0].RPOS != 0 || s.Tiers[1].Lost >= at || s.Tiers[1].RPOS <= .2 || s.Tiers[2].RPOS < s.Tiers[1].RPOS {
		t.Errorf("messages %+v, tiers %+v", s.MessengerCounts, s.Tiers)
	}
	r.w.setDark("dc1", "test", false)
	eventually(t, "the old site has set aside what nobody else had", func() bool {
		d := r.site("dc1").state().Tiers
		return d["2"].Quarantined >= s.Tiers[1].Lost
	})
}
