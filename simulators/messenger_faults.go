package simulators

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
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

// faultsOfTalk lists every fault kind of the messenger world. It is the only place to add one.
var faultsOfTalk = map[FaultKind]func(w *messengerWorld, f Fault, id string) (heal func(), err error){
	SitePower: injectSitePower, SitePartition: injectPartition, SlowReplication: injectSlow, ConfigDrift: injectDrift,
	DNSRefuse: injectDNS, DNSSilent: injectDNS, DNSFrozen: injectDNS,
	ChannelDead: injectChannel, PersonAbsent: injectAbsent, PeopleSilent: injectSilence,
}

// TalkFaultKinds lists the kinds that Inject knows, in no order.
func TalkFaultKinds() []FaultKind { return slices.Collect(maps.Keys(faultsOfTalk)) }

// Inject starts a fault under an id that no other fault has, and returns how to end it. The same kind on the
// same target must not be injected again before that.
func (w *messengerWorld) Inject(f Fault, id string) (heal func(), err error) {
	start, ok := faultsOfTalk[f.Kind]
	if !ok {
		return nil, fmt.Errorf("%w kind %q", ErrUnknownFault, f.Kind)
	}
	return start(w, f, id)
}

func (w *messengerWorld) known(site string) error {
	if w.site(site) == nil {
		return fmt.Errorf("messenger site %q: %w", site, ErrUnknownAsset)
	}
	return nil
}

// modeOf checks the mode of a fault that takes one of a few.
func modeOf(f Fault, modes ...string) error {
	if !slices.Contains(modes, f.Params.Mode) {
		return fmt.Errorf("%w: %s takes no mode %q; it takes %q", ErrFaultParams, f.Kind, f.Params.Mode, modes)
	}
	return nil
}

func injectSitePower(w *messengerWorld, f Fault, id string) (func(), error) {
	if err := w.known(f.Target); err != nil {
		return nil, err
	}
	w.setDark(f.Target, id, true)
	return func() { w.setDark(f.Target, id, false) }, nil
}

func injectPartition(w *messengerWorld, f Fault, _ string) (func(), error) {
	for _, site := range []string{f.Target, f.Params.Mode} {
		if err := w.known(site); err != nil {
			return nil, err
		}
	}
	if f.Target == f.Params.Mode {
		return nil, fmt.Errorf("%w: mode names the other site", ErrFaultParams)
	}
	w.net.setCut(f.Target, f.Params.Mode, true)
	return func() { w.net.setCut(f.Target, f.Params.Mode, false) }, nil
}

func injectSlow(w *messengerWorld, f Fault, _ string) (func(), error) {
	if err := w.known(f.Target); err != nil {
		return nil, err
	}
	if !(f.Params.Amount > 0 && f.Params.Amount <= 60) {
		return nil, fmt.Errorf("%w: amount %g s; above 0 and at most 60", ErrFaultParams, f.Params.Amount)
	}
	w.net.setSlow(f.Target, time.Duration(f.Params.Amount*float64(time.Second)))
	return func() { w.net.setSlow(f.Target, 0) }, nil
}

// injectDrift changes the configuration of one site: by hand at once, or with Mode deploy as a deployment.
func injectDrift(w *messengerWorld, f Fault, id string) (func(), error) {
	if err := w.known(f.Target); err != nil {
		return nil, err
	}
	if err := modeOf(f, "", "deploy"); err != nil {
		return nil, err
	}
	s := w.site(f.Target)
	s.change(id, &configChange{deployed: f.Params.Mode == "deploy"})
	return func() { s.change(id, nil) }, nil
}

func injectDNS(w *messengerWorld, f Fault, _ string) (heal func(), err error) {
	s := w.server(f.Target)
	if s == nil {
		return nil, fmt.Errorf("name server %q: %w", f.Target, ErrUnknownAsset)
	}
	modes := []string{""}
	if f.Kind == DNSRefuse {
		modes = append(modes, "updates")
	}
	if err := modeOf(f, modes...); err != nil {
		return nil, err
	}
	switch {
	case f.Kind == DNSFrozen:
		heal, err = s.Freeze()
	case f.Kind == DNSSilent:
		heal, err = s.Fail(dnsSilent)
	case f.Params.Mode == "updates":
		heal, err = s.Fail(dnsNoUpdates)
	default:
		heal, err = s.Fail(dnsRefusing)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFaultParams, err)
	}
	return heal, nil
}

func injectChannel(w *messengerWorld, f Fault, _ string) (func(), error) {
	if hook := strings.TrimPrefix(f.Target, channelHook); hook == "" || hook == f.Target && !slices.Contains(Channels(), f.Target) {
		return nil, fmt.Errorf("channel %q: %w; %v or %sNAME", f.Target, ErrUnknownAsset, Channels(), channelHook)
	}
	if err := modeOf(f, "", "refuse", "silent"); err != nil {
		return nil, err
	}
	w.inbox.setDead(f.Target, cmp.Or(f.Params.Mode, "refuse"))
	return func() { w.inbox.setDead(f.Target, "") }, nil
}

func injectAbsent(w *messengerWorld, f Fault, _ string) (func(), error) {
	if !w.inbox.knows(f.Target) {
		return nil, fmt.Errorf("person %q: %w", f.Target, ErrUnknownAsset)
	}
	w.inbox.setAbsent(f.Target, true)
	return func() { w.inbox.setAbsent(f.Target, false) }, nil
}

func injectSilence(w *messengerWorld, f Fault, id string) (func(), error) {
	if f.Target != everybody && !w.inbox.knows(f.Target) {
		return nil, fmt.Errorf("person %q: %w; somebody of the roster or %s", f.Target, ErrUnknownAsset, everybody)
	}
	if err := modeOf(f, "", "vote"); err != nil {
		return nil, err
	}
	w.inbox.silence(id, &silence{who: f.Target, voteOnly: f.Params.Mode == "vote"})
	return func() { w.inbox.silence(id, nil) }, nil
}
