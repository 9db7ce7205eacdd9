package rules

import "bongsu/rules/fire"

// WatchFire has every tick of the staged response judged by its invariants from now on; nil without a fire
// response. It is called after Restore and before Run, and what the watch saw is read after Run has ended. It
// doubles what the response costs: for tests, scenarios and replays.
func (e *Engine) WatchFire() (*fire.Watch, error) {
	if e.fire == nil {
		return nil, nil
	}
	w, err := e.fire.engine.Watch()
	e.fire.watch = w
	return w, err
}
