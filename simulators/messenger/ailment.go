package messenger

import (
	"context"
	"hash/fnv"

	"bongsu/simulators/world"
)

// shards is into how many parts a site divides its users.
const shards = 8

// everyShard is the shard of an ailment that has all of them.
const everyShard = -1

// shardOf is the part of a site that keeps a user's messages, the same at every site.
func shardOf(user string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(user))
	return int(h.Sum32() % shards)
}

// ailment is what is wrong with a site that has its power and answers.
type ailment struct {
	kind  world.FaultKind
	mode  string
	shard int   // or everyShard
	end   int64 // of stale reads: the last record they show
}

// How a fan-out goes wrong.
const (
	fanoutStops    = "stop"
	fanoutTwice    = "twice"
	fanoutShuffles = "shuffle"
)

// fallIll gives the site an ailment of one fault, or with nil takes it away. It outlasts a power loss.
func (s *site) fallIll(fault string, a *ailment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a == nil {
		delete(s.ill, fault)
	} else {
		if a.kind == StaleReads {
			a.end = s.groups[groupMessaging].committed
		}
		s.ill[fault] = *a
	}
	s.announce()
	for k := range s.sockets {
		k.wake() // what was held back goes on
	}
}

// suffers finds an ailment that a user has to do with; the lock is held.
func (s *site) suffers(kind world.FaultKind, user string) (ailment, bool) {
	for _, a := range s.ill {
		if a.kind == kind && (a.shard == everyShard || a.shard == shardOf(user)) {
			return a, true
		}
	}
	return ailment{}, false
}

// readable is the last record that reads show; the lock is held.
func (s *site) readable() int64 {
	end := int64(everything)
	for _, a := range s.ill {
		if a.kind == StaleReads {
			end = min(end, a.end)
		}
	}
	return end
}

// authDown tells whether nobody can be recognised. A hanging account service answers only when the caller
// has given up.
func (s *site) authDown(ctx context.Context) error {
	s.mu.Lock()
	a, down := s.suffers(AuthDown, "")
	s.mu.Unlock()
	if !down {
		return nil
	}
	if a.mode == "hang" {
		<-ctx.Done()
	}
	return errAuthDown
}
