package collectors

import (
	"sync"
	"sync/atomic"
	"time"

	"bongsu/facility"
)

// linkState is what a link's owner says of itself and others may read at any time.
type linkState struct {
	requests atomic.Uint64
	failures atomic.Uint64
	overruns atomic.Uint64
	doubted  atomic.Int64 // devices whose firmware is none their profile is for
	lastGood atomic.Int64 // unix nanoseconds, 0 for never

	mu        sync.Mutex
	connected bool
	nextTry   time.Time
	fault     string
}

// good notes a valid answer.
func (s *linkState) good(at time.Time) { s.lastGood.Store(at.UnixNano()) }

// newest is when the last valid answer came, zero for never.
func (s *linkState) newest() time.Time {
	if n := s.lastGood.Load(); n != 0 {
		return time.Unix(0, n)
	}
	return time.Time{}
}

// set notes what changes rarely: the connection, the next attempt at whatever is failing (zero if
// nothing is) and why it is.
func (s *linkState) set(connected bool, nextTry time.Time, fault string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connected, s.nextTry, s.fault = connected, nextTry, fault
}

func (s *linkState) report(l facility.Link) facility.LinkStatus {
	out := facility.LinkStatus{
		ID: l.ID, Protocol: l.Protocol, Address: l.Address,
		Requests: s.requests.Load(), Failures: s.failures.Load(), Overruns: s.overruns.Load(), Doubted: int(s.doubted.Load()),
	}
	if t := s.newest(); !t.IsZero() {
		out.LastGood = &t
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out.Connected, out.Error = s.connected, s.fault
	if !s.nextTry.IsZero() {
		t := s.nextTry
		out.NextTry = &t
	}
	return out
}
