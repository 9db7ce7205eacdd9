package messenger

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"bongsu/bcp"
)

// promote makes one service primary at the target. The messenger itself refuses where a majority does not promise
// the epoch or where the target's log lacks a committed record.
type promote struct{}

func (promote) needs(bcp.Act) []string {
	return []string{fieldService, fieldTarget, fieldEpoch}
}

func (promote) plan(t task) string {
	return fmt.Sprintf("make %s primary for %s at epoch %d", t.target, t.service, t.epoch)
}

func (promote) check(ctx context.Context, m *Messenger, t task) error {
	_, err := m.order(ctx, t.target, OrderPromote, Order{Group: t.service, Epoch: t.epoch, Dry: true})
	return err
}

func (promote) do(ctx context.Context, m *Messenger, t task) (bcp.Receipt, error) {
	return m.lead(ctx, t.target, t.service, t.epoch)
}

// lead promotes a site for a service and believes only what it then says of itself.
func (m *Messenger) lead(ctx context.Context, site, service string, epoch uint64) (bcp.Receipt, error) {
	s, err := m.order(ctx, site, OrderPromote, Order{Group: service, Epoch: epoch})
	if err != nil {
		return nil, err
	}
	g := s.Groups[service]
	if !leads(g, epoch) {
		return leadReceipt(site, service, g), fmt.Errorf("%s after its promotion: %w: %s is %s at epoch %d", site, errOdd, service, g.Role, g.Epoch)
	}
	return leadReceipt(site, service, g), nil
}

func leads(g GroupState, epoch uint64) bool { return g.Role == rolePrimary && g.Epoch == epoch }

func leadReceipt(site, service string, g GroupState) bcp.Receipt {
	return bcp.Receipt{fieldSite: site, fieldService: service, "role": g.Role, fieldEpoch: strconv.FormatUint(g.Epoch, 10),
		"last": strconv.FormatInt(g.Last, 10), "committed": strconv.FormatInt(g.Committed, 10)}
}

func (promote) probe(ctx context.Context, m *Messenger, t task) (bcp.Tri, bcp.Receipt) {
	return m.probeLead(ctx, t.target, t.service, t.epoch)
}

// promotionTakes is how long a site that was promised an epoch may still be gathering what it needs to lead.
const promotionTakes = 4 * time.Second

// probeLead asks a site whether it was promoted at an epoch: it leads, and everything it has written is on a
// majority. Where it has the promise but does not lead, a promotion may be under way: that is waited for. After
// that it is none, and the same order again would be the same promotion.
func (m *Messenger) probeLead(ctx context.Context, site, service string, epoch uint64) (bcp.Tri, bcp.Receipt) {
	over := time.Now().Add(promotionTakes)
	for {
		began := time.Now()
		s, err := m.state(ctx, site)
		if err != nil {
			return bcp.Unseen, bcp.Receipt{fieldSite: site, "error": err.Error()}
		}
		g, ok := s.Groups[service]
		receipt, late := leadReceipt(site, service, g), !began.Before(over)
		switch {
		case !ok || g.Epoch > epoch: // overtaken: whether it led before, nobody can say now
			return bcp.Unseen, receipt
		case leads(g, epoch) && g.Committed >= g.Last:
			return bcp.Yes, receipt
		case leads(g, epoch) && late:
			return bcp.Unseen, receipt
		case !leads(g, epoch) && (g.Epoch < epoch || g.Primary != site || late):
			return bcp.No, receipt
		}
		pause := time.NewTimer(askAgain)
		select {
		case <-ctx.Done():
			pause.Stop()
			return bcp.Unseen, receipt
		case <-pause.C:
		}
	}
}

// undo gives the service back to where it was, if the act says where.
func (promote) undo(ctx context.Context, m *Messenger, t task) (bcp.Receipt, error) {
	if t.source == "" {
		return nil, fmt.Errorf("%w: the act does not say which site led before", bcp.ErrNotDone)
	}
	return giveBack{}.do(ctx, m, t)
}
