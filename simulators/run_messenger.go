package simulators

import (
	"context"
	"path/filepath"
	"time"

	"bongsu/facility"
)

// startMessenger plays the messenger until ctx ends; when a part of it fails, the plant ends.
func (p *Plant) startMessenger(ctx context.Context, cancel context.CancelFunc) {
	if p.messenger == nil {
		return
	}
	p.running.Go(func() {
		if err := p.messenger.run(ctx); err != nil {
			p.failed <- err
			cancel()
		}
	})
	p.running.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-p.resume:
				p.resumeMessenger(ctx)
			}
		}
	})
}

func (p *Plant) closeMessenger() {
	if p.messenger != nil {
		p.messenger.close()
	}
}

const powerFromFacility = "the facility has no power"

// addMessenger builds the messenger of a site that has one.
func (p *Plant) addMessenger() (err error) {
	if p.site.Sim.Messenger != nil {
		p.messenger, err = newMessenger(p.site.Sim.Messenger, filepath.Dir(p.site.File), p.log)
	}
	return err
}

// followPower gives the messenger sites that stand in this facility the power it has; the lock is held.
func (p *Plant) followPower() {
	if p.messenger == nil {
		return
	}
	dark := p.isDark()
	for _, s := range p.messenger.cfg.Sites {
		if s.Asset != "" {
			p.messenger.setDark(s.ID, powerFromFacility, dark)
		}
	}
}

// isDark tells whether the servers of the facility are without power: all of it was cut, no UPS zone carries
// load, or those of the site file are out while no feed is there. The unseen partner zones are the rest
// of the building's; alone they do not carry the messenger's hall.
func (p *Plant) isDark() bool {
	if p.world.acts[p.layout.cfg.Site][PowerCut].operated() {
		return true
	}
	anyZone, ownZone, anyFeed := false, len(p.layout.zones) == 0, len(p.layout.feeds) == 0
	for id, z := range p.world.zones {
		anyZone = anyZone || z.alive()
		for _, own := range p.layout.zones {
			ownZone = ownZone || own == id && z.alive()
		}
	}
	for _, f := range p.world.feeds {
		anyFeed = anyFeed || f.pu >= .9
	}
	return len(p.world.zones) > 0 && !anyZone || !ownZone && !anyFeed
}

// Messenger reads the messenger world; ok is false when the site has none.
func (p *Plant) Messenger() (state MessengerState, ok bool) {
	if p.messenger == nil {
		return MessengerState{}, false
	}
	return p.messenger.state(), true
}

// Inbox lists what mail, phone and webhooks received; ok is false when the site has no messenger world.
func (p *Plant) Inbox() (state InboxState, ok bool) {
	if p.messenger == nil {
		return InboxState{}, false
	}
	return p.messenger.inbox.state(), true
}

// rewireMessenger writes the actual addresses into a site's messenger block.
func (p *Plant) rewireMessenger(site *facility.Site) {
	if p.messenger == nil || site.Sim.Messenger == nil {
		return
	}
	m := *site.Sim.Messenger // the running world keeps the block it was built of
	m.Sites, m.DNS = append([]facility.MessengerSite{}, m.Sites...), append([]string{}, m.DNS...)
	for i, s := range p.messenger.sites {
		m.Sites[i].Address = s.address
	}
	for i, s := range p.messenger.dns {
		m.DNS[i] = s.address
	}
	at := p.messenger.inbox.addresses()
	m.SMTP, m.Gateway = at.SMTP, at.Gateway
	site.Sim.Messenger = &m
}

// resumeMessenger brings back writers that a power loss interrupted, after the world was restored.
func (p *Plant) resumeMessenger(ctx context.Context) {
	for range 20 {
		if p.messenger.allUp() {
			break
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(heartbeat):
		}
	}
	p.messenger.resume(ctx)
}

// allUp tells whether every site has its power.
func (w *messengerWorld) allUp() bool {
	for _, s := range w.sites {
		if !s.state().Power {
			return false
		}
	}
	return true
}
