package messenger

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"bongsu/bcp"
)

// traffic sets a site's traffic mode.
func (m *Messenger) traffic(ctx context.Context, site, mode string, dry bool) (bcp.Receipt, error) {
	s, err := m.order(ctx, site, OrderTraffic, Order{Mode: mode, Dry: dry})
	if err != nil {
		return nil, err
	}
	receipt := bcp.Receipt{fieldSite: site, "traffic": s.Traffic}
	if !dry && s.Traffic != mode {
		return receipt, fmt.Errorf("%s after the order: %w: traffic mode %q", site, errOdd, s.Traffic)
	}
	return receipt, nil
}

func (m *Messenger) probeTraffic(ctx context.Context, site, mode string) (bcp.Tri, bcp.Receipt) {
	s, err := m.state(ctx, site)
	if err != nil {
		return bcp.Unseen, bcp.Receipt{fieldSite: site, "error": err.Error()}
	}
	return bcp.TriOf(s.Traffic == mode), bcp.Receipt{fieldSite: site, "traffic": s.Traffic}
}

// shed puts the target into emergency mode before clients come: people who wait for an answer first, background
// work in small shares.
type shed struct{}

func (shed) needs(bcp.Act) []string { return []string{fieldTarget} }

func (shed) plan(t task) string {
	return "emergency traffic mode at " + t.target + ": messages first, logins and receipts in small shares"
}

func (shed) check(ctx context.Context, m *Messenger, t task) error {
	_, err := m.traffic(ctx, t.target, trafficEmergency, true)
	return err
}

func (shed) do(ctx context.Context, m *Messenger, t task) (bcp.Receipt, error) {
	return m.traffic(ctx, t.target, trafficEmergency, false)
}

func (shed) probe(ctx context.Context, m *Messenger, t task) (bcp.Tri, bcp.Receipt) {
	return m.probeTraffic(ctx, t.target, trafficEmergency)
}

func (shed) undo(ctx context.Context, m *Messenger, t task) (bcp.Receipt, error) {
	return m.traffic(ctx, t.target, trafficNormal, false)
}

// drain closes the long-lived sessions that clients still have at the source. A source that is gone has none that
// work; whether it is gone is for others to prove, so that its silence is told as it is.
type drain struct{}

func (drain) needs(bcp.Act) []string { return []string{fieldSource} }

func (drain) plan(t task) string {
	return "close the long-lived client sessions at " + t.source + ", so that clients connect anew"
}

func (drain) check(ctx context.Context, m *Messenger, t task) error {
	_, err := m.order(ctx, t.source, OrderClose, Order{Dry: true})
	return err
}

// do closes and looks for a moment whether clients obey: they are asked to go before they are cut.
func (drain) do(ctx context.Context, m *Messenger, t task) (bcp.Receipt, error) {
	s, err := m.order(ctx, t.source, OrderClose, Order{})
	if errors.Is(err, ErrSilent) {
		return nil, fmt.Errorf("%s does not answer; nothing is known of its sessions: %w", t.source, err)
	}
	if err != nil {
		return nil, err
	}
	receipt := bcp.Receipt{fieldSite: t.source, "asked": strconv.Itoa(s.Sessions)}
	for until := time.Now().Add(m.cfg.Timeouts.Order / 2); s.Sessions > 0 && time.Now().Before(until) && ctx.Err() == nil; {
		pause := time.NewTimer(askAgain / 2)
		select {
		case <-ctx.Done():
		case <-pause.C:
		}
		pause.Stop()
		if s, err = m.state(ctx, t.source); err != nil {
			receipt["error"] = err.Error()
			return receipt, nil // the order was obeyed; how many have gone is for the facts
		}
	}
	receipt["left"] = strconv.Itoa(s.Sessions)
	return receipt, nil
}

// probe says yes where no session is left, or where others prove that the source is off. Sessions that are there
// want closing, whether they are old or new.
func (drain) probe(ctx context.Context, m *Messenger, t task) (bcp.Tri, bcp.Receipt) {
	if g, ok := m.watched(t.group); ok && g.Source == t.source && g.SourceOff == bcp.Yes {
		return bcp.Yes, bcp.Receipt{fieldSite: t.source, "off": "proven by others"}
	}
	s, err := m.state(ctx, t.source)
	if err != nil {
		return bcp.Unseen, bcp.Receipt{fieldSite: t.source, "error": err.Error()}
	}
	receipt := bcp.Receipt{fieldSite: t.source, "left": strconv.Itoa(s.Sessions)}
	return bcp.TriOf(s.Sessions == 0), receipt
}

func (drain) undo(context.Context, *Messenger, task) (bcp.Receipt, error) {
	return bcp.Receipt{"undo": "clients connect by themselves to wherever the names lead"}, nil
}
