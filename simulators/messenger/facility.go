package messenger

import (
	"context"
	"time"

	"bongsu/facility"
	"bongsu/simulators/people"
)

const powerFromFacility = "the facility has no power"

// FollowFacility gives the sites that stand in the simulated facility the power it has, and its ways out. A site that is
// cut off lives on alone: users and peers hear nothing of it, and whoever stands beside it still operates it.
func (w *World) FollowFacility(dark, alone bool) {
	for _, c := range w.cfg.Sites {
		if c.Asset == "" {
			continue
		}
		w.setDark(c.ID, powerFromFacility, dark)
		if w.net.setAlone(c.ID, alone) {
			w.site(c.ID).hangUp()
		}
	}
}

// Inbox lists what mail, phone and webhooks received.
func (w *World) Inbox() people.State { return w.inbox.State() }

// Names lists the sites, the name servers and the people, by which faults aim at them.
func (w *World) Names() (sites, servers, people []string) {
	for _, s := range w.sites {
		sites = append(sites, s.id)
	}
	for _, s := range w.dns {
		servers = append(servers, s.ID())
	}
	for _, person := range w.cfg.People {
		people = append(people, person.ID)
	}
	return sites, servers, people
}

// Rewire is the configuration with the actual addresses. The running world keeps the one it was built of.
func (w *World) Rewire() *facility.Messenger {
	m := *w.cfg
	m.Sites, m.DNS = append([]facility.MessengerSite{}, m.Sites...), append([]string{}, m.DNS...)
	for i, s := range w.sites {
		m.Sites[i].Address = s.address
	}
	for i, s := range w.dns {
		m.DNS[i] = s.Address()
	}
	at := w.inbox.Addresses()
	m.SMTP, m.Gateway = at.SMTP, at.Gateway
	return &m
}

// Restored brings back writers that a power loss interrupted, after the power was given back.
func (w *World) Restored(ctx context.Context) {
	for range 20 {
		if w.allUp() {
			break
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(heartbeat):
		}
	}
	w.resume(ctx)
}

// allUp tells whether every site has its power.
func (w *World) allUp() bool {
	for _, s := range w.sites {
		if !s.state().Power {
			return false
		}
	}
	return true
}
