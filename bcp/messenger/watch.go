package messenger

import (
	"context"
	"time"

	"bongsu/bcp"
)

// GroupWatch is what the loop needs to know now about one failover group.
type GroupWatch struct {
	Group    string
	Source   string
	Target   string
	Services []string
	Epoch    uint64    // the group epoch wanted: the one to fence at until the fence is proven, then the run's own; 0 before a run
	State    string    // of the run: bcp.RunArmed and so on
	Since    time.Time // of the state
	Begun    time.Time // of the run (its trigger), zero before one: the load is remembered from before it
	// SourceOff is what others than the source itself prove: its power is off by the facility's own feedback, or
	// its switch port is shut and read back.
	SourceOff bcp.Tri
}

// Resolver is one way by which the public finds the messenger.
type Resolver struct {
	ID string
	// Resolve gives the host:port that the public name leads to now.
	Resolve func(ctx context.Context) (string, error)
}

// Facts is what the watcher knows at a moment. What it does not know is Unseen or zero.
type Facts struct {
	Groups      map[string]bcp.GroupFacts
	NewestEpoch map[string]uint64 // by group: the largest epoch that any of its stores is known to have promised
	Probes      map[string]bcp.ProbeView
	Checks      []bcp.Check        // the company's core services, by vantage
	Core        map[string]bcp.Tri // by service: verified at the site that serves
	Sites       []Sighting         // for people to look at
}

// Sighting is what one site said last, and how it has answered since.
type Sighting struct {
	Site   string
	State  State     // its newest answer, zero before the first
	At     time.Time // when that was asked for
	Asked  time.Time // when it was last asked, answered or not
	Misses int       // questions in a row without an answer
	Error  string    // of the last miss
}

// Watcher looks at the messenger and keeps what it saw.
type Watcher struct {
	m         *Messenger
	resolvers []Resolver
}

// Watcher is the eyes of the messenger; the resolvers are the public's ways to it.
func (m *Messenger) Watcher(resolvers []Resolver) *Watcher {
	return &Watcher{m: m, resolvers: resolvers}
}

// Run looks until ctx ends. Every desk should run one, whether it leads or not: what the source carried before it
// died can only be remembered.
func (w *Watcher) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// Watch replaces what the loop needs to know; looks that it asks for begin at once.
func (w *Watcher) Watch(groups []GroupWatch) {}

// Facts is what is known now, for the groups watched.
func (w *Watcher) Facts(now time.Time) Facts { return Facts{} }

// Changed signals that something new was seen since the last signal was taken.
func (w *Watcher) Changed() <-chan struct{} { return nil }
