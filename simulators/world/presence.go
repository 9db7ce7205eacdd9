package world

import "fmt"

// presenceStaleS is how old a count of people may be. After that nobody knows who is inside, and a room of which nobody
// knows is treated as occupied.
const presenceStaleS = 60

// access is the access control of one room: it counts people in and out at the door.
type access struct {
	off    []dose // people it miscounts: somebody followed another through the door
	silent string // fault id
	held   int
	ageS   float64
}

// step takes a count if the controller still answers.
func (a *access) step(people int, dt float64) {
	if a.silent != "" {
		a.ageS += dt
		return
	}
	a.held, a.ageS = a.live(people), 0
}

// live is the count now; it never falls below nobody, whatever was miscounted.
func (a *access) live(people int) int { return max(0, people+int(total(a.off))) }

// count is what the room's panel shows, and whether it is stale.
func (a *access) count(people int) (shown int, stale bool) {
	if a.silent == "" {
		return a.live(people), false
	}
	if a.ageS > presenceStaleS {
		return max(1, a.held), true
	}
	return a.held, false
}

// Access control of a room.
const (
	AccessSilent   FaultKind = "access-silent"   // no counts any more
	AccessMiscount FaultKind = "access-miscount" // Amount people too many, or too few when negative
)

func injectAccess(w *World, f Fault, id string) (func(), error) {
	r, ok := w.rooms[f.Target]
	if !ok {
		return nil, missing("room", f.Target)
	}
	if f.Kind == AccessMiscount {
		if f.Params.Amount < -500 || f.Params.Amount > 500 {
			return nil, fmt.Errorf("%w: amount %g people is outside -500..500", ErrFaultParams, f.Params.Amount)
		}
		r.access.off = append(r.access.off, dose{id, f.Params.Amount})
		return func() { r.access.off = without(r.access.off, id) }, nil
	}
	r.access.silent = id
	return func() { r.access.silent = "" }, nil
}
