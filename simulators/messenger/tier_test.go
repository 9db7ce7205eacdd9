package messenger

import (
	"errors"
	"fmt"
	"math/rand/v2"
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

// Three copies of a tier under a random hand: writes, copies to whoever is next, and changes of the writer. In
// the end all are alike, and what was written is there or in somebody's quarantine.
func TestNothingOfALowerTierVanishes(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 3))
		logs := []*tierLog{newTierLog("dc1", 0), newTierLog("dc2", 0), newTierLog("dc3", 0)}
		sent, writer, epoch := make([]int64, 3), 0, uint64(1)
		var written []string
		put := func() {
			id := fmt.Sprint(seed, "-", len(written))
			logs[writer].put(epoch, id, "kim", "x", noon)
			written = append(written, id)
		}
		// deliver is one call of the writer, as a site makes it; false once there is nothing to copy.
		deliver := func(to int) bool {
			l := logs[writer]
			sent[to] = min(sent[to], l.last().Seq)
			prev, _ := l.at(sent[to])
			records := l.after(sent[to], 1+rng.IntN(4))
			if len(records) == 0 {
				return false
			}
			if err := logs[to].take(prev, records, false); err == nil {
				sent[to] += int64(len(records))
				return true
			} else if !errors.Is(err, errGap) {
				t.Fatalf("seed %d: %v", seed, err)
			}
			here, _ := logs[to].at(prev.Seq)
			sent[to] = l.back(logs[to].last(), here)
			return true
		}
		for range 120 {
			switch n := rng.IntN(10); {
			case n < 6:
				put()
			case n < 9:
				if to := rng.IntN(3); to != writer {
					deliver(to)
				}
			default:
				writer, epoch = rng.IntN(3), epoch+1
				for i := range sent {
					sent[i] = logs[writer].last().Seq
				}
			}
		}
		for range logs[0].last().Seq + logs[1].last().Seq + logs[2].last().Seq {
			put() // so that the writer's log is the longest: what contradicts it has to go
		}
		found := map[string]bool{}
		for i, l := range logs {
			for round := 0; i != writer && deliver(i); round++ {
				if round > 10_000 {
					t.Fatalf("seed %d: copying to %d does not end", seed, i)
				}
			}
			if l.last() != logs[writer].last() || len(l.records) != len(logs[writer].records) {
				t.Fatalf("seed %d: %d ends at %+v, the writer at %+v", seed, i, l.last(), logs[writer].last())
			}
			for _, r := range append(l.quarantined, l.records...) {
				found[r.ID] = true
			}
		}
		for _, id := range written {
			if !found[id] {
				t.Fatalf("seed %d: %s vanished", seed, id)
			}
		}
	}
}

// The power of the serving site goes: of the messages nothing is lost, of the lower tiers what was not copied
// yet; the old site keeps that apart when it comes back.
func TestTiersLoseWhatTheirLagSays(t *testing.T) {
	t.Parallel()
	cfg := rigConfig(8, 40)
	cfg.Load.Background = 100
	cfg.Tiers = facility.MessengerTiers{Two: time.Millisecond, Three: 10 * time.Minute}
	r := startWith(t, cfg)
	r.judgeSoon()
	tiers := func() []TierCounts { return r.w.State().Tiers }
	eventually(t, "all tiers are written and read back", func() bool {
		c := tiers()
		return c[0].Acked > 40 && c[1].Acked > 15 && c[2].Acked > 20 && c[1].Unverified+c[2].Unverified == 0 &&
			r.site("dc2").state().Tiers["2"].Last > 10
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
	copied := r.site("dc2").state().Tiers["2"].Last
	alone := int(r.site("dc1").state().Tiers["2"].Last - copied)
	r.failOver("dc2", "dc3", 2)
	eventually(t, "the loss is seen", func() bool { c := tiers(); return c[1].Lost > 5 && c[2].Lost > 20 })
	s := r.settled(0, 2)
	if s.Lost != 0 || s.Tiers[0].RPOS != 0 || s.Tiers[1].Lost > alone || s.Tiers[1].RPOS <= .2 || s.Tiers[2].RPOS < s.Tiers[1].RPOS {
		t.Errorf("%d of tier 2 copied and %d not; messages %+v, tiers %+v", copied, alone, s.MessengerCounts, s.Tiers)
	}
	r.w.setDark("dc1", "test", false)
	eventually(t, "the old site has set aside what nobody else had", func() bool {
		d := r.site("dc1").state().Tiers
		return d["2"].Quarantined >= s.Tiers[1].Lost
	})
}
