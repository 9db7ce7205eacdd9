package facility

import (
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func batch(values ...float64) []Sample {
	out := make([]Sample, len(values))
	for i, v := range values {
		out[i] = Sample{Point: Ref(i), Quality: Good, Value: v}
	}
	return out
}

func TestKeepOrderGivesEverySampleInOrder(t *testing.T) {
	bus := NewBus()
	r := bus.Subscribe("rules", KeepOrder, 100)
	for i := range 20 {
		bus.Publish(batch(float64(i), float64(-i)))
	}
	bus.Publish(nil)
	select {
	case <-r.Ready():
	default:
		t.Fatal("the reader was not woken")
	}
	batches, lost := r.Take()
	if len(batches) != 20 || lost != nil || r.Evicted() != 0 {
		t.Fatalf("took %d batches, lost %v", len(batches), lost)
	}
	for i, b := range batches {
		if b[0].Value != float64(i) || b[1].Value != float64(-i) {
			t.Errorf("batch %d is %v", i, b)
		}
	}
	if batches, _ := r.Take(); batches != nil {
		t.Error("a second Take gave samples twice")
	}
}

func TestKeepOrderEvictsTheOldestAndSaysWhich(t *testing.T) {
	bus := NewBus()
	slow := bus.Subscribe("slow", KeepOrder, 4)
	quick := bus.Subscribe("quick", KeepOrder, 100)
	for i := range 5 {
		bus.Publish(batch(float64(i), float64(i)))
	}
	batches, lost := slow.Take()
	if len(batches) != 2 || batches[0][0].Value != 3 || batches[1][0].Value != 4 {
		t.Errorf("kept %v", batches)
	}
	if len(lost) != 2 || lost[0] != 3 || lost[1] != 3 || slow.Evicted() != 6 {
		t.Errorf("lost %v, evicted %d", lost, slow.Evicted())
	}
	if batches, lost := quick.Take(); len(batches) != 5 || lost != nil {
		t.Errorf("another reader lost too: %d batches, %v", len(batches), lost)
	}
	bus.Publish(batch(5))
	if _, lost := slow.Take(); lost != nil {
		t.Errorf("a loss was reported twice: %v", lost)
	}
	// One batch larger than the queue is kept: dropping it would lose the newest values.
	bus.Publish(batch(1, 2, 3, 4, 5, 6))
	if batches, lost := slow.Take(); len(batches) != 1 || lost != nil {
		t.Errorf("the large batch: %d batches, lost %v", len(batches), lost)
	}
}

// A hall's ten thousand points come in a flood, a hundred times what the queue holds, after one scan of the battery
// room: the room's values are the oldest in the queue, and still the reader gets them.
func TestAFloodNeverPushesThePointsOfAnotherRoomOut(t *testing.T) {
	const room, hall = 40, 10_000
	bus := NewBus()
	r := bus.Subscribe("rules", KeepOrder, 2*hall)
	scan := batch(make([]float64, room)...)
	for i := range scan {
		scan[i].Value = 61
	}
	bus.Publish(scan)
	for round := range 200 {
		flood := make([]Sample, hall)
		for i := range flood {
			flood[i] = Sample{Point: Ref(room + i), Quality: Good, Value: float64(round)}
		}
		bus.Publish(flood)
	}
	backlog := make([]Sample, 3*hall) // what a collector kept while it was cut off
	for i := range backlog {
		backlog[i] = Sample{Point: Ref(i % room), Quality: Good, Value: 25, Flags: Historical}
	}
	bus.Publish(backlog)
	batches, lost := r.Take()
	now := map[Ref]float64{}
	for _, b := range batches {
		for _, s := range b {
			if !s.Past() {
				now[s.Point] = s.Value
			}
		}
	}
	if len(now) != room+hall {
		t.Fatalf("%d points of %d have a value", len(now), room+hall)
	}
	for p, v := range now {
		if p < room && v != 61 || p >= room && v != 199 {
			t.Fatalf("point %d has %v", p, v)
		}
		if p < room && lost[p] > 0 {
			t.Fatalf("point %d is said to have lost %d", p, lost[p])
		}
	}
	if len(lost) != hall {
		t.Errorf("%d points lost samples", len(lost))
	}
}

// Whatever comes in whatever order: the newest value of now of every point is given, each point's samples stay in
// their order, each is given or counted, and the queue stays within its bound.
func TestKeepOrderHoldsTheNewestOfEveryPointByChance(t *testing.T) {
	const points = 30
	for seed := range uint64(60) {
		chance := rand.New(rand.NewPCG(seed, 1))
		capacity := 1 + chance.IntN(200)
		bus := NewBus()
		r := bus.Subscribe("rules", KeepOrder, capacity)
		published, taken, lost := 0, 0, 0
		newest, largest := map[Ref]float64{}, 0
		take := func() {
			batches, gone := r.Take()
			size, last := 0, map[Ref]float64{}
			seen := map[Ref]float64{}
			for _, b := range batches {
				size += len(b)
				for _, s := range b {
					if s.Value <= seen[s.Point] {
						t.Fatalf("seed %d: point %d goes from %v to %v", seed, s.Point, seen[s.Point], s.Value)
					}
					seen[s.Point] = s.Value
					if !s.Past() {
						last[s.Point] = s.Value
					}
				}
			}
			for p, v := range newest {
				if last[p] != v {
					t.Fatalf("seed %d: point %d is at %v, given was %v", seed, p, v, last[p])
				}
			}
			if size > max(capacity, largest)+points {
				t.Fatalf("seed %d: %d samples in a queue for %d", seed, size, capacity)
			}
			for _, n := range gone {
				lost += n
			}
			taken, newest, largest = taken+size, map[Ref]float64{}, 0
		}
		for range 300 {
			b := make([]Sample, 1+chance.IntN(40))
			for i := range b {
				published++
				b[i] = Sample{Point: Ref(chance.IntN(points)), Quality: Good, Value: float64(published)}
				if chance.IntN(4) == 0 {
					b[i].Flags = Historical
					continue
				}
				newest[b[i].Point] = b[i].Value
			}
			largest = max(largest, len(b))
			bus.Publish(b)
			if chance.IntN(20) == 0 {
				take()
			}
		}
		take()
		if taken+lost != published || uint64(lost) != r.Evicted() {
			t.Fatalf("seed %d: %d taken and %d lost of %d, %d evicted", seed, taken, lost, published, r.Evicted())
		}
	}
}

func TestNewestKeepsOneSampleAPoint(t *testing.T) {
	bus := NewBus()
	r := bus.Subscribe("ui", Newest, 0)
	for i := range 1000 {
		bus.Publish(batch(float64(i), 7))
	}
	batches, lost := r.Take()
	if len(batches) != 1 || len(batches[0]) != 2 || batches[0][0].Value != 999 || batches[0][1].Value != 7 || lost != nil {
		t.Errorf("took %v, lost %v", batches, lost)
	}
	if batches, _ := r.Take(); batches != nil {
		t.Error("the second Take is not empty")
	}
	bus.Publish(batch(1))
	if batches[0][0].Value != 999 {
		t.Error("what was taken changed afterwards")
	}
}

func TestUnsubscribedReaderHearsNothingMore(t *testing.T) {
	bus := NewBus()
	a, b := bus.Subscribe("a", KeepOrder, 10), bus.Subscribe("b", KeepOrder, 10)
	bus.Unsubscribe(a)
	bus.Unsubscribe(a)
	bus.Publish(batch(1))
	if batches, _ := a.Take(); batches != nil {
		t.Error("the reader that left still hears")
	}
	if batches, _ := b.Take(); len(batches) != 1 {
		t.Error("the reader that stayed hears nothing")
	}
	if b.Name() != "b" {
		t.Errorf("b is called %q", b.Name())
	}
}

// Many collectors publish while readers come, take and go. Publish must return although nobody reads,
// and every sample is either taken or counted as lost.
func TestBusUnderManyHands(t *testing.T) {
	bus := NewBus()
	idle := bus.Subscribe("idle", KeepOrder, 8)
	reader := bus.Subscribe("reader", KeepOrder, 64)
	newest := bus.Subscribe("newest", Newest, 0)
	const collectors, rounds = 4, 500
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	for range collectors {
		writers.Go(func() {
			for i := range rounds {
				bus.Publish(batch(float64(i), 1, 2))
			}
		})
	}
	taken, lost := 0, 0
	take := func() {
		batches, gone := reader.Take()
		for _, b := range batches {
			taken += len(b)
		}
		for _, n := range gone {
			lost += n
		}
	}
	readers.Go(func() {
		for {
			select {
			case <-reader.Ready():
				take()
			case <-newest.Ready():
				newest.Take()
			case <-done:
				take()
				return
			}
		}
	})
	readers.Go(func() {
		for range 100 {
			bus.Unsubscribe(bus.Subscribe("guest", Newest, 0))
		}
	})
	writers.Wait()
	close(done)
	readers.Wait()
	if want := collectors * rounds * 3; taken+lost != want || uint64(lost) != reader.Evicted() {
		t.Errorf("%d taken and %d lost of %d, %d evicted", taken, lost, want, reader.Evicted())
	}
	if batches, _ := idle.Take(); len(batches) > 3+3 {
		t.Errorf("an idle reader holds %d batches of 3 with room for 8 samples and one of each of 3 points", len(batches))
	}
}

// What a queue costs that nobody empties: each sample pushes one out.
func BenchmarkPublishToAFullQueue(b *testing.B) {
	bus := NewBus()
	bus.Subscribe("rules", KeepOrder, 10_000)
	samples := batch(make([]float64, 100)...)
	b.ReportAllocs()
	for b.Loop() {
		bus.Publish(samples)
	}
}

func BenchmarkPublish(b *testing.B) {
	bus := NewBus()
	r := bus.Subscribe("rules", KeepOrder, 1<<20)
	ui := bus.Subscribe("ui", Newest, 0)
	samples := batch(make([]float64, 100)...)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		bus.Publish(samples)
		if i%100 == 0 {
			r.Take()
			ui.Take()
		}
	}
}

// How long the oldest sample stood in the queue is told once, and what still stands there counts.
func TestAReaderTellsHowLongSamplesWaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := NewBus()
		for _, policy := range []Policy{KeepOrder, Newest} {
			r := bus.Subscribe("slow", policy, 100)
			if got := r.LongestWait(); got != 0 {
				t.Errorf("an empty queue waited %v", got)
			}
			bus.Publish([]Sample{{Point: 1}})
			time.Sleep(2 * time.Second)
			bus.Publish([]Sample{{Point: 2}})
			time.Sleep(time.Second)
			if got := r.LongestWait(); got != 3*time.Second {
				t.Errorf("what still waits waited %v", got)
			}
			r.Take()
			bus.Publish([]Sample{{Point: 1}})
			time.Sleep(time.Second)
			r.Take()
			if got := r.LongestWait(); got != 3*time.Second {
				t.Errorf("the longest of two waits is %v", got)
			}
			if got := r.LongestWait(); got != 0 {
				t.Errorf("told again: %v", got)
			}
			bus.Unsubscribe(r)
		}
	})
}
