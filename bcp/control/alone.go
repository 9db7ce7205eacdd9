package control

import (
	"context"
	"fmt"
	"slices"
	"time"

	"bongsu/bcp"
)

// heard takes who leads.
func (t *term) heard(name string) {
	t.leader = name
	t.loop.answered(name != noQuorum, t.cfg.Now())
	switch {
	case name != noQuorum && name != "":
		t.silent = time.Time{}
	case t.silent.IsZero():
		t.silent = t.cfg.Now()
	}
}

const (
	// aloneAfter is how long a majority may be silent until a site calls its people by itself.
	aloneAfter = 3 * time.Second
	// vacantAfter is the same for a majority that answers and has no leader: a takeover takes less.
	vacantAfter = 20 * time.Second
	// mostPaged bounds the memory of who was called so.
	mostPaged = 20_000
)

// alone calls people while nobody can decide: what would be decided if it could be written is worked out,
// and its pages are sent. Nothing else is done, and nothing is remembered as done.
func (t *term) alone(now time.Time) {
	patience := aloneAfter
	if t.leader != noQuorum {
		patience = vacantAfter
	}
	if t.leads || t.silent.IsZero() || now.Sub(t.silent) < patience {
		return
	}
	f := t.gather(now)
	for _, e := range t.near.all() {
		if !slices.ContainsFunc(f.Evidence, func(k bcp.Evidence) bool { return k.ID == e.ID && k.Stage >= e.Stage }) {
			f.Evidence = append(slices.DeleteFunc(f.Evidence, func(k bcp.Evidence) bool { return k.ID == e.ID }), e)
		}
	}
	refuse := func(context.Context, bcp.Transition) error {
		return fmt.Errorf("no majority answers: %w", bcp.ErrNotWritten)
	}
	effects, _ := t.org.Turn(t.ctx, t.at(now), f, refuse)
	if len(t.paged) > mostPaged {
		clear(t.paged) // a double is better than a gap
	}
	for _, e := range effects {
		if !e.Pages() || t.paged[said(e)] {
			continue
		}
		t.paged[said(e)] = true
		t.log.Warn("nobody leads: people are called all the same", "kind", e.Kind, "to", e.To)
		t.cfg.Voice.Say(e, t.cfg.Roster(), func(Said) {})
	}
}
