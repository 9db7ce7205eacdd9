package main

import (
	"context"
	"log/slog"
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
	// askPapers is how often certificates are looked at, the members' and our own.
	askPapers = time.Hour
)

// memberWatch asks each server of the shared journal by itself: that the journal takes writes does not say that no
// server is missing, and with one missing it takes one more to stop it.
type memberWatch struct {
	ask   func(ctx context.Context, address string) (*clientv3.StatusResponse, error)
	relay func() shared.RelayStatus
	// reach says why a server does not answer, and until when its certificate is good (zero without one).
	reach  func(ctx context.Context, address string) (time.Time, error)
	papers func() ([]shared.Paper, error) // our own certificates; none without
	log    *slog.Logger

	urls []string // of the servers

	mu     sync.Mutex
	seen   []ui.MemberHealth
	looked []time.Time // when each server's certificate was looked at
	own    []shared.Paper
}

// watchMembers watches the servers of a site's shared journal.
func watchMembers(o options, site *facility.Site, client *clientv3.Client, relay *shared.Relay, log *slog.Logger) (*memberWatch, error) {
	files, err := papersOf(o, site)
	if err != nil {
		return nil, err
	}
	config, err := clientTLS(o, site, log)
	if err != nil {
		return nil, err
	}
	w := &memberWatch{relay: relay.Status, log: log, ask: client.Status}
	w.reach = func(ctx context.Context, address string) (ends time.Time, err error) {
		theirs, err := shared.Reach(ctx, address, config)
		if theirs != nil {
			ends = theirs.NotAfter
		}
		return ends, err
	}
	if files != nil {
		w.papers = files.Papers
	}
	for _, m := range site.Members {
		w.seen = append(w.seen, ui.MemberHealth{Name: m.Name, Address: m.Client, Why: "not asked yet"})
	}
	for _, e := range site.Journal.Endpoints {
		w.seen = append(w.seen, ui.MemberHealth{Name: e, Address: e, Why: "not asked yet"})
	}
	w.urls, w.looked = endpointsOf(site), make([]time.Time, len(w.seen))
	return w, nil
}

// run asks until ctx ends.
func (w *memberWatch) run(ctx context.Context) error {
	tick, papers := time.NewTicker(askMembers), time.NewTicker(askPapers)
	defer tick.Stop()
	defer papers.Stop()
	w.lookAtPapers(time.Now())
	for {
		var asked sync.WaitGroup
		for i := range w.seen {
			asked.Go(func() { w.look(ctx, i) })
		}
		asked.Wait()
		select {
		case <-ctx.Done():
			return nil
		case now := <-papers.C:
			w.lookAtPapers(now)
		case <-tick.C:
		}
	}
}

func (w *memberWatch) look(ctx context.Context, i int) {
	asking, cancel := context.WithTimeout(ctx, memberAnswers)
	st, err := w.ask(asking, w.urls[i])
	cancel()
	now := time.Now()
	if err != nil || now.Sub(w.looked[i]) >= askPapers {
		err = w.lookCloser(ctx, i, err)
	}
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

// lookCloser connects once by hand: that says why there is no answer, which the client does not, and shows the
// server's certificate.
func (w *memberWatch) lookCloser(ctx context.Context, i int, unanswered error) error {
	ctx, cancel := context.WithTimeout(ctx, shared.ReachPatience)
	defer cancel()
	ends, why := w.reach(ctx, w.urls[i])
	w.mu.Lock()
	defer w.mu.Unlock()
	if !ends.IsZero() {
		w.seen[i].Ends, w.looked[i] = &ends, time.Now()
	}
	if unanswered != nil && why != nil {
		return why
	}
	return unanswered
}

// lookAtPapers reads our own certificates and complains once a look about those that end soon.
func (w *memberWatch) lookAtPapers(now time.Time) {
	if w.papers == nil {
		return
	}
	own, err := w.papers()
	if err != nil {
		w.log.Error("a certificate of the shared journal cannot be read", "cause", err)
	}
	for _, p := range own {
		if why := p.Ending(now); why != "" {
			w.log.Warn("a certificate of the shared journal has to be renewed", "what", p.What, "file", p.File, "ends", p.Ends, "why", why)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.own = own
}

// health tells the newest answers.
func (w *memberWatch) health() ui.CommonHealth {
	r := w.relay()
	w.mu.Lock()
	defer w.mu.Unlock()
	return ui.CommonHealth{Members: append([]ui.MemberHealth(nil), w.seen...), Relay: &ui.RelayHealth{Seq: r.Position.Seq, Carried: r.Carried, Why: r.Err}}
}
