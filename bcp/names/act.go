package names

import (
	"context"
	"fmt"
	"maps"

	"github.com/miekg/dns"

	"bongsu/bcp"
)

// Adapters gives the last hop for every kind of act this package does, by kind.
func (n *Names) Adapters() map[string]bcp.Adapter {
	out := map[string]bcp.Adapter{}
	for kind := range kinds {
		out[kind] = &hand{n, kind}
	}
	return out
}

// hand does the acts of one kind.
type hand struct {
	n    *Names
	kind string
}

func (h *hand) goal(a bcp.Act) (goal, error) {
	a.Kind = h.kind
	return h.n.zone.goal(a)
}

// Plan says what Do would do. It asks no server.
func (h *hand) Plan(a bcp.Act) (string, error) {
	g, err := h.goal(a)
	return g.text, err
}

// Check reads the zone and rehearses the update: nothing is changed.
func (h *hand) Check(ctx context.Context, a bcp.Act) error {
	g, err := h.goal(a)
	if err != nil {
		return err
	}
	s, err := h.n.look(ctx, h.n.servers[0], g.owner, g.kind)
	if err != nil {
		return err
	}
	if _, err := h.n.zone.plan(s, g, max(s.mark.leader, h.n.leader()), ""); err != nil {
		return fmt.Errorf("%s: %w", g.text, err)
	}
	if g.kind == dns.TypeSRV {
		if err := h.n.addressed(ctx, h.site(a)); err != nil {
			return err
		}
	}
	return h.n.rehearse(ctx, s)
}

// site is where an act leads the public.
func (h *hand) site(a bcp.Act) string {
	switch h.kind {
	case KindRestore:
		return a.With["source"]
	case KindDNS:
		return a.With["value"]
	}
	return a.With["target"]
}

// Do leads the public as the act says, by one update that compares before it swaps.
func (h *hand) Do(ctx context.Context, key string, epoch uint64, a bcp.Act) (bcp.Receipt, error) {
	g, err := h.goal(a)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, bcp.ErrNotDone)
	}
	return h.n.do(ctx, task{key: key, leader: epoch, act: h.act(a)}, g)
}

// Undo puts back what stood before the key's act where this process remembers it. Elsewhere it does what
// the act names for that: the source alone, or the value of a playbook's undo.
func (h *hand) Undo(ctx context.Context, key string, epoch uint64, a bcp.Act) (bcp.Receipt, error) {
	g, err := kinds[h.kind].back(h.n.zone, a.With)
	if err != nil {
		return nil, fmt.Errorf("take back %s: %w: %w", h.kind, err, bcp.ErrNotDone)
	}
	first := h.n.kept.get(key)
	switch {
	case first.of(h.act(a)) && !first.idle:
		g.text = "put back what stood before " + key
		g.want = func(state) ([]dns.RR, error) { return first.before, nil }
	case h.kind == KindDNS && first == nil:
		g.want = strange(key, g.want)
	}
	return h.n.do(ctx, task{key: undoing(key), leader: epoch, act: h.act(a)}, g)
}

// strange refuses to take an act of another process back by doing it once more: the act itself says
// nothing about what stood before it.
func strange(key string, want func(state) ([]dns.RR, error)) func(state) ([]dns.RR, error) {
	return func(s state) ([]dns.RR, error) {
		after, err := want(s)
		if err == nil && s.mark.key == label(key) && same(after, s.set) {
			err = fmt.Errorf("what stood before is not known here, name its value in the undo: %w", errAct)
		}
		return after, err
	}
}

// Probe reads the primary. Yes when the act's goal stands. Before it says No it shuts the door: by an update
// that changes nothing but the leader record it makes sure that an update still on its way cannot happen any
// more. Without an answer, or where another leader has moved on, it is Unseen.
func (h *hand) Probe(ctx context.Context, key string, a bcp.Act) (bcp.Tri, bcp.Receipt, error) {
	g, err := h.goal(a)
	if err != nil {
		return bcp.Unseen, nil, err
	}
	q := inquiry{key: key, goal: g, kept: h.n.kept.get(undoing(key))}
	q.undo = q.kept != nil || h.kind == KindDNS
	if first := h.n.kept.get(key); q.kept == nil && first.of(h.act(a)) {
		q.kept = first
	}
	return h.n.probe(ctx, q)
}

func (h *hand) act(a bcp.Act) bcp.Act { return bcp.Act{Kind: h.kind, With: maps.Clone(a.With)} }

// undoing is the key under which a key's act is taken back.
func undoing(key string) string { return key + "#undo" }
