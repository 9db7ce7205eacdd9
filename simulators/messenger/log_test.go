package messenger

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// filled is a replica's log with records of the given epochs, the first n of them committed.
func filled(self string, committed int64, epochs ...uint64) *groupLog {
	l := newGroupLog(self, "dc1")
	for i, e := range epochs {
		l.push(record{Seq: int64(i + 1), Epoch: e, ID: fmt.Sprintf("r%d.%d", i+1, e)})
		l.promised = max(l.promised, e)
	}
	l.commit(committed)
	return l
}

// Who may write at which epoch, as one table.
func TestEpochsFence(t *testing.T) {
	cases := []struct {
		name string
		do   func(l *groupLog) error // on dc2's log, which has promised epoch 3 to dc1
		want error
	}{
		{"the primary's records", func(l *groupLog) error { return l.accept(appendCall{From: "dc1", Epoch: 3}) }, nil},
		{"records of an older epoch", func(l *groupLog) error { return l.accept(appendCall{From: "dc1", Epoch: 2}) }, errStaleEpoch},
		{"another site at the same epoch", func(l *groupLog) error { return l.accept(appendCall{From: "dc3", Epoch: 3}) }, errEpochClaims},
		{"another site at a newer epoch", func(l *groupLog) error { return l.accept(appendCall{From: "dc3", Epoch: 4}) }, nil},
		{"a write at a replica", func(l *groupLog) error { _, err := l.write(record{ID: "x"}); return err }, errNotPrimary},
		{"a write behind a fence", func(l *groupLog) error { _ = l.fence(4); _, err := l.write(record{ID: "x"}); return err }, errReadOnly},
		{"an old fence", func(l *groupLog) error { return l.fence(2) }, errStaleEpoch},
		{"a promise for an old epoch", func(l *groupLog) error { _, err := l.promise(2, "dc3"); return err }, errStaleEpoch},
		{"a promise twice given", func(l *groupLog) error { _, err := l.promise(3, "dc3"); return err }, errEpochClaims},
		{"a promise after a fence of the same epoch", func(l *groupLog) error { _ = l.fence(4); _, err := l.promise(4, "dc3"); return err }, nil},
		{"two candidates after a fence", func(l *groupLog) error {
			_ = l.fence(4)
			_, _ = l.promise(4, "dc3")
			_, err := l.promise(4, "dc2")
			return err
		}, errEpochClaims},
		{"the old primary after a promise", func(l *groupLog) error {
			_, _ = l.promise(4, "dc3")
			return l.accept(appendCall{From: "dc1", Epoch: 3})
		}, errStaleEpoch},
		{"a fence on the leader of that epoch", func(l *groupLog) error { _, _ = l.promise(4, "dc2"); l.lead(); return l.fence(4) }, errStaleEpoch},
	}
	for _, c := range cases {
		l := newGroupLog("dc2", "dc1")
		l.promised = 3
		if err := c.do(l); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestReplicaFollowsItsPrimary(t *testing.T) {
	sent := []record{{Seq: 3, Epoch: 2, ID: "r3.2"}, {Seq: 4, Epoch: 2, ID: "r4.2"}}
	cases := []struct {
		name      string
		log       *groupLog
		call      appendCall
		want      error
		last      position
		committed int64
	}{
		{"next in line", filled("dc2", 1, 1, 1), appendCall{Prev: position{1, 2}, Records: sent, Committed: 3}, nil, position{2, 4}, 3},
		{"the same again", filled("dc2", 3, 1, 1, 2, 2), appendCall{Prev: position{1, 2}, Records: sent, Committed: 3}, nil, position{2, 4}, 3},
		{"a hole before it", filled("dc2", 1, 1), appendCall{Prev: position{1, 2}, Records: sent}, errGap, position{1, 1}, 1},
		{"a tail nobody committed", filled("dc2", 2, 1, 1, 1, 1, 1), appendCall{Prev: position{1, 2}, Records: sent, Committed: 9}, nil, position{2, 4}, 4},
		{"another history", filled("dc2", 0, 2, 2), appendCall{Prev: position{1, 2}, Records: sent}, errGap, position{2, 2}, 0},
		{"a committed record contradicted", filled("dc2", 3, 1, 1, 1), appendCall{Prev: position{1, 2}, Records: sent}, errDiverged, position{1, 3}, 3},
		{"a commit beyond what is proven alike", filled("dc2", 0, 1, 1, 1), appendCall{Prev: position{1, 1}, Committed: 3}, nil, position{1, 3}, 1},
		{"a start anew", filled("dc2", 1, 1), appendCall{Prev: position{1, 2}, Records: sent, Committed: 4, Reset: true}, nil, position{2, 4}, 4},
	}
	for _, c := range cases {
		c.call.From, c.call.Epoch = "dc1", 5
		if err := c.log.accept(c.call); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if c.log.last() != c.last || c.log.committed != c.committed {
			t.Errorf("%s: ends at %+v, committed %d; want %+v, %d", c.name, c.log.last(), c.log.committed, c.last, c.committed)
		}
		for _, r := range c.log.records {
			if c.log.index[r.ID] != r.Seq {
				t.Errorf("%s: the index has lost %s", c.name, r.ID)
			}
		}
		if len(c.log.index) != len(c.log.records) {
			t.Errorf("%s: %d names for %d records", c.name, len(c.log.index), len(c.log.records))
		}
	}
}

func TestTheSameWriteIsOneRecord(t *testing.T) {
	l := newGroupLog("dc1", "dc1")
	first, err := l.write(record{ID: "a"})
	again, err2 := l.write(record{ID: "a"})
	if err != nil || err2 != nil || first != again || len(l.records) != 1 {
		t.Errorf("%d and %d, %v, %v, %d records", first, again, err, err2, len(l.records))
	}
}

func TestTrimKeepsWhatSomebodyNeeds(t *testing.T) {
	l := newGroupLog("dc1", "dc1")
	for i := range keptRecords + 20_000 {
		if _, err := l.write(record{ID: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	l.commit(l.last().Seq)
	l.trim(10)
	if l.base.Seq != 0 {
		t.Fatalf("forgot up to %d what a replica lacks", l.base.Seq)
	}
	l.trim(l.committed)
	if l.base.Seq != 20_000 || len(l.records) != keptRecords || len(l.index) != keptRecords {
		t.Errorf("base %d, %d records, %d names", l.base.Seq, len(l.records), len(l.index))
	}
	if _, ok := l.find("20000", everything); !ok {
		t.Error("the oldest kept record is not found")
	}
}

// Three logs under a random hand: writes, deliveries in any order, fences and promotions with the majority
// rule. Whatever was once on two sites under its own epoch stays in the log of every later leader.
func TestCommittedRecordsSurviveAnyPromotion(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 11))
		names := []string{"dc1", "dc2", "dc3"}
		logs := map[string]*groupLog{}
		for _, n := range names {
			logs[n] = newGroupLog(n, "dc1")
		}
		epoch, kept := uint64(1), map[int64]string{}
		for range 200 {
			a, b := names[rng.IntN(3)], names[rng.IntN(3)]
			l, o := logs[a], logs[b]
			switch {
			case rng.IntN(12) == 0 && a != b:
				epoch++
				own, err := l.promise(epoch, a)
				other, err2 := o.promise(epoch, a)
				if err == nil && err2 == nil && !own.before(other) {
					l.lead()
					for seq, id := range kept {
						if r, ok := l.at(seq); !ok || l.records[r.Seq-1].ID != id {
							t.Fatalf("seed %d: %s leads epoch %d without record %d (%s)", seed, a, epoch, seq, id)
						}
					}
				}
			case rng.IntN(20) == 0:
				l.restart()
			case l.role == rolePrimary && rng.IntN(2) == 0:
				if _, err := l.write(record{ID: fmt.Sprintf("%s-%d-%d", a, epoch, rng.Int())}); err != nil {
					t.Fatal(err)
				}
			case l.role == rolePrimary && a != b:
				from := min(o.committed, l.last().Seq)
				prev, _ := l.at(from)
				if o.accept(appendCall{From: a, Epoch: l.promised, Prev: prev, Records: l.after(from, 50), Committed: l.committed}) == nil {
					if last := l.last(); last.Epoch == l.promised && o.last() == last {
						l.commit(last.Seq)
						for _, r := range l.records {
							kept[r.Seq] = r.ID
						}
					}
				}
			}
		}
		if len(kept) == 0 && seed == 0 {
			t.Error("nothing was ever committed: the test proves nothing")
		}
		all := []int{}
		for _, l := range logs {
			all = append(all, len(l.records))
		}
		if slices.Max(all) == 0 {
			t.Fatalf("seed %d wrote nothing", seed)
		}
	}
}
