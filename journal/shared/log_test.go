package shared

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"bongsu/journal"
)

// Eight writers in four Logs at once: every acknowledged entry stands once, where its writer was
// told, and the chain has no fork and no hole.
func TestManyWritersMakeOneChain(t *testing.T) {
	for _, n := range []int{1, 3} {
		t.Run(fmt.Sprintf("%d members", n), func(t *testing.T) {
			t.Parallel()
			c := startMembers(t, n)
			const writers, each = 8, 200
			logs := make([]*Log, 4)
			for i := range logs {
				logs[i] = openLog(t, dial(t, c.cfgs), Options{Site: "dc1", Node: fmt.Sprint("n", i)})
			}
			told := make([][]Entry, writers)
			var wg sync.WaitGroup
			for w := range writers {
				wg.Go(func() {
					for i := range each {
						e, err := logs[w%len(logs)].Append(within(t, 2*patience), Draft{Kind: "note", Actor: fmt.Sprint(w), Data: i})
						if err != nil {
							t.Error(err)
							return
						}
						told[w] = append(told[w], e)
					}
				})
			}
			wg.Wait()
			all := wholeLog(t, logs[0])
			if len(all) != writers*each {
				t.Fatalf("log has %d entries, want %d", len(all), writers*each)
			}
			for w, entries := range told {
				for i, e := range entries {
					at := all[e.Seq-1]
					if at.Hash != e.Hash || at.Actor != fmt.Sprint(w) || string(at.Data) != fmt.Sprint(i) {
						t.Fatalf("writer %d was told %+v, the log has %+v", w, e, at)
					}
				}
			}
		})
	}
}

// Writes whose request or answer is lost, or that arrive after their failure was reported, are
// written once, with and without a key.
func TestLostAnswersWriteOnce(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 1)
	plans := map[string]func(int) fault{
		"requests lost": func(n int) fault { return []fault{unsent, passes}[n%2] },
		"answers lost":  func(n int) fault { return []fault{unanswered, passes}[n%2] },
		"answers lost for a while": func(n int) fault {
			if n%4 < 3 {
				return unanswered
			}
			return passes
		},
		"late":  func(n int) fault { return []fault{late, passes}[n%2] },
		"mixed": func(n int) fault { return []fault{late, passes, unanswered, unsent, passes, passes}[n%6] },
	}
	for name, plan := range plans {
		for _, keyed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s keyed=%v", name, keyed), func(t *testing.T) {
				t.Parallel()
				prefix := fmt.Sprint(name, keyed)
				l := openLog(t, withFaults(t, c.cfgs, plan), Options{Prefix: prefix, Node: "n"})
				rival := openLog(t, dial(t, c.cfgs), Options{Prefix: prefix, Node: "rival"})
				var wg sync.WaitGroup
				for w := range 3 {
					wg.Go(func() {
						for i := range 8 {
							d := Draft{Kind: "note", Subject: fmt.Sprintf("%d/%d", w, i)}
							if keyed {
								d.Key = d.Subject
							}
							if _, err := l.Append(within(t, patience), d); err != nil {
								t.Error(err)
							}
							if _, err := rival.Append(within(t, patience), Draft{Kind: "rival"}); err != nil {
								t.Error(err)
							}
						}
					})
				}
				wg.Wait()
				seen := map[string]int{}
				for _, e := range wholeLog(t, l) {
					seen[e.Kind+e.Subject]++
				}
				for w := range 3 {
					for i := range 8 {
						if n := seen[fmt.Sprintf("note%d/%d", w, i)]; n != 1 {
							t.Errorf("entry %d/%d stands %d times", w, i, n)
						}
					}
				}
				if seen["rival"] != 24 {
					t.Errorf("rival wrote 24 entries, log has %d", seen["rival"])
				}
			})
		}
	}
}

// The second append of a key gives the first entry and writes nothing, whoever asks and whatever
// became of the first asker.
func TestKeyIsWrittenOnce(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 1)
	ctx, crash := context.WithCancel(context.Background())
	defer crash()
	crashed := openLog(t, withFaults(t, c.cfgs, func(n int) fault {
		if n > 1 {
			crash() // it has written, and an answer is never seen
		}
		return unanswered
	}), Options{Node: "a"})
	first, err := crashed.Append(ctx, Draft{Kind: "intent", Key: "run7/step1/1", Data: "first"})
	if err != nil && !errors.Is(err, ErrUnknown) {
		t.Fatal(err)
	}
	l := openLog(t, dial(t, c.cfgs), Options{Node: "b"})
	again, err := l.Append(within(t, patience), Draft{Kind: "intent", Key: "run7/step1/1", Data: "second"})
	if err != nil {
		t.Fatal(err)
	}
	if string(again.Data) != `"first"` || again.Node != "a" || (first.Seq != 0 && first.Hash != again.Hash) {
		t.Errorf("the first append was %+v, the second gave %+v", first, again)
	}
	// Many at once, among drafts without a key.
	var wg sync.WaitGroup
	got := make([]Entry, 16)
	for i := range got {
		wg.Go(func() {
			if _, err := l.Append(within(t, patience), Draft{Kind: "note"}); err != nil {
				t.Error(err)
			}
			var err error
			if got[i], err = openLog(t, dial(t, c.cfgs), Options{Node: fmt.Sprint(i)}).Append(within(t, patience), Draft{Kind: "intent", Key: "k", Data: i}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, e := range got {
		if e.Hash != got[0].Hash {
			t.Errorf("one key, two entries: %+v and %+v", got[0], e)
		}
	}
	if all := wholeLog(t, l); len(all) != 1+16+1 {
		t.Errorf("log has %d entries, want 18", len(all))
	}
}

func TestAppendSaysWhatIsKnown(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 1)
	lost := openLog(t, withFaults(t, c.cfgs, func(int) fault { return unsent }), Options{})
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if _, err := lost.Append(ctx, Draft{Kind: "x"}); !errors.Is(err, ErrUnknown) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("an entry on its way: %v", err)
	}
	done, cancel := context.WithCancel(context.Background())
	cancel()
	l := openLog(t, dial(t, c.cfgs), Options{})
	if _, err := l.Append(done, Draft{Kind: "x"}); !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnknown) {
		t.Errorf("a draft that was never sent: %v", err)
	}
	for name, d := range map[string]Draft{
		"no kind":      {},
		"data":         {Kind: "x", Data: make(chan int)},
		"not UTF-8":    {Kind: "x", Subject: "\xff"},
		"reserved key": {Kind: "x", Key: "~mine"},
	} {
		if _, err := l.Append(within(t, patience), d); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if _, err := l.Append(within(t, patience), Draft{Kind: "x", Data: strings.Repeat("x", maxEntry)}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	if _, err := l.Append(within(t, patience), Draft{Kind: "x", Data: strings.Repeat("<", 120_000) + strings.Repeat("x", 250_000)}); err != nil {
		t.Errorf("large, but not too large: %v", err)
	}
	l.Close()
	if _, err := l.Append(within(t, patience), Draft{Kind: "x"}); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if all := wholeLog(t, l); len(all) != 1 {
		t.Errorf("log has %d entries, want 1", len(all))
	}
}

// A damaged chain is named by its first bad entry, by each reader.
func TestBrokenChainIsNamed(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 1)
	client := dial(t, c.cfgs)
	put := func(l *Log, key, value string) {
		if _, err := client.Put(within(t, patience), key, value); err != nil {
			t.Fatal(err)
		}
	}
	get := func(l *Log, key string) string {
		r, err := client.Get(within(t, patience), key)
		if err != nil {
			t.Fatal(err)
		}
		return string(r.Kvs[0].Value)
	}
	drop := func(key string) {
		if _, err := client.Delete(within(t, patience), key); err != nil {
			t.Fatal(err)
		}
	}
	cases := map[string]struct {
		harm func(l *Log)
		want uint64
	}{
		"data changed": {func(l *Log) { put(l, l.keys.entry(4), strings.Replace(get(l, l.keys.entry(4)), "calm", "fire", 1)) }, 4},
		"time changed": {func(l *Log) {
			put(l, l.keys.entry(4), strings.Replace(get(l, l.keys.entry(4)), `"time":"2`, `"time":"3`, 1))
		}, 4},
		"not readable":        {func(l *Log) { put(l, l.keys.entry(5), "{") }, 5},
		"removed":             {func(l *Log) { drop(l.keys.entry(6)) }, 6},
		"newest removed":      {func(l *Log) { drop(l.keys.entry(10)) }, 10},
		"first removed":       {func(l *Log) { drop(l.keys.entry(1)) }, 1},
		"moved":               {func(l *Log) { put(l, l.keys.entry(7), get(l, l.keys.entry(8))) }, 7},
		"rewritten with hash": {func(l *Log) { put(l, l.keys.entry(3), forged(t, get(l, l.keys.entry(3)))) }, 4},
		"newest rewritten":    {func(l *Log) { put(l, l.keys.entry(10), forged(t, get(l, l.keys.entry(10)))) }, 10},
		"one too many":        {func(l *Log) { put(l, l.keys.entry(11), get(l, l.keys.entry(10))) }, 11},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			l := openLog(t, client, Options{Prefix: name})
			for range 10 {
				if _, err := l.Append(within(t, patience), Draft{Kind: "note", Data: "calm"}); err != nil {
					t.Fatal(err)
				}
			}
			tc.harm(l)
			_, err := l.Verify(within(t, patience))
			named(t, "Verify", err, tc.want)
			named(t, "Tail", l.Tail(within(t, patience), 0, func(Entry) error { return nil }), tc.want)
			before, err := l.After(within(t, patience), 0, 100, Local)
			named(t, "After", err, tc.want)
			if uint64(len(before)) > tc.want-1 {
				t.Errorf("After gave %d entries, the bad one is %d", len(before), tc.want)
			}
		})
	}
}

func named(t *testing.T, who string, err error, want uint64) {
	t.Helper()
	var b *Broken
	if !errors.Is(err, ErrBroken) || !errors.As(err, &b) || b.Seq != want {
		t.Errorf("%s says %v, want entry %d named", who, err, want)
	}
}

// forged changes an entry and gives it a hash that fits.
func forged(t *testing.T, stored string) string {
	t.Helper()
	e, err := decodeEntry([]byte(stored))
	if err != nil {
		t.Fatal(err)
	}
	e.Actor = "mallory"
	e.Hash = e.sum()
	return mustJSON(t, e)
}

// An entry that stands where the next should go stops the log instead of being overwritten.
func TestAppendDoesNotOverwrite(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 1)
	client := dial(t, c.cfgs)
	l := openLog(t, client, Options{})
	if _, err := client.Put(within(t, patience), l.keys.entry(1), "{}"); err != nil {
		t.Fatal(err)
	}
	_, err := l.Append(within(t, patience), Draft{Kind: "note"})
	named(t, "Append", err, 1)
}

func TestAfterPages(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 1)
	l := openLog(t, dial(t, c.cfgs), Options{})
	const n = 2*pageSize + 7
	for i := range n {
		if _, err := l.Append(within(t, patience), Draft{Kind: "note", Data: i}); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct{ after, limit, want int }{{0, n, n}, {0, n + 1, n}, {0, 1, 1}, {n - 1, 5, 1}, {n, 5, 0}, {n + 5, 5, 0}, {3, pageSize, pageSize}, {5, 0, 0}} {
		for _, how := range []Freshness{Newest, Local} {
			got, err := l.After(within(t, patience), uint64(tc.after), tc.limit, how)
			if err != nil || len(got) != tc.want || (len(got) > 0 && got[0].Seq != uint64(tc.after)+1) {
				t.Errorf("After(%d, %d) gave %d entries, %v; want %d", tc.after, tc.limit, len(got), err, tc.want)
			}
			if !slices.IsSortedFunc(got, func(a, b Entry) int { return int(a.Seq) - int(b.Seq) }) {
				t.Error("not in order")
			}
		}
	}
}

var _ clientv3.KV = (*faulty)(nil)

// A node that writes without rest does not keep another from writing.
func TestBusyWriterDoesNotHoldOffAnother(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 1)
	busy, other := openLog(t, dial(t, c.cfgs), Options{Node: "busy"}), openLog(t, dial(t, c.cfgs), Options{Node: "other"})
	ctx, stop := context.WithCancel(context.Background())
	var writing sync.WaitGroup
	begun := make(chan struct{})
	writing.Go(func() {
		begin := sync.OnceFunc(func() { close(begun) })
		for ctx.Err() == nil {
			if _, err := busy.Append(ctx, Draft{Kind: "note"}); err == nil {
				begin()
			}
		}
	})
	select {
	case <-begun:
	case <-time.After(patience):
		t.Error("the busy one writes nothing")
	}
	for i := range 10 {
		if _, err := other.Append(within(t, patience), Draft{Kind: "probe"}); err != nil {
			t.Errorf("probe %d: %v", i, err)
		}
	}
	stop()
	writing.Wait()
}
