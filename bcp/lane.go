package bcp

import "time"

// Lane is the emergency lane of the messages: how many may be tried a second, in all and by the failure
// domain of the channel. 30 a second tries 1,500 people in 50 s.
type Lane struct {
	PerSecond int            `yaml:"per_second"`
	Domains   map[string]int `yaml:"domains"` // 0 or none: no limit of its own
}

// DefaultLane is fast enough for 1,500 people in a minute.
func DefaultLane() Lane { return Lane{PerSecond: 30} }

// Attempt is one message that was tried.
type Attempt struct {
	At     time.Time `json:"at"`
	Domain string    `json:"domain"`
}

// Budget is what the lane has left at one instant.
type Budget struct {
	lane Lane
	all  int
	by   map[string]int
}

// Room counts what was tried within the last second, the newest at the end, and gives what is left.
func (l Lane) Room(now time.Time, recent []Attempt) *Budget {
	b := &Budget{lane: l, by: map[string]int{}}
	for i := len(recent) - 1; i >= 0 && now.Sub(recent[i].At) < time.Second; i-- {
		b.all++
		b.by[recent[i].Domain]++
	}
	return b
}

// Free says whether one more message may be tried through a domain.
func (b *Budget) Free(domain string) bool {
	limit := b.lane.Domains[domain]
	return b.all < b.lane.PerSecond && (limit == 0 || b.by[domain] < limit)
}

// Take uses one message up.
func (b *Budget) Take(domain string) {
	b.all++
	b.by[domain]++
}
