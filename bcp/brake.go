package bcp

import (
	"fmt"
	"strconv"
	"time"
)

const (
	brakeID     = "brake"
	brakeRuns   = 3                // runs by probes alone
	brakeWindow = 10 * time.Minute // within
	brakeShare  = 0.3              // of the groups suspect at once
)

// Brake stops failover that probes alone have set off: many at once are more likely a fault of the
// probes than the end of many sites. A notice from a building and an order of people are not stopped.
type Brake struct {
	On    bool      `json:"on"`
	Why   string    `json:"why,omitempty"`
	Since time.Time `json:"since,omitzero"`
}

// Brake is the brake now.
func (x *Runs) Brake() Brake { return x.brake }

func (x *Runs) foldBrake(t Transition) error {
	if t.From != t.To || t.Event == evCreate {
		x.brake = Brake{On: t.To == BrakeEngaged, Why: t.Why, Since: t.At}
	}
	return nil
}

func (x *Runs) decideBrake(now time.Time, f Facts) (Decision, bool) {
	d := Decision{Machine: MachineBrake, ID: brakeID}
	if x.ledger.State(MachineBrake, brakeID) == "" {
		d.Event = evCreate
		return d, true
	}
	if x.brake.On {
		return d, false
	}
	runs, suspect := 0, 0
	for _, r := range x.all {
		for _, at := range r.Auto {
			// What a person has looked at when releasing the brake does not engage it again.
			if at.After(x.brake.Since) && now.Sub(at) < brakeWindow {
				runs++
			}
		}
		// A question to people is no suspicion of the probes.
		waiting := r.State == RunSuspect && r.Trigger != TriggerSilence || r.State == RunConfirmed && r.byItself()
		if waiting && r.Since.After(x.brake.Since) {
			suspect++
		}
	}
	switch {
	case runs >= brakeRuns:
		d.Why = fmt.Sprintf("%d automatic runs within %s", runs, brakeWindow)
	case suspect > 1 && float64(suspect) > brakeShare*float64(len(x.groups)):
		d.Why = strconv.Itoa(suspect) + " of " + strconv.Itoa(len(x.groups)) + " groups are suspect at once"
	default:
		return d, false
	}
	d.Event = evEngage
	d.Effects = []Effect{{Kind: EffectTell, Args: map[string]string{"text": "automatic failover is off: " + d.Why}}}
	return d, true
}

// Release lets automation act again; only the line of the control tower may, with a reason.
func (x *Runs) Release(now time.Time, f Facts, who Who, reason string) (Decision, error) {
	d := Decision{Machine: MachineBrake, ID: brakeID, Event: evRelease, By: who.Person, Why: reason}.at(now, f)
	switch {
	case !x.brake.On:
		return d, fmt.Errorf("release the brake: %w", ErrNotAllowed)
	case reason == "":
		return d, fmt.Errorf("release the brake: %w", ErrNoReason)
	}
	return d, runTurn{f: f}.tower(who.Person)
}
