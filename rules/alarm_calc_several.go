package rules

import (
	"slices"

	"bongsu/facility"
)

// deviationCalc compares a point with those that should show the same: redundant sensors, or a feedback
// with its command.
type deviationCalc struct {
	limit  alarmLimit
	others []float64 // scratch
}

func newDeviationCalc(r *facility.AlarmRule, limit alarmLimit) calc {
	limit.side = sideHigh
	return &deviationCalc{limit: limit}
}

// judge takes the distance to the middle one of the others: of three sensors the odd one is off, not the
// two. Without any usable other there is nothing to compare with. With a limit of 0 any difference counts.
func (c *deviationCalc) judge(in calcInput) calcVerdict {
	c.others = c.others[:0]
	for i, v := range in.values[1:] {
		if in.usable[i+1] {
			c.others = append(c.others, v)
		}
	}
	if !in.usable[0] || len(c.others) == 0 {
		return blindVerdict
	}
	slices.Sort(c.others)
	n := len(c.others)
	distance := abs(in.values[0] - (c.others[(n-1)/2]+c.others[n/2])/2)
	if c.limit.limit == 0 {
		return calcVerdict{condition: conditionOf(distance > 0, distance == 0), value: distance}
	}
	return calcVerdict{condition: c.limit.judge(distance), value: distance}
}

// voteCalc holds when enough sensors agree. Each keeps its own deadband.
type voteCalc struct {
	limit alarmLimit
	need  int
	over  []bool
}

func newVoteCalc(r *facility.AlarmRule, limit alarmLimit) calc {
	return &voteCalc{limit: limit, need: r.Vote}
}

// judge counts the sensors over the limit. One that cannot be used votes neither way: enough others still
// decide, and all is well only if it could not turn the vote.
func (c *voteCalc) judge(in calcInput) calcVerdict {
	if c.over == nil {
		c.over = make([]bool, len(in.values))
	}
	votes, silent := 0, 0
	for i, v := range in.values {
		if !in.usable[i] {
			silent++
			continue
		}
		switch c.limit.judge(v) {
		case conditionHolds:
			c.over[i] = true
		case conditionGone:
			c.over[i] = false
		}
		if c.over[i] {
			votes++
		}
	}
	v := calcVerdict{value: float64(votes), condition: conditionOf(votes >= c.need, votes+silent < c.need)}
	v.blind = v.condition == conditionUnclear
	return v
}

// expressionCalc evaluates a formula.
type expressionCalc struct {
	expression *facility.Expression
	names      []string
	limit      alarmLimit
	machine    *facility.ExpressionMachine
}

// judge is blind as soon as one value cannot be used or the formula gives no number: what cannot be
// computed is neither normal nor zero.
func (c *expressionCalc) judge(in calcInput) calcVerdict {
	if !in.all() {
		return blindVerdict
	}
	v, holds, ok := c.machine.Run(c.expression, c.names, in.values)
	switch {
	case !ok:
		return blindVerdict
	case c.expression.Decides():
		return calcVerdict{condition: conditionOf(holds, !holds), value: v}
	}
	return calcVerdict{condition: c.limit.judge(v), value: v}
}
