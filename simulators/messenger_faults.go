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
	ConfigDrift     FaultKind = "config-drift"     // messenger site configured unlike the others; Mode deploy waits while it is frozen
	DNSRefuse       FaultKind = "dns-refuse"       // name server answers REFUSED, with Mode updates only to those
	DNSSilent       FaultKind = "dns-silent"       // name server answers nothing
	DNSFrozen       FaultKind = "dns-frozen"       // secondary name server copies the zone no more
	ChannelDead     FaultKind = "channel-dead"     // mail, phone, sms or webhook/NAME; Mode refuse (default) or silent
	PersonAbsent    FaultKind = "person-absent"    // a person who answers nothing, afterwards neither
	PeopleSilent    FaultKind = "people-silent"    // a person, or all: answers wait until it is cleared; with Mode vote only votes do
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
	mode := dnsSilent
	switch {
	case f.Params.Mode != "" && (f.Kind != DNSRefuse || f.Params.Mode != "updates"):
		return nil, fmt.Errorf("%w: mode %q; %s takes none, dns-refuse takes updates", ErrFaultParams, f.Params.Mode, f.Kind)
	case f.Params.Mode == "updates":
		mode = dnsNoUpdates
	case f.Kind == DNSRefuse:
		mode = dnsRefusing
	}
	set := func(on bool) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		switch {
		case f.Kind == DNSFrozen:
			s.frozen = on
		case on && s.mode != dnsSound:
			return fmt.Errorf("%w: clear what %s already does first", ErrFaultParams, f.Target)
		case !on:
			s.mode = dnsSound
		default:
			s.mode = mode
		}
		return nil
	}
	if err := set(true); err != nil {
		return nil, err
	}
	return func() error { return set(false) }, nil
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
	if !b.knows(f.Target) {
		return nil, fmt.Errorf("person %q: %w", f.Target, ErrUnknownAsset)
	}
	return func() error { return set(false) }, set(true)
}

func injectSilence(w *messengerWorld, f Fault, id string) (func() error, error) {
	if f.Target != everybody && !w.inbox.knows(f.Target) {
		return nil, fmt.Errorf("person %q: %w; somebody of the roster or %s", f.Target, ErrUnknownAsset, everybody)
	}
	if f.Params.Mode != "" && f.Params.Mode != "vote" {
		return nil, fmt.Errorf("%w: mode %q; none or vote", ErrFaultParams, f.Params.Mode)
	}
	w.inbox.silence(id, &silence{who: f.Target, voteOnly: f.Params.Mode == "vote"})
	return func() error { w.inbox.silence(id, nil); return nil }, nil
}
