package messenger

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"bongsu/simulators/names"
	"bongsu/simulators/people"
	"bongsu/simulators/world"
)

// Fault kinds of the messenger, the public DNS and the channels to people.
const (
	SitePower       world.FaultKind = "site-power"        // messenger site, or its region as a whole, without power, whatever the facility has
	SitePartition   world.FaultKind = "site-partition"    // no network between messenger sites Target and Mode
	SlowReplication world.FaultKind = "slow-replication"  // messenger site: Amount seconds for everything its peers send it
	ConfigDrift     world.FaultKind = "config-drift"      // messenger site configured unlike the others; Mode deploy waits while it is frozen
	ReplicationLag  world.FaultKind = "replication-lag"   // copies of tier Mode (tier1, tier2, tier3) at messenger site Target lag by Amount seconds
	OneWayPartition world.FaultKind = "one-way-partition" // nothing that messenger site Target sends reaches site Mode; what comes back does
	ShardDown       world.FaultKind = "shard-down"        // messenger site: the users of shard Amount can neither send, get nor read
	FanoutFault     world.FaultKind = "fanout-fault"      // messenger site stores and acknowledges; pushes: Mode stop (default), twice, shuffle; Channel shard/N for one shard
	StaleReads      world.FaultKind = "stale-reads"       // messenger site shows nothing newer than what it had
	AuthDown        world.FaultKind = "auth-down"         // messenger site recognises nobody; Mode refuse (default) or hang. Open sessions go on
	EarlyAcks       world.FaultKind = "early-acks"        // messenger site acknowledges before a second site has it
	TrafficSurge    world.FaultKind = "traffic-surge"     // all users: Mode goal, earthquake or login-storm; Amount is the factor (10), Seconds how long (60)
	ClientBackoff   world.FaultKind = "client-backoff"    // all users come back at once and at one pace; Mode relogin: with new logins too
	ClientDNS       world.FaultKind = "client-dns"        // share Amount of users keeps DNS answers: Mode forever, or Seconds times their life
	DNSRefuse       world.FaultKind = "dns-refuse"        // name server answers REFUSED, with Mode updates only to those
	DNSSilent       world.FaultKind = "dns-silent"        // name server answers nothing
	DNSFrozen       world.FaultKind = "dns-frozen"        // secondary name server copies the zone no more
	ChannelDead     world.FaultKind = "channel-dead"      // mail, phone, sms or webhook/NAME; Mode refuse (default) or silent
	PersonAbsent    world.FaultKind = "person-absent"     // a person who answers nothing, afterwards neither
	ChannelSlow     world.FaultKind = "channel-slow"      // mail, phone, sms or webhook/NAME delivers Amount seconds later
	ChannelLossy    world.FaultKind = "channel-lossy"     // loses share Amount of what it accepts
	PersonConduct   world.FaultKind = "person-conduct"    // a person: Mode asleep (Amount calls wake), abroad, mailbox-full, wrong-number, answers-no, answers-late (Amount s); Seconds ends it by itself
	PeopleSilent    world.FaultKind = "people-silent"     // a person, or all: answers wait until it is cleared; with Mode vote only votes do
)

// faults lists every fault kind of the messenger world. It is the only place to add one.
var faults = map[world.FaultKind]func(w *World, f world.Fault, id string) (heal func(), err error){
	SitePower: injectSitePower, SitePartition: injectPartition, SlowReplication: injectSlow, ConfigDrift: injectDrift,
	ReplicationLag: injectLag, OneWayPartition: injectOneWay,
	ShardDown: injectAilment, FanoutFault: injectAilment, StaleReads: injectAilment, AuthDown: injectAilment, EarlyAcks: injectAilment,
	TrafficSurge: injectSurge, ClientBackoff: injectBackoff, ClientDNS: injectClientDNS,
	DNSRefuse: injectDNS, DNSSilent: injectDNS, DNSFrozen: injectDNS,
	ChannelDead: injectChannel, ChannelSlow: injectFlaw, ChannelLossy: injectFlaw, PersonConduct: injectConduct,
	PersonAbsent: injectAbsent, PeopleSilent: injectSilence,
}

// FaultKinds lists the kinds that Inject knows, in no order.
func FaultKinds() []world.FaultKind { return slices.Collect(maps.Keys(faults)) }

// Inject starts a fault under an id that no other fault has, and returns how to end it. The same kind on the
// same target must not be injected again before that.
func (w *World) Inject(f world.Fault, id string) (heal func(), err error) {
	start, ok := faults[f.Kind]
	if !ok {
		return nil, fmt.Errorf("%w kind %q", world.ErrUnknownFault, f.Kind)
	}
	return start(w, f, id)
}

func (w *World) known(site string) error {
	if w.site(site) == nil {
		return fmt.Errorf("messenger site %q: %w", site, world.ErrUnknownAsset)
	}
	return nil
}

// modeOf checks the mode of a fault that takes one of a few.
func modeOf(f world.Fault, modes ...string) error {
	if !slices.Contains(modes, f.Params.Mode) {
		return fmt.Errorf("%w: %s takes no mode %q; it takes %q", world.ErrFaultParams, f.Kind, f.Params.Mode, modes)
	}
	return nil
}

func injectSitePower(w *World, f world.Fault, id string) (func(), error) {
	zones := []string{f.Target}
	if w.cfg.Region != "" && f.Target == w.cfg.Region {
		zones, _, _ = w.Names()
	} else if err := w.known(f.Target); err != nil {
		return nil, err
	}
	for _, site := range zones {
		w.setDark(site, id, true)
	}
	return func() {
		for _, site := range zones {
			w.setDark(site, id, false)
		}
	}, nil
}

func injectPartition(w *World, f world.Fault, _ string) (func(), error) {
	for _, site := range []string{f.Target, f.Params.Mode} {
		if err := w.known(site); err != nil {
			return nil, err
		}
	}
	if f.Target == f.Params.Mode {
		return nil, fmt.Errorf("%w: mode names the other site", world.ErrFaultParams)
	}
	w.net.setCut(f.Target, f.Params.Mode, true)
	return func() { w.net.setCut(f.Target, f.Params.Mode, false) }, nil
}

func injectSlow(w *World, f world.Fault, _ string) (func(), error) {
	if err := w.known(f.Target); err != nil {
		return nil, err
	}
	if !(f.Params.Amount > 0 && f.Params.Amount <= 60) {
		return nil, fmt.Errorf("%w: amount %g s; above 0 and at most 60", world.ErrFaultParams, f.Params.Amount)
	}
	w.net.setSlow(f.Target, time.Duration(f.Params.Amount*float64(time.Second)))
	return func() { w.net.setSlow(f.Target, 0) }, nil
}

// injectDrift changes the configuration of one site: by hand at once, or with Mode deploy as a deployment.
func injectDrift(w *World, f world.Fault, id string) (func(), error) {
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

func injectDNS(w *World, f world.Fault, _ string) (heal func(), err error) {
	s := w.server(f.Target)
	if s == nil {
		return nil, fmt.Errorf("name server %q: %w", f.Target, world.ErrUnknownAsset)
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
		heal, err = s.Fail(names.Silent)
	case f.Params.Mode == "updates":
		heal, err = s.Fail(names.NoUpdates)
	default:
		heal, err = s.Fail(names.Refusing)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", world.ErrFaultParams, err)
	}
	return heal, nil
}

// knownChannel refuses a target that is no channel.
func knownChannel(name string) error {
	if hook := strings.TrimPrefix(name, people.ChannelHook); hook == "" || hook == name && !slices.Contains(people.Channels(), name) {
		return fmt.Errorf("channel %q: %w; %v or %sNAME", name, world.ErrUnknownAsset, people.Channels(), people.ChannelHook)
	}
	return nil
}

func injectChannel(w *World, f world.Fault, _ string) (func(), error) {
	if err := knownChannel(f.Target); err != nil {
		return nil, err
	}
	if err := modeOf(f, "", "refuse", "silent"); err != nil {
		return nil, err
	}
	w.inbox.SetDead(f.Target, cmp.Or(f.Params.Mode, "refuse"))
	return func() { w.inbox.SetDead(f.Target, "") }, nil
}

func injectAbsent(w *World, f world.Fault, _ string) (func(), error) {
	if !w.inbox.Knows(f.Target) {
		return nil, fmt.Errorf("person %q: %w", f.Target, world.ErrUnknownAsset)
	}
	w.inbox.SetAbsent(f.Target, true)
	return func() { w.inbox.SetAbsent(f.Target, false) }, nil
}

func injectSilence(w *World, f world.Fault, id string) (func(), error) {
	if f.Target != people.Everybody && !w.inbox.Knows(f.Target) {
		return nil, fmt.Errorf("person %q: %w; somebody of the roster or %s", f.Target, world.ErrUnknownAsset, people.Everybody)
	}
	if err := modeOf(f, "", "vote"); err != nil {
		return nil, err
	}
	w.inbox.Silence(id, &people.Silence{Who: f.Target, VoteOnly: f.Params.Mode == "vote"})
	return func() { w.inbox.Silence(id, nil) }, nil
}
