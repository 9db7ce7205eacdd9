package wire

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// patience is how long a test waits for what has to come, on a machine that may be busy with other things.
const patience = 60 * time.Second

// bench is the demo site's devices with a world of their own: nothing else of the simulator runs.
type bench struct {
	t    *testing.T
	site *facility.Site
	*Links

	mu    sync.Mutex
	world *world.World
	gen   uint64
}

func loadSite(t *testing.T) *facility.Site {
	t.Helper()
	site, faults := facility.Load("../../sites/demo/site.yaml")
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	return site
}

// idleBench listens nowhere, and its world moves when the test says so.
func idleBench(t *testing.T) *bench {
	t.Helper()
	return idleOn(t, loadSite(t))
}

// idleOn is such a bench of any site.
func idleOn(t *testing.T, site *facility.Site) *bench {
	t.Helper()
	at, err := world.NewLayout(site)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, site: site, world: world.New(at.Config), gen: 1}
	if b.Links, err = New(site, at, b, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	return b
}

// startBench serves the demo's devices on free ports, and moves their world with the wall clock.
func startBench(t *testing.T) *bench {
	t.Helper()
	b := idleBench(t)
	if err := b.Open(true); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { b.Run(ctx) })
	running.Go(func() {
		clock := time.NewTicker(100 * time.Millisecond)
		defer clock.Stop()
		for ctx.Err() == nil {
			b.advance(100 * time.Millisecond)
			<-clock.C
		}
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
		b.Close()
	})
	return b
}

// Look lends the world.
func (b *bench) Look(use func(w *world.World, generation uint64)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	use(b.world, b.gen)
}

// Order lends the world for orders.
func (b *bench) Order(use func(w *world.World) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if use(b.world) {
		b.gen++
	}
}

func (b *bench) advance(d time.Duration) {
	b.Order(func(w *world.World) bool { w.Step(d); return true })
}

func (b *bench) now() (now time.Duration) {
	b.Look(func(w *world.World, _ uint64) { now = w.Now() })
	return now
}

// inject starts a fault of the wire or of the world and returns how to end it.
func (b *bench) inject(f world.Fault) (heal func()) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gen++
	var err error
	end := func() error { return nil }
	if slices.Contains(FaultKinds(), f.Kind) {
		end, err = b.Inject(f, string(f.Kind)+f.Target)
	} else {
		_, err = b.world.Inject(f)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return func() {
		b.t.Helper()
		b.mu.Lock()
		defer b.mu.Unlock()
		if err := end(); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *bench) address(link string) string {
	for _, l := range b.States() {
		if l.ID == link {
			return l.Address
		}
	}
	b.t.Fatalf("no link %q", link)
	return ""
}

// eventually waits until a condition holds; what is waited for is named in the failure.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
