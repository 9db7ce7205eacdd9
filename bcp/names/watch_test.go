package names

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bongsu/bcp"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// What several servers say, folded into one word per site.
func TestFold(t *testing.T) {
	view := func(alone string, epoch uint64, serial uint32, ago time.Duration) View {
		return View{Alone: alone, Epoch: epoch, Serial: serial, At: noon.Add(-ago)}
	}
	broken := View{At: noon, Err: ErrSilent}
	cases := []struct {
		name  string
		views []View
		want  bcp.Tri // of dc2 at epoch 2
		epoch uint64
	}{
		{"all lead there", []View{view("dc2", 2, 9, 0), view("dc2", 2, 9, time.Second)}, bcp.Yes, 2},
		{"only the primary", []View{view("dc2", 2, 9, 0), view("dc1", 1, 8, 0)}, bcp.Unseen, 2},
		{"one of them shares still", []View{view("dc2", 2, 9, 0), view("", 2, 8, 0)}, bcp.Unseen, 2},
		{"split in one serial", []View{view("dc2", 2, 9, 0), view("dc1", 2, 9, 0)}, bcp.No, 2},
		{"only the secondary", []View{view("dc1", 1, 8, 0), view("dc2", 2, 9, 0)}, bcp.Unseen, 2},
		{"none yet", []View{view("dc1", 1, 8, 0), view("dc1", 1, 8, 0)}, bcp.Unseen, 1},
		{"there at an older epoch", []View{view("dc2", 1, 8, 0), view("dc2", 1, 8, 0)}, bcp.Unseen, 1},
		{"a newer epoch", []View{view("dc2", 2, 9, 0), view("dc1", 3, 10, 0)}, bcp.No, 3},
		{"a newer epoch, seen long ago", []View{view("dc2", 2, 9, 0), view("dc1", 3, 10, time.Minute)}, bcp.Unseen, 2},
		{"one is silent", []View{view("dc2", 2, 9, 0), broken}, bcp.Unseen, 2},
		{"the primary is silent", []View{broken, view("dc2", 2, 9, 0)}, bcp.Unseen, 2},
		{"seen before our update", []View{view("dc2", 2, 9, 0), view("dc2", 2, 9, 2500*time.Millisecond)}, bcp.Unseen, 2},
		{"a look from the future", []View{view("dc2", 2, 9, 0), view("dc2", 2, 9, -time.Second)}, bcp.Yes, 2},
		{"never looked", []View{{}, {}}, bcp.Unseen, 0},
		{"no server", nil, bcp.Unseen, 0},
	}
	for _, c := range cases {
		f := fold(sight{now: noon, fresh: 3 * time.Second, wrote: noon.Add(-2 * time.Second), sites: []string{"dc1", "dc2"}}, c.views, nil)
		if got := f.Agreed("dc2", 2); got != c.want || f.Epoch != c.epoch {
			t.Errorf("%s: %v at epoch %d", c.name, got, f.Epoch)
		}
		if f.Epoch == 2 && (f.Agree["dc2"] != c.want || f.Agree["dc1"] == bcp.Yes) {
			t.Errorf("%s: %v", c.name, f.Agree)
		}
	}
	answers := []Answer{{Alone: "dc2", At: noon}, {Alone: "dc2", At: noon.Add(-time.Minute)}, {Alone: "dc2", At: noon, Err: ErrSilent}, {Alone: "dc1", At: noon}, {At: noon}}
	f := fold(sight{now: noon, fresh: 3 * time.Second, sites: []string{"dc1", "dc2"}}, nil, answers)
	if f.Resolvers["dc2"] != 1 || f.Resolvers["dc1"] != 1 || !f.Answers[0].Fresh || f.Answers[1].Fresh || f.Answers[2].Fresh {
		t.Errorf("%+v", f)
	}
	if answers[0].Fresh {
		t.Error("the fold has written into what it was given")
	}
}

// watched is a watcher whose servers are a function.
type watched struct {
	*Watcher
	mu    sync.Mutex
	looks []time.Time
	takes time.Duration
}

func watch(t *testing.T) *watched {
	n, err := New(testConfig("127.0.0.1:1"), "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	w := &watched{Watcher: NewWatcher(n, slog.New(slog.DiscardHandler))}
	w.view = func(ctx context.Context, i int) View {
		w.mu.Lock()
		at, takes := time.Now(), w.takes
		w.looks = append(w.looks, at)
		w.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-time.After(max(takes, time.Millisecond)):
		}
		return View{Server: "127.0.0.1:1", Primary: true, Alone: "dc2", Epoch: 2, At: at}
	}
	// A resolver takes a moment too: an answer in no time could come before the test's next line.
	w.answer = func(ctx context.Context, _ int) Answer {
		at := time.Now()
		select {
		case <-ctx.Done():
		case <-time.After(time.Millisecond):
		}
		return Answer{Alone: "dc2", At: at}
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *watched) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.looks)
}

// One look in ten seconds; one a second in a hurry, beginning at once; one more after each update of ours.
func TestHowOftenItLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		counts := func(what string, after time.Duration, want int) {
			t.Helper()
			before := w.count()
			time.Sleep(after)
			synctest.Wait()
			if got := w.count() - before; got != want {
				t.Errorf("%s: %d looks in %v, want %d", what, got, after, want)
			}
		}
		synctest.Wait()
		if w.count() != 1 {
			t.Errorf("%d looks at the start", w.count())
		}
		counts("at rest", 60*time.Second, 6)
		w.Hurry(true)
		w.Hurry(true)
		counts("in a hurry", 9500*time.Millisecond, 10)
		w.names.tried()
		counts("after an update", 100*time.Millisecond, 1)
		w.Hurry(false)
		counts("at rest again", 59*time.Second, 6)
	})
}

// Facts stop counting when no new look confirms them, and at our own update at once.
func TestFactsGrowOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t)
		w.Hurry(true)
		time.Sleep(1500 * time.Millisecond)
		agreed := func(what string, want bcp.Tri, resolvers int) {
			t.Helper()
			if f := w.Facts(time.Now()); f.Agree["dc2"] != want || f.Resolvers["dc2"] != resolvers || len(f.Views) != 1 || f.Views[0].Fresh != (want == bcp.Yes) {
				t.Errorf("%s: %+v", what, f)
			}
		}
		agreed("looked just now", bcp.Yes, 1)
		w.mu.Lock()
		w.takes = 700 * time.Millisecond
		w.mu.Unlock()
		w.names.tried()
		agreed("just written", bcp.Unseen, 0)
		time.Sleep(100 * time.Millisecond)
		agreed("the resolver has answered, the server not yet", bcp.Unseen, 1)
		time.Sleep(700 * time.Millisecond)
		agreed("looked since", bcp.Yes, 1)
		w.mu.Lock()
		w.takes = time.Hour
		w.mu.Unlock()
		time.Sleep(5 * time.Second)
		agreed("no look comes back", bcp.Unseen, 0)
	})
}
