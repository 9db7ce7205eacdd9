package control

import (
	"strconv"
	"time"

	"bongsu/bcp"
)

// servedBy is which site has served a group, and since when without a break.
type servedBy struct {
	site  string
	since time.Time
}

// serving notes since when each group is served by the site that serves it now.
func (t *term) serving(now time.Time) {
	for _, g := range t.cfg.Org.Groups {
		site := t.sight.Groups[g.ID].ServedBy
		switch {
		case site == "":
			delete(t.served, g.ID)
		case t.served[g.ID].site != site:
			t.served[g.ID] = servedBy{site, now}
		}
	}
}

// gather is what is known now, with its times as everything is judged by.
func (t *term) gather(now time.Time) bcp.Facts {
	evidence := append(t.facts.all(), t.silences(now)...)
	probes := map[string]bcp.ProbeView{}
	for id, p := range t.sight.Probes {
		p.At = t.judged(now, p.At)
		probes[id] = p
	}
	f := bcp.Facts{Roster: t.cfg.Roster(), Evidence: evidence, SiteLost: lost(evidence), Receipts: t.facts.receipts,
		Checks: t.pacedChecks(now, t.sight.Checks), Core: t.sight.Core, Groups: map[string]bcp.GroupFacts{}, Probes: probes}
	if t.lease != nil {
		f.Epoch = t.lease.Epoch()
	}
	for _, g := range t.cfg.Org.Groups {
		facts := t.sight.Groups[g.ID]
		source := g.Source
		if r := t.org.Runs.Get(g.ID); r != nil {
			source = r.Source
		}
		facts.Fence.PowerOff = t.facts.powerOff(source)
		facts.Precheck.Permissions = bcp.Permissions{OK: t.sight.Readiness, At: t.sight.ReadinessAt}
		facts.ServedSince = t.served[g.ID].since
		f.Groups[g.ID] = t.paced(now, facts)
		f.Evidence = append(f.Evidence, t.outages(g, source)...)
	}
	return f
}

// outages is the evidence of services that are down, and of those that are up again.
func (t *term) outages(g bcp.Group, site string) []bcp.Evidence {
	var out []bcp.Evidence
	for _, id := range g.Services {
		s := t.org.Services.Get(id)
		if s == nil {
			continue
		}
		e := bcp.Evidence{ID: "service-" + id + "-" + strconv.FormatInt(s.Since.UnixMilli(), 10), Kind: bcp.EvidenceService, Site: site, Subject: id, EverDown: true, At: s.Since, What: id + ": " + s.Reason}
		switch {
		case s.State == bcp.ServiceDown && t.org.Services.Alerting(id):
			e.Grade = 2
			if service, ok := t.org.Graph.Service(id); ok && service.Tier == 1 {
				e.Grade = 1 // many users cannot do what they came for
			}
			out = append(out, e)
		case s.State == bcp.ServiceUp:
			out = append(out, t.ended(id, s.Since)...)
		}
	}
	return out
}

// ended is what open cases have of a service that is up again.
func (t *term) ended(id string, since time.Time) []bcp.Evidence {
	var out []bcp.Evidence
	for _, i := range t.org.Incidents.All() {
		if i.Over() {
			continue
		}
		for _, e := range i.Evidence {
			if e.Kind == bcp.EvidenceService && e.Subject == id && !e.Gone {
				e.Gone, e.UpSince = true, since
				out = append(out, e)
			}
		}
	}
	return out
}

// watch tells the eyes what matters now.
func (t *term) watch(now time.Time) {
	var groups []GroupWatch
	for _, g := range t.cfg.Org.Groups {
		w := GroupWatch{ID: g.ID, Source: g.Source, Target: g.Target, Services: g.Services}
		if r := t.org.Runs.Get(g.ID); r != nil {
			w.Source, w.Target, w.State, w.Since, w.Begun, w.Carried = r.Source, r.Target, r.State, t.noted(now, r.Since), t.noted(now, r.Triggered), r.Carried
			if w.Carried != nil {
				c := *w.Carried
				c.At = t.noted(now, c.At)
				w.Carried = &c
			}
			if r.State != bcp.RunArmed {
				w.Want = r.Want
			}
		}
		w.PowerOff = t.facts.powerOff(w.Source)
		groups = append(groups, w)
	}
	t.cfg.Eyes.Watch(groups)
}
