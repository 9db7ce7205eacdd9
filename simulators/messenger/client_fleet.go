package messenger

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"bongsu/facility"
)

// habit is how a user's program finds the messenger.
type habit string

const (
	habitSound   habit = "sound"   // asks DNS again once an answer's life is over
	habitStale   habit = "stale"   // keeps an answer for several lives
	habitForever habit = "forever" // keeps it until a connection fails
	habitPinned  habit = "pinned"  // knows one address and never asks
)

// habits deals out the programs by share, in an order that depends on the seed alone. Pinned users come with
// their site.
func habits(users int, c facility.MessengerClients, seed int64) (out []habit, sites []string) {
	for range users {
		out, sites = append(out, habitSound), append(sites, "")
	}
	order := rand.New(rand.NewPCG(uint64(seed), 1)).Perm(users)
	sum, at := 0.0, 0
	deal := func(share float64, h habit, site string) {
		sum += share
		for ; at < users && float64(at) < sum*float64(users)-1e-9; at++ {
			out[order[at]], sites[order[at]] = h, site
		}
	}
	deal(c.StaleShare, habitStale, "")
	deal(c.ForeverShare, habitForever, "")
	for _, p := range c.Pinned {
		deal(p.Share, habitPinned, p.Site)
	}
	return out, sites
}

// fleet is what all users' programs have in common: how much is wanted, and how they come back after a cut.
type fleet struct {
	users      int
	rate       float64 // messages a second of all users together, at a factor of 1
	background float64
	reads      float64 // share of acknowledged messages that their writer reads back

	mu      sync.Mutex
	demand  demand
	hasty   map[string]bool // by fault: without jitter and growing pauses
	relogin map[string]bool // by fault: with a new login after each cut
}

// always marks in hasty and relogin what the site file says.
const always = "the site file"

func newFleet(cfg *facility.Messenger) *fleet {
	f := &fleet{users: max(1, cfg.Users), rate: cfg.Rate, background: cfg.Load.Background, hasty: map[string]bool{}, relogin: map[string]bool{},
		demand: demand{curve: curve{cfg.Load.Curve, cfg.Load.Day, cfg.Load.Starts}, began: time.Now()}}
	if cfg.Rate > 0 {
		f.reads = min(1, cfg.Load.Reads/cfg.Rate)
	}
	f.set(f.hasty, always, cfg.Clients.Backoff == "none")
	f.set(f.relogin, always, cfg.Clients.Relogin)
	return f
}

// set marks or unmarks one reason.
func (f *fleet) set(reasons map[string]bool, why string, on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(reasons, why)
	if on {
		reasons[why] = true
	}
}

// surge begins one, and returns how it ends.
func (f *fleet) surge(s surge) (end func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.demand.surges = append(slices.Clone(f.demand.surges), s)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.demand = f.demand.without(s)
	}
}

// wants is how many messages and how much background work one user has a second.
func (f *fleet) wants(now time.Time) (chat, background float64) {
	f.mu.Lock()
	chat, background = f.demand.factors(now)
	f.mu.Unlock()
	return chat * f.rate / float64(f.users), background * f.background / float64(f.users)
}

// comeBack is how users return after a cut.
func (f *fleet) comeBack() (hasty, relogin bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.hasty) > 0, len(f.relogin) > 0
}

// pause is how long to wait before the next try, and the base of the one after it. Everybody is cut at the
// same moment: without chance they would come back at the same one too.
func pause(base time.Duration, hasty bool, rng *rand.Rand) (wait, next time.Duration) {
	if hasty {
		return firstBackoff, firstBackoff
	}
	return base/2 + time.Duration(rng.Int64N(int64(base/2))), min(2*base, maxBackoff)
}
