package fire

import (
	"os"
	"slices"
	"testing"
	"time"
)

const randomTicks = 600

// randomRuns is how many random runs of ten minutes are judged: 60,000 ticks in an ordinary test,
// six million when there is time.
func randomRuns() uint64 {
	if os.Getenv("BONGSU_LONG") != "" {
		return 10000
	}
	return 100
}

func TestRandomRunsKeepTheInvariants(t *testing.T) {
	climbed := map[Stage]bool{}
	for seed := range randomRuns() {
		p := newPlant(t, seed, threeRacks())
		w, err := NewWatch(p.cfg)
		if err != nil {
			t.Fatal(err)
		}
		for range randomTicks {
			p.step()
			p.restart(t, w)
			d := p.tick()
			v := p.engine.View()
			if broken := w.Tick(Observation{Now: p.now, Inputs: p.in, Decisions: d, View: v}); len(broken) > 0 {
				t.Fatalf("seed %d at %v: %v", seed, p.now, broken)
			}
			for _, m := range v.Rooms {
				climbed[m.Stage] = true
			}
		}
	}
	for s := S0; s < stageCount; s++ {
		if !climbed[s] {
			t.Errorf("no run ever reached %s: the inputs are too tame to prove anything", s)
		}
	}
}

// With drills that begin and end at any time the plant is decided on as if there were none.
func TestADrillChangesNothingReal(t *testing.T) {
	drilled, aborted := 0, false
	for seed := range uint64(30) {
		p := newPlant(t, seed, threeRacks())
		p.ruled, p.calm = true, 600
		w, err := NewWatch(p.cfg)
		if err != nil {
			t.Fatal(err)
		}
		for range randomTicks {
			p.step()
			if p.rng.IntN(20) == 0 {
				p.in.Requests = append(p.in.Requests, Request{Kind: RequestDrillOn + RequestKind(p.rng.IntN(2))})
			}
			for i := range p.in.Racks {
				for k := range p.in.Racks[i].Sim {
					p.in.Racks[i].SimSet[k] = p.rng.IntN(3) > 0
					p.in.Racks[i].Sim[k] = Reading{Value: 85, Good: true, Refreshed: true}
				}
			}
			d := p.tick()
			drilled += len(d.DrillCommands)
			aborted = aborted || slices.Contains(d.Alarms, AlarmEvent{Name: pulseDrillAborted, Raised: true})
			if broken := w.Tick(Observation{Now: p.now, Inputs: p.in, Decisions: d, View: p.engine.View()}); len(broken) > 0 {
				t.Fatalf("seed %d at %v: %v", seed, p.now, broken)
			}
		}
	}
	if drilled == 0 || !aborted {
		t.Error("no drill ever got going, or none met a real event")
	}
}

// The wall clock jumps to and fro; the watch's own engine has none and must agree.
func TestTheWallClockDecidesNothing(t *testing.T) {
	for seed := range uint64(20) {
		p := newPlant(t, seed, threeRacks())
		w, err := NewWatch(p.cfg)
		if err != nil {
			t.Fatal(err)
		}
		wall, jumps := time.Unix(1_700_000_000, 0), 0
		for range randomTicks {
			p.step()
			wall = wall.Add(time.Duration(p.rng.IntN(7200)-3600) * time.Second)
			d := p.engine.Tick(p.now, wall, p.in)
			for _, k := range d.Commands {
				p.answer(k.Name, false)
			}
			jumps += len(d.Alarms)
			if broken := w.Tick(Observation{Now: p.now, Inputs: p.in, Decisions: d, View: p.engine.View()}); len(broken) > 0 {
				t.Fatalf("seed %d at %v: %v", seed, p.now, broken)
			}
		}
		if jumps == 0 {
			t.Fatal("the clock never jumped")
		}
	}
}

// A watch that begins in the middle of a fire, as after the start of a process, finds nothing wrong.
func TestAWatchMayBeginInTheMiddle(t *testing.T) {
	for seed := range uint64(40) {
		p := newPlant(t, seed, threeRacks())
		for range 50 + int(seed)*10 {
			p.step()
			p.tick()
		}
		s := p.engine.Snapshot()
		p.step()
		if err := p.engine.Restore(s, time.Second, p.now); err != nil {
			t.Fatal(err)
		}
		if seed%2 == 0 {
			p.step() // the first tick may come later than was thought
		}
		w, err := p.engine.Watch()
		if err != nil {
			t.Fatal(err)
		}
		for range 200 {
			d := p.tick()
			w.Tick(Observation{Now: p.now, Inputs: p.in, Decisions: d, View: p.engine.View()})
			p.step()
		}
		if b := w.Breaches(); len(b) > 0 {
			t.Fatalf("seed %d: %v", seed, b)
		}
	}
}
