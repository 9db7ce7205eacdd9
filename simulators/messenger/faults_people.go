package messenger

import (
	"fmt"
	"time"

	"bongsu/simulators/people"
	"bongsu/simulators/world"
)

// injectFlaw makes a channel slow or forgetful that works otherwise.
func injectFlaw(w *World, f world.Fault, id string) (func(), error) {
	if err := knownChannel(f.Target); err != nil {
		return nil, err
	}
	if err := modeOf(f, ""); err != nil {
		return nil, err
	}
	var flaw people.Flaw
	if f.Kind == ChannelSlow {
		d, err := seconds("amount", f.Params.Amount, 3600)
		if err != nil {
			return nil, err
		}
		flaw = people.Slow(d)
	} else if share := f.Params.Amount; share > 0 && share <= 1 {
		flaw = people.Lossy(share)
	} else {
		return nil, fmt.Errorf("%w: amount %g: a share above 0 and at most 1", world.ErrFaultParams, share)
	}
	w.inbox.Impair(id, f.Target, &flaw)
	return func() { w.inbox.Impair(id, f.Target, nil) }, nil
}

// injectConduct changes how a person behaves: until it is cleared, or for so many seconds.
func injectConduct(w *World, f world.Fault, id string) (func(), error) {
	if !w.inbox.Knows(f.Target) {
		return nil, fmt.Errorf("person %q: %w", f.Target, world.ErrUnknownAsset)
	}
	o := people.Override{Who: f.Target, Conduct: people.Conduct(f.Params.Mode)}
	if o.Conduct == people.Asleep {
		o.Calls = int(f.Params.Amount)
	} else {
		o.Delay = time.Duration(f.Params.Amount * float64(time.Second))
	}
	if f.Params.Seconds < 0 {
		return nil, fmt.Errorf("%w: seconds %g", world.ErrFaultParams, f.Params.Seconds)
	}
	end, err := w.inbox.Behave(id, o)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", world.ErrFaultParams, err)
	}
	if f.Params.Seconds == 0 {
		return end, nil
	}
	clock := time.AfterFunc(time.Duration(f.Params.Seconds*float64(time.Second)), end)
	return func() { clock.Stop(); end() }, nil
}
