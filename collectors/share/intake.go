package share

import (
	"time"

	"bongsu/facility"
)

// renew takes a beat: its leases run on, and what is known of its clocks is brought up to date.
func (g *guest) renew(b beat) {
	k := g.k
	now, wall := k.cfg.Clock(), time.Now()
	g.path.beat(now, b.Clock, wall.Sub(b.Wall))
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.guests[g.name] != g {
		return
	}
	k.ledger.Beat(now, g.name, g.instance)
	g.beat = b.N
	g.say(frameAck, b.N)
	if s := k.seen[g.name]; s != nil {
		s.status.Evicted, s.status.ClockMS = b.Evicted, -g.path.apart().Milliseconds()
		g.confirm(s, 0)
	}
}

func (g *guest) told(r report) {
	g.k.mu.Lock()
	defer g.k.mu.Unlock()
	clear(g.links)
	for _, l := range r.Links {
		g.links[l.ID] = l
	}
	if r.Devices != nil {
		g.devices = r.Devices
	}
}

// samples takes a batch to the field's bus, if it was read under the lease that stands.
func (g *guest) samples(payload []byte) error {
	k := g.k
	var out []facility.Sample
	var longest, wait time.Duration
	var seq, late, refused uint64
	var shift time.Duration
	link := 0
	var sent, now time.Time
	err := decodeBatch(payload, len(g.site.Points), len(g.site.Links), func(b batch, count int) bool {
		now, seq, sent, link = time.Now(), b.seq, b.wall, b.link
		k.mu.Lock()
		defer k.mu.Unlock()
		switch s := k.seen[g.name]; {
		case k.guests[g.name] != g || s == nil || b.seq <= s.taken:
			return false // it came before
		case !k.ledger.Accepts(g.name, g.instance, Held{g.site.Links[b.link].ID, b.term}):
			refused = uint64(count)
			return false
		}
		wait, shift = g.path.wait(k.cfg.Clock(), b.clock), g.path.shift()
		out = make([]facility.Sample, 0, count)
		return true
	}, func(s aged) {
		if g.linkOf[s.Point] != link {
			refused++ // a right to one link is none to what others read
			return
		}
		age := max(s.age+wait, 0)
		longest = max(longest, age)
		s.Seen = now.Add(-age)
		s.At = sent.Add(shift - s.age - s.back)
		if age > k.cfg.Limits.Life {
			late++
			if s.Quality != facility.Good && s.Quality != facility.Uncertain {
				return // that something could not be read then is no history
			}
			s.Flags |= facility.Historical
		}
		out = append(out, s.Sample)
	})
	if err != nil {
		return err
	}
	k.cfg.Bus.Publish(out)
	g.count(seq, uint64(len(out)), late, refused, longest)
	return nil
}

// linksOf is the place of each point's link in Site.Links, -1 for a point that no link brings.
func linksOf(site *facility.Site) []int {
	places := map[string]int{}
	for i, l := range site.Links {
		places[l.ID] = i
	}
	out := make([]int, len(site.Points))
	for i := range out {
		out[i] = -1
	}
	for _, dev := range site.Devices {
		if place, ok := places[dev.Link]; ok {
			for _, ref := range dev.Refs {
				out[ref] = place
			}
		}
	}
	return out
}

// count notes what came of a batch and says that it was taken.
func (g *guest) count(seq, samples, late, refused uint64, longest time.Duration) {
	k := g.k
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.seen[g.name]
	if s == nil || k.guests[g.name] != g {
		return
	}
	s.taken = max(s.taken, seq)
	s.status.Batches++
	s.status.Samples += samples
	s.status.Late += late
	s.status.Refused += refused
	if now := k.cfg.Clock(); now-s.lagFrom > lagSpan {
		s.lag, s.lagFrom = [2]time.Duration{0, s.lag[0]}, now
	}
	s.lag[0] = max(s.lag[0], longest)
	g.confirm(s, ackEvery)
}

// confirm says how far samples were taken, unless that was said so shortly before; with the next beat it is at the
// latest. It is called with the keeper's mu held.
func (g *guest) confirm(s *known, every time.Duration) {
	if now := g.k.cfg.Clock(); s.taken > g.acked && now-g.ackedAt >= every {
		g.acked, g.ackedAt = s.taken, now
		g.say(frameTaken, s.taken)
	}
}

// ackEvery is how often a collector is told that its samples were taken: each costs both ends a turn.
const ackEvery = 20 * time.Millisecond
