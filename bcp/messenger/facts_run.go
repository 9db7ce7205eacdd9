package messenger

import (
	"maps"
	"slices"
	"time"

	"bongsu/bcp"
)

// sorted lists the keys of a map in order.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// promise is what a site's store has promised. It is durable and only grows, so that a site's last word counts for
// a while after the site has fallen silent.
func (v groupView) promise(site, service string) (GroupState, bool) {
	s, ok := v.rec.sites[site]
	if !ok || s.At.IsZero() || v.now.Sub(s.At) > freshPromise {
		return GroupState{}, false
	}
	g, ok := s.State.Groups[service]
	return g, ok
}

// fence is what the stores themselves prove. Power and switch port are for those who can see them.
func (v groupView) fence() bcp.FenceFacts {
	return bcp.FenceFacts{Epoch: v.promised(), LeaseExpired: v.lease(), ReadOnlyEpoch: v.readOnly()}
}

// promised is the epoch that a majority of stores has promised, in every service; 0 when that is not known.
func (v groupView) promised() uint64 {
	var out uint64
	majority := len(v.cfg.Sites)/2 + 1
	for i, service := range v.stores {
		var epochs []uint64
		for _, site := range v.cfg.Sites {
			if g, ok := v.promise(site.ID, service); ok {
				epochs = append(epochs, g.Epoch)
			}
		}
		if len(epochs) < majority {
			return 0
		}
		slices.Sort(epochs)
		if e := epochs[len(epochs)-majority]; i == 0 || e < out {
			out = e
		}
	}
	return out
}

// lease says whether the source can acknowledge nothing any more: a majority of stores takes no record of before
// the wanted epoch, in every service. A promise to the source itself is none.
func (v groupView) lease() bcp.Tri {
	if v.watch.Epoch == 0 || len(v.stores) == 0 {
		return bcp.Unseen
	}
	expired := true
	for _, service := range v.stores {
		n := 0
		for _, site := range v.cfg.Sites {
			if g, ok := v.promise(site.ID, service); shut(g, ok, v.watch.Epoch, v.watch.Source) {
				n++
			}
		}
		expired = expired && n >= len(v.cfg.Sites)/2+1
	}
	if expired {
		return bcp.Yes
	}
	s, ok := v.answer(v.watch.Source)
	if ok && slices.ContainsFunc(v.stores, func(service string) bool { return s.Groups[service].Role == rolePrimary }) {
		return bcp.No
	}
	return bcp.Unseen
}

// readOnly is the epoch at which the source's own store says that it does not write, in every service; 0 when it
// has not said so.
func (v groupView) readOnly() uint64 {
	var out uint64
	for i, service := range v.stores {
		g, ok := v.promise(v.watch.Source, service)
		if !ok || g.Role == rolePrimary || g.Primary == v.watch.Source {
			return 0
		}
		if i == 0 || g.Epoch < out {
			out = g.Epoch
		}
	}
	return out
}

// data is what is known of the data of each service. A rehearsed promotion proves that a majority of stores holds
// nothing which the target cannot get; it counts only when it began after the source was shut out, since before
// that the source could have gone on. The source's own log counts once it can grow no more.
func (v groupView) data() map[string]bcp.DataFacts {
	out := map[string]bcp.DataFacts{}
	r, rehearsed := v.rehearsed()
	for _, service := range v.stores {
		var d bcp.DataFacts
		switch {
		case !rehearsed || !r.fenced:
			d.Source = "no promotion was rehearsed since the source was shut out"
		case r.passed[service]:
			d.Synchronous, d.Source = bcp.Yes, "rehearsed promotion of "+v.watch.Target+" against a majority of stores"
		default:
			d.Synchronous, d.Source = bcp.No, "rehearsed promotion of "+v.watch.Target+": "+r.why[service]
		}
		source, ok := v.promise(v.watch.Source, service)
		if shut(source, ok && source.Role != rolePrimary, v.watch.Epoch, v.watch.Source) && v.watch.Epoch > 0 {
			d.SourceKnown, d.SourceLast = true, uint64(max(0, source.Last))
			// Under one epoch there is one writer: who ends there and is as long holds the same records.
			if t, ok := v.answer(v.watch.Target); ok && t.Groups[service].LastEpoch == source.LastEpoch {
				d.TargetLast = uint64(max(0, t.Groups[service].Last))
			}
		}
		out[service] = d
	}
	return out
}

// target is how a user fares at the target, by what was looked at since the run came to its present state.
func (v groupView) target() map[string]bcp.Tri {
	out := map[string]bcp.Tri{}
	for c := range checks {
		d, ok := v.rec.verified[v.watch.Group][c]
		if ok && d.site == v.watch.Target && !d.began.Before(v.watch.Since) && v.now.Sub(d.began) <= freshProbe {
			out[c] = bcp.TriOf(d.ok)
		}
	}
	return out
}

// user is our own user at the target, whatever the names say, since the run came to its present state.
func (v groupView) user() (traveller, bool) {
	t, ok := v.rec.users[v.watch.Group]
	fresh := ok && !t.newest.Began.Before(v.watch.Since) && v.now.Sub(t.newest.Began) <= freshLook && t.resolved == v.public()
	return t, fresh
}

// public is the address of the target's front door.
func (v groupView) public() string {
	for _, s := range v.cfg.Sites {
		if s.ID == v.watch.Target {
			return s.Public
		}
	}
	return ""
}

// oldSessions says whether no client holds to the source any more. Its silence proves nothing; that its power is
// off, or its port shut, does.
func (v groupView) oldSessions() bcp.Tri {
	if v.watch.SourceOff == bcp.Yes {
		return bcp.Yes
	}
	if s, ok := v.answer(v.watch.Source); ok {
		return bcp.TriOf(s.Sessions == 0)
	}
	return bcp.Unseen
}

// backAgain is the share of the source's sessions that has to be at the target.
const backAgain = 0.8

func (v groupView) reconnected() bcp.Tri {
	was, known := v.carried()
	s, ok := v.answer(v.watch.Target)
	if !known || !ok {
		return bcp.Unseen
	}
	return bcp.TriOf(float64(s.Sessions) >= backAgain*float64(was.sessions))
}

// A storm is over when for so long there were so few failures and so much room.
const (
	calm     = 5 * time.Second
	calmRoom = 0.9 // of the capacity
)

// stormOver says whether the clients are back, the target carries them with room to spare, and a login need not wait.
func (v groupView) stormOver() bcp.Tri {
	s, ok := v.answer(v.watch.Target)
	user, seen := v.user()
	if v.reconnected() != bcp.Yes || !ok || !seen || s.Capacity <= 0 {
		return bcp.Unseen
	}
	if user.newest.Err != nil || user.newest.Throttled {
		return bcp.No
	}
	var first time.Time
	for _, s := range slices.Backward(v.rec.sites[v.watch.Target].trail) {
		if v.now.Sub(s.at) > calm+time.Second {
			break
		}
		first = s.at
		if !v.low(s) || s.load > calmRoom*v.capacity() {
			return bcp.No
		}
	}
	if first.IsZero() || v.now.Sub(first) < calm-time.Second {
		return bcp.Unseen
	}
	return bcp.Yes
}

func (v groupView) capacity() float64 { return v.rec.sites[v.watch.Target].State.Capacity }

// rowAtTarget counts a user's good trips in a row as far as they ended at the target.
func (v groupView) rowAtTarget(t traveller) int {
	if t.site != v.watch.Target {
		return 0
	}
	return t.row
}

// readBack says whether a user from outside, led by the public names, has had a message acknowledged and read back
// by the target since the run came to its present state.
func (v groupView) readBack() bcp.Tri {
	for _, t := range v.rec.outside {
		if v.rowAtTarget(t) > 0 && !t.newest.Began.Before(v.watch.Since) {
			return bcp.Yes
		}
	}
	return bcp.Unseen
}

// freshName is how old a resolver's answer may be.
const freshName = 10 * time.Second

// resolvers counts those that lead to the target.
func (v groupView) resolvers() int {
	n, public := 0, v.public()
	for _, t := range v.rec.outside {
		if public != "" && t.resolved == public && v.now.Sub(t.newest.Began) <= freshName {
			n++
		}
	}
	return n
}
