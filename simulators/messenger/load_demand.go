package messenger

import (
	"fmt"
	"math"
	"slices"
	"time"

	"bongsu/simulators/world"
)

// curve is how much is asked for over a day, as factors of the mean rate.
type curve struct {
	hours  []float64 // 24, or none for a flat day
	day    time.Duration
	starts time.Duration // time of day at the start
}

// at gives the factor some time after the start. Between the hours it is linear, so that it never leaps.
func (c curve) at(since time.Duration) float64 {
	if len(c.hours) == 0 || c.day <= 0 {
		return 1
	}
	hour := c.starts.Hours() + 24*since.Seconds()/c.day.Seconds()
	hour = math.Mod(hour, 24)
	low := int(hour) % len(c.hours)
	part := hour - math.Floor(hour)
	return c.hours[low]*(1-part) + c.hours[(low+1)%len(c.hours)]*part
}

// What makes users do more, all at once.
const (
	surgeGoal  = "goal"
	surgeQuake = "earthquake"
	surgeLogin = "login-storm"
)

// surgeShape is a sort of surge: how fast it comes, and what share of the peak chat and background get.
type surgeShape struct {
	rise             time.Duration
	chat, background float64
}

// surgeShapes lists them. A goal is shouted about within seconds; an earthquake wakes every phone first, and
// then everybody asks everybody.
var surgeShapes = map[string]surgeShape{
	surgeGoal:  {rise: 3 * time.Second, chat: 1, background: .5},
	surgeQuake: {rise: 20 * time.Second, chat: 1, background: 1},
	surgeLogin: {rise: time.Second, chat: 0, background: 0},
}

// surge is one that was started.
type surge struct {
	shape surgeShape
	from  time.Time
	peak  float64       // factor at its height
	lasts time.Duration // until it has died down to a twentieth
}

func newSurge(kind string, from time.Time, peak float64, lasts time.Duration) (surge, error) {
	shape, ok := surgeShapes[kind]
	if !ok || !(peak >= 1 && peak <= 1000) || lasts <= 0 || lasts > 24*time.Hour {
		return surge{}, fmt.Errorf("%w: surge %q of %g for %v; want %s, %s or %s of 1 to 1000, for up to a day", world.ErrFaultParams, kind, peak, lasts, surgeGoal, surgeQuake, surgeLogin)
	}
	return surge{shape, from, peak, lasts}, nil
}

// height is how much of the surge there is at a moment, 0 to 1: it rises in a line, stays for a fifth of its
// time, and dies down.
func (s surge) height(now time.Time) float64 {
	t := now.Sub(s.from)
	top := s.lasts / 5
	switch {
	case t < 0:
		return 0
	case t < s.shape.rise:
		return t.Seconds() / s.shape.rise.Seconds()
	case t < s.shape.rise+top:
		return 1
	}
	return math.Exp(-3 * (t - s.shape.rise - top).Seconds() / s.lasts.Seconds())
}

// factors are what chat and background are multiplied with.
func (s surge) factors(now time.Time) (chat, background float64) {
	h := s.height(now) * (s.peak - 1)
	return 1 + h*s.shape.chat, 1 + h*s.shape.background
}

// demand is what the users want at a moment. The largest surge counts: the same people do not shout twice.
type demand struct {
	curve  curve
	began  time.Time
	surges []surge
}

func (d demand) factors(now time.Time) (chat, background float64) {
	chat, background = 1, 1
	for _, s := range d.surges {
		c, b := s.factors(now)
		chat, background = max(chat, c), max(background, b)
	}
	day := d.curve.at(now.Sub(d.began))
	return day * chat, day * background
}

// without is the demand with one surge less.
func (d demand) without(gone surge) demand {
	d.surges = slices.DeleteFunc(slices.Clone(d.surges), func(s surge) bool { return s == gone })
	return d
}

// beat decides when somebody acts who acts at a rate that changes: it adds up what is due.
type beat struct {
	due float64 // acts; one is done at 1
	at  time.Time
}

// longestWait bounds how late a rate that has risen is noticed.
const longestWait = time.Second

// next adds what came due since the last call and tells whether one act is due now and when to ask again.
// Acts that were missed are not made up for.
func (b *beat) next(now time.Time, perSecond float64) (act bool, wait time.Duration) {
	b.due += perSecond * now.Sub(b.at).Seconds()
	b.at = now
	if b.due >= 1 {
		act = true
		b.due = min(b.due-1, .999)
	}
	if perSecond <= 0 {
		return act, longestWait
	}
	return act, min(longestWait, time.Duration((1-b.due)/perSecond*float64(time.Second))+time.Millisecond)
}
