package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"bongsu/facility"
	"bongsu/historian"
	"bongsu/journal"
	"bongsu/rules"
	"bongsu/rules/bands"
)

// When the desk learns. An hour is learned some time after its end: its last samples may still be on their way.
const (
	bandLesson = 20 * time.Minute
	bandLag    = 30 * time.Minute
	bandFit    = 24 * time.Hour

	bandPortion = 24 * time.Hour // of history that is read at once
)

// bandKeeper learns the bands of a site from its history and hands them to the field. The field never waits for
// it: what it was given last stays in force.
type bandKeeper struct {
	site  *facility.Site
	store *historian.Store
	field *fieldLink
	name  string // of the file with what was learned
	log   *slog.Logger

	mu    sync.Mutex
	state bandState
	plans map[facility.PointID]facility.BandPlan

	anew chan struct{} // a new normal was accepted
	set  atomic.Pointer[bands.Set]
	sent atomic.Pointer[bands.Set] // what the field has
}

// bandState is what outlives a restart.
type bandState struct {
	School *bands.School          `json:"school"`
	After  uint64                 `json:"after"` // the journal's entry up to which alarms are known
	Spells map[string][]bandSpell `json:"spells"`

	Accepted map[string]bandAccepted `json:"accepted,omitempty"` // by point, the last one
}

// bandAccepted is who took what a point showed as its new normal.
type bandAccepted struct {
	By     string `json:"by"`
	Reason string `json:"reason"`
}

// bandSpell is a time in which an alarm stood on a point, in Unix seconds; To is 0 while it stands.
type bandSpell struct {
	Alarm string `json:"a"`
	From  int64  `json:"f"`
	To    int64  `json:"t,omitempty"`
}

// newBandKeeper takes up what a former desk learned. What cannot be read is learned again from the history.
func newBandKeeper(o options, site *facility.Site, store *historian.Store, field *fieldLink, log *slog.Logger) *bandKeeper {
	k := &bandKeeper{store: store, field: field, name: filepath.Join(o.deskDir(), "bands"), anew: make(chan struct{}, 1), log: log}
	k.state.School = bands.NewSchool(nil)
	kept := k.state
	switch err := bands.Load(k.name, &kept); {
	case err == nil && kept.School != nil:
		k.state = kept
	case !errors.Is(err, fs.ErrNotExist):
		log.Error("what the bands learned cannot be read: learning again from the history", "cause", err)
	}
	if k.state.Spells == nil {
		k.state.Spells = map[string][]bandSpell{}
	}
	k.plan(site)
	return k
}

// plan takes over what a site wants bands for.
func (k *bandKeeper) plan(site *facility.Site) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.site, k.plans = site, map[facility.PointID]facility.BandPlan{}
	var plans []bands.Plan
	for _, p := range site.BandPlans() {
		k.plans[p.Point] = p
		plan := bands.Plan{Point: string(p.Point), Least: p.Least, Warmup: p.Warmup, Zone: site.Timezone}
		for _, d := range p.Drivers {
			plan.Drivers = append(plan.Drivers, string(d))
		}
		plans = append(plans, plan)
	}
	k.state.School.Plan(plans)
}

// run learns until ctx ends, by the site that is in force then.
func (k *bandKeeper) run(ctx context.Context) error {
	k.fit(time.Now())
	for {
		now := time.Now()
		if site := k.field.site.Load(); site != k.site {
			k.plan(site)
			k.fit(now)
		}
		if err := k.learn(ctx, now); err != nil && ctx.Err() == nil {
			k.log.Warn("the bands could not learn", "cause", err)
		}
		if now.Sub(k.set.Load().Made) >= bandFit {
			k.fit(now)
		}
		if err := k.hand(ctx); err != nil && ctx.Err() == nil {
			k.log.Debug("the field did not take the bands yet", "cause", err)
		}
		wait := bandLesson
		if k.sent.Load() != k.set.Load() {
			wait = time.Minute
		}
		select {
		case <-ctx.Done():
			return nil
		case <-k.anew:
			k.fit(time.Now())
		case <-time.After(wait):
		}
	}
}

// followAlarms reads from the journal when alarms stood. A new journal is read from its beginning.
func (k *bandKeeper) followAlarms(ctx context.Context) error {
	return k.field.again(ctx, "alarms for the bands", func(ctx context.Context) error {
		k.mu.Lock()
		after := k.state.After
		k.mu.Unlock()
		err := k.field.replaced(&after, k.field.client.Journal(ctx, after, func(e journal.Entry) error {
			k.take(e)
			return nil
		}))
		if after == 0 {
			k.mu.Lock()
			k.state.After = 0
			k.mu.Unlock()
		}
		return err
	})
}

// take notes an alarm that comes or goes. One that a band raised shows that the days before were doubtful too.
func (k *bandKeeper) take(e journal.Entry) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.state.After = e.Seq
	if e.Kind == rules.KindAct {
		k.accept(e)
	}
	if e.Kind != rules.KindAlarm {
		return
	}
	var a facility.Alarm
	if json.Unmarshal(e.Data, &a) != nil || a.Point == "" || a.Raised == nil {
		return
	}
	spells := k.state.Spells[string(a.Point)]
	open := -1
	for i, s := range spells {
		if s.Alarm == a.ID && s.To == 0 {
			open = i
		}
	}
	stands := a.Active || a.State == facility.AlarmOutOfService
	switch {
	case stands && open < 0:
		spells = append(spells, bandSpell{Alarm: a.ID, From: a.Raised.Unix()})
		if p, banded := k.plans[a.Point]; banded && p.Rule.ID == a.Rule {
			k.state.School.Distrust(string(a.Point), *a.Raised)
		}
	case !stands && open >= 0:
		spells[open].To = max(e.Time.Unix(), spells[open].From)
	}
	k.state.Spells[string(a.Point)] = spells
}

// accept begins a point anew where a person said so. The caller holds the lock.
func (k *bandKeeper) accept(e journal.Entry) {
	var act facility.Act
	if json.Unmarshal(e.Data, &act) != nil || !rules.AcceptsBand(act) || !k.state.School.Forget(act.Subject, e.Time) {
		return
	}
	if k.state.Accepted == nil {
		k.state.Accepted = map[string]bandAccepted{}
	}
	k.state.Accepted[act.Subject] = bandAccepted{By: e.Actor, Reason: act.Reason}
	select {
	case k.anew <- struct{}{}:
	default: // it will see this one too
	}
}

// doubtful says that an alarm stood on a point in an hour. The caller holds the lock.
func (k *bandKeeper) doubtful(point string, from time.Time) bool {
	a, b := from.Unix(), from.Add(time.Hour).Unix()
	for _, s := range k.state.Spells[point] {
		if s.From < b && (s.To == 0 || s.To >= a) {
			return true
		}
	}
	return false
}

// learn teaches the hours that are over, a day's worth after the other: after a pause all that was missed by thousands of
// points is more than a desk should hold at once.
func (k *bandKeeper) learn(ctx context.Context, now time.Time) error {
	end := now.Add(-bandLag).Truncate(time.Hour)
	oldest := end.Add(-bands.Memory * time.Hour)
	for to := oldest.Add(bandPortion); ; to = to.Add(bandPortion) {
		if to.After(end) {
			to = end
		}
		if err := k.learnTo(ctx, oldest, to); err != nil {
			return err
		}
		if to.Equal(end) {
			break
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.forget(now)
	return nil
}

// learnTo teaches what was before a time. All of it is read first: an hour that cannot be read now is not skipped but
// asked for again.
func (k *bandKeeper) learnTo(ctx context.Context, oldest, end time.Time) error {
	means := map[string]map[int64]float64{}
	for id, from := range k.wanted(oldest, end) {
		hours, err := k.read(ctx, id, from, end)
		if err != nil {
			return err
		}
		means[string(id)] = hours
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.state.School.Teach(end, bands.Lesson{
		Mean: func(point string, from time.Time) (float64, bool) {
			v, good := means[point][from.Unix()]
			return v, good
		},
		Doubtful: k.doubtful,
	})
	return nil
}

// quarters is into how many parts an hour is cut when it is read: with one missing, or not good, it has a gap.
const quarters = 4

// wanted lists the points to read, bands and drivers, each from the first hour that somebody misses.
func (k *bandKeeper) wanted(oldest, end time.Time) map[facility.PointID]time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := map[facility.PointID]time.Time{}
	for id, p := range k.plans {
		from := k.state.School.Next(string(id), oldest)
		if !from.Before(end) {
			continue
		}
		for _, point := range append([]facility.PointID{id}, p.Drivers...) {
			if known, ok := out[point]; !ok || from.Before(known) {
				out[point] = from
			}
		}
	}
	return out
}

// read gives the means of a point's whole good hours.
func (k *bandKeeper) read(ctx context.Context, id facility.PointID, from, to time.Time) (map[int64]float64, error) {
	buckets, err := k.store.Query(ctx, id, from, to, int(to.Sub(from)/time.Hour)*quarters)
	if err != nil {
		return nil, fmt.Errorf("read what %s did: %w", id, err)
	}
	sums, good := map[int64]float64{}, map[int64]int{}
	for _, b := range buckets {
		if b.Quality != facility.Good {
			continue
		}
		hour := b.T.Truncate(time.Hour).Unix()
		sums[hour] += b.Avg
		good[hour]++
	}
	out := map[int64]float64{}
	for hour, n := range good {
		if n == quarters {
			out[hour] = sums[hour] / quarters
		}
	}
	return out, nil
}

// forget lets go of alarms that ended before the memory begins. The caller holds the lock.
func (k *bandKeeper) forget(now time.Time) {
	oldest := now.Add(-(bands.Memory + bands.Wait) * time.Hour).Unix()
	for point, spells := range k.state.Spells {
		kept := spells[:0]
		for _, s := range spells {
			if s.To == 0 || s.To >= oldest {
				kept = append(kept, s)
			}
		}
		if k.state.Spells[point] = kept; len(kept) == 0 {
			delete(k.state.Spells, point)
		}
	}
}

// fit makes the bands anew and keeps what they were made from.
func (k *bandKeeper) fit(now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	set := k.state.School.Fit(now)
	k.set.Store(set)
	ready := 0
	for _, b := range set.Bands {
		if b.Ready {
			ready++
		}
	}
	if err := bands.Save(k.name, k.state); err != nil {
		k.log.Error("what the bands learned could not be kept", "cause", err)
	}
	k.log.Info("bands learned", "points", len(set.Bands), "ready", ready)
}

// hand gives the field the newest bands.
func (k *bandKeeper) hand(ctx context.Context) error {
	set := k.set.Load()
	if k.sent.Load() == set {
		return nil
	}
	body, err := bands.Encode(set)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	resp, err := k.field.client.Do(ctx, http.MethodPut, "/bands", body)
	if err != nil {
		return fmt.Errorf("hand over the bands: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		return fmt.Errorf("hand over the bands: the field says %s", resp.Status)
	}
	k.sent.Store(set)
	return nil
}
