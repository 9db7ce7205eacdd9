package messenger

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"bongsu/bcp"
)

// steps lists what a playbook step of kind messenger may do, by its act. It is the only place to add one.
var steps = map[string]deed{
	"freeze":       freeze{on: true},
	"unfreeze":     freeze{on: false},
	"promote":      stepPromote{},
	"traffic-mode": trafficMode{},
}

// step is a playbook step: one of several deeds at a site.
type step struct{}

func (step) needs(a bcp.Act) []string {
	if d := steps[a.With[fieldAct]]; d != nil {
		return d.needs(a)
	}
	return nil
}

func (step) plan(t task) string { return steps[t.act].plan(t) }

func (step) check(ctx context.Context, m *Messenger, t task) error {
	return steps[t.act].check(ctx, m, t)
}

func (step) do(ctx context.Context, m *Messenger, t task) (bcp.Receipt, error) {
	return steps[t.act].do(ctx, m, t)
}

func (step) probe(ctx context.Context, m *Messenger, t task) (bcp.Tri, bcp.Receipt) {
	return steps[t.act].probe(ctx, m, t)
}

func (step) undo(ctx context.Context, m *Messenger, t task) (bcp.Receipt, error) {
	return steps[t.act].undo(ctx, m, t)
}

// freeze stops deployments and changes of configuration at a site, or lets them go on.
type freeze struct{ on bool }

func (freeze) needs(bcp.Act) []string { return nil }

func (f freeze) plan(t task) string {
	if f.on {
		return "freeze deployments and configuration at " + t.site
	}
	return "let deployments and configuration at " + t.site + " go on"
}

func (f freeze) order(ctx context.Context, m *Messenger, t task, dry bool) (bcp.Receipt, error) {
	s, err := m.order(ctx, t.site, OrderFreeze, Order{On: &f.on, Dry: dry})
	if err != nil {
		return nil, err
	}
	receipt := bcp.Receipt{fieldSite: t.site, "frozen": strconv.FormatBool(s.Frozen), "config": s.Config}
	if !dry && s.Frozen != f.on {
		return receipt, fmt.Errorf("%s after the order: %w: frozen %v", t.site, errOdd, s.Frozen)
	}
	return receipt, nil
}

func (f freeze) check(ctx context.Context, m *Messenger, t task) error {
	_, err := f.order(ctx, m, t, true)
	return err
}

func (f freeze) do(ctx context.Context, m *Messenger, t task) (bcp.Receipt, error) {
	return f.order(ctx, m, t, false)
}

func (f freeze) probe(ctx context.Context, m *Messenger, t task) (bcp.Tri, bcp.Receipt) {
	s, err := m.state(ctx, t.site)
	if err != nil {
		return bcp.Unseen, bcp.Receipt{fieldSite: t.site, "error": err.Error()}
	}
	return bcp.TriOf(s.Frozen == f.on), bcp.Receipt{fieldSite: t.site, "frozen": strconv.FormatBool(s.Frozen), "config": s.Config}
}

func (f freeze) undo(ctx context.Context, m *Messenger, t task) (bcp.Receipt, error) {
	return freeze{on: !f.on}.do(ctx, m, t)
}

// stepPromote makes a site primary for one service outside a run, at the next epoch. The messenger's own majority
// and its refusal of holes are what keeps it safe.
type stepPromote struct{}

func (stepPromote) needs(bcp.Act) []string { return []string{fieldService} }

func (stepPromote) plan(t task) string {
	return fmt.Sprintf("make %s primary for %s at the next epoch", t.site, t.service)
}

func (stepPromote) check(ctx context.Context, m *Messenger, t task) error {
	m.states(ctx, m.siteIDs())
	_, err := m.order(ctx, t.site, OrderPromote, Order{Group: t.service, Epoch: m.next(t.services), Dry: true})
	return err
}

func (stepPromote) do(ctx context.Context, m *Messenger, t task) (bcp.Receipt, error) {
	states := m.states(ctx, m.siteIDs())
	next := m.next(t.services)
	if g := states[t.site].Groups[t.service]; leads(g, next-1) {
		return leadReceipt(t.site, t.service, g), nil
	}
	return m.lead(ctx, t.site, t.service, next)
}

// probe looks at the newest epoch there is: the step chose it, if it did anything.
func (stepPromote) probe(ctx context.Context, m *Messenger, t task) (bcp.Tri, bcp.Receipt) {
	m.states(ctx, m.siteIDs())
	return m.probeLead(ctx, t.site, t.service, m.next(t.services)-1)
}

func (stepPromote) undo(context.Context, *Messenger, task) (bcp.Receipt, error) {
	return nil, fmt.Errorf("%w: promote the site that is to lead instead", bcp.ErrNotDone)
}

// trafficMode sets the traffic mode of a site.
type trafficMode struct{}

func (trafficMode) needs(bcp.Act) []string { return []string{fieldMode} }

func (trafficMode) plan(t task) string { return t.mode + " traffic mode at " + t.site }

func (trafficMode) check(ctx context.Context, m *Messenger, t task) error {
	_, err := m.traffic(ctx, t.site, t.mode, true)
	return err
}

func (trafficMode) do(ctx context.Context, m *Messenger, t task) (bcp.Receipt, error) {
	return m.traffic(ctx, t.site, t.mode, false)
}

func (trafficMode) probe(ctx context.Context, m *Messenger, t task) (bcp.Tri, bcp.Receipt) {
	return m.probeTraffic(ctx, t.site, t.mode)
}

// undo sets the other mode.
func (trafficMode) undo(ctx context.Context, m *Messenger, t task) (bcp.Receipt, error) {
	if t.mode == trafficEmergency {
		return m.traffic(ctx, t.site, trafficNormal, false)
	}
	return m.traffic(ctx, t.site, trafficEmergency, false)
}

// checks maps what a user does to what the messenger calls it. It is the only place to add one.
var checks = map[string]string{"login": "login", "send": "send", "receive": "receive", "push": "push", "read": "readback"}

// look is a synthetic check as a step: it has no effect but a message between the messenger's own check accounts.
type look struct{}

func (look) needs(bcp.Act) []string { return nil }

func (look) plan(t task) string { return "let a synthetic user " + t.check + " at " + t.site }

func (look) check(ctx context.Context, m *Messenger, t task) error {
	_, err := m.client.Synthetic(ctx, t.site, checks[t.check])
	return err
}

func (look) do(ctx context.Context, m *Messenger, t task) (bcp.Receipt, error) {
	r, err := m.client.Synthetic(ctx, t.site, checks[t.check])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, bcp.ErrNotDone) // a look changes nothing, whatever it sees
	}
	return bcp.Receipt{fieldSite: r.Site, fieldCheck: t.check, "ms": strconv.FormatFloat(r.MS, 'f', 1, 64)}, nil
}

func (l look) probe(ctx context.Context, m *Messenger, t task) (bcp.Tri, bcp.Receipt) {
	r, err := l.do(ctx, m, t)
	if errors.Is(err, ErrSilent) {
		return bcp.Unseen, bcp.Receipt{"error": err.Error()}
	}
	if err != nil {
		return bcp.No, bcp.Receipt{"error": err.Error()}
	}
	return bcp.Yes, r
}

func (look) undo(context.Context, *Messenger, task) (bcp.Receipt, error) {
	return bcp.Receipt{"undo": "a look has nothing to take back"}, nil
}
