package bands

import (
	"math"
	"strconv"
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

// weeklyFrom is how many different weeks an hour of the week must have been seen in, on average, before it is
// told from the same hour of other days.
const weeklyFrom = 3

// Fit makes the band of a ledger as it is at a time. It never fails: a band that knows too little is not ready.
func Fit(p Plan, l *Ledger, now time.Time) *Band {
	b := &Band{Point: p.Point, Zone: p.Zone, Learned: now.UTC().Truncate(time.Second), Needs: int(p.Warmup.Hours())}
	if l.Since > 0 {
		since := time.Unix(l.Since, 0).UTC()
		b.Since = &since
	}
	b.open()
	last := now.Unix()/3600 - Wait
	n := l.before(last)
	if len(l.Drivers) != len(p.Drivers) {
		n = 0
	}
	b.Hours = n
	if n == 0 {
		return b
	}
	b.From, b.To = time.Unix(int64(l.at[0])*3600, 0).UTC(), time.Unix((int64(l.at[n-1])+1)*3600, 0).UTC()
	b.Ready = n >= max(b.Needs, 48)
	b.Weekly = n >= weeklyFrom*Week
	w, bins := make([]float64, n), make([]int, n)
	for i, at := range l.at[:n] {
		w[i] = math.Exp2(-float64(last-int64(at)) / halfLife)
		bins[i] = HourOf(time.Unix(int64(at)*3600, 0).In(b.zone))
	}
	x := b.look(p, l, n)
	rest := make([]float64, n)
	for range rounds {
		for i := range rest {
			rest[i] = float64(l.row(i)[0]) - b.Centre[bins[i]]
		}
		b.follow(p, x, rest, w)
		for i := range rest {
			rest[i] = float64(l.row(i)[0]) - b.along(x, i)
		}
		b.season(p, bins, rest, w)
		if len(p.Drivers) == 0 {
			break
		}
	}
	b.shorten()
	return b
}

// shorten rounds what is handed over to six digits: written out in full, the numbers of a band take more than twice the
// room, and what is lost is a hundredth of the smallest spread that a rule has by itself.
func (b *Band) shorten() {
	for k := range b.Centre {
		b.Centre[k], b.Spread[k] = sixDigits(b.Centre[k]), sixDigits(b.Spread[k])
	}
}

func sixDigits(v float64) float64 {
	short, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64)
	if err != nil {
		return v
	}
	return short
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
				bins[k] = append(bins[k], weighted{rest[i], weight})
			}
		}
	}
	whole := make([]weighted, len(rest))
	for i := range rest {
		whole[i] = weighted{rest[i], w[i]}
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
		left[i] = weighted{math.Abs(rest[i] - b.Centre[at[i]]), w[i]}
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
