package collectors

import (
	"testing"
	"time"

	"bongsu/facility"
)

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func after(d time.Duration) time.Time { return epoch.Add(d) }

// twoUnits is an agenda of two units with one block of 1 s each, both answered at the epoch.
func twoUnits() (a *agenda, first, second *block) {
	a = &agenda{epoch: epoch}
	for id := byte(1); id <= 2; id++ {
		u := &unit{id: id, timeout: 500 * time.Millisecond}
		b := &block{blockPlan: blockPlan{fn: 3, count: 1, every: time.Second}, unit: u, due: after(time.Second)}
		u.blocks = []*block{b}
		a.units, a.blocks = append(a.units, u), append(a.blocks, b)
	}
	return a, a.blocks[0], a.blocks[1]
}

func TestBackoffDoublesToItsLimitAndSpreads(t *testing.T) {
	cases := []struct {
		fails  int
		chance float64
		want   time.Duration
	}{
		{0, 0.5, 0},
		{1, 0.5, 500 * time.Millisecond},
		{2, 0.5, time.Second},
		{4, 0.5, 4 * time.Second},
		{40, 0.5, 30 * time.Second},
		{40, 0, 22500 * time.Millisecond},
		{40, 1, 37500 * time.Millisecond},
	}
	for _, c := range cases {
		if got := backoff(c.fails, 30*time.Second, c.chance); got != c.want {
			t.Errorf("after %d failures (chance %v): %v, want %v", c.fails, c.chance, got, c.want)
		}
	}
}

func TestBlockKeepsToTheEpochAndCountsWhatItMissed(t *testing.T) {
	cases := []struct {
		name   string
		now    time.Duration // the block was due at 1 s
		due    time.Duration
		missed int
	}{
		{"in time", time.Second, 2 * time.Second, 0},
		{"late within its scan", 1900 * time.Millisecond, 2 * time.Second, 0},
		{"a whole scan late", 2 * time.Second, 3 * time.Second, 1},
		{"three scans late", 4500 * time.Millisecond, 5 * time.Second, 3},
		{"read before it was due", 500 * time.Millisecond, time.Second, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, b, _ := twoUnits()
			if missed := b.started(epoch, after(c.now)); missed != c.missed || !b.due.Equal(after(c.due)) {
				t.Errorf("missed %d, due %v; want %d, %v", missed, b.due.Sub(epoch), c.missed, c.due)
			}
		})
	}
}

func TestHealthyBlockGoesBeforeProbe(t *testing.T) {
	a, first, second := twoUnits()
	first.unit.fails, first.unit.nextTry = 1, after(time.Second)
	turn := a.next(after(time.Second), true)
	if turn.ask != second {
		t.Error("the probe went before a healthy unit's poll")
	}
	if len(turn.lost) != 1 || turn.lost[0] != first {
		t.Error("the failing unit's scan was left out instead of published as lost")
	}
	second.started(epoch, after(time.Second))
	if turn = a.next(after(time.Second), true); turn.ask != first {
		t.Error("the probe did not follow in the gap")
	}
}

func TestProbeWaitsForAGapThatFitsItsTimeout(t *testing.T) {
	a, first, second := twoUnits()
	first.unit.fails, first.unit.nextTry, first.due = 1, after(1600*time.Millisecond), after(10*time.Second)
	second.due = after(2 * time.Second)
	if turn := a.next(after(1600*time.Millisecond), true); turn.ask != nil || !turn.until.Equal(second.due) {
		t.Errorf("400 ms before a healthy poll: ask %v, wait until %v", turn.ask, turn.until.Sub(epoch))
	}
	second.started(epoch, after(2*time.Second))
	if turn := a.next(after(2*time.Second), true); turn.ask != first {
		t.Error("a whole scan was free, but the probe did not go")
	}
	second.due = after(3700 * time.Millisecond)
	if turn := a.next(after(3650*time.Millisecond), true); turn.ask != first {
		t.Error("the probe waits for ever for a gap")
	}
}

func TestProbesStayWithinTheirShare(t *testing.T) {
	a, first, _ := twoUnits()
	a.silent(first, epoch, after(500*time.Millisecond), time.Second, 0.5)
	if !a.probeAfter.IsZero() {
		t.Error("the first failure is no probe and must not delay the first retry")
	}
	a.silent(first, after(time.Second), after(1500*time.Millisecond), time.Second, 0.5)
	if want := after(3500 * time.Millisecond); !a.probeAfter.Equal(want) {
		t.Errorf("the next probe may go at %v, want %v", a.probeAfter.Sub(epoch), want.Sub(epoch))
	}
}

func TestOneSilentBlockDoesNotKeepItsUnitAway(t *testing.T) {
	a, _, _ := twoUnits()
	u := a.units[0]
	dead, fine := u.blocks[0], &block{blockPlan: blockPlan{fn: 4, count: 1, every: time.Second}, unit: u, due: after(time.Second)}
	u.blocks, a.blocks = append(u.blocks, fine), append(a.blocks, fine)
	now := after(1500 * time.Millisecond)
	if !a.silent(dead, after(time.Second), now, 30*time.Second, 0.5) || !u.failing() {
		t.Fatal("the first silence must take the whole unit for lost")
	}
	for _, b := range a.blocks {
		b.due = after(time.Minute)
	}
	now = after(2 * time.Second)
	if turn := a.next(now, true); turn.ask != fine {
		t.Fatal("the unit is probed by the block that failed, not by the one that never did")
	}
	a.alive(u, now)
	if !fine.due.Equal(now) || dead.fails != 1 {
		t.Error("when a unit is back, the rest of it is due at once")
	}
	if a.silent(dead, now, now.Add(500*time.Millisecond), 30*time.Second, 0.5) || u.failing() {
		t.Error("a block that stays silent while its unit answers must not take the unit away again")
	}
	if at, why := a.nextTry(); at.IsZero() || why == "" {
		t.Error("the block's next attempt is not visible")
	}
}

func TestEndpointDownLosesEverythingDue(t *testing.T) {
	a, _, _ := twoUnits()
	turn := a.next(after(time.Second), false)
	if len(turn.lost) != 2 || turn.ask != nil {
		t.Errorf("%d blocks lost, ask %v", len(turn.lost), turn.ask)
	}
	a.resume(after(1300 * time.Millisecond))
	if turn = a.next(after(1300*time.Millisecond), true); turn.ask == nil {
		t.Error("nothing is read when the endpoint is back")
	}
}

func TestQuickenedBlockIsReadSoonAndAgainUntilItShowsTheCommandDone(t *testing.T) {
	a, b, _ := twoUnits()
	start := after(1200 * time.Millisecond)
	b.due = after(2 * time.Second)
	b.quicken(boost{ref: 7, equals: 1, until: start.Add(3 * time.Second)}, start)
	for _, want := range []time.Duration{0, 100, 350, 600} {
		at := start.Add(want * time.Millisecond)
		if !b.wakes().Equal(at) {
			t.Fatalf("next look %v after the command, want %v", b.wakes().Sub(start), want*time.Millisecond)
		}
		b.started(a.epoch, at)
		b.calm([]facility.Sample{{Point: 7, Quality: facility.Good, Value: 0}}, at)
	}
	b.calm([]facility.Sample{{Point: 7, Quality: facility.Bad, Value: 1}}, start)
	if len(b.boosts) == 0 {
		t.Error("a bad sample is no proof")
	}
	b.calm([]facility.Sample{{Point: 7, Quality: facility.Good, Value: 1}}, start)
	if len(b.boosts) != 0 || !b.wakes().Equal(b.due) {
		t.Error("still quickened although the feedback shows the command done")
	}
	b.quicken(boost{ref: 7, equals: 1, until: start.Add(time.Second)}, start)
	b.calm(nil, start.Add(time.Second))
	if len(b.boosts) != 0 {
		t.Error("still quickened behind the command's deadline")
	}
}
