package messenger

import (
	"errors"
	"math"
	"testing"
	"time"

	"bongsu/facility"
	"bongsu/simulators/world"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// A night is quiet and an evening is not; between two hours the factor goes in a line, over midnight too.
func TestTheDayHasACurve(t *testing.T) {
	hours := make([]float64, 24)
	for i := range hours {
		hours[i] = 1
	}
	hours[3], hours[21], hours[23], hours[0] = .1, 2.5, 2, .5
	day := curve{hours, 24 * time.Minute, 20 * time.Hour} // an hour of the day takes a minute
	for _, c := range []struct {
		name  string
		since time.Duration
		want  float64
	}{
		{"at the start, eight in the evening", 0, 1},
		{"half past eight", 30 * time.Second, 1.75},
		{"nine", time.Minute, 2.5},
		{"half past eleven", 210 * time.Second, 1.25},
		{"three at night", 7 * time.Minute, .1},
		{"a day later", 25 * time.Minute, 2.5},
	} {
		if got := day.at(c.since); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %g, want %g", c.name, got, c.want)
		}
	}
	if got := (curve{day: time.Hour}).at(time.Minute); got != 1 {
		t.Errorf("a flat day: %g", got)
	}
}

// A goal is at its height after three seconds, an earthquake after twenty; both die down.
func TestSurgesRiseAndDieDown(t *testing.T) {
	for _, c := range []struct {
		kind             string
		at               time.Duration
		chat, background float64
	}{
		{surgeGoal, -time.Second, 1, 1}, {surgeGoal, 1500 * time.Millisecond, 5.5, 3.25}, {surgeGoal, 10 * time.Second, 10, 5.5},
		{surgeGoal, 75 * time.Second, 1 + 9*math.Exp(-3), 1 + 4.5*math.Exp(-3)},
		{surgeQuake, 10 * time.Second, 5.5, 5.5}, {surgeQuake, 25 * time.Second, 10, 10}, {surgeLogin, 5 * time.Second, 1, 1},
	} {
		s, err := newSurge(c.kind, noon, 10, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		chat, back := s.factors(noon.Add(c.at))
		if math.Abs(chat-c.chat) > 1e-9 || math.Abs(back-c.background) > 1e-9 {
			t.Errorf("%s after %v: %g and %g, want %g and %g", c.kind, c.at, chat, back, c.chat, c.background)
		}
	}
	for _, bad := range []struct {
		kind string
		peak float64
		d    time.Duration
	}{{"party", 10, time.Minute}, {surgeGoal, .5, time.Minute}, {surgeGoal, math.NaN(), time.Minute}, {surgeGoal, 10, 0}} {
		if _, err := newSurge(bad.kind, noon, bad.peak, bad.d); !errors.Is(err, world.ErrFaultParams) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// Two surges at once are one crowd, the larger; the day goes on beneath.
func TestDemandTakesTheLargestSurge(t *testing.T) {
	goal, err := newSurge(surgeGoal, noon, 10, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	quake, err := newSurge(surgeQuake, noon, 4, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	hours := make([]float64, 24)
	for i := range hours {
		hours[i] = .5
	}
	d := demand{curve: curve{hours, time.Hour, 0}, began: noon, surges: []surge{goal, quake}}
	at := noon.Add(21 * time.Second)
	if chat, back := d.factors(at); chat <= 2 || chat > 5 || back < 2 {
		t.Errorf("both: %g and %g", chat, back)
	}
	if chat, back := d.without(goal).factors(at); chat != 2 || back != 2 {
		t.Errorf("the earthquake alone, at half the day's mean: %g and %g, want 2 and 2", chat, back)
	}
}

// Whoever acts at a changing rate acts as often as the rate says, and notices a rise within a second.
func TestBeatKeepsAChangingRate(t *testing.T) {
	for _, c := range []struct {
		name string
		rate func(s float64) float64
		want int
	}{
		{"four a second", func(float64) float64 { return 4 }, 400},
		{"one in twenty seconds", func(float64) float64 { return .05 }, 5},
		{"nothing", func(float64) float64 { return 0 }, 0},
		{"silence, then two a second", func(s float64) float64 {
			if s < 50 {
				return 0
			}
			return 2
		}, 100},
	} {
		b, now, acts := beat{at: noon}, noon, 0
		for now.Before(noon.Add(100 * time.Second)) {
			act, wait := b.next(now, c.rate(now.Sub(noon).Seconds()))
			if act {
				acts++
			}
			if wait <= 0 || wait > longestWait+time.Millisecond {
				t.Fatalf("%s: waits %v", c.name, wait)
			}
			now = now.Add(wait)
		}
		if acts < c.want-2 || acts > c.want+1 {
			t.Errorf("%s: %d acts in 100 s, want %d", c.name, acts, c.want)
		}
	}
}

// With too much to do a site gives up background first, then tier 3, tier 2 and logins; messages it takes
// up to its capacity.
func TestTheGateShedsInOrder(t *testing.T) {
	for _, c := range []struct {
		name    string
		offered [classes]int  // each a second, at a capacity of 100
		full    []class       // of which nothing is refused
		least   map[class]int // taken of the others in ten seconds, at least
		most    map[class]int // and at most
	}{
		{"a quiet day", [classes]int{30, 5, 5, 10, 20}, []class{classChat, classLogin, classTier2, classTier3, classBackground}, nil, nil},
		{"a surge of background", [classes]int{30, 5, 5, 10, 500}, []class{classChat, classLogin, classTier2, classTier3}, map[class]int{classBackground: 400}, map[class]int{classBackground: 600}},
		{"a surge of tier 3 too", [classes]int{50, 5, 5, 500, 500}, []class{classChat, classLogin, classTier2}, map[class]int{classTier3: 300}, map[class]int{classBackground: 100, classTier3: 480}},
		{"a storm of logins", [classes]int{60, 500, 5, 10, 20}, []class{classChat}, map[class]int{classLogin: 300}, map[class]int{classTier2: 10, classTier3: 10, classBackground: 60}},
		{"ten times the messages", [classes]int{500, 5, 5, 10, 20}, nil, map[class]int{classChat: 950}, map[class]int{classChat: 1100, classLogin: 10, classBackground: 60}},
	} {
		g := gate{bucket: bucket{rate: 100}}
		var due [classes]float64
		for ms := range 10_000 {
			now := noon.Add(time.Duration(ms) * time.Millisecond)
			for k := range classes {
				for due[k] += float64(c.offered[k]) / 1000; due[k] >= 1; due[k]-- {
					g.take(now, k)
				}
			}
		}
		for _, k := range c.full {
			if g.shed[k] > 0 {
				t.Errorf("%s: %d of %s refused", c.name, g.shed[k], classNames[k])
			}
		}
		for k, n := range c.least {
			if g.taken[k] < n {
				t.Errorf("%s: %d of %s taken, want at least %d", c.name, g.taken[k], classNames[k], n)
			}
		}
		for k, n := range c.most {
			if g.taken[k] > n {
				t.Errorf("%s: %d of %s taken, want at most %d", c.name, g.taken[k], classNames[k], n)
			}
		}
	}
}

// A site grows by what is missing, once it is warm, never beyond its room, and shrinks slowly.
func TestASiteScalesWithinItsRoom(t *testing.T) {
	cfg := facility.MessengerScale{Unit: 100, Min: 2, Target: .5, Warm: 30 * time.Second, Calm: 10 * time.Second}
	steps := []struct {
		name    string
		at      time.Duration
		offered float64
		want    float64
		warming int
	}{
		{"quiet", 0, 20, 200, 0},
		{"a spike is ordered for at once", time.Second, 290, 200, 4},
		{"a larger one only for the rest", 2 * time.Second, 350, 200, 5},
		{"not warm yet", 30 * time.Second, 350, 200, 5},
		{"the first ones are", 31 * time.Second, 350, 600, 1},
		{"all are", 32 * time.Second, 350, 700, 0},
		{"more than there is room for", 33 * time.Second, 5000, 700, 3},
		{"at the limit", 63 * time.Second, 5000, 1000, 0},
		{"it has become calm", 64 * time.Second, 20, 1000, 0},
		{"not for long enough", 73 * time.Second, 20, 1000, 0},
		{"one goes", 74 * time.Second, 20, 900, 0},
		{"and only one", 75 * time.Second, 20, 900, 0},
		{"the next ten seconds later", 84 * time.Second, 20, 800, 0},
	}
	s := newScaler(cfg, 1000)
	for _, st := range steps {
		if got := s.step(noon.Add(st.at), st.offered); got != st.want || len(s.warming) != st.warming {
			t.Errorf("%s: %g a second with %d warming, want %g with %d", st.name, got, len(s.warming), st.want, st.warming)
		}
	}
	s.floor = 9
	if s.step(noon.Add(85*time.Second), 20); len(s.warming) != 1 {
		t.Errorf("an operator's floor of 9: %+v", s.state())
	}
	s.restart()
	if st := s.state(); st.Ready != 2 || st.Warming != 0 || st.Floor != 9 {
		t.Errorf("after a power loss: %+v", st)
	}
	if newScaler(facility.MessengerScale{}, 1000) != nil {
		t.Error("without a unit a site scales")
	}
}

// Who finds the queue full is refused; the others' turns come at the rate, and the lag is there to see.
func TestThePacerIsBounded(t *testing.T) {
	p := pacer{rate: 10, limit: 5}
	var turns []time.Duration
	for range 7 {
		if turn, ok := p.enter(noon); ok {
			turns = append(turns, turn.Sub(noon))
		}
	}
	if len(turns) != 5 || turns[0] != 0 || turns[4] != 400*time.Millisecond {
		t.Errorf("turns %v", turns)
	}
	if s := p.state(noon); s != (queueState{5, 5, .5, 2}) {
		t.Errorf("%+v", s)
	}
	if s := p.state(noon.Add(300 * time.Millisecond)); s.Depth != 2 || math.Abs(s.LagS-.2) > 1e-9 {
		t.Errorf("later %+v", s)
	}
	if turn, ok := (&pacer{limit: 1}).enter(noon); !ok || turn != noon {
		t.Error("without a rate nobody waits")
	}
}

// A lane tells how many wait and since when, over more places than it has marks for.
func TestALaneTellsDepthAndAge(t *testing.T) {
	var l lane
	for i := range int64(3000) {
		l.reach(i+1, noon.Add(time.Duration(i)*time.Millisecond))
	}
	now := noon.Add(3 * time.Second)
	if s := l.state(3000, 9, now); s.Depth != 3000 || s.LagS != 3 || len(l.marks) > laneMarks {
		t.Errorf("%+v with %d marks", s, len(l.marks))
	}
	l.finish(1500)
	if s := l.state(3000, 9, now); s.Depth != 1500 || s.LagS < 1.4 || s.LagS > 1.51 {
		t.Errorf("half done: %+v", s)
	}
	l.finish(3000)
	if s := l.state(3000, 9, now); s.Depth != 0 || s.LagS != 0 {
		t.Errorf("all done: %+v", s)
	}
	l.restart(7)
	if s := l.state(9, 9, now); s.Depth != 2 || s.LagS != 0 {
		t.Errorf("after a restart: %+v", s)
	}
}
