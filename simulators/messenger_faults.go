package simulators

import (
	"fmt"
	"time"
)

// Fault kinds of the messenger, the public DNS and the channels to people.
const (
	SitePower       FaultKind = "site-power"       // messenger site without power, whatever the facility has
	SitePartition   FaultKind = "site-partition"   // no network between messenger sites Target and Mode
	SlowReplication FaultKind = "slow-replication" // messenger site: Amount seconds for everything its peers send it
	DNSRefuse       FaultKind = "dns-refuse"       // name server answers REFUSED
	DNSSilent       FaultKind = "dns-silent"       // name server answers nothing
	DNSFrozen       FaultKind = "dns-frozen"       // secondary name server copies the zone no more
	ChannelDead     FaultKind = "channel-dead"     // mail, phone, sms or webhook/NAME; Mode refuse (default) or silent
	PersonAbsent    FaultKind = "person-absent"    // a person who answers nothing
)

// messengerFault finds the world a fault of it is for.
func messengerFault(act func(w *messengerWorld, f Fault, id string) (func() error, error)) func(*Plant, Fault, string) (func() error, error) {
	return func(p *Plant, f Fault, id string) (func() error, error) {
		if p.messenger == nil {
			return nil, fmt.Errorf("%q: %w: this site has no messenger", f.Target, ErrUnknownAsset)
		}
		for _, other := range p.wire {
			if other.Kind == f.Kind && other.Target == f.Target && other.Params.Mode == f.Params.Mode {
				return nil, fmt.Errorf("%w: clear %s first", ErrFaultParams, other.ID)
			}
		}
		return act(p.messenger, f, id)
	}
}

func (w *messengerWorld) known(site string) error {
	if w.site(site) == nil {
		return fmt.Errorf("messenger site %q: %w", site, ErrUnknownAsset)
	}
	return nil
}

func injectSitePower(w *messengerWorld, f Fault, id string) (func() error, error) {
	if err := w.known(f.Target); err != nil {
		return nil, err
	}
	w.setDark(f.Target, id, true)
	return func() error { w.setDark(f.Target, id, false); return nil }, nil
}

func injectPartition(w *messengerWorld, f Fault, _ string) (func() error, error) {
	for _, site := range []string{f.Target, f.Params.Mode} {
		if err := w.known(site); err != nil {
			return nil, err
		}
	}
	if f.Target == f.Params.Mode {
		return nil, fmt.Errorf("%w: mode names the other site", ErrFaultParams)
	}
	w.net.setCut(f.Target, f.Params.Mode, true)
	return func() error { w.net.setCut(f.Target, f.Params.Mode, false); return nil }, nil
}

func injectSlow(w *messengerWorld, f Fault, _ string) (func() error, error) {
	if err := w.known(f.Target); err != nil {
		return nil, err
	}
	if f.Params.Amount <= 0 || f.Params.Amount > 60 {
		return nil, fmt.Errorf("%w: amount %g s; above 0 and at most 60", ErrFaultParams, f.Params.Amount)
	}
	w.net.setSlow(f.Target, time.Duration(f.Params.Amount*float64(time.Second)))
	return func() error { w.net.setSlow(f.Target, 0); return nil }, nil
}

func injectDNS(w *messengerWorld, f Fault, _ string) (func() error, error) {
	s := w.server(f.Target)
	if s == nil {
		return nil, fmt.Errorf("name server %q: %w", f.Target, ErrUnknownAsset)
	}
	if f.Kind == DNSFrozen && s.primary == nil {
		return nil, fmt.Errorf("%w: %s is the primary and copies from nobody", ErrFaultParams, f.Target)
	}
	set := func(on bool) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		switch {
		case f.Kind == DNSFrozen:
			s.frozen = on
		case !on:
			s.mode = dnsSound
		case f.Kind == DNSRefuse:
			s.mode = dnsRefusing
		default:
			s.mode = dnsSilent
		}
		return nil
	}
	return func() error { return set(false) }, set(true)
}

func injectChannel(w *messengerWorld, f Fault, _ string) (func() error, error) {
	how := f.Params.Mode
	if how == "" {
		how = "refuse"
	}
	hook := len(f.Target) > len(channelHook) && f.Target[:len(channelHook)] == channelHook
	if f.Target != channelMail && f.Target != channelPhone && f.Target != channelSMS && !hook {
		return nil, fmt.Errorf("channel %q: %w; mail, phone, sms or webhook/NAME", f.Target, ErrUnknownAsset)
	}
	if how != "refuse" && how != "silent" {
		return nil, fmt.Errorf("%w: mode %q; refuse or silent", ErrFaultParams, how)
	}
	w.inbox.setDead(f.Target, how)
	return func() error { w.inbox.setDead(f.Target, ""); return nil }, nil
}

func injectAbsent(w *messengerWorld, f Fault, _ string) (func() error, error) {
	b := w.inbox
	set := func(absent bool) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.absent[f.Target] = absent
		return nil
	}
	for _, p := range b.people {
		if p.ID == f.Target {
			return func() error { return set(false) }, set(true)
		}
	}
	return nil, fmt.Errorf("person %q: %w", f.Target, ErrUnknownAsset)
}
