package main

import (
	"context"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"bongsu/facility"
	"bongsu/journal/shared"
	"bongsu/ui"
)

// How often the servers of the shared journal are asked how they do, and how long each may take.
const (
	askMembers    = 5 * time.Second
	memberAnswers = 2 * time.Second
)

// memberWatch asks each server of the shared journal by itself: that the journal takes writes does not say that no
// server is missing, and with one missing it takes one more to stop it.
type memberWatch struct {
	ask   func(ctx context.Context, address string) (*clientv3.StatusResponse, error)
	relay func() shared.RelayStatus

	mu   sync.Mutex
	seen []ui.MemberHealth
}

func newMemberWatch(site *facility.Site, client *clientv3.Client, relay *shared.Relay) *memberWatch {
	w := &memberWatch{relay: relay.Status, ask: func(ctx context.Context, address string) (*clientv3.StatusResponse, error) {
		return client.Status(ctx, "http://"+address)
	}}
	for _, m := range site.Members {
		w.seen = append(w.seen, ui.MemberHealth{Name: m.Name, Address: m.Client, Why: "not asked yet"})
	}
	return w
}

// run asks until ctx ends.
func (w *memberWatch) run(ctx context.Context) error {
	tick := time.NewTicker(askMembers)
	defer tick.Stop()
	for {
		var asked sync.WaitGroup
		for i := range w.seen {
			asked.Go(func() { w.look(ctx, i) })
		}
		asked.Wait()
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (w *memberWatch) look(ctx context.Context, i int) {
	ctx, cancel := context.WithTimeout(ctx, memberAnswers)
	defer cancel()
	st, err := w.ask(ctx, w.seen[i].Address) // the address is never written again
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	m := &w.seen[i]
	if err != nil {
		m.OK, m.Leader, m.Why = false, false, err.Error()
		return
	}
	m.OK, m.Why, m.At = true, "", &now
	m.Leader, m.Index, m.Bytes, m.Build = st.Leader == st.Header.MemberId, st.RaftAppliedIndex, st.DbSize, st.Version
	switch {
	case len(st.Errors) > 0:
		m.OK, m.Why = false, st.Errors[0]
	case st.Leader == 0:
		m.OK, m.Why = false, "it knows no leader: too few servers reach each other"
	}
}

// health tells the newest answers.
func (w *memberWatch) health() ui.CommonHealth {
	r := w.relay()
	w.mu.Lock()
	defer w.mu.Unlock()
	return ui.CommonHealth{Members: append([]ui.MemberHealth(nil), w.seen...), Relay: &ui.RelayHealth{Seq: r.Position.Seq, Carried: r.Carried, Why: r.Err}}
}
