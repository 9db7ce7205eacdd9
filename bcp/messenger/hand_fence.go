package messenger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"bongsu/bcp"
)

// fence shuts the old site out: the stores of all sites are ordered read-only at the epoch, and a majority must
// obey. The target's store is ordered too. Where the source is dead there is no majority without it, and a
// store that has merely said that it would promise still takes the old site's records.
type fence struct{}

func (fence) needs(bcp.Act) []string {
	return []string{fieldGroup, fieldSource, fieldTarget, fieldEpoch}
}

func (fence) plan(t task) string {
	return fmt.Sprintf("order %s read-only at epoch %d at every site, so that %s cannot acknowledge any more and %s may lead",
		list(t.services), t.epoch, t.source, t.target)
}

// shut says whether a store can no longer take the source's records of before the epoch.
func shut(g GroupState, ok bool, epoch uint64, source string) bool {
	return ok && g.Epoch >= epoch && g.Primary != source
}

// check asks all sites whether they would obey; a majority without the source has to.
func (f fence) check(ctx context.Context, m *Messenger, t task) error {
	willing, errs := 0, []error{}
	var mu sync.Mutex
	m.each(m.siteIDs(t.source), func(site string) {
		_, err := f.orders(ctx, m, site, t, true)
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			errs = append(errs, err)
			return
		}
		willing++
	})
	if willing < m.majority() {
		return fmt.Errorf("%d of %d stores would obey: %w", willing, len(m.cfg.Sites), errors.Join(errs...))
	}
	return nil
}

// orders gives a site one order for each service, stops at the first that fails, and says whether any was obeyed.
func (fence) orders(ctx context.Context, m *Messenger, site string, t task, dry bool) (obeyed bool, err error) {
	for _, s := range t.services {
		if _, err := m.order(ctx, site, OrderReadOnly, Order{Group: s, Epoch: t.epoch, Dry: dry}); err != nil {
			return obeyed, err
		}
		obeyed = true
	}
	return obeyed, nil
}

const (
	fenceAgain    = 250 * time.Millisecond
	fencePatience = 5 * time.Second
)

var (
	errNoMajority = errors.New("no majority of the stores has obeyed")
	errOvertaken  = errors.New("a store has promised a newer epoch")
)

// do orders every site and asks those again that did not answer while there is no majority.
func (f fence) do(ctx context.Context, m *Messenger, t task) (bcp.Receipt, error) {
	ctx, stop := context.WithTimeout(ctx, fencePatience)
	defer stop()
	words := fenceWords{t: t, sites: map[string]fenceWord{}}
	for left := m.siteIDs(); ; {
		m.each(left, func(site string) { words.put(site, f.one(ctx, m, site, t)) })
		left = words.silent()
		err := words.judge(m.majority(), len(m.cfg.Sites))
		if err == nil || errors.Is(err, errOvertaken) || len(left) == 0 {
			return words.receipt(), err
		}
		pause := time.NewTimer(fenceAgain)
		select {
		case <-ctx.Done():
			pause.Stop()
			return words.receipt(), err
		case <-pause.C:
		}
	}
}

// fenceWord is what one site answered.
type fenceWord struct {
	groups map[string]GroupState // nil when it has not said
	err    error                 // of the order
	heard  bool                  // it answered something
	obeyed bool                  // at least one order
}

// untouched says whether the site has certainly not been changed by the orders.
func (word fenceWord) untouched() bool {
	return !word.obeyed && errors.Is(word.err, bcp.ErrNotDone)
}

// one orders a site. What its store has promised counts, not how it took the order: it may have promised the
// epoch before, to the target even.
func (f fence) one(ctx context.Context, m *Messenger, site string, t task) fenceWord {
	obeyed, err := f.orders(ctx, m, site, t, false)
	word := fenceWord{err: err, obeyed: obeyed}
	if errors.Is(err, ErrSilent) {
		return word
	}
	word.heard = true
	s, asked := m.state(ctx, site)
	if asked != nil && err == nil {
		word.err = asked
	}
	word.groups = s.Groups
	return word
}

type fenceWords struct {
	t     task
	mu    sync.Mutex
	sites map[string]fenceWord
}

func (w *fenceWords) put(site string, word fenceWord) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sites[site] = word
}

// silent lists the sites that have answered nothing: a refusal will not become another one by asking again.
func (w *fenceWords) silent() (out []string) {
	for site, word := range w.sites {
		if !word.heard {
			out = append(out, site)
		}
	}
	slices.Sort(out)
	return out
}

// shutAt counts the stores of a service that are shut, and says whether one is beyond the epoch.
func (w *fenceWords) shutAt(service string) (n int, beyond bool) {
	for _, word := range w.sites {
		g, ok := word.groups[service]
		beyond = beyond || ok && g.Epoch > w.t.epoch
		if shut(g, ok, w.t.epoch, w.t.source) {
			n++
		}
	}
	return n, beyond
}

// judge says whether every service has its majority. It is certainly not done only where no site has taken any
// of the orders.
func (w *fenceWords) judge(majority, sites int) error {
	untouched := true
	for _, word := range w.sites {
		untouched = untouched && word.untouched()
	}
	for _, s := range w.t.services {
		n, beyond := w.shutAt(s)
		var err error
		switch {
		case beyond:
			err = fmt.Errorf("%s: %w than %d", s, errOvertaken, w.t.epoch)
		case n < majority:
			err = fmt.Errorf("%s: %w: %d of %d: %w", s, errNoMajority, n, sites, w.errs())
		}
		switch {
		case err == nil:
			continue
		case beyond && untouched:
			return fmt.Errorf("%w: %w: %w", err, bcp.ErrStale, bcp.ErrNotDone)
		case untouched:
			return fmt.Errorf("%w: %w", err, bcp.ErrNotDone)
		}
		return err
	}
	return nil
}

// errs tells why, without proving anything: what one site refused says nothing about the whole.
func (w *fenceWords) errs() error {
	var why []string
	for site, word := range w.sites {
		if word.err != nil {
			why = append(why, site+": "+word.err.Error())
		}
	}
	slices.Sort(why)
	return errors.New(list(why))
}

// receipt says what every site answered.
func (w *fenceWords) receipt() bcp.Receipt {
	r := bcp.Receipt{fieldEpoch: strconv.FormatUint(w.t.epoch, 10)}
	for site, word := range w.sites {
		r[site] = word.text(w.t)
	}
	for _, s := range w.t.services {
		n, _ := w.shutAt(s)
		r["stores/"+s] = fmt.Sprintf("%d of %d", n, len(w.sites))
	}
	return r
}

func (word fenceWord) text(t task) string {
	switch {
	case word.groups == nil && !word.heard:
		return "silent"
	case word.groups == nil:
		return fmt.Sprintf("does not say: %v", word.err)
	}
	for _, s := range t.services {
		g, ok := word.groups[s]
		switch {
		case !shut(g, ok, t.epoch, t.source):
			return fmt.Sprintf("%s is %s at epoch %d for %q: %v", s, g.Role, g.Epoch, g.Primary, word.err)
		case g.Role == rolePrimary:
			return fmt.Sprintf("leads %s at epoch %d", s, g.Epoch)
		}
	}
	return "read-only at epoch " + strconv.FormatUint(t.epoch, 10)
}

// probe counts the stores that have promised the epoch. Where those that answer are a majority and too few of them
// have, the fence is not done; one store or another may have obeyed, which the receipt says, and the same order
// again does it no harm.
func (fence) probe(ctx context.Context, m *Messenger, t task) (bcp.Tri, bcp.Receipt) {
	states := m.states(ctx, m.siteIDs())
	words := fenceWords{t: t, sites: map[string]fenceWord{}}
	for _, site := range m.siteIDs() {
		s, ok := states[site]
		words.sites[site] = fenceWord{groups: s.Groups, heard: ok}
	}
	done := true
	for _, s := range t.services {
		n, _ := words.shutAt(s)
		done = done && n >= m.majority()
	}
	switch {
	case done:
		return bcp.Yes, words.receipt()
	case len(states) >= m.majority():
		return bcp.No, words.receipt()
	}
	return bcp.Unseen, words.receipt()
}

// undo gives the services back to the source; a fence itself cannot be taken back, only overtaken.
func (fence) undo(ctx context.Context, m *Messenger, t task) (bcp.Receipt, error) {
	return giveBack{}.do(ctx, m, t)
}
