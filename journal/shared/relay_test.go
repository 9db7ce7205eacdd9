package shared

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

// field is a field's journal in memory.
type field struct {
	mu      sync.Mutex
	entries []journal.Entry
	moved   chan struct{}
}

func newField() *field { return &field{moved: make(chan struct{})} }

// add writes one entry; name goes into the hashes, so that journals differ.
func (f *field) add(name, kind string, data any) journal.Entry {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, _ := json.Marshal(data)
	e := journal.Entry{Seq: uint64(len(f.entries)) + 1, Time: time.UnixMilli(int64(len(f.entries))).UTC(), Kind: kind, Actor: "fire", Subject: "r1", Data: b}
	if n := len(f.entries); n > 0 {
		e.Prev = f.entries[n-1].Hash
	}
	e.Hash = fmt.Sprintf("%s-hash-of-entry-%d", name, e.Seq)
	f.entries = append(f.entries, e)
	close(f.moved)
	f.moved = make(chan struct{})
	return e
}

func (f *field) stages(name string, n int) *field {
	for i := range n {
		f.add(name, KindStage, facility.StageChange{Room: "b1", To: fmt.Sprint("S", i)})
	}
	return f
}

// lose makes an entry unreadable.
func (f *field) lose(seq uint64) *field {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.entries[seq-1].Seq = 0
	return f
}

func (f *field) tail(ctx context.Context, after uint64, fn func(journal.Entry) error) error {
	for {
		f.mu.Lock()
		n, moved := uint64(len(f.entries)), f.moved
		all := slices.Clone(f.entries)
		f.mu.Unlock()
		if after > n {
			return fmt.Errorf("%w: it ends at %d", journal.ErrAhead, n)
		}
		for _, e := range all[after:] {
			if e.Seq == 0 {
				continue
			}
			if err := fn(e); err != nil {
				return err
			}
		}
		after = n
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// relaying runs a relay until stopped.
func relaying(t *testing.T, l *Log, tail func(context.Context, uint64, func(journal.Entry) error) error) (r *Relay, stop func()) {
	r = NewRelay(RelayConfig{Log: l, Field: "field1", Tail: tail})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("relay ended: %v", err)
		}
	})
	t.Cleanup(stop)
	return r, stop
}

// reaches waits until the relay has noted seq.
func reaches(t *testing.T, r *Relay, seq uint64) {
	t.Helper()
	for end := time.Now().Add(patience); r.Status().Position.Seq != seq; time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("relay stands at %+v, want %d", r.Status(), seq)
		}
	}
}

// origins is journal and number of each relayed entry, in the log's order.
func origins(t *testing.T, l *Log) []string {
	t.Helper()
	var out []string
	for _, e := range wholeLog(t, l) {
		out = append(out, fmt.Sprint(e.Origin.Journal, " ", e.Origin.Seq))
	}
	return out
}

func wants(id string, from, to int) []string {
	var out []string
	for i := from; i <= to; i++ {
		out = append(out, fmt.Sprint(id, " ", i))
	}
	return out
}

func TestWhatIsCarried(t *testing.T) {
	for name, tc := range map[string]struct {
		kind string
		data any
		want bool
	}{
		"stage":                  {"stage", facility.StageChange{Room: "b1", To: "S1"}, true},
		"alarm of priority 1":    {"alarm", facility.Alarm{ID: "a", Priority: 1}, true},
		"alarm of priority 2":    {"alarm", facility.Alarm{ID: "a", Priority: 2}, true},
		"alarm of priority 3":    {"alarm", facility.Alarm{ID: "a", Priority: 3}, false},
		"alarm not readable":     {"alarm", "?", true},
		"command":                {"command", facility.CommandRecord{}, false},
		"snapshot":               {"fire.state", nil, false},
		"gap in the journal":     {journal.KindGap, nil, true},
		"damage of the journal":  {journal.KindDamage, nil, true},
		"damage seen by someone": {journal.KindAccepted, nil, false},
	} {
		if got := carried(newField().add("x", tc.kind, tc.data)); got != tc.want {
			t.Errorf("%s: carried %v, want %v", name, got, tc.want)
		}
	}
}

// The relay dies at every write it makes: before it leaves, after it is done, or with the write
// still on its way. The next relay leaves nothing out and repeats nothing.
func TestRelayIsExactlyOnceOverCrashes(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 1)
	const entries = 4*batchLimit + 10
	for name, what := range map[string]fault{"before the append": unsent, "after the append": unanswered, "during the append": late} {
		for at := 1; at <= entries/batchLimit+1; at++ {
			t.Run(fmt.Sprint(name, " ", at), func(t *testing.T) {
				t.Parallel()
				opts := Options{Prefix: fmt.Sprint(name, at), Site: "dc1"}
				f := newField()
				for i := range entries {
					f.stages("j", 1)
					f.add("j", "command", i)
				}
				died := make(chan struct{})
				doomed := openLog(t, withFaults(t, c.cfgs, func(n int) fault {
					if n < at {
						return passes
					}
					if n == at {
						close(died)
						return what
					}
					return unsent
				}), opts)
				_, kill := relaying(t, doomed, f.tail)
				select {
				case <-died:
				case <-time.After(patience):
					t.Fatalf("there was no write %d", at)
				}
				go kill()
				l := openLog(t, dial(t, c.cfgs), opts)
				r, _ := relaying(t, l, f.tail)
				f.add("j", KindStage, "last")
				reaches(t, r, 2*entries+1)
				var want []string
				for i := range entries + 1 {
					want = append(want, fmt.Sprint(short("j-hash-of-entry-1"), " ", 2*i+1))
				}
				if got := origins(t, l); !slices.Equal(got, want) {
					t.Errorf("%d entries, want %d: %v", len(got), len(want), got)
				}
			})
		}
	}
}

// Two relays of the same field at once, which should not be, still repeat nothing.
func TestTwoRelaysDoNotDouble(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 1)
	f := newField()
	a, b := openLog(t, dial(t, c.cfgs), Options{Site: "dc1", Node: "a"}), openLog(t, dial(t, c.cfgs), Options{Site: "dc1", Node: "b"})
	ra, _ := relaying(t, a, f.tail)
	relaying(t, b, f.tail)
	for range 20 {
		f.stages("j", 5)
	}
	reaches(t, ra, 100)
	if got := origins(t, a); !slices.Equal(got, wants(short("j-hash-of-entry-1"), 1, 100)) {
		t.Errorf("%v", got)
	}
}

// A journal that takes the place of another is relayed from its start; the same journal is not,
// even if parts of it can no longer be read.
func TestReplacedFieldJournal(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 1)
	const a, b = "a-hash-of-entry-", "b-hash-of-entry-"
	old := wants(a, 1, 10)
	back := newField().stages("a", 5)
	back.stages("b", 8)
	for name, tc := range map[string]struct {
		then     *field
		seq      uint64
		want     []string
		replaced int
	}{
		"shorter":                 {newField().stages("b", 3), 3, wants(b, 1, 3), 1},
		"as long":                 {newField().stages("b", 10), 10, wants(b, 1, 10), 1},
		"longer":                  {newField().stages("b", 14), 14, wants(b, 1, 14), 1},
		"set back, then others":   {back, 13, wants(a, 6, 13), 1},
		"the same":                {newField().stages("a", 12), 12, wants(a, 11, 12), 0},
		"the same, start damaged": {newField().stages("a", 12).lose(1), 12, wants(a, 11, 12), 0},
		"the same, mark damaged":  {newField().stages("a", 12).lose(10), 12, wants(a, 11, 12), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := openLog(t, dial(t, c.cfgs), Options{Prefix: name, Site: "dc1"})
			r, stop := relaying(t, l, newField().stages("a", 10).tail)
			reaches(t, r, 10)
			stop()
			r, _ = relaying(t, l, tc.then.tail)
			reaches(t, r, tc.seq)
			if got := origins(t, l); !slices.Equal(got, slices.Concat(old, tc.want)) {
				t.Errorf("%v, want %v", got, slices.Concat(old, tc.want))
			}
			if got := r.Status().Position.Replaced; got != tc.replaced {
				t.Errorf("replaced %d times, want %d", got, tc.replaced)
			}
		})
	}
}

// While the member is away nothing is lost, and people can see that the relay waits. The field's
// journal is a real one here.
func TestRelayWaitsForEtcd(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 1)
	local, err := journal.Open(t.TempDir(), journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = local.Run(ctx) })
	defer running.Wait()
	defer cancel()
	l := openLog(t, dial(t, c.cfgs), Options{Site: "dc1", Node: "a"})
	r, stop := relaying(t, l, local.Tail)
	defer stop()
	stage := func(to string) {
		if _, err := local.Append(ctx, journal.Draft{Kind: "stage", Actor: "fire", Subject: "b1", Data: facility.StageChange{Room: "b1", To: to}}); err != nil {
			t.Error(err)
		}
	}
	stage("S1")
	reaches(t, r, 1)
	c.stops[0]()
	for i := range 100 {
		stage(fmt.Sprint("S", i))
	}
	for end := time.Now().Add(patience); r.Status().Err == ""; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nobody is told that the relay waits")
		}
	}
	c.start(t, 0)
	reaches(t, r, 101)
	all := wholeLog(t, l)
	first, _ := local.After(0, 1)
	if len(all) != 101 || all[0].Origin.Hash != first[0].Hash || all[0].Origin.Field != "field1" || all[0].Site != "dc1" || string(all[0].Data) != string(first[0].Data) {
		t.Errorf("%d entries; the first is %+v", len(all), all[0])
	}
	if s := r.Status(); s.Err != "" || s.Carried != 101 {
		t.Errorf("status %+v", s)
	}
}

// An entry no shared log can hold does not stop the ones behind it.
func TestRelayNamesWhatIsTooLarge(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 1)
	l := openLog(t, dial(t, c.cfgs), Options{Site: "dc1"})
	f := newField()
	f.add("j", KindStage, string(make([]byte, maxEntry)))
	f.stages("j", 1)
	r, _ := relaying(t, l, f.tail)
	reaches(t, r, 2)
	if all := wholeLog(t, l); len(all) != 2 || string(all[0].Data) != `{"too_large":true}` || all[0].Origin.Seq != 1 {
		t.Errorf("%d entries", len(all))
	}
}
