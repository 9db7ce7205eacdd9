package share

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"bongsu/facility"
)

// shift is a collector's work by one site: the links it holds, and what it reads from them.
type shift struct {
	*Worker
	site   *facility.Site
	wire   Wire
	bus    *facility.Bus
	reader *facility.Reader
	limits Limits
	clock  func() time.Duration
	log    *slog.Logger
	parts  sync.WaitGroup
	turns  sync.WaitGroup // links that are being taken or let go of

	linkOf []int // a point's link, in Site.Links
	holds  []*hold
	byLink map[string]*hold

	pumping sync.Mutex // held while batches go from the bus to the outbox

	mu      sync.Mutex
	tell    chan<- message // to the field, nil without a connection
	closing bool           // no link is taken any more
}

// hold is one link of the site as the collector has it.
type hold struct {
	link  string
	place int
	until atomic.Int64 // when the lease ends, on the collector's clock; 0 without one
	turn  sync.Mutex   // held while the link is taken or let go of

	// Guarded by the shift's mu.
	term    uint64 // of the lease, 0 without one
	serving uint64 // the lease under which it is served, 0 while it is not
	label   uint64 // the lease under which what is read now is read
	pending bool   // a turn is waiting for what holds this one up
}

// message is one frame to be sent.
type message struct {
	kind byte
	body any
}

func newShift(w *Worker, site *facility.Site) *shift {
	s := &shift{Worker: w, site: site, bus: facility.NewBus(), limits: w.cfg.Limits, clock: w.cfg.Clock, log: w.cfg.Log, byLink: map[string]*hold{}}
	s.reader = s.bus.Subscribe("field", facility.KeepOrder, w.cfg.MostSamples)
	for i, l := range site.Links {
		h := &hold{link: l.ID, place: i}
		s.holds = append(s.holds, h)
		s.byLink[l.ID] = h
	}
	s.linkOf = make([]int, len(site.Points))
	for _, dev := range site.Devices {
		if h := s.byLink[dev.Link]; h != nil {
			for _, ref := range dev.Refs {
				s.linkOf[ref] = h.place
			}
		}
	}
	return s
}

// may gives what is asked before each request on a link: whether its lease still runs, now.
func (s *shift) may(link string) func() bool {
	h := s.byLink[link]
	return func() bool { return int64(s.clock()) < h.until.Load() }
}

// pump brings what is read from the bus to the outbox until ctx ends.
func (s *shift) pump(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.reader.Ready():
			s.pumping.Lock()
			s.drain()
			s.pumping.Unlock()
		}
	}
}

// drain labels what waits on the bus with the leases it was read under. It is called with pumping held.
func (s *shift) drain() {
	batches, _ := s.reader.Take()
	for _, b := range batches {
		link := s.linkOf[b[0].Point] // a batch is one link's
		s.mu.Lock()
		term := s.holds[link].label
		s.mu.Unlock()
		if term != 0 {
			s.out.put(link, term, b)
		}
	}
}

// relabel gives what is read of a link from here on another lease; what was read before keeps its own.
func (s *shift) relabel(h *hold, term uint64) {
	s.pumping.Lock()
	defer s.pumping.Unlock()
	s.drain()
	s.mu.Lock()
	defer s.mu.Unlock()
	h.label = term
}

// granted takes in a lease that runs until a time on our clock.
func (s *shift) granted(held Held, until time.Duration) {
	h := s.byLink[held.Link]
	if h == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return // what was granted runs out by itself
	}
	h.term = held.Term
	h.until.Store(int64(until))
	s.settle(h)
}

// renewed makes every lease that still runs go on until a time. One that has run out stays so, whatever is heard
// then: the field may have given the link away before the beat that it answers.
func (s *shift) renewed(until time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := int64(s.clock())
	for _, h := range s.holds {
		if end := h.until.Load(); h.term != 0 && end > now && int64(until) > end {
			h.until.Store(int64(until))
		}
	}
}

// kept makes one lease go on that the field has just named as ours, run out or not.
func (s *shift) kept(held Held, until time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.byLink[held.Link]; h != nil && h.term == held.Term {
		h.until.Store(max(h.until.Load(), int64(until)))
	}
}

// ended gives up a lease, if it is still that one; from here on nothing is asked on the link.
func (s *shift) ended(h *hold, term uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.term == term && term != 0 {
		h.term = 0
		h.until.Store(0)
		s.settle(h)
	}
}

// watch ends leases that nobody has renewed in time, until ctx ends. The wire has asked before each request: this
// closes its connections and says so.
func (s *shift) watch(ctx context.Context) {
	tick := time.NewTicker(s.limits.Beat / 5)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := int64(s.clock())
		for _, h := range s.holds {
			s.mu.Lock()
			term, over := h.term, now >= h.until.Load()
			s.mu.Unlock()
			if term != 0 && over {
				s.log.Warn("a link's lease ran out: the field was not heard in time", "link", h.link)
				s.ended(h, term)
			}
		}
	}
}

// settle brings a link to what its lease says, on a goroutine of its own: to let go takes as long as the request
// under way. It is called with mu held.
func (s *shift) settle(h *hold) {
	if h.pending {
		return // the one that waits will see this, too
	}
	h.pending = true
	s.turns.Go(func() {
		h.turn.Lock()
		defer h.turn.Unlock()
		s.mu.Lock()
		h.pending = false
		want, is := h.term, h.serving
		s.mu.Unlock()
		s.bring(h, is, want)
	})
}

// bring lets go of a link served under one lease and takes it under another; 0 stands for none.
func (s *shift) bring(h *hold, is, want uint64) {
	if is == want {
		return
	}
	if is != 0 {
		s.wire.Drop(h.link)
		s.relabel(h, 0)
		s.mu.Lock()
		h.serving = 0
		s.mu.Unlock()
		s.log.Info("link left", "link", h.link, "term", is)
		s.send(message{frameLeft, Held{h.link, is}})
	}
	if want == 0 {
		return
	}
	s.relabel(h, want)
	s.mu.Lock()
	h.serving = want
	s.mu.Unlock()
	if err := s.wire.Take(h.link); err != nil {
		s.log.Error("a link cannot be served", "link", h.link, "cause", err)
		s.ended(h, want)
		return
	}
	s.log.Info("link taken", "link", h.link, "term", want)
}

// held lists the leases that run, and those of links that are being let go of. One that has run out is let go of first:
// a field that was started anew takes it up from whoever names it, and cannot know that another has it by now.
func (s *shift) held() []Held {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := int64(s.clock())
	var out []Held
	for _, h := range s.holds {
		if h.term != 0 && now >= h.until.Load() {
			h.term = 0
			h.until.Store(0)
			s.settle(h)
		}
		if h.term != 0 {
			out = append(out, Held{h.link, h.term})
		} else if h.serving != 0 {
			out = append(out, Held{h.link, h.serving})
		}
	}
	return out
}

// send hands a message to the connection, if there is one. Without one the next hello says the same.
func (s *shift) send(m message) {
	s.mu.Lock()
	tell := s.tell
	s.mu.Unlock()
	if tell == nil {
		return
	}
	select {
	case tell <- m:
	default: // the field does not read: the connection is about to end, and the next hello says it
	}
}

// connected takes the way to the field, nil for none.
func (s *shift) connected(tell chan<- message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tell = tell
}

// leaveAll lets go of every link and returns when that is done.
func (s *shift) leaveAll() {
	s.mu.Lock()
	s.closing = true
	for _, h := range s.holds {
		if h.term != 0 {
			h.term = 0
			h.until.Store(0)
			s.settle(h)
		}
	}
	s.mu.Unlock()
	s.turns.Wait()
}
