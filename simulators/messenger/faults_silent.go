package messenger

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"bongsu/simulators/world"
)

// everyone is the target of what happens to all users.
const everyone = "all"

// seconds checks an amount of time.
func seconds(name string, s, most float64) (time.Duration, error) {
	if !(s > 0 && s <= most) {
		return 0, fmt.Errorf("%w: %s %g s; above 0 and at most %g", world.ErrFaultParams, name, s, most)
	}
	return time.Duration(s * float64(time.Second)), nil
}

// injectLag makes the copies of one tier at a site lag. Tier 1 is acknowledged only once copied, so its lag is
// waited for.
func injectLag(w *World, f world.Fault, id string) (func(), error) {
	if err := modeOf(f, "tier1", "tier2", "tier3"); err != nil {
		return nil, err
	}
	tier := map[string]int{"tier2": tierTwo, "tier3": tierThree}[f.Params.Mode]
	if tier == 0 {
		return injectSlow(w, f, id)
	}
	if err := w.known(f.Target); err != nil {
		return nil, err
	}
	d, err := seconds("amount", f.Params.Amount, 3600)
	if err != nil {
		return nil, err
	}
	w.net.setTierLag(f.Target, tier, d)
	return func() { w.net.setTierLag(f.Target, tier, 0) }, nil
}

func injectOneWay(w *World, f world.Fault, _ string) (func(), error) {
	for _, site := range []string{f.Target, f.Params.Mode} {
		if err := w.known(site); err != nil {
			return nil, err
		}
	}
	if f.Target == f.Params.Mode {
		return nil, fmt.Errorf("%w: mode names the site that nothing reaches", world.ErrFaultParams)
	}
	w.net.setMute(f.Target, f.Params.Mode, true)
	return func() { w.net.setMute(f.Target, f.Params.Mode, false) }, nil
}

// ailmentModes lists what is wrong inside a site, with the modes each takes, the default first.
var ailmentModes = map[world.FaultKind][]string{
	ShardDown: {""}, StaleReads: {""}, EarlyAcks: {""},
	FanoutFault: {fanoutStops, fanoutTwice, fanoutShuffles},
	AuthDown:    {"refuse", "hang"},
}

// injectAilment makes a site ill that goes on answering.
func injectAilment(w *World, f world.Fault, id string) (func(), error) {
	if err := w.known(f.Target); err != nil {
		return nil, err
	}
	if err := modeOf(f, append(slices.Clone(ailmentModes[f.Kind]), "")...); err != nil {
		return nil, err
	}
	a := &ailment{kind: f.Kind, mode: cmp.Or(f.Params.Mode, ailmentModes[f.Kind][0]), shard: everyShard}
	n := strconv.FormatFloat(f.Params.Amount, 'g', -1, 64)
	if f.Kind != ShardDown {
		n = strings.TrimPrefix(f.Params.Channel, "shard/")
	}
	if n != "" {
		shard, err := strconv.Atoi(n)
		if err != nil || shard < 0 || shard >= shards || f.Kind != ShardDown && f.Kind != FanoutFault {
			return nil, fmt.Errorf("%w: %s of shard %q; shards are 0 to %d", world.ErrFaultParams, f.Kind, n, shards-1)
		}
		a.shard = shard
	}
	s := w.site(f.Target)
	s.fallIll(id, a)
	return func() { s.fallIll(id, nil) }, nil
}

// allUsers refuses a target that is not everybody.
func allUsers(f world.Fault) error {
	if f.Target != everyone {
		return fmt.Errorf("users %q: %w; want %q", f.Target, world.ErrUnknownAsset, everyone)
	}
	return nil
}

// injectSurge lets all users do more at once. A storm of logins cuts every session, and whoever comes back has
// forgotten it.
func injectSurge(w *World, f world.Fault, id string) (func(), error) {
	if err := allUsers(f); err != nil {
		return nil, err
	}
	s, err := newSurge(f.Params.Mode, time.Now(), cmp.Or(f.Params.Amount, 10), time.Duration(cmp.Or(f.Params.Seconds, 60)*float64(time.Second)))
	if err != nil {
		return nil, err
	}
	if f.Params.Mode == surgeLogin {
		w.fleet.set(w.fleet.relogin, id, true)
		for _, s := range w.sites {
			s.closeSockets(false)
		}
	}
	end := w.fleet.surge(s)
	return func() { end(); w.fleet.set(w.fleet.relogin, id, false) }, nil
}

func injectBackoff(w *World, f world.Fault, id string) (func(), error) {
	if err := allUsers(f); err != nil {
		return nil, err
	}
	if err := modeOf(f, "", "relogin"); err != nil {
		return nil, err
	}
	w.fleet.set(w.fleet.hasty, id, true)
	w.fleet.set(w.fleet.relogin, id, f.Params.Mode == "relogin")
	return func() { w.fleet.set(w.fleet.hasty, id, false); w.fleet.set(w.fleet.relogin, id, false) }, nil
}

// injectClientDNS changes the habit of a share of the users, the same ones for a seed.
func injectClientDNS(w *World, f world.Fault, _ string) (func(), error) {
	if err := allUsers(f); err != nil {
		return nil, err
	}
	if err := modeOf(f, "", "forever"); err != nil {
		return nil, err
	}
	share, h := f.Params.Amount, habitStale
	if f.Params.Mode == "forever" {
		h = habitForever
	} else if !(f.Params.Seconds >= 1) {
		return nil, fmt.Errorf("%w: seconds %g: for how many lives of an answer it is kept, at least 1", world.ErrFaultParams, f.Params.Seconds)
	}
	if !(share > 0 && share <= 1) {
		return nil, fmt.Errorf("%w: amount %g: a share above 0 and at most 1", world.ErrFaultParams, share)
	}
	cfg := w.cfg.Clients
	cfg.StaleShare, cfg.ForeverShare, cfg.Pinned = share, 0, nil
	chosen, _ := habits(len(w.users), cfg, w.cfg.Seed)
	var back []func()
	for i, u := range w.users {
		if chosen[i] == habitStale && u.resolver.is() != habitPinned {
			back = append(back, u.resolver.behave(h, f.Params.Seconds))
		}
	}
	return func() {
		for _, undo := range back {
			undo()
		}
	}, nil
}
