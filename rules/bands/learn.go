package bands

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Plan says how the band of one point is learned.
type Plan struct {
	Point   string
	Drivers []string      // points that the value follows, none for a value that follows the clock alone
	Least   float64       // the smallest spread, in the point's unit: what the instrument itself may wander
	Warmup  time.Duration // of good hours before the band is used
	Zone    string        // time zone of the hours of the week
}

// Hour is what one hour showed.
type Hour struct {
	At      int64     `json:"t"` // its start, Unix hours
	Value   float32   `json:"v"`
	Drivers []float32 `json:"d,omitempty"`
}

// Ledger is the hours that a point's band is learned from, oldest first. An hour stands in it once.
type Ledger struct {
	Drivers []string `json:"drivers"` // in the order of each hour's
	Hours   []Hour   `json:"hours"`
	Until   int64    `json:"until"`           // Unix hours: everything before was offered already
	Since   int64    `json:"since,omitempty"` // Unix seconds: when a new normal was accepted, 0 for never
}

// How long a ledger remembers, how fast what it remembers loses weight, and how long an hour waits before it
// may teach. The wait is the guard against slow faults: what was seen shortly before an alarm is taken out
// again by Distrust before it was ever learned.
const (
	Memory   = 8 * Week // hours
	halfLife = 3 * Week
	Wait     = 3 * 24
)

// weeklyFrom is how many different weeks an hour of the week must have been seen in, on average, before it is
// told from the same hour of other days.
const weeklyFrom = 3

// Learn adds an hour. Hours come in order; one that is not newer than the last, or no number, is left out.
func (l *Ledger) Learn(h Hour) {
	if n := len(l.Hours); n > 0 && h.At <= l.Hours[n-1].At || !finite(float64(h.Value)) {
		return
	}
	for _, d := range h.Drivers {
		if !finite(float64(d)) {
			return
		}
	}
	l.Hours = append(l.Hours, h)
	gone := 0
	for l.Hours[gone].At <= h.At-Memory {
		gone++
	}
	l.Hours = slices.Delete(l.Hours, 0, gone)
}

// Distrust takes out what was seen from a time on that an alarm has made doubtful: the wait before it began too.
func (l *Ledger) Distrust(began time.Time) {
	from := began.Unix()/3600 - Wait
	l.Hours = slices.DeleteFunc(l.Hours, func(h Hour) bool { return h.At >= from })
}

// Fit makes the band of a ledger as it is at a time. It never fails: a band that knows too little is not ready.
func Fit(p Plan, l *Ledger, now time.Time) *Band {
	b := &Band{Point: p.Point, Zone: p.Zone, Learned: now.UTC().Truncate(time.Second), Needs: int(p.Warmup.Hours())}
	if l.Since > 0 {
		since := time.Unix(l.Since, 0).UTC()
		b.Since = &since
	}
	b.open()
	hours := make([]Hour, 0, len(l.Hours))
	last := now.Unix()/3600 - Wait
	for _, h := range l.Hours {
		if h.At < last && len(h.Drivers) == len(p.Drivers) {
			hours = append(hours, h)
		}
	}
	b.Hours = len(hours)
	if len(hours) == 0 {
		return b
	}
	b.From, b.To = time.Unix(hours[0].At*3600, 0).UTC(), time.Unix((hours[len(hours)-1].At+1)*3600, 0).UTC()
	b.Ready = b.Hours >= max(b.Needs, 48)
	b.Weekly = b.Hours >= weeklyFrom*Week
	w := make([]float64, len(hours))
	for i, h := range hours {
		w[i] = math.Exp2(-float64(last-h.At) / halfLife)
	}
	x, bins := b.look(p, hours), make([]int, len(hours))
	for i, h := range hours {
		bins[i] = HourOf(time.Unix(h.At*3600, 0).In(b.zone))
	}
	rest := make([]float64, len(hours))
	for range rounds {
		for i, h := range hours {
			rest[i] = float64(h.Value) - b.Centre[bins[i]]
		}
		b.follow(p, x, rest, w)
		for i, h := range hours {
			rest[i] = float64(h.Value) - b.along(x, i)
		}
		b.season(p, bins, rest, w)
		if len(p.Drivers) == 0 {
			break
		}
	}
	return b
}

// rounds is how often drivers and season take turns at explaining the value. The drivers come first: what both
// could explain, as load that is the same every day, is theirs.
const rounds = 4

// season puts the hours into their bins. An hour's neighbours speak too, half as loud: three or four weeks
// alone would leave a bin with three or four values.
func (b *Band) season(p Plan, at []int, rest, w []float64) {
	bins := make([][]weighted, Week)
	for i := range rest {
		for _, day := range b.sameHours(at[i]) {
			for step := -1; step <= 1; step++ {
				weight := w[i] * [3]float64{.5, 1, .5}[step+1]
				k := (day + step + Week) % Week
				bins[k] = append(bins[k], weighted{rest[i], weight, i})
			}
		}
	}
	whole := make([]weighted, len(rest))
	for i := range rest {
		whole[i] = weighted{rest[i], w[i], i}
	}
	middle := median(whole)
	for k := range bins {
		b.Centre[k] = middle
		if len(bins[k]) > 0 {
			b.Centre[k] = median(bins[k])
		}
	}
	// What is left when the season is out, over the whole week: the spread to lean on where a bin has few values.
	left := make([]weighted, len(rest))
	for i := range rest {
		left[i] = weighted{math.Abs(rest[i] - b.Centre[at[i]]), w[i], i}
	}
	general := sigma * median(left)
	for k, bin := range bins {
		for i := range bin {
			bin[i].v = math.Abs(bin[i].v - b.Centre[k])
		}
		own, n := 0.0, float64(len(bin))
		if n > 0 {
			own = sigma * median(bin)
		}
		b.Spread[k] = max((n*own+leanOn*general)/(n+leanOn), p.Least, 1e-9)
	}
}

// sigma makes a median of absolute deviations comparable with a standard deviation of a normal distribution.
const sigma = 1.4826

// leanOn is how many values of its own a bin needs before its spread counts as much as the whole week's.
const leanOn = 12

// sameHours are the bins an hour speaks for: its own, or that of every day while the weeks are too few.
func (b *Band) sameHours(bin int) []int {
	if b.Weekly {
		return []int{bin}
	}
	out := make([]int, 7)
	for day := range out {
		out[day] = day*24 + bin%24
	}
	return out
}

type weighted struct {
	v, w float64
	i    int
}

// median is the value that half of the weight is below. It sorts what it is given.
func median(all []weighted) float64 {
	if len(all) == 0 {
		return 0
	}
	slices.SortFunc(all, func(a, b weighted) int { return cmp.Or(cmp.Compare(a.v, b.v), cmp.Compare(a.i, b.i)) })
	sum := 0.0
	for _, x := range all {
		sum += x.w
	}
	below := 0.0
	for k, x := range all {
		below += x.w
		switch {
		case below > sum/2*(1+1e-12):
			return x.v
		case below >= sum/2*(1-1e-12) && k+1 < len(all):
			return (x.v + all[k+1].v) / 2
		}
	}
	return all[len(all)-1].v
}
