package share

import (
	"bufio"
	"bytes"
	"log/slog"
	"math"
	"net"
	"testing"
	"time"

	"bongsu/collectors"
	"bongsu/facility"
)

// unpacked is what comes out of a batch's frame.
func unpacked(payload []byte, points, links int) (b batch, out []aged, err error) {
	err = decodeBatch(payload, points, links, func(x batch, _ int) bool { b = x; return true }, func(s aged) { out = append(out, s) })
	return b, out, err
}

// A batch comes out as it went in: values to the bit, ages and not times.
func TestABatchTravelsWhole(t *testing.T) {
	now := time.Now()
	in := batch{seq: 1 << 40, link: 2, term: 1795353341745891, clock: 5 * time.Hour, wall: now, samples: []facility.Sample{
		{Point: 7, Quality: facility.Good, Value: 21.5, At: now.Add(-time.Second), Seen: now.Add(-time.Second)},
		{Point: 8, Quality: facility.Good, Value: 21.5, At: now.Add(-time.Second), Seen: now.Add(-time.Second)},
		{Point: 3, Quality: facility.Bad, Reason: facility.Sentinel, Value: math.NaN(), At: now.Add(-time.Hour), Seen: now},
		{Point: 9, Quality: facility.Uncertain, Flags: facility.Historical | facility.Simulated, Value: math.Copysign(0, -1), At: now.Add(time.Minute), Seen: now.Add(-3 * time.Second)},
	}}
	b, out, err := unpacked(in.encode(nil, now), 10, 3)
	if err != nil || b.seq != in.seq || b.link != in.link || b.term != in.term || b.clock != in.clock || !b.wall.Equal(in.wall) || len(out) != len(in.samples) {
		t.Fatalf("%+v with %d samples, %v", b, len(out), err)
	}
	for i, got := range out {
		want := in.samples[i]
		if got.Point != want.Point || got.Quality != want.Quality || got.Reason != want.Reason || got.Flags != want.Flags ||
			math.Float64bits(got.Value) != math.Float64bits(want.Value) || got.age != now.Sub(want.Seen) || got.back != want.Seen.Sub(want.At) {
			t.Errorf("sample %d: %+v, want %+v", i, got, want)
		}
	}
	if _, _, err := unpacked(in.encode(nil, now), 9, 3); err == nil {
		t.Error("a point that the site does not have is taken")
	}
	if _, _, err := unpacked(in.encode(nil, now), 10, 2); err == nil {
		t.Error("a link that the site does not have is taken")
	}
}

// Whatever comes, nothing panics and no point or link is outside the site.
func FuzzBatch(f *testing.F) {
	now := time.Now()
	whole := (&batch{seq: 1, samples: []facility.Sample{{Point: 1, Seen: now, At: now}, {Point: 4, Value: 2, Seen: now, At: now}}}).encode(nil, now)
	f.Add(whole)
	f.Add(whole[:len(whole)-3])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, payload []byte) {
		b, out, err := unpacked(payload, 5, 2)
		for _, s := range out {
			if s.Point >= 5 || b.link >= 2 {
				t.Fatalf("%+v of link %d, %v", s, b.link, err)
			}
		}
		_, _, _ = readFrame(bufio.NewReader(bytes.NewReader(payload)), nil)
	})
}

// What a frame waited is seen against the quickest of late, whatever the two clocks show; a wall clock that is off is
// taken off the stamps, and one slow beat says nothing of it.
func TestThePathKnowsWhatWaited(t *testing.T) {
	var p path
	const apart = -7 * time.Hour // our clock minus its
	for i := range time.Duration(100) {
		way := 3 * ms
		if i%10 == 5 {
			way = 300 * ms
		}
		its := 20*time.Hour + i*500*ms
		p.beat(its+apart+way, its, 2*time.Hour+way)
	}
	its := 21 * time.Hour
	if got := p.wait(its+apart+3*ms, its); got != 0 {
		t.Errorf("the quickest way is a wait of %v", got)
	}
	if got := p.wait(its+apart+2503*ms, its); got != 2500*ms {
		t.Errorf("a stop of 2.5 s is a wait of %v", got)
	}
	if got := p.shift(); got != 2*time.Hour+3*ms {
		t.Errorf("its stamps are moved by %v", got)
	}
	if got := p.theirs(its + apart + 3*ms); got != its {
		t.Errorf("the moment is %v on its clock, not %v", got, its)
	}
	var near path
	near.beat(time.Second, 0, 200*ms)
	if got := near.shift(); got != 0 {
		t.Errorf("clocks that agree within half a second move stamps by %v", got)
	}
}

// What came too late to be judged is history; that something could not be read then is nothing at all, nor is what
// stands on another link than the collector has.
func TestWhatComesLateIsHistory(t *testing.T) {
	site := townSite(t, townFile)
	bus := facility.NewBus()
	reader := bus.Subscribe("test", facility.KeepOrder, 100)
	clock := time.Hour
	k := NewKeeper(KeeperConfig{Site: site, Wire: newFakeWire("field", &plant{asked: map[string][]visit{}}, site, bus, collectors.Options{}), Bus: bus, Clock: func() time.Duration { return clock }, Log: slog.New(slog.DiscardHandler)})
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	g := &guest{k: k, name: "c1", instance: "p", conn: near, in: bufio.NewReader(near), out: make(chan *letter, 100), gone: make(chan struct{}), links: map[string]facility.LinkStatus{}}
	if kept, no := k.admit(g, hello{Protocol: protocol, Name: "c1", Instance: "p", Revision: site.Revision, Held: []Held{{"a", 5}}}, nil); no != nil || len(kept) != 1 {
		t.Fatalf("%v, %v", kept, no)
	}
	now := time.Now()
	send := func(seq, term uint64, ages ...time.Duration) {
		b := batch{seq: seq, term: term, wall: now, clock: clock}
		for _, age := range ages {
			q := facility.Good
			if age < 0 {
				q, age = facility.Bad, -age
			}
			b.samples = append(b.samples, facility.Sample{Point: site.Device("x/a").Refs[0], Quality: q, Value: age.Seconds(), At: now.Add(-age), Seen: now.Add(-age)})
		}
		if err := g.samples(b.encode(nil, now)); err != nil {
			t.Fatal(err)
		}
	}
	send(1, 5, 10*time.Second, -9*time.Second, time.Second, -time.Second)
	send(2, 4, time.Second) // of a former term
	send(2, 5, time.Second) // was numbered before: it came again
	foreign := batch{seq: 3, term: 5, wall: now, clock: clock, samples: []facility.Sample{{Point: site.Device("x/own").Refs[0], Quality: facility.Good, At: now, Seen: now}}}
	if err := g.samples(foreign.encode(nil, now)); err != nil {
		t.Fatal(err)
	}
	batches, _ := reader.Take()
	if len(batches) != 1 || len(batches[0]) != 3 {
		t.Fatalf("there came %v", batches)
	}
	old, fresh, lost := batches[0][0], batches[0][1], batches[0][2]
	if !old.Past() || fresh.Past() || lost.Past() || lost.Quality != facility.Bad {
		t.Errorf("late, fresh and lost came as %+v, %+v, %+v", old, fresh, lost)
	}
	if age := time.Since(fresh.Seen); age < time.Second || age > time.Minute || !old.At.Equal(now.Add(-10*time.Second)) {
		t.Errorf("the fresh one was seen %v ago, the old one was so at %v", age, old.At)
	}
	if c := k.Collectors()[0]; c.Late != 2 || c.Refused != 2 || c.Samples != 3 {
		t.Errorf("they are counted as %+v", c)
	}
}
