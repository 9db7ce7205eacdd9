package bands

import (
	"math"
	"slices"
)

// look gathers what the drivers showed in the first hours, each from its middle, and notes their ranges.
func (b *Band) look(p Plan, l *Ledger, hours int) [][]float64 {
	x := make([][]float64, len(p.Drivers))
	for k, name := range p.Drivers {
		x[k] = make([]float64, hours)
		for i := range x[k] {
			x[k][i] = float64(l.row(i)[1+k])
		}
		column := slices.Sorted(slices.Values(x[k]))
		d := Driver{Point: name, Mid: column[len(column)/2], Low: column[0], High: column[len(column)-1]}
		for i := range x[k] {
			x[k][i] -= d.Mid
		}
		b.Drivers = append(b.Drivers, d)
	}
	return x
}

// settled is the share of a spread that the line may still have moved anywhere when it counts as found.
const settled = 1e-3

// follow learns how far a value follows its drivers.
//
// It is a weighted least squares fit with Huber's weights, repeated until the line stands still: hours far off it lose
// weight in proportion, so that a few odd ones do not tilt it. A driver that has not moved keeps the slope zero.
func (b *Band) follow(p Plan, x [][]float64, y, w []float64) {
	if len(x) == 0 {
		return
	}
	trust, off, scratch := slices.Clone(w), make([]float64, len(y)), make([]weighted, len(y))
	for range 12 {
		slopes, level, ok := solve(x, y, trust)
		if !ok {
			return
		}
		moved := 0.0
		for k := range b.Drivers {
			d := &b.Drivers[k]
			moved += math.Abs(slopes[k]-d.Slope) * (d.High - d.Low)
			d.Slope = slopes[k]
		}
		for i := range y {
			off[i] = math.Abs(y[i] - level - b.along(x, i))
			scratch[i] = weighted{off[i], w[i]}
		}
		scale := max(sigma*median(scratch), p.Least, 1e-9)
		if moved < settled*scale {
			return
		}
		for i := range off {
			trust[i] = w[i] * min(1, huber*scale/max(off[i], 1e-12))
		}
	}
}

// along is the part of an hour's value that the drivers explain.
func (b *Band) along(x [][]float64, i int) (sum float64) {
	for k := range x {
		sum += b.Drivers[k].Slope * x[k][i]
	}
	return sum
}

// huber is the usual tuning constant of Huber's weights: 95 % of the efficiency of least squares on normal errors.
const huber = 1.345

// solve is a weighted least squares fit of y = level + slopes . x by the normal equations, after centring. A
// little ridge keeps drivers that move together, or not at all, from shooting off; false when there is no fit.
func solve(x [][]float64, y, w []float64) (slopes []float64, level float64, ok bool) {
	n := len(x)
	sum, meanY := 0.0, 0.0
	mean := make([]float64, n)
	for i := range y {
		sum += w[i]
		meanY += w[i] * y[i]
		for k := range x {
			mean[k] += w[i] * x[k][i]
		}
	}
	if sum <= 0 {
		return nil, 0, false
	}
	meanY /= sum
	for k := range mean {
		mean[k] /= sum
	}
	a := make([][]float64, n)
	for r := range a {
		a[r] = make([]float64, n+1)
		for i := range y {
			dr := w[i] * (x[r][i] - mean[r])
			for c := range x {
				a[r][c] += dr * (x[c][i] - mean[c])
			}
			a[r][n] += dr * (y[i] - meanY)
		}
	}
	for r := range a {
		a[r][r] += 1e-6*a[r][r] + 1e-12
	}
	slopes = eliminate(a)
	level = meanY
	for k := range slopes {
		level -= slopes[k] * mean[k]
	}
	return slopes, level, finite(level)
}

// eliminate solves a small system of equations by Gauss's method with pivots.
func eliminate(a [][]float64) []float64 {
	n := len(a)
	for c := range n {
		best := c
		for r := c + 1; r < n; r++ {
			if math.Abs(a[r][c]) > math.Abs(a[best][c]) {
				best = r
			}
		}
		a[c], a[best] = a[best], a[c]
		for r := c + 1; r < n; r++ {
			f := a[r][c] / a[c][c]
			for k := c; k <= n; k++ {
				a[r][k] -= f * a[c][k]
			}
		}
	}
	out := make([]float64, n)
	for r := n - 1; r >= 0; r-- {
		out[r] = a[r][n]
		for c := r + 1; c < n; c++ {
			out[r] -= a[r][c] * out[c]
		}
		out[r] /= a[r][r]
	}
	return out
}
