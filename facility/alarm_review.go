package facility

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// AlarmReview is what the master alarm list of a site lacks of what a good one has. It judges the list, not
// the plant: nothing in it keeps a site from starting.
type AlarmReview struct {
	Alarms  int    // configured, which is rules times the points they match
	Shares  [5]int // of them by priority, from index 1
	Lacking []AlarmLack
	Twins   []AlarmTwins
}

// AlarmLack is a rule that does not tell the operator everything.
type AlarmLack struct {
	Rule string
	What []string // consequence, action, respond
}

// AlarmTwins are two rules that call for the same condition.
type AlarmTwins struct {
	First, Second string
	Points        int     // on how many points
	Example       PointID // the first of them
}

// priorityTargets are the usual shares of the priorities, in percent: P1, P2, and P3 with P4. A list with
// more urgent alarms than these teaches people that urgent means nothing.
var priorityTargets = [3]float64{5, 15, 80}

// Share is the part of the alarms, in percent, that have one of the priorities.
func (r AlarmReview) Share(priorities ...int) float64 {
	if r.Alarms == 0 {
		return 0
	}
	n := 0
	for _, p := range priorities {
		n += r.Shares[p]
	}
	return 100 * float64(n) / float64(r.Alarms)
}

// ReviewAlarms holds the master alarm list of a checked site against what a good one has.
func ReviewAlarms(s *Site) AlarmReview {
	var out AlarmReview
	seen := map[condition]int{} // the first rule with a condition
	twins := map[[2]int]*AlarmTwins{}
	var order [][2]int
	for i := range s.Alarms {
		r := &s.Alarms[i]
		if what := r.lacks(); len(what) > 0 {
			out.Lacking = append(out.Lacking, AlarmLack{r.ID, what})
		}
		refs := s.PointsMatching(r.Points)
		out.Alarms += len(refs)
		if r.Priority >= 1 && r.Priority <= 4 {
			out.Shares[r.Priority] += len(refs)
		}
		for _, ref := range refs {
			c := r.condition(s, ref)
			first, twice := seen[c]
			if !twice {
				seen[c] = i
				continue
			}
			pair := [2]int{first, i}
			if twins[pair] == nil {
				twins[pair] = &AlarmTwins{First: s.Alarms[first].ID, Second: r.ID, Example: s.Points[ref].ID}
				order = append(order, pair)
			}
			twins[pair].Points++
		}
	}
	for _, pair := range order {
		out.Twins = append(out.Twins, *twins[pair])
	}
	return out
}

func (r *AlarmRule) lacks() []string {
	var what []string
	if r.Consequence.KO == "" || r.Consequence.EN == "" {
		what = append(what, "consequence")
	}
	if r.Action.KO == "" || r.Action.EN == "" {
		what = append(what, "action")
	}
	if r.Respond <= 0 {
		what = append(what, "respond")
	}
	return what
}

// condition is what a rule calls for at one point, without how urgent that is and after which delay: two
// alarms for one condition make two calls for one thing to do.
type condition struct {
	ref   Ref
	kind  string
	limit float64
	rest  string
}

func (r *AlarmRule) condition(s *Site, ref Ref) condition {
	c := condition{ref: ref, kind: r.Kind, limit: r.Limit}
	switch r.Kind {
	case "high-high":
		c.kind = "high"
	case "low-low":
		c.kind = "low"
	case "high", "low", "state", "stale":
	default:
		inputs, err := s.RuleInputs(r, ref)
		c.rest = fmt.Sprint(inputs, err, r.NamedInputs(), strings.Join(strings.Fields(r.Expr), " "), r.SideOf(&s.Points[ref]), r.Window, r.Count, r.Vote)
	}
	return c
}

// Lines says the review in words, a line for each finding, at most so many of one sort.
func (r AlarmReview) Lines(most int) []string {
	if r.Alarms == 0 {
		return nil
	}
	out := []string{fmt.Sprintf("configured alarms: P1 %.1f %%, P2 %.1f %%, P3 and P4 %.1f %% (usual target %.0f, %.0f, %.0f)",
		r.Share(1), r.Share(2), r.Share(3, 4), priorityTargets[0], priorityTargets[1], priorityTargets[2])}
	if over := r.Share(1, 2) - priorityTargets[0] - priorityTargets[1]; over > 0 {
		out = append(out, fmt.Sprintf("  %.1f %% more than usual are P1 or P2: an operator cannot tell what is urgent when much is", over))
	}
	lacking := slices.Clone(r.Lacking)
	slices.SortStableFunc(lacking, func(a, b AlarmLack) int { return cmp.Compare(len(b.What), len(a.What)) })
	for i, l := range lacking {
		if i == most {
			out = append(out, fmt.Sprintf("  and %d more alarm rules that lack something", len(lacking)-i))
			break
		}
		out = append(out, fmt.Sprintf("  alarm rule %s lacks %s: what cannot be acted on is no alarm", l.Rule, strings.Join(l.What, ", ")))
	}
	for i, t := range r.Twins {
		if i == most {
			out = append(out, fmt.Sprintf("  and %d more pairs of alarm rules for one condition", len(r.Twins)-i))
			break
		}
		out = append(out, fmt.Sprintf("  alarm rules %s and %s call for the same condition on %d points (first %s)", t.First, t.Second, t.Points, t.Example))
	}
	return out
}
