package fire

import (
	"encoding/json"
	"slices"
	"testing"
	"time"
)

// retold is one case played again, with something done between two of its ticks.
func retold(t *testing.T, raw json.RawMessage, at int, do func(run *evalRun)) *evalRun {
	t.Helper()
	run, id, err := parseCase(raw)
	if err != nil {
		t.Fatal(id, err)
	}
	if at >= 0 {
		run.script = append(run.script, evalDo{t: at, do: func() { do(run) }})
		slices.SortStableFunc(run.script, func(a, b evalDo) int { return a.t - b.t })
	}
	run.play()
	return run
}

// wipe is all that a restart may forget: counters, histories and what follows from them. Everything
// that is not named here must outlive it.
func wipe(c *core) {
	c.started, c.prev = false, c.now
	for _, r := range c.racks {
		r.blind, r.safe, r.bmsScans, r.smokeFire, r.alone = since{}, since{}, 0, false, false
		for i := range r.ch {
			ch := &r.ch[i]
			ch.state, ch.value, ch.fresh, ch.seen = ChannelUnknown, 0, false, false
			ch.count, ch.over, ch.alone, ch.history = [3]int{}, [3]bool{}, [3]int{}, nil
			ch.stepFrom, ch.stepped, ch.frozen = c.lim.StartC, since{}, frozen{}
			if !ch.bad {
				ch.badAt = since{} // a value in doubt is doubted anew
			}
		}
	}
}

// A restart at any tick of any case changes nothing but what it takes to count again: the same case,
// with only the counters wiped at that tick, gives the same commands, alarms and stages second by second.
func TestARestartAtAnyTickChangesNothing(t *testing.T) {
	raws := slices.Concat(readTestdata(t, "testdata/fire_cases.json"), readTestdata(t, "testdata/own_cases.json"))
	played := 0
	for n, raw := range raws {
		_, id, err := parseCase(raw)
		if err != nil {
			t.Fatal(err)
		}
		whole := retold(t, raw, -1, nil)
		step := max(1, whole.end/8)
		if long() {
			step = 1
		}
		for at := 1 + n%step; at <= whole.end; at += step {
			played++
			again := retold(t, raw, at, func(run *evalRun) {
				if run.down || run.crashed { // the case's own outage
					return
				}
				var err error
				if run.watch, err = NewWatch(run.cfg); err != nil {
					t.Fatal(err)
				}
				run.watch.known = false
				run.crash(0)
			})
			wiped := retold(t, raw, at, func(run *evalRun) {
				if run.down || run.crashed {
					return
				}
				run.engine.wall = time.Time{} // a jump of the clock over an outage is not this engine's to notice
				wipe(run.engine.real)
				if run.engine.drill != nil {
					wipe(run.engine.drill)
				}
				run.alarms = append(run.alarms, evalEvent{at, pulseRestart})
			})
			if again.watch == nil {
				continue
			}
			if b := again.watch.Breaches(); len(b) > 0 {
				t.Errorf("%s, restarted at %d s: %v", id, at, b)
			}
			if !slices.Equal(again.commands, wiped.commands) {
				t.Errorf("%s, restarted at %d s: commands\n%v, with the counters wiped\n%v", id, at, again.commands, wiped.commands)
			}
			if !slices.Equal(again.alarms, wiped.alarms) {
				t.Errorf("%s, restarted at %d s: alarms\n%v, with the counters wiped\n%v", id, at, again.alarms, wiped.alarms)
			}
			for i, rack := range again.racks {
				if got, want := again.engine.reports(i), wiped.engine.reports(i); got != want {
					t.Errorf("%s, restarted at %d s: %s ends in %s, with the counters wiped in %s", id, at, rack, got, want)
				}
			}
		}
	}
	t.Logf("%d restarts in %d cases", played, len(raws))
}
