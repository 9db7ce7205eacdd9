package messenger

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"bongsu/bcp"
)

// giveBack makes the source primary again at an epoch newer than any, and the traffic normal. The loop asks for it
// only before traffic has moved.
type giveBack struct{}

func (giveBack) needs(bcp.Act) []string { return []string{fieldGroup, fieldSource, fieldTarget} }

func (giveBack) plan(t task) string {
	return fmt.Sprintf("make %s primary for %s again at the next epoch, if it answers; normal traffic at %s", t.source, list(t.services), t.target)
}

var errSourceSilent = errors.New("it does not answer: the services stay where they are")

// next is the epoch after every one that a store of the service is known to have promised.
func (m *Messenger) next(services []string) uint64 {
	newest := uint64(0)
	for _, s := range m.seen.read().sites {
		for _, service := range services {
			newest = max(newest, s.State.Groups[service].Epoch)
		}
	}
	return newest + 1
}

func (giveBack) check(ctx context.Context, m *Messenger, t task) error {
	states := m.states(ctx, m.siteIDs())
	if _, ok := states[t.source]; !ok {
		return fmt.Errorf("%s: %w: %w", t.source, errSourceSilent, bcp.ErrNotDone)
	}
	epoch := m.next(t.services)
	for _, s := range t.services {
		if _, err := m.order(ctx, t.source, OrderPromote, Order{Group: s, Epoch: epoch, Dry: true}); err != nil {
			return err
		}
	}
	return nil
}

func (giveBack) do(ctx context.Context, m *Messenger, t task) (bcp.Receipt, error) {
	states := m.states(ctx, m.siteIDs())
	source, ok := states[t.source]
	if !ok {
		return nil, fmt.Errorf("%s: %w: %w", t.source, errSourceSilent, bcp.ErrNotDone)
	}
	newest := m.next(t.services) - 1
	receipt := bcp.Receipt{fieldSite: t.source, fieldEpoch: strconv.FormatUint(newest+1, 10)}
	begun := false
	for _, s := range t.services {
		if leads(source.Groups[s], newest) {
			receipt[s] = "was never taken from it"
			continue
		}
		if _, err := m.lead(ctx, t.source, s, newest+1); err != nil {
			return receipt, partly(begun, err)
		}
		receipt[s], begun = "leads again", true
	}
	for _, site := range []string{t.source, t.target} {
		if states[site].Traffic != trafficEmergency {
			continue
		}
		if _, err := m.traffic(ctx, site, trafficNormal, false); err != nil {
			return receipt, partly(begun, err)
		}
		receipt["traffic/"+site], begun = trafficNormal, true
	}
	return receipt, nil
}

// partly takes from an error the proof that nothing was done, where something was done before it.
func partly(begun bool, err error) error {
	if !begun {
		return err
	}
	return fmt.Errorf("done in part: %s", err.Error())
}

// probe says yes where the source leads everything at the newest epoch there is and the traffic is normal, and no
// where something of that is missing: the receipt says what, and giving back again leaves alone what is back.
func (giveBack) probe(ctx context.Context, m *Messenger, t task) (bcp.Tri, bcp.Receipt) {
	states := m.states(ctx, m.siteIDs())
	source, ok := states[t.source]
	receipt := bcp.Receipt{fieldSite: t.source}
	if !ok {
		receipt["error"] = errSourceSilent.Error()
		return bcp.Unseen, receipt
	}
	led, newest := 0, m.next(t.services)-1
	for _, s := range t.services {
		g := source.Groups[s]
		receipt[s] = fmt.Sprintf("%s at epoch %d", g.Role, g.Epoch)
		if g.Role == rolePrimary && g.Epoch+1 >= m.next([]string{s}) {
			led++
		}
	}
	receipt[fieldEpoch] = strconv.FormatUint(newest, 10)
	normal := states[t.target].Traffic != trafficEmergency && source.Traffic != trafficEmergency
	return bcp.TriOf(led == len(t.services) && normal), receipt
}

func (giveBack) undo(context.Context, *Messenger, task) (bcp.Receipt, error) {
	return nil, fmt.Errorf("%w: what was given back moves by a new run only", bcp.ErrNotDone)
}
