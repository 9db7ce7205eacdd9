package simulators

import (
	"context"
	"slices"

	"bongsu/facility"
)

// everybody is the target of a silence that all people keep.
const everybody = "all"

// silence holds the answers of people back for as long as it lasts.
type silence struct {
	who      string // person or everybody
	voteOnly bool   // they acknowledge and join, but decide nothing
}

// silence begins one silence, or ends it with nil: what was asked meanwhile is answered then.
func (b *peopleInbox) silence(id string, s *silence) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s != nil {
		b.silent[id] = s
		return
	}
	delete(b.silent, id)
	close(b.spoke)
	b.spoke = make(chan struct{})
}

// heard waits until a person is not silent; false when the receiver ends before.
func (b *peopleInbox) heard(ctx context.Context, person string, vote bool) bool {
	for {
		b.mu.Lock()
		spoke, quiet := b.spoke, false
		for _, s := range b.silent {
			quiet = quiet || (s.who == everybody || s.who == person) && (vote || !s.voteOnly)
		}
		b.mu.Unlock()
		if !quiet {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-spoke:
		}
	}
}

// knows tells whether a person is on the roster.
func (b *peopleInbox) knows(person string) bool {
	return slices.ContainsFunc(b.people, func(p facility.Person) bool { return p.ID == person })
}
