package simulators

import (
	"context"
	"path/filepath"

	"bongsu/simulators/messenger"
	"bongsu/simulators/people"
)

// startMessenger plays the messenger until ctx ends; when a part of it fails, the plant ends.
func (p *Plant) startMessenger(ctx context.Context, cancel context.CancelFunc) {
	if p.messenger == nil {
		return
	}
	p.running.Go(func() {
		if err := p.messenger.Run(ctx); err != nil {
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
				p.messenger.Restored(ctx)
			}
		}
	})
}

func (p *Plant) closeMessenger() {
	if p.messenger != nil {
		p.messenger.Close()
	}
}

// addMessenger builds the messenger of a site that has one.
func (p *Plant) addMessenger() (err error) {
	if p.site.Sim.Messenger != nil {
		p.messenger, err = messenger.New(p.site.Sim.Messenger, filepath.Dir(p.site.File), p.log)
	}
	return err
}

// followPower gives the messenger sites that stand in this facility its power and its ways out; the lock is held.
func (p *Plant) followPower() {
	if p.messenger != nil {
		p.messenger.FollowFacility(p.layout.Dark(p.world), !p.world.Online())
	}
}

// Messenger reads the messenger world; ok is false when the site has none.
func (p *Plant) Messenger() (state messenger.State, ok bool) {
	if p.messenger == nil {
		return messenger.State{}, false
	}
	return p.messenger.State(), true
}

// Inbox lists what mail, phone and webhooks received; ok is false when the site has no messenger world.
func (p *Plant) Inbox() (state people.State, ok bool) {
	if p.messenger == nil {
		return people.State{}, false
	}
	return p.messenger.Inbox(), true
}
