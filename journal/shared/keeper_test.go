package shared

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// kept is one node with an archive and its keeper.
type kept struct {
	dir     string
	client  *clientv3.Client
	archive *Archive
	log     *Log
	keeper  *Keeper
	said    *spoken
	stop    func()
}

var keepers = []string{"a", "b", "c"}

func keep(t testing.TB, cfgs []MemberConfig, node, dir string) *kept {
	t.Helper()
	k := &kept{dir: dir, client: dial(t, cfgs), archive: openArchive(t, dir), said: &spoken{}}
	k.log = openLog(t, k.client, Options{Site: "dc1", Node: node, Archive: k.archive})
	var err error
	k.keeper, err = NewKeeper(KeeperConfig{Log: k.log, Node: node, Nodes: keepers, Keep: 1, Logger: slog.New(k.said)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = k.keeper.Run(ctx) }()
	k.stop = sync.OnceFunc(func() { cancel(); <-ended; _ = k.archive.Close() })
	t.Cleanup(k.stop)
	return k
}

// until waits for a condition.
func until(t testing.TB, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * patience); !so(); _ = sleep(t.Context(), 20*time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not in time: " + what)
		}
	}
}

// fillLog appends n entries with keys "<from>" and on.
func fillLog(t testing.TB, l *Log, from, n int) {
	t.Helper()
	var wg sync.WaitGroup
	work := make(chan int)
	for range 64 {
		wg.Go(func() {
			for i := range work {
				if _, err := l.Append(within(t, patience), Draft{Kind: "note", Key: fmt.Sprint(i), Data: i}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range n {
		work <- from + i
	}
	close(work)
	wg.Wait()
}

// One story of three nodes over one member. Old entries leave the members once all three have them, never
// before; nothing changes for who reads or repeats an append; a node that has lost its disk gets everything
// back from the others, proven; damage is put back; a forged archive is not used.
func TestOldEntriesLeaveAndNothingIsMissed(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 1)
	plain := openLog(t, dial(t, c.cfgs), Options{Node: "cli"})
	fillLog(t, plain, 0, 1500)
	a, b := keep(t, c.cfgs, "a", t.TempDir()), keep(t, c.cfgs, "b", t.TempDir())
	for _, k := range []*kept{a, b} {
		until(t, "two nodes have everything", func() bool { return k.archive.State().Held() == 1500 })
	}
	until(t, "a has looked what may leave", func() bool { return a.keeper.Status().Tip == 1500 })
	if s := a.keeper.Status(); s.Floor != 0 {
		t.Fatalf("entries up to %d have left although node c has none of them", s.Floor)
	}
	story := t // what a part of it starts lives on in the next
	d := keep(t, c.cfgs, "c", t.TempDir())
	until(t, "all but the newest have left", func() bool { return a.keeper.Status().Floor == 500 })

	t.Run("who reads misses nothing", func(t *testing.T) {
		whole := wholeLog(t, b.log)
		if len(whole) != 1500 {
			t.Errorf("%d entries", len(whole))
		}
		if _, err := plain.After(within(t, patience), 0, 10, Newest); !errors.Is(err, ErrAway) {
			t.Errorf("a process without an archive reads what has left: %v", err)
		}
		rest, err := plain.After(within(t, patience), 500, 2000, Newest)
		if err != nil || len(rest) != 1000 || rest[999].Hash != whole[1499].Hash {
			t.Errorf("the rest: %d entries, %v", len(rest), err)
		}
	})
	t.Run("a repeated append is never a second entry", func(t *testing.T) {
		first, err := b.log.Append(within(t, patience), Draft{Kind: "other", Key: "7"})
		if err != nil || first.Kind != "note" || first.Seq > 500 {
			t.Errorf("%+v, %v", first, err)
		}
		if e, err := plain.Append(within(t, patience), Draft{Kind: "other", Key: "7"}); !errors.Is(err, ErrAway) {
			t.Errorf("a process that cannot know has written %+v, %v", e, err)
		}
		if e, err := plain.Append(within(t, patience), Draft{Kind: "without a key"}); err != nil || e.Seq != 1501 {
			t.Errorf("%+v, %v", e, err)
		}
		if e, err := b.log.Append(within(t, patience), Draft{Kind: "note", Key: "new"}); err != nil || e.Seq != 1502 {
			t.Errorf("%+v, %v", e, err)
		}
	})
	t.Run("a lost disk is filled by the others", func(t *testing.T) {
		d.stop()
		d = keep(story, c.cfgs, "c", story.TempDir())
		until(t, "everything is back", func() bool { return d.archive.State().Held() == 1502 })
		if got, want := all(t, d.archive, 300), all(t, a.archive, 300); !slices.Equal(hashes(got), hashes(want)) {
			t.Errorf("%d entries, want %d", len(got), len(want))
		}
		if s := d.keeper.Status(); s.Took < 500 {
			t.Errorf("took %d entries of others", s.Took)
		}
	})
	t.Run("damage is put back", func(t *testing.T) {
		file := filepath.Join(d.dir, segmentName(1))
		d.stop()
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text[len(text)/4] ^= 1    // has left the members
		text[len(text)/10*9] ^= 1 // has not
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		d = keep(story, c.cfgs, "c", d.dir)
		until(t, "the damage is put back", func() bool { return d.archive.State().Held() == 1502 })
		if got, want := all(t, d.archive, 300), all(t, a.archive, 300); !slices.Equal(hashes(got), hashes(want)) {
			t.Errorf("%d entries, want %d", len(got), len(want))
		}
	})
	t.Run("nodes agree, and are heard when they do not", func(t *testing.T) {
		for _, k := range []*kept{a, b, d} {
			k.log.Tell(1502, "state-1")
		}
		until(t, "three states are the same", func() bool {
			peers := a.keeper.Status().Peers
			return len(peers) == 3 && !slices.ContainsFunc(peers, func(p Peer) bool {
				return !p.Agrees || p.Why != "" || p.State != SameState || p.Check.StateSeq != 1502
			})
		})
		b.log.Tell(1502, "state-2")
		until(t, "another state is told", func() bool {
			return slices.ContainsFunc(a.keeper.Status().Peers, func(p Peer) bool { return p.Node == "b" && p.State == OtherState && p.Why != "" })
		})
		if all := a.said.all(); !slices.ContainsFunc(slices.Collect(maps.Keys(all)), func(m string) bool { return strings.Contains(m, "do not agree") }) {
			t.Errorf("nothing was said of it: %v", all)
		}
	})
	t.Run("a forged archive is not used", func(t *testing.T) {
		d.stop()
		forged := chained(1500)
		dir := t.TempDir()
		x := openArchive(t, dir)
		put(t, x, forged)
		_ = x.Close()
		d = keep(story, c.cfgs, "c", dir)
		until(t, "it is taken out of use", func() bool { return d.keeper.Status().Why != "" })
		if e, err := d.log.After(within(t, patience), 600, 1, Newest); err != nil || len(e) != 1 || e[0].Hash == forged[600].Hash {
			t.Errorf("%v, %v", e, err)
		}
		if _, err := d.log.Append(within(t, patience), Draft{Kind: "note", Key: "7"}); !errors.Is(err, ErrAway) {
			t.Errorf("a key that it cannot know: %v", err)
		}
	})
}

// A node whose archive has become shorter between the question and the removal makes the removal fail.
func TestNothingLeavesWhatANodeNoLongerHolds(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 1)
	client := dial(t, c.cfgs)
	archive := openArchive(t, t.TempDir())
	l := openLog(t, client, Options{Node: "a", Archive: archive})
	fillLog(t, l, 0, 1100)
	page, err := l.After(within(t, patience), 0, 2000, Newest)
	if err != nil {
		t.Fatal(err)
	}
	put(t, archive, page)
	k, err := NewKeeper(KeeperConfig{Log: l, Node: "a", Nodes: []string{"a", "b"}, Keep: 1})
	if err != nil {
		t.Fatal(err)
	}
	ctx, keys := within(t, patience), newSpace("")
	tell := func(node string, seq uint64) {
		t.Helper()
		if err := k.say(ctx, keys.held(node), holding{Seq: seq}); err != nil {
			t.Fatal(err)
		}
	}
	tell("a", 1100)
	tell("b", 30)
	if more, err := k.pruneOnce(ctx); !more || err != nil {
		t.Fatal(more, err)
	}
	if k.floor(t) != 30 {
		t.Errorf("entries up to %d have left, want 30: node b has no more", k.floor(t))
	}
	tell("b", 1100)
	k.log.client.KV = shrinking{k.log.client.KV, func() { tell("b", 40) }}
	if more, err := k.pruneOnce(ctx); more || err != nil {
		t.Errorf("entries have left although node b says that it has lost them: %v, %v", more, err)
	}
	if k.floor(t) != 30 {
		t.Errorf("entries up to %d have left, want 30", k.floor(t))
	}
}

func (k *Keeper) floor(t testing.TB) uint64 {
	t.Helper()
	r, err := k.log.client.Get(within(t, patience), k.log.keys.floor())
	if err != nil {
		t.Fatal(err)
	}
	h, err := decodeHead(r)
	if err != nil {
		t.Fatal(err)
	}
	return h.Seq
}

// shrinking lets something happen between what a transaction was decided on and itself.
type shrinking struct {
	clientv3.KV
	first func()
}

func (s shrinking) Txn(ctx context.Context) clientv3.Txn {
	return &shrinkingTxn{Txn: s.KV.Txn(ctx), first: s.first}
}

type shrinkingTxn struct {
	clientv3.Txn
	first func()
	when  bool
}

func (t *shrinkingTxn) If(c ...clientv3.Cmp) clientv3.Txn {
	t.when = true
	t.Txn = t.Txn.If(c...)
	return t
}
func (t *shrinkingTxn) Then(o ...clientv3.Op) clientv3.Txn { t.Txn = t.Txn.Then(o...); return t }
func (t *shrinkingTxn) Commit() (*clientv3.TxnResponse, error) {
	if t.when {
		t.first()
	}
	return t.Txn.Commit()
}
