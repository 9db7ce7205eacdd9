package share

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"bongsu/facility"
)

// KeeperConfig is what the field's side needs. Zero Limits take the defaults.
type KeeperConfig struct {
	Site   *facility.Site
	Wire   Wire // the field's own, with the links that collectors may serve aside
	Bus    *facility.Bus
	Limits Limits
	Clock  func() time.Duration
	Log    *slog.Logger
}

// Keeper is the field's side: it grants links to the collectors that are connected and to the field's own wire, and
// puts what they read on the field's bus. It is safe for concurrent use.
type Keeper struct {
	cfg   KeeperConfig
	began time.Time
	zero  time.Duration // of the clock, at began
	kick  chan struct{}
	turns sync.WaitGroup // links that the field itself takes or lets go of

	mu      sync.Mutex
	site    *facility.Site
	linkOf  []int // of each point, the place of the link
	ledger  *Ledger
	guests  map[string]*guest // connected, by name
	seen    map[string]*known // every collector that ever was there
	own     map[string]*seat  // the field's own turns, by link
	changed chan struct{}     // closed at the next move
	bare    map[string]time.Duration
	closed  bool
}

// known is what is kept of a collector between its connections.
type known struct {
	instance string
	refused  string // why it was not let in the last time
	taken    uint64 // number of its last samples that were taken
	status   facility.CollectorStatus
	lag      [2]time.Duration // the longest of this span and of the one before
	lagFrom  time.Duration
}

// seat is the field's own turn at a link: one thing at a time, in the order decided.
type seat struct{ last chan struct{} }

const (
	bareEvery = 10 * time.Second // the points of a link that nobody serves are said to be bad anew
	lagSpan   = 5 * time.Second
	mostKnown = 1000 // names that are remembered, those of strangers with them
)

// NewKeeper prepares the field's side. It starts nothing.
func NewKeeper(cfg KeeperConfig) *Keeper {
	if cfg.Limits == (Limits{}) {
		cfg.Limits = Usual()
	}
	if cfg.Clock == nil {
		cfg.Clock = NewClock()
	}
	k := &Keeper{cfg: cfg, began: time.Now(), zero: cfg.Clock(), kick: make(chan struct{}, 1), site: cfg.Site, linkOf: linksOf(cfg.Site), guests: map[string]*guest{},
		seen: map[string]*known{}, own: map[string]*seat{}, changed: make(chan struct{}), bare: map[string]time.Duration{}}
	// Terms go on behind those of a former process: it cannot have granted one a microsecond.
	k.ledger = NewLedger(cfg.Limits, k.zero, uint64(time.Now().UnixMicro()))
	k.ledger.Use(k.zero, wantsOf(cfg.Site), false)
	for _, c := range cfg.Site.Collectors {
		k.seen[c.Name] = &known{status: facility.CollectorStatus{Name: c.Name}}
	}
	return k
}

func wantsOf(site *facility.Site) []Want {
	out := make([]Want, len(site.Links))
	for i, l := range site.Links {
		out[i] = Want{l.ID, site.Seats(l.ID)}
	}
	return out
}

// Aside says which links a process serves only when it was told to: those that others may serve.
func Aside(site *facility.Site, link string) bool { return len(site.Seats(link).Prefer) > 0 }

// Run decides until ctx ends, then ends every connection. The collectors serve on while their leases run, for the
// field process that may follow.
func (k *Keeper) Run(ctx context.Context) error {
	tick := time.NewTicker(k.cfg.Limits.Beat / 5)
	defer tick.Stop()
	for {
		k.decide()
		select {
		case <-ctx.Done():
			k.mu.Lock()
			k.closed = true
			for _, g := range k.guests {
				g.end()
			}
			k.mu.Unlock()
			k.turns.Wait()
			return nil
		case <-tick.C:
		case <-k.kick:
		}
	}
}

// look has the moves that have become due decided now.
func (k *Keeper) look() {
	select {
	case k.kick <- struct{}{}:
	default:
	}
}

func (k *Keeper) decide() {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.cfg.Clock()
	moves := k.ledger.Decide(now)
	for _, m := range moves {
		k.carryOut(m)
	}
	if len(moves) > 0 {
		close(k.changed)
		k.changed = make(chan struct{})
	}
	k.tellBare(now)
}

// carryOut does one move; it waits for nothing.
func (k *Keeper) carryOut(m Move) {
	log := k.cfg.Log.With("link", m.Link, "by", m.Name, "term", m.Term)
	switch m.Act {
	case Grant:
		log.Info("link granted")
		if g := k.guests[m.Name]; g != nil {
			g.say(frameGrant, grant{Held{m.Link, m.Term}, g.beat})
		}
	case Withdraw:
		log.Info("link withdrawn: a better choice is there")
		if g := k.guests[m.Name]; g != nil {
			g.say(frameWithdraw, Held{m.Link, m.Term})
		}
	case Lose:
		log.Warn("link lost: its collector has not been heard of in time")
	case Take:
		if len(k.site.Seats(m.Link).Prefer) > 0 {
			log.Info("link taken")
		}
		k.turn(m.Link, func() {
			if err := k.cfg.Wire.Take(m.Link); err != nil {
				log.Error("a link cannot be served", "cause", err)
			}
		})
	case Drop:
		log.Info("link left to a better choice")
		k.turn(m.Link, func() {
			k.cfg.Wire.Drop(m.Link)
			k.mu.Lock()
			k.ledger.Freed(k.cfg.Clock(), m.Link)
			k.mu.Unlock()
			k.look()
		})
	}
}

// turn runs what takes time for a link beside everything else, one thing after the other.
func (k *Keeper) turn(link string, do func()) {
	s := k.own[link]
	if s == nil {
		s = &seat{}
		k.own[link] = s
	}
	before, done := s.last, make(chan struct{})
	s.last = done
	k.turns.Go(func() {
		defer close(done)
		if before != nil {
			<-before
		}
		do()
	})
}

// tellBare publishes bad samples for the points of links that nobody serves.
func (k *Keeper) tellBare(now time.Duration) {
	for _, l := range k.site.Links {
		last, told := k.bare[l.ID]
		if !k.ledger.Owner(l.ID, now).Open {
			delete(k.bare, l.ID)
			continue
		}
		if told && now-last < bareEvery {
			continue
		}
		if !told {
			k.cfg.Log.Error("nobody serves a link: its collectors are away and the field does not reach it", "link", l.ID)
		}
		k.bare[l.ID] = now
		at := time.Now()
		var lost []facility.Sample
		for _, dev := range k.site.Devices {
			if dev.Link != l.ID {
				continue
			}
			for _, ref := range dev.Refs {
				lost = append(lost, facility.Sample{Point: ref, Quality: facility.Bad, Reason: facility.Unserved, At: at, Seen: at})
			}
		}
		k.cfg.Bus.Publish(lost)
	}
}

// Use works by another site with the same points, once the field's own wire does. Collectors come back with it.
func (k *Keeper) Use(site *facility.Site) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.site, k.linkOf = site, linksOf(site)
	k.ledger.Use(k.cfg.Clock(), wantsOf(site), true)
	for _, g := range k.guests {
		g.turnAway(refusal{Why: "the site was loaded anew", Revision: site.Revision})
	}
	k.look()
}

// Status lists the health of every link in the order of the site file, each as who serves it says.
func (k *Keeper) Status() []facility.LinkStatus {
	own := k.cfg.Wire.Status()
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.cfg.Clock()
	for i := range own {
		l := &own[i]
		o := k.ledger.Owner(l.ID, now)
		since := k.when(o.Since)
		if o.Name == facility.FieldSeat {
			l.Owner, l.OwnedSince = o.Name, &since
			continue
		}
		*l = facility.LinkStatus{ID: l.ID, Protocol: l.Protocol, Address: l.Address, Error: "nobody serves it now"}
		if g := k.guests[o.Name]; g != nil {
			if told, ok := g.links[l.ID]; ok {
				*l = told
			} else {
				l.Error = "its collector has not said yet how it does"
			}
		} else if o.Name != "" {
			l.Error = "its collector is not connected"
		}
		if o.Name != "" {
			l.Owner, l.OwnedSince = o.Name, &since
		}
	}
	return own
}

// when is a moment of the clock as people read it.
func (k *Keeper) when(at time.Duration) time.Time { return k.began.Add(at - k.zero).Round(0) }

// Devices lists what has come from each device that counts it, link by link, as who serves the link says.
func (k *Keeper) Devices() []facility.DeviceStatus {
	all := k.cfg.Wire.Devices()
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.cfg.Clock()
	out := slices.DeleteFunc(all, func(d facility.DeviceStatus) bool {
		return k.ledger.Owner(d.Link, now).Name != facility.FieldSeat
	})
	for _, g := range k.guests {
		out = append(out, g.devices...)
	}
	return out
}

// Collectors lists how every collector of the site does.
func (k *Keeper) Collectors() []facility.CollectorStatus {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.cfg.Clock()
	out := make([]facility.CollectorStatus, 0, len(k.site.Collectors))
	for _, c := range k.site.Collectors {
		st := facility.CollectorStatus{Name: c.Name}
		if s := k.seen[c.Name]; s != nil {
			st = s.status
			st.LagMS = max(s.lag[0], s.lag[1]).Milliseconds()
			if now-s.lagFrom > 2*lagSpan {
				st.LagMS = 0
			}
		}
		st.Links = []string{}
		for _, l := range k.site.Links {
			if seats := k.site.Seats(l.ID); len(seats.Prefer) > 0 && seats.Prefer[0] == c.Name {
				st.Own++
			}
			if k.ledger.Owner(l.ID, now).Name == c.Name {
				st.Links = append(st.Links, l.ID)
			}
		}
		out = append(out, st)
	}
	return out
}

// Unserved lists the links that nobody serves, and that nobody from before may still hold.
func (k *Keeper) Unserved() (out []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, l := range k.site.Links {
		if _, bare := k.bare[l.ID]; bare {
			out = append(out, l.ID)
		}
	}
	return out
}
