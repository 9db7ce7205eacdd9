package fire

import "time"

// Engine is the staged response of one site. It is not safe for concurrent use.
type Engine struct {
	cfg Config
}

// New checks the configuration and returns an engine with every rack normal.
func New(cfg Config) (*Engine, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Engine{cfg: cfg}, nil
}

// RackIDs lists the racks in the order of Inputs.Racks.
func (e *Engine) RackIDs() []string { return nil }

// RoomNames lists the rooms, peers included, in the order of Inputs.Rooms.
func (e *Engine) RoomNames() []string { return nil }

// NewInputs returns inputs of the right shape, every channel bad until it is filled in.
func (e *Engine) NewInputs() Inputs { return Inputs{} }

// Tick decides for one instant; now is monotonic and never goes back, wall only serves to notice
// that the wall clock did.
func (e *Engine) Tick(now time.Duration, wall time.Time, in Inputs) Decisions { return Decisions{} }

// View is the picture after the last tick.
func (e *Engine) View() View { return View{} }

// Snapshot is everything a restart needs, as of the last tick.
func (e *Engine) Snapshot() Snapshot { return Snapshot{} }

// Restore takes up a snapshot; down is the time since it was taken, now the present tick's time.
func (e *Engine) Restore(s Snapshot, down, now time.Duration) error { return nil }
