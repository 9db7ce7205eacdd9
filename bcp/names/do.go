package names

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"

	"bongsu/bcp"
)

// task is an act that somebody wants done.
type task struct {
	key    string
	leader uint64
	act    bcp.Act
}

// hold waits for its turn to write; the returned function gives it up.
func (n *Names) hold(ctx context.Context) (func(), error) {
	select {
	case n.turn <- struct{}{}:
		return func() { <-n.turn }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("another update of the names is under way: %w", context.Cause(ctx))
	}
}

// obey refuses a leader older than the newest that was seen here.
func (n *Names) obey(leader uint64) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if leader < n.lead {
		return fmt.Errorf("leader's epoch %d after %d: %w: %w", leader, n.lead, bcp.ErrStale, bcp.ErrNotDone)
	}
	n.lead = leader
	return nil
}

func (n *Names) leader() uint64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.lead
}

// tried notes that an update has left: what was seen of the zone before is old.
func (n *Names) tried() {
	n.mu.Lock()
	n.wrote = n.now()
	n.mu.Unlock()
	select {
	case n.bell <- struct{}{}:
	default:
	}
}

// do reads the primary, works the update out, sends it once and says what became of it.
func (n *Names) do(ctx context.Context, t task, g goal) (bcp.Receipt, error) {
	release, err := n.hold(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, bcp.ErrNotDone)
	}
	defer release()
	if err := n.obey(t.leader); err != nil {
		return nil, err
	}
	kept := n.kept.get(t.key)
	if kept.of(t.act) && kept.receipt != nil {
		return already(kept.receipt), nil
	}
	began := n.now()
	s, err := n.read(ctx, g.owner, g.kind)
	if err != nil {
		return nil, fmt.Errorf("%s: nothing was sent: %w: %w", g.text, err, bcp.ErrNotDone)
	}
	if s.mark.key == label(t.key) && s.mark.leader <= t.leader {
		return already(n.zone.receipt(s)), nil // by a process before this one
	}
	p, err := n.zone.plan(s, g, t.leader, t.key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", g.text, err, bcp.ErrNotDone)
	}
	try := attempt{act: t.act, before: s.set, after: p.after, was: s.epoch, epoch: p.epoch, idle: p.idle}
	if p.idle {
		try.receipt = n.zone.receipt(s)
		n.kept.put(t.key, try)
		return already(try.receipt), nil
	}
	n.kept.put(t.key, try)
	err = n.verdict(n.send(ctx, n.zone.update(p)))
	n.tried()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", g.text, err)
	}
	try.receipt = n.proof(ctx, p, n.now().Sub(began))
	n.kept.put(t.key, try)
	n.log.Info("public names changed", "act", g.text, "key", t.key, "serial", try.receipt["serial"])
	return try.receipt, nil
}

// read looks at the primary, three times if need be: a run that cannot read is left to people, and a server
// that was busy for a second is no reason for that.
func (n *Names) read(ctx context.Context, owner string, kind uint16) (s state, err error) {
	for try := range 3 {
		if try > 0 {
			select {
			case <-ctx.Done():
				return s, err
			case <-time.After(askTime):
			}
		}
		if s, err = n.look(ctx, n.servers[0], owner, kind); err == nil {
			return s, nil
		}
	}
	return s, err
}

// receipt is what stands in the zone, for the journal.
func (z *zone) receipt(s state) bcp.Receipt {
	return bcp.Receipt{"server": s.server, "serial": strconv.FormatUint(uint64(s.serial), 10), "epoch": strconv.FormatUint(s.epoch, 10),
		"records": z.words(s.set), "leader": strconv.FormatUint(s.mark.leader, 10)}
}

// proof is the receipt of an update that was done, with what reading it back has shown.
func (n *Names) proof(ctx context.Context, p plan, took time.Duration) bcp.Receipt {
	r := bcp.Receipt{"server": n.servers[0], "epoch": strconv.FormatUint(p.epoch, 10), "records": n.zone.words(p.after)}
	if s, err := n.look(ctx, n.servers[0], p.was.owner, p.was.kind); err == nil {
		r = n.zone.receipt(s)
	} else {
		r["read_back"] = err.Error()
	}
	r["was_epoch"], r["was_records"] = strconv.FormatUint(p.was.epoch, 10), n.zone.words(p.was.set)
	r["was_serial"], r["took_ms"] = strconv.FormatUint(uint64(p.was.serial), 10), strconv.FormatInt(took.Milliseconds(), 10)
	return r
}

func already(r bcp.Receipt) bcp.Receipt {
	out := bcp.Receipt{"already": "true"}
	for k, v := range r {
		out[k] = v
	}
	return out
}

// words writes a set for people: dc1=90 dc2=10, or the values of the records.
func (z *zone) words(set []dns.RR) string {
	var out []string
	for _, rr := range set {
		if srv, ok := rr.(*dns.SRV); ok {
			out = append(out, z.site(srv.Target)+"="+strconv.Itoa(int(srv.Weight)))
			continue
		}
		out = append(out, strings.TrimPrefix(rr.String(), rr.Header().String()))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// Claim shuts out every leader before this one: it writes the leader's epoch beside the names and changes
// nothing else. Call it on taking over, before the first Probe: without it a Probe of an act that another
// process has begun can say Yes, but never No. An error that matches bcp.ErrStale says that a newer leader
// was there first.
func (n *Names) Claim(ctx context.Context, leader uint64) error {
	release, err := n.hold(ctx)
	if err != nil {
		return err
	}
	defer release()
	if err := n.obey(leader); err != nil {
		return err
	}
	for range 3 {
		s, e := n.look(ctx, n.servers[0], n.zone.service, dns.TypeSRV)
		if err = e; err == nil {
			if s.mark.leader == leader {
				return nil
			}
			err = n.close(ctx, s, leader)
		}
		// An attempt of unknown outcome may be repeated: it changes nothing but who writes.
		if err == nil || errors.Is(err, bcp.ErrStale) || errors.Is(err, bcp.ErrNotDone) && !errors.Is(err, errChanged) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("claim the names for the leader of epoch %d: %w", leader, err)
	}
	return nil
}

// close makes every update that was worked out before this one impossible.
func (n *Names) close(ctx context.Context, s state, leader uint64) error {
	if s.mark.leader > leader {
		return fmt.Errorf("the leader of epoch %d has written the names since, this is epoch %d: %w", s.mark.leader, leader, bcp.ErrStale)
	}
	err := n.verdict(n.send(ctx, n.zone.shut(s, leader)))
	n.tried()
	return err
}

// rehearse tries key, policy and conditions without an effect.
func (n *Names) rehearse(ctx context.Context, s state) (err error) {
	for range 2 {
		if err = n.verdict(n.send(ctx, n.zone.rehearsal(s))); !errors.Is(err, errChanged) {
			break
		}
		again, bad := n.look(ctx, n.servers[0], s.owner, s.kind)
		if bad != nil {
			return bad
		}
		s = again
	}
	if err != nil {
		return fmt.Errorf("rehearse an update: %w", err)
	}
	return nil
}

// addressed proves that the name of a site leads to an address.
func (n *Names) addressed(ctx context.Context, site string) error {
	host := n.zone.targets[site].host
	a, err := n.address(ctx, n.servers[0], host, nil)
	if err != nil {
		return err
	}
	if a == "" {
		return fmt.Errorf("site %s: %s has no address: write one into the zone: %w", site, host, ErrNowhere)
	}
	return nil
}
