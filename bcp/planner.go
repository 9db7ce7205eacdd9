package bcp

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"
)

// Timed is a step with what it has taken in drills: the 90th percentile, zero when it was never measured.
type Timed struct {
	ID        string
	P90       time.Duration
	DependsOn []string
}

// Fit is what can still be done before a deadline.
type Fit struct {
	Steps []string      // in the order to do them
	Takes time.Duration // one after the other, at the 90th percentile
	Left  []string      // what will not fit, with why
}

// exactSteps is up to how many steps every set is tried; beyond it the planner takes the cheapest next.
const exactSteps = 18

// FitBefore chooses the largest set of steps that can be done one after the other in the time left, each
// after what it depends on; of two that are equally large the faster. A step that was never measured
// does not fit: nobody can promise it. The steps come in an order in which dependencies are earlier, or
// the error names the circle.
func FitBefore(left time.Duration, steps []Timed) (Fit, error) {
	index := map[string]int{}
	edges := map[string][]string{}
	for i, s := range steps {
		index[s.ID], edges[s.ID] = i, s.DependsOn
	}
	if c := findCycle(edges); c != nil {
		return Fit{}, fmt.Errorf("steps depend on each other in a circle: %s", strings.Join(c, " -> "))
	}
	order := topological(steps, index)
	var chosen []bool
	if len(order) <= exactSteps {
		chosen = exactFit(left, order)
	} else {
		chosen = greedyFit(left, order)
	}
	fit := Fit{}
	for i, s := range order {
		switch {
		case chosen[i]:
			fit.Steps = append(fit.Steps, s.ID)
			fit.Takes += s.P90
		case s.P90 <= 0:
			fit.Left = append(fit.Left, s.ID+": never measured")
		default:
			fit.Left = append(fit.Left, s.ID+": takes "+s.P90.String())
		}
	}
	return fit, nil
}

// topological puts dependencies first and otherwise keeps the order given. One that names an unknown step
// is kept: the step can never be chosen.
func topological(steps []Timed, index map[string]int) []Timed {
	var out []Timed
	seen := make([]bool, len(steps))
	var visit func(int)
	visit = func(i int) {
		if seen[i] {
			return
		}
		seen[i] = true
		for _, d := range steps[i].DependsOn {
			if j, ok := index[d]; ok {
				visit(j)
			}
		}
		out = append(out, steps[i])
	}
	for i := range steps {
		visit(i)
	}
	return out
}

// needs gives for each step the places of its dependencies; -1 for one that does not exist.
func needs(order []Timed) [][]int {
	at := map[string]int{}
	for i, s := range order {
		at[s.ID] = i
	}
	out := make([][]int, len(order))
	for i, s := range order {
		for _, d := range s.DependsOn {
			j, ok := at[d]
			if !ok {
				j = -1
			}
			out[i] = append(out[i], j)
		}
	}
	return out
}

func exactFit(left time.Duration, order []Timed) []bool {
	need := needs(order)
	best, takes := uint32(0), time.Duration(0)
	for set := uint32(1); set < 1<<len(order); set++ {
		n, m := bits.OnesCount32(set), bits.OnesCount32(best)
		if n < m {
			continue
		}
		sum, ok := time.Duration(0), true
		for rest := set; ok && rest != 0; rest &= rest - 1 {
			i := bits.TrailingZeros32(rest)
			sum += order[i].P90
			ok = order[i].P90 > 0 && sum <= left && !slices.ContainsFunc(need[i], func(j int) bool { return j < 0 || set&(1<<j) == 0 })
		}
		if ok && (n > m || sum < takes) {
			best, takes = set, sum
		}
	}
	chosen := make([]bool, len(order))
	for i := range chosen {
		chosen[i] = best&(1<<i) != 0
	}
	return chosen
}

// greedyFit takes the step that is cheapest together with all it still needs, again and again.
func greedyFit(left time.Duration, order []Timed) []bool {
	need := needs(order)
	chosen := make([]bool, len(order))
	for {
		var best []int
		var takes time.Duration
		for i := range order {
			closure, sum, ok := missing(order, need, chosen, i)
			if !chosen[i] && ok && sum <= left && (best == nil || sum*time.Duration(len(best)) < takes*time.Duration(len(closure))) {
				best, takes = closure, sum
			}
		}
		if best == nil {
			return chosen
		}
		for _, i := range best {
			chosen[i] = true
		}
		left -= takes
	}
}

// missing lists what a step still needs, itself included, and how long that takes; false when a part was
// never measured or does not exist.
func missing(order []Timed, need [][]int, chosen []bool, i int) ([]int, time.Duration, bool) {
	var closure []int
	var sum time.Duration
	for todo := []int{i}; len(todo) > 0; todo = todo[1:] {
		j := todo[0]
		if j < 0 || order[j].P90 <= 0 {
			return nil, 0, false
		}
		if chosen[j] || slices.Contains(closure, j) {
			continue
		}
		closure = append(closure, j)
		sum += order[j].P90
		todo = append(todo, need[j]...)
	}
	return closure, sum, true
}
