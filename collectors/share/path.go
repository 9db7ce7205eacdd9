package share

import (
	"sync"
	"time"
)

// path is what is known of the way from a collector: how its clock stands to ours, with the shortest time a frame
// took. What takes longer than that has waited on the way.
type path struct {
	mu     sync.Mutex
	known  bool
	least  [2]time.Duration // our clock minus its, the least of this span and of the one before
	from   time.Duration
	walls  time.Duration // our wall clock minus its
	offset time.Duration // that is taken off its stamps
}

const (
	pathSpan = 15 * time.Second // clocks drift apart: an old least is no measure
	// wallsAgree is how far two machines' wall clocks may be apart before its stamps are put by ours.
	wallsAgree = 500 * time.Millisecond
	// quick is a frame that has not waited: only such a one tells how the wall clocks stand.
	quick = 50 * time.Millisecond
)

// beat takes in one: our clock when it came, its when it was sent, and the difference of the wall clocks.
func (p *path) beat(ours, its, walls time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := ours - its
	switch {
	case !p.known:
		p.known, p.least, p.from = true, [2]time.Duration{d, d}, ours
	case ours-p.from > pathSpan:
		p.least, p.from = [2]time.Duration{d, p.least[0]}, ours
	default:
		p.least[0] = min(p.least[0], d)
	}
	if d-min(p.least[0], p.least[1]) > quick {
		return
	}
	p.walls = walls
	if (walls - p.offset).Abs() > wallsAgree {
		p.offset = walls
	}
}

// wait is how long a frame that was sent at a moment of its clock has waited on the way.
func (p *path) wait(ours, its time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.known {
		return 0
	}
	return max(ours-its-min(p.least[0], p.least[1]), 0)
}

// theirs is a moment of our clock on its.
func (p *path) theirs(ours time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return ours - min(p.least[0], p.least[1])
}

// apart is our wall clock minus its.
func (p *path) apart() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.walls
}

// shift is what its stamps are moved by; 0 while the wall clocks agree.
func (p *path) shift() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.offset
}
