package messenger

import (
	"fmt"
	"slices"
	"time"

	"bongsu/bcp"
)

// What share of failures is normal: at least so much, since twice nothing would be nothing, and never more, since a
// source that was ill itself is no measure.
const (
	errorFloor   = 0.01
	errorCeiling = 0.05
)

const (
	// figuresMean is the time that a site's own figures are a mean of: one slip stands in them for so long.
	figuresMean = 5 * time.Second
	// sickFor is how long failures have to last to be the target's. Neither one slip nor what went wrong before the
	// share came lasts so long. Meanwhile the share does not grow, and HOLD would not take it back either.
	sickFor = 2 * figuresMean
)

// usual is the share of a site's answers that failed while it served: the middle one of the minutes before a moment.
// Runs begin with a bad moment, which must not become the normal.
func (s sight) usual(until time.Time) float64 {
	var shares []float64
	for _, x := range s.trail {
		if x.serving && x.load > 0 && !x.at.After(until) && until.Sub(x.at) <= freshLoad {
			shares = append(shares, x.failed/x.load)
		}
	}
	switch {
	case len(shares) > 0:
		slices.Sort(shares)
		return shares[len(shares)/2]
	case s.served.load > 0:
		return s.served.failed / s.served.load
	}
	return 0
}

// normal is the share of failures that is normal, and whether the source was seen or the journal tells it. Where
// nobody knows the least is taken: too strict stops a run, too mild would send everybody to a site that fails.
func (v groupView) normal() (share float64, known bool) {
	was, known := v.carried()
	if !known || was.load <= 0 {
		return errorFloor, known
	}
	return min(max(errorFloor, was.failed/was.load), errorCeiling), true
}

// low says whether the failures in a sample are at most twice the normal of the source.
func (v groupView) low(s sample) bool {
	normal, _ := v.normal()
	return s.failed <= 2*normal*max(s.load, 1)
}

// errors says whether failures at the target are low, since when without a break, and what is wrong if not. That
// nobody complains is no proof where nobody comes: a user of our own has to get through too.
func (v groupView) errors() (low bcp.Tri, since time.Time, why string) {
	figures, from, why := v.failures()
	user, good, what := v.fares()
	if why == "" || user == bcp.No && figures != bcp.No {
		why = what
	}
	switch {
	case figures == bcp.No || user == bcp.No:
		return bcp.No, time.Time{}, why
	case figures == bcp.Unseen || user == bcp.Unseen:
		return bcp.Unseen, time.Time{}, why
	case good.After(from):
		from = good
	}
	return bcp.Yes, from, ""
}

// failures judges by the target's own figures.
func (v groupView) failures() (low bcp.Tri, since time.Time, why string) {
	trail := v.rec.sites[v.watch.Target].trail
	if _, fresh := v.answer(v.watch.Target); !fresh || len(trail) == 0 {
		return bcp.Unseen, time.Time{}, v.watch.Target + " does not tell how many requests fail"
	}
	last := trail[len(trail)-1]
	if v.low(last) {
		return bcp.Yes, v.unbroken(trail, v.low), ""
	}
	normal, known := v.normal()
	why = fmt.Sprintf("at %s %.1f of %.1f requests a second fail where %.0f %% is normal", v.watch.Target, last.failed, last.load, 100*normal)
	if !known {
		why += "; nobody knows how many failed at " + v.watch.Source + ": the least is taken for normal"
	}
	return v.sick(v.unbroken(trail, func(s sample) bool { return !v.low(s) })), time.Time{}, why
}

// fares judges by our own user at the target.
func (v groupView) fares() (well bcp.Tri, since time.Time, why string) {
	user, seen := v.user()
	switch {
	case !seen:
		return bcp.Unseen, time.Time{}, "no user of ours was at " + v.watch.Target + " yet"
	case user.row == 0:
		return v.sick(user.failing), time.Time{}, fmt.Sprintf("a user of ours does not get through at %s: %v", v.watch.Target, user.newest.Err)
	case user.site != v.watch.Target:
		return v.sick(user.good), time.Time{}, fmt.Sprintf("a user of ours who came to %s was served by %s", v.watch.Target, user.site)
	}
	return bcp.Yes, user.good, ""
}

// sick is No for what has been wrong for long enough since the share came, and Unseen before.
func (v groupView) sick(from time.Time) bcp.Tri {
	if from.Before(v.watch.Since) {
		from = v.watch.Since
	}
	if v.now.Sub(from) >= sickFor {
		return bcp.No
	}
	return bcp.Unseen
}

// unbroken is since when all samples are such, as far as they reach without a gap into the run's present state.
func (v groupView) unbroken(trail []sample, such func(sample) bool) time.Time {
	since := v.now
	for _, s := range slices.Backward(trail) {
		if s.at.Before(v.watch.Since) || since.Sub(s.at) > freshAnswer || !such(s) {
			break
		}
		since = s.at
	}
	return since
}
