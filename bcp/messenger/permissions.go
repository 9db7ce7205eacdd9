package messenger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"bongsu/bcp"
)

// Permissions is the run without action: from the target, as if the source were unreachable, every endpoint,
// token and order that a move needs is tried without effect; the source is not asked anything. Words say what
// failed. A refusal is No; where only answers are missing it is Unseen and worth trying again soon.
func (m *Messenger) Permissions(ctx context.Context, source, target string) (bcp.Permissions, []string) {
	t := trial{m: m, at: time.Now()}
	for _, site := range []string{source, target} {
		if _, err := m.client.site(site); err != nil {
			t.note(err)
		}
	}
	if source == target {
		t.note(fmt.Errorf("source and target are both %s: %w", source, bcp.ErrNotDone))
	}
	if len(t.failed) == 0 {
		t.run(ctx, source, target)
	}
	out := permitted{Permissions: bcp.Permissions{OK: t.answer(), At: t.at}, why: t.failed}
	m.seen.permit(source, target, out)
	return out.Permissions, out.why
}

// trial gathers what failed.
type trial struct {
	m  *Messenger
	at time.Time

	mu      sync.Mutex
	failed  []string
	refused bool
}

// note takes one failure; nil is none.
func (t *trial) note(err error) {
	if err == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failed = append(t.failed, err.Error())
	t.refused = t.refused || errors.Is(err, bcp.ErrNotDone) && !errors.Is(err, ErrSilent)
}

func (t *trial) answer() bcp.Tri {
	switch {
	case len(t.failed) == 0:
		return bcp.Yes
	case t.refused:
		return bcp.No
	}
	return bcp.Unseen
}

// run tries all sites but the source at once.
func (t *trial) run(ctx context.Context, source, target string) {
	others := t.m.siteIDs(source)
	t.m.states(ctx, others)
	epoch := t.m.next(t.m.cfg.Services)
	willing := 0
	t.m.each(others, func(site string) {
		err := t.stores(ctx, site, epoch)
		if err == nil {
			t.mu.Lock()
			willing++
			t.mu.Unlock()
		}
		if site == target {
			t.note(err)
			t.target(ctx, site, epoch)
		}
	})
	if willing < t.m.majority() {
		t.note(fmt.Errorf("%d of %d stores would obey without %s: no majority", willing, len(t.m.cfg.Sites), source))
	}
	slices.Sort(t.failed)
}

// stores asks a site whether its stores would be fenced.
func (t *trial) stores(ctx context.Context, site string, epoch uint64) error {
	for _, s := range t.m.cfg.Services {
		if _, err := t.m.order(ctx, site, OrderReadOnly, Order{Group: s, Epoch: epoch, Dry: true}); err != nil {
			return err
		}
	}
	return nil
}

// target tries everything that is done at the target alone.
func (t *trial) target(ctx context.Context, site string, epoch uint64) {
	on := true
	orders := []struct {
		name string
		Order
	}{
		{OrderTraffic, Order{Mode: trafficEmergency}},
		{OrderTraffic, Order{Mode: trafficNormal}},
		{OrderClose, Order{}},
		{OrderFreeze, Order{On: &on}},
	}
	for _, s := range t.m.cfg.Services {
		orders = append(orders, struct {
			name string
			Order
		}{OrderPromote, Order{Group: s, Epoch: epoch}})
	}
	for _, o := range orders {
		o.Dry = true
		_, err := t.m.order(ctx, site, o.name, o.Order)
		t.note(err)
		if errors.Is(err, ErrSilent) {
			return // one deadline spent is enough
		}
	}
	t.note(t.m.client.Front(ctx, site))
}
