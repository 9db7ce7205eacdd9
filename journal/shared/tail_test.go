package shared

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"bongsu/journal"
)

// follower keeps what a tail hands out.
type follower struct {
	t    *testing.T
	got  chan Entry
	next uint64
	stop context.CancelFunc
	done chan error
}

func follow(t *testing.T, l *Log, after uint64) *follower {
	ctx, cancel := context.WithCancel(context.Background())
	f := &follower{t: t, got: make(chan Entry, 10_000), next: after + 1, stop: cancel, done: make(chan error, 1)}
	go func() {
		f.done <- l.Tail(ctx, after, func(e Entry) error { f.got <- e; return nil })
	}()
	t.Cleanup(cancel)
	return f
}

// upTo waits for every entry up to last, each once and in order.
func (f *follower) upTo(last uint64) {
	f.t.Helper()
	limit := time.After(2 * patience)
	for f.next <= last {
		select {
		case e := <-f.got:
			if e.Seq != f.next {
				f.t.Fatalf("entry %d was handed out, %d is next", e.Seq, f.next)
			}
			f.next++
		case err := <-f.done:
			f.t.Fatalf("the tail ended at %d: %v", f.next, err)
		case <-limit:
			f.t.Fatalf("entry %d was not handed out", f.next)
		}
	}
}

func appendN(t *testing.T, l *Log, n int) {
	t.Helper()
	for i := range n {
		if _, err := l.Append(within(t, patience), Draft{Kind: "note", Data: i}); err != nil {
			t.Fatal(err)
		}
	}
}

// A tail goes on through compactions, the loss of etcd's leader, the loss of the majority and its
// return; without a majority the log can be read and not written.
func TestTailOutlivesReconnectsAndCompaction(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 3)
	client := dial(t, c.cfgs)
	l := openLog(t, client, Options{Node: "a"})
	tail := follow(t, openLog(t, dial(t, c.cfgs), Options{}), 0)
	appendN(t, l, 50)
	tail.upTo(50)
	got, err := client.Get(within(t, patience), "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Compact(within(t, patience), got.Header.Revision); err != nil {
		t.Fatal(err)
	}
	appendN(t, l, 50)
	tail.upTo(100)
	resumed := follow(t, openLog(t, dial(t, c.cfgs), Options{}), 30)
	resumed.upTo(100)

	first := leaderOf(t, client, c.cfgs)
	c.stops[first]()
	appendN(t, l, 50)
	tail.upTo(150)

	second := (first + 1) % 3
	c.stops[second]()
	alone := c.cfgs[(first+2)%3 : (first+2)%3+1]
	cut := openLog(t, dial(t, alone), Options{})
	readOnly := follow(t, cut, 0)
	readOnly.upTo(150)
	if _, err := cut.Append(within(t, time.Second), Draft{Kind: "x", Key: "cut off"}); !errors.Is(err, ErrUnknown) {
		t.Errorf("a site cut off from the others writes: %v", err)
	}
	if _, err := cut.LastSeq(within(t, time.Second)); err == nil {
		t.Error("a site cut off from the others claims to know the newest entry")
	}
	c.start(t, second)
	last, err := l.Append(within(t, patience), Draft{Kind: "x", Key: "cut off"})
	if err != nil || last.Seq != 151 {
		t.Fatalf("%+v, %v", last, err)
	}
	appendN(t, l, 20)
	for _, f := range []*follower{tail, resumed, readOnly} {
		f.upTo(171)
	}
	wholeLog(t, l)
}

func TestTailEnds(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 1)
	l := openLog(t, dial(t, c.cfgs), Options{})
	if err := l.Tail(within(t, patience), 1, nil); !errors.Is(err, journal.ErrAhead) {
		t.Errorf("a position beyond the log: %v", err)
	}
	appendN(t, l, 3)
	mine := errors.New("mine")
	var taken int
	if err := l.Tail(within(t, patience), 0, func(Entry) error { taken++; return mine }); !errors.Is(err, mine) || taken != 1 {
		t.Errorf("after %d entries: %v", taken, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	taken = 0
	if err := l.Tail(ctx, 0, func(Entry) error { taken++; cancel(); return nil }); !errors.Is(err, context.Canceled) || taken != 1 {
		t.Errorf("after %d entries: %v", taken, err)
	}
}

// New entries reach a waiting tail by the watch, not by its slow look of its own.
func TestTailIsLive(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 1)
	l := openLog(t, dial(t, c.cfgs), Options{})
	tail := follow(t, openLog(t, dial(t, c.cfgs), Options{}), 0)
	var late []time.Duration
	for i := range uint64(40) {
		appendN(t, l, 1)
		written := time.Now()
		tail.upTo(i + 1)
		late = append(late, time.Since(written))
	}
	slices.Sort(late)
	half := late[len(late)/2] // other programs use this machine, too
	t.Logf("from written to tailed: p50 %v, worst %v", half, late[len(late)-1])
	if half > pollEvery/4 {
		t.Errorf("half of the entries came after %v and later: the tail waits for its own look", half)
	}
}
