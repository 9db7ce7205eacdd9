package people

import (
	"context"
	"slices"

	"bongsu/facility"
)

// Everybody is the target of a silence that all people keep.
const Everybody = "all"

// Silence holds the answers of people back for as long as it lasts.
type Silence struct {
	Who      string // person or everybody
	VoteOnly bool   // they acknowledge and join, but decide nothing
}

// Silence begins one silence, or ends it with nil: what was asked meanwhile is answered then.
func (b *Inbox) Silence(id string, s *Silence) {
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
func (b *Inbox) heard(ctx context.Context, person string, vote bool) bool {
	for {
		b.mu.Lock()
		spoke, quiet := b.spoke, false
		for _, s := range b.silent {
			quiet = quiet || (s.Who == Everybody || s.Who == person) && (vote || !s.VoteOnly)
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

// Knows tells whether a person is on the roster.
func (b *Inbox) Knows(person string) bool {
	return slices.ContainsFunc(b.people, func(p facility.Person) bool { return p.ID == person })
}
