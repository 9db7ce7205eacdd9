package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"bongsu/facility"
	"bongsu/rules"
	"bongsu/ui"
)

// When the node announces what is wrong with its own history, and when that is over.
const (
	lossRests    = 10 * time.Minute // without another loss
	keeperWaits  = time.Minute      // a database that restarts is no alarm
	keeperRests  = 2 * time.Minute
	announceEach = 10 * time.Second
	sayAgain     = time.Minute // what stands is said again: the one who heard it may have lost it
)

// spell follows one condition and decides when it is to be announced. Its zero value knows nothing; what a former
// process announced is taken back like any other, once the condition has been away for rest.
type spell struct {
	wait, rest time.Duration
	known      bool
	bad        bool
	since      time.Time // it is as it is
	detail     string    // of its beginning: an error that is worded anew each time is not another one
	said       bool      // something was announced
	standing   bool      // what
	saidAt     time.Time
}

// look takes in how the condition is and says whether that is to be announced now.
func (s *spell) look(now time.Time, bad bool, detail string) (standing, announce bool) {
	if !s.known || s.bad != bad {
		s.known, s.bad, s.since, s.detail = true, bad, now, detail
	}
	held := now.Sub(s.since)
	switch {
	case bad && held >= s.wait:
		standing = true
	case !bad && held >= s.rest:
	default:
		return s.standing, false
	}
	return standing, !s.said || s.standing != standing || standing && now.Sub(s.saidAt) >= sayAgain
}

// announced notes that it was heard.
func (s *spell) announced(now time.Time, standing bool) {
	s.said, s.standing, s.saidAt = true, standing, now
}

// teller is who can raise an alarm.
type teller interface {
	Do(ctx context.Context, act facility.Act) (facility.ActResult, error)
}

// found tells the rules of a condition when it is time. One who does not hear it is told again at the next look.
func (s *spell) found(ctx context.Context, to teller, subject string, bad bool, f finding) error {
	now := time.Now()
	standing, announce := s.look(now, bad, f.detail)
	if !announce {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, actPatience)
	defer cancel()
	id := subject + "-" + strconv.FormatInt(now.UnixNano(), 36)
	res, err := to.Do(ctx, rules.Found(id, subject, standing, s.detail, f.value))
	if err == nil && res.Code != http.StatusOK {
		err = fmt.Errorf("the rules answer %d: %s", res.Code, res.Detail)
	}
	if err != nil {
		return fmt.Errorf("announce %s: %w", subject, err)
	}
	s.announced(now, standing)
	return nil
}

// finding is what can be said of a condition.
type finding struct {
	detail string
	value  float64
}

// loop is the field's own rules, heard without a wire between.
type loop struct{ engine *rules.Engine }

// Do implements teller.
func (l loop) Do(ctx context.Context, act facility.Act) (facility.ActResult, error) {
	return l.engine.Do(ctx, act), nil
}

// announceLosses raises an alarm while samples are lost that nobody has, until ctx ends.
func announceLosses(ctx context.Context, s *spooler, engine *rules.Engine, log *slog.Logger) error {
	return announceRising(ctx, rules.FoundEvicted, s.lost, loop{engine}, log)
}

// When the rules are told to be late: their queue is to be empty within a scan, and a flood of alarms is no lasting lag.
const (
	lateMost  = 3 * time.Second
	lateWaits = 30 * time.Second
	lateRests = time.Minute
)

// announceLag raises an alarm while samples wait long for the rules, and one when the rules passed samples over, until ctx
// ends.
func announceLag(ctx context.Context, queue *facility.Reader, to teller, log *slog.Logger) error {
	passed := make(chan error, 1)
	go func() { passed <- announceRising(ctx, rules.FoundPassed, queue.Evicted, to, log) }()
	late := &spell{wait: lateWaits, rest: lateRests}
	err := eachLook(ctx, log, func() error {
		longest := queue.LongestWait()
		return late.found(ctx, to, rules.FoundLag, longest > lateMost, finding{value: longest.Round(time.Millisecond).Seconds()})
	})
	return errors.Join(err, <-passed)
}

// announceRising raises an alarm while a count of samples goes up, until ctx ends.
func announceRising(ctx context.Context, subject string, lost func() uint64, to teller, log *slog.Logger) error {
	s := &spell{}
	began := lost()
	before, last, start := began, time.Time{}, time.Now()
	return eachLook(ctx, log, func() error {
		now, total := time.Now(), lost()
		if total > before {
			before, last = total, now
		}
		if last.IsZero() && now.Sub(start) < lossRests {
			return nil // what the process before this one announced still stands as long
		}
		bad := !last.IsZero() && now.Sub(last) < lossRests
		return s.found(ctx, to, subject, bad, finding{value: float64(total - began)})
	})
}

// announceKeepers raises an alarm for each keeper of the history that takes nothing, until ctx ends.
func announceKeepers(ctx context.Context, health func() []ui.StoreHealth, to teller, log *slog.Logger) error {
	spells := map[string]*spell{"embedded": {wait: keeperWaits, rest: keeperRests}, "influx": {wait: keeperWaits, rest: keeperRests}}
	subjects := map[string]string{"embedded": rules.FoundHistory, "influx": rules.FoundInflux}
	return eachLook(ctx, log, func() error {
		gone := map[string]bool{"embedded": true, "influx": true}
		var failed error
		for _, h := range health() {
			delete(gone, h.Name)
			if err := spells[h.Name].found(ctx, to, subjects[h.Name], !h.OK, finding{detail: h.Why}); err != nil {
				failed = err
			}
		}
		for name := range gone { // a site without a database has no trouble with it any more
			if err := spells[name].found(ctx, to, subjects[name], false, finding{}); err != nil {
				failed = err
			}
		}
		return failed
	})
}

// eachLook looks until ctx ends. That nobody hears is said once, until somebody does.
func eachLook(ctx context.Context, log *slog.Logger, look func() error) error {
	return eachLookIn(ctx, announceEach, log, look)
}

func eachLookIn(ctx context.Context, every time.Duration, log *slog.Logger, look func() error) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		err := look()
		if err != nil && !failing && ctx.Err() == nil {
			log.Warn("an alarm about the node's own history could not be raised", "cause", err)
		}
		failing = err != nil
	}
}
