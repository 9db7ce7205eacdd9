package messenger

import (
	"context"
	"errors"
	"sync"
	"time"

	"bongsu/bcp"
)

// rehearse asks the target for a promotion without effect in every service of the group. Where the target does not
// answer there was no rehearsal.
func (w *Watcher) rehearse(ctx context.Context, g GroupWatch) {
	now := time.Now()
	v := groupView{view{now, w.m.cfg, w.m.seen.read()}, g, w.m.cfg.stores(g.Services)}
	r := rehearsal{target: g.Target, epoch: v.epoch(), began: now, fenced: v.lease() == bcp.Yes, passed: map[string]bool{}, why: map[string]string{}}
	for _, service := range v.stores {
		_, err := w.m.order(ctx, g.Target, OrderPromote, Order{Group: service, Epoch: r.epoch, Dry: true})
		if errors.Is(err, ErrSilent) || ctx.Err() != nil {
			return
		}
		r.passed[service] = err == nil
		if err != nil {
			r.why[service] = err.Error()
		}
	}
	w.m.seen.update(func(rec *record) { rec.rehearsals[g.Group] = r })
}

// verify does at the target what a user does, everything at once.
func (w *Watcher) verify(ctx context.Context, g GroupWatch) {
	var all sync.WaitGroup
	for word, check := range checks {
		all.Go(func() {
			d := verdict{site: g.Target, began: time.Now()}
			_, err := w.m.client.Synthetic(ctx, g.Target, check)
			if d.ok = err == nil; err != nil {
				d.why = err.Error()
			}
			if ctx.Err() != nil {
				return
			}
			w.m.seen.update(func(rec *record) {
				if rec.verified[g.Group] == nil {
					rec.verified[g.Group] = map[string]verdict{}
				}
				rec.verified[g.Group][word] = d
			})
		})
	}
	all.Wait()
}

// user sends our own user straight to the target, under the public name.
func (w *Watcher) user(ctx context.Context, u *User, g GroupWatch) {
	at, err := w.m.client.site(g.Target)
	if err != nil {
		return
	}
	trip := u.Travel(ctx, at.Public)
	if ctx.Err() != nil {
		return
	}
	w.m.seen.update(func(rec *record) { rec.users[g.Group] = rec.users[g.Group].after(trip) })
}

// probes lists how a service is looked at where it serves; one that is not in it is up while its store leads.
// It is the only place to add one.
var probes = map[string]string{"account": "login", "api": "receive", "messaging": "readback"}

// slow is how long a check may take before the service counts as degraded.
const slow = time.Second

// probe looks at every service at the site that leads it. Where nobody answers us nothing is known, and nothing
// is noted.
func (w *Watcher) probe(ctx context.Context) {
	now := time.Now()
	v := view{now, w.m.cfg, w.m.seen.read()}
	if !v.anyAnswer() {
		return
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	results := map[string]bcp.ProbeView{}
	for _, service := range w.m.cfg.Services {
		all.Go(func() {
			result, what := w.probeOne(ctx, v, service)
			mu.Lock()
			results[service] = bcp.ProbeView{Result: result, What: what}
			mu.Unlock()
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		return
	}
	w.m.seen.update(func(rec *record) {
		failing := false
		for service, p := range results {
			rec.probes[service] = bcp.FoldProbe(rec.probes[service], p.Result, p.What, now)
			failing = failing || p.Result == bcp.ProbeFailed
		}
		row := rec.inside.Row + 1
		if failing {
			row = 0
		}
		rec.inside = bcp.Check{Vantage: "inside", Row: row, Failing: failing, At: now}
	})
}

func (w *Watcher) probeOne(ctx context.Context, v view, service string) (result, what string) {
	site := v.leader(service)
	if site == "" {
		return bcp.ProbeFailed, "no site that answers leads it"
	}
	check := probes[service]
	if check == "" {
		return bcp.ProbeOK, ""
	}
	began := time.Now()
	_, err := w.m.client.Synthetic(ctx, site, check)
	switch {
	case err != nil:
		return bcp.ProbeFailed, err.Error()
	case time.Since(began) > slow:
		return bcp.ProbeDegraded, "it takes " + time.Since(began).Round(time.Millisecond).String()
	}
	return bcp.ProbeOK, ""
}

// leader is the site that says it leads a service, at the newest epoch if several do; empty when none does.
func (v view) leader(service string) (site string) {
	var newest uint64
	for _, s := range v.cfg.Sites {
		state, ok := v.answer(s.ID)
		if g := state.Groups[service]; ok && g.Role == rolePrimary && g.Epoch > newest {
			site, newest = s.ID, g.Epoch
		}
	}
	return site
}
