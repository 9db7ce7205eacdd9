package facility

import (
	"fmt"
	"slices"
	"time"
)

// What a band rule starts from when it does not say.
const (
	startingSpreads = 6
	startingWarmup  = 14 * 24 * time.Hour
)

// leastShare is the smallest spread of a band as a share of the point's span: a value that stood still while
// it was learned must not call for the last digit.
const leastShare = .0005

// Spreads is how many spreads from the middle a band rule calls.
func (r *AlarmRule) Spreads() float64 {
	if r.Limit > 0 {
		return r.Limit
	}
	return startingSpreads
}

// WarmupTime is how much a band rule must have learned before it judges.
func (r *AlarmRule) WarmupTime() time.Duration {
	if r.Warmup > 0 {
		return r.Warmup
	}
	return startingWarmup
}

// LeastSpread is the smallest spread a band of the point may have, in the point's unit.
func (r *AlarmRule) LeastSpread(p *Point) float64 {
	if r.Least > 0 {
		return r.Least
	}
	return leastShare * max(p.Max-p.Min, 0)
}

// BandPlan is one point that a site wants a band for, and what drives it.
type BandPlan struct {
	Point   PointID
	Drivers []PointID
	Least   float64
	Warmup  time.Duration
	Rule    *AlarmRule
}

// BandPlans lists the points of all band rules, each point once, by the first rule that matches it. A rule
// whose drivers lead nowhere is left out: the check of the site says so.
func (s *Site) BandPlans() []BandPlan {
	var out []BandPlan
	seen := map[Ref]bool{}
	for i := range s.Alarms {
		r := &s.Alarms[i]
		if r.Kind != "band" {
			continue
		}
		for _, ref := range s.PointsMatching(r.Points) {
			refs, err := s.RuleInputs(r, ref)
			if err != nil || seen[ref] {
				continue
			}
			seen[ref] = true
			p := BandPlan{Point: s.Points[ref].ID, Least: r.LeastSpread(&s.Points[ref]), Warmup: r.WarmupTime(), Rule: r}
			for _, d := range refs[1:] {
				p.Drivers = append(p.Drivers, s.Points[d].ID)
			}
			out = append(out, p)
		}
	}
	return out
}

// mostDrivers bounds what one band can follow: more cannot be told apart in a few weeks.
const mostDrivers = 3

// band checks what only a band rule has. Two rules for the band of one point would learn it in two ways.
func (c *checker) band(path string, r *AlarmRule) {
	if r.Kind != "band" {
		return
	}
	if r.Limit < 0 || c.d.written(path+".limit") && r.Limit < 2 {
		c.d.fault(path+".limit", "a band of %g spreads would always be left: want 2 or more", r.Limit)
	}
	if r.Least < 0 {
		c.d.fault(path+".least", "the smallest spread cannot be negative")
	}
	if c.d.written(path+".warmup") && (r.Warmup < 48*time.Hour || r.Warmup > 8*7*24*time.Hour) {
		c.d.fault(path+".warmup", "a warm-up of %s: want 2 days to 8 weeks", r.Warmup)
	}
	if len(r.With) > mostDrivers {
		c.d.fault(path+".with", "a band follows at most %d points", mostDrivers)
	}
	for _, ref := range c.site.PointsMatching(r.Points) {
		if p := &c.site.Points[ref]; p.Kind != "analog" {
			c.d.fault(path+".points", "%s is no measured value: a band needs one", p.ID)
			return
		}
	}
	for i := range c.site.Alarms {
		o := &c.site.Alarms[i]
		if o == r {
			return
		}
		if o.Kind == "band" && slices.ContainsFunc(c.site.PointsMatching(r.Points), func(ref Ref) bool { return slices.Contains(c.site.PointsMatching(o.Points), ref) }) {
			c.d.fault(path+".points", "%s", fmt.Sprintf("rule %q learns a band for some of these points already", o.ID))
			return
		}
	}
}
