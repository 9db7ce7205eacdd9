package rules

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"bongsu/facility"
)

var floodNoon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func TestFloodBeginsAboveTenAndEndsBelowFive(t *testing.T) {
	var g FloodGauge
	for i := range 10 {
		g.Raise(floodNoon.Add(time.Duration(i)*time.Second), fmt.Sprint(i))
	}
	if _, flooded, rate := g.Now(floodNoon.Add(10 * time.Second)); flooded || rate != 10 {
		t.Errorf("ten alarms: flooded %v, rate %d", flooded, rate)
	}
	g.Raise(floodNoon.Add(10*time.Second), "9") // one that is known already
	if _, flooded, _ := g.Now(floodNoon.Add(10 * time.Second)); flooded {
		t.Error("one alarm that came twice made a flood")
	}
	g.Raise(floodNoon.Add(11*time.Second), "11")
	f, flooded, rate := g.Now(floodNoon.Add(11 * time.Second))
	if !flooded || rate != 11 || f.Count != 11 || !f.Since.Equal(floodNoon.Add(11*time.Second)) {
		t.Errorf("flooded %v, rate %d, %+v", flooded, rate, f)
	}
	g.Raise(floodNoon.Add(5*time.Minute), "20")
	// The alarms 0 to 6 leave at 10:06: 7, 8, 9, 11 and 20 are five, which is not fewer than five.
	if _, flooded, rate := g.Now(floodNoon.Add(10*time.Minute + 6*time.Second)); !flooded || rate != 5 {
		t.Errorf("five alarms: flooded %v, rate %d", flooded, rate)
	}
	if _, flooded, rate := g.Now(floodNoon.Add(time.Hour)); flooded || rate != 0 {
		t.Errorf("an hour later: flooded %v, rate %d", flooded, rate)
	}
	ended := g.Ended()
	if len(ended) != 1 || ended[0].Count != 12 || !ended[0].Until.Equal(floodNoon.Add(10*time.Minute+7*time.Second)) {
		t.Errorf("ended: %+v", ended)
	}
}

// Against a slow count over all raises: however they come, a flood stands exactly when it must.
func TestFloodAgreesWithASlowCount(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 3))
		var g FloodGauge
		var all []raised
		flooded, at := false, floodNoon
		for range 300 {
			at = at.Add(time.Duration(rng.IntN(90)+1) * time.Second)
			id := fmt.Sprint(rng.IntN(25))
			g.Raise(at, id)
			all = append(all, raised{at, id})
			for _, now := range []time.Time{at, at.Add(time.Second / 2)} {
				ids := map[string]bool{}
				for _, r := range all {
					if r.at.Add(floodWindow).After(now) {
						ids[r.id] = true
					}
				}
				_, is, rate := g.Now(now)
				if rate != len(ids) {
					t.Fatalf("seed %d: %d alarms, the slow count says %d", seed, rate, len(ids))
				}
				if len(ids) > floodStarts && !is || len(ids) < floodEnds && is {
					t.Fatalf("seed %d: flooded %v with %d alarms", seed, is, rate)
				}
				flooded = is
			}
		}
		if f, _, _ := g.Now(at.Add(time.Hour)); f.Count != 0 || (flooded && len(g.ended) == 0) {
			t.Fatalf("seed %d: %+v", seed, f)
		}
	}
}

func TestThreeInAMinuteChatter(t *testing.T) {
	for name, tt := range map[string]struct {
		raises []time.Duration
		at     time.Duration
		want   int
	}{
		"two":                      {[]time.Duration{0, 10 * time.Second}, 11 * time.Second, 0},
		"three in a minute":        {[]time.Duration{0, 30 * time.Second, time.Minute}, time.Minute, 3},
		"three in a longer time":   {[]time.Duration{0, 30 * time.Second, 61 * time.Second}, 61 * time.Second, 0},
		"and two slow ones":        {[]time.Duration{0, 1, 2, 5 * time.Minute, 9 * time.Minute}, 10 * time.Minute, 5},
		"ten minutes later":        {[]time.Duration{0, 1, 2}, 11 * time.Minute, 0},
		"a new one counts anew":    {[]time.Duration{0, 1, 2, time.Hour, time.Hour + 1, time.Hour + 2}, time.Hour + 2, 3},
		"a lone one is no chatter": {[]time.Duration{0, 1, 2, time.Hour}, time.Hour, 0},
	} {
		var g ChatterGauge
		for _, d := range tt.raises {
			g.Raise(floodNoon.Add(d))
		}
		if got := g.Count(floodNoon.Add(tt.at)); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
}

// groupSite is two halls with a chiller each: what happens in one does not belong to the other.
func groupSite() *facility.Site {
	s := &facility.Site{}
	add := func(id, kind, parent string) {
		s.Assets = append(s.Assets, facility.Asset{ID: facility.AssetID(id), Kind: kind, Parent: facility.AssetID(parent)})
	}
	add("s", "site", "")
	add("feed", "feed", "s")
	for _, hall := range []string{"h1", "h2"} {
		add(hall, "it-hall", "feed")
		for i := range 5 {
			add(fmt.Sprintf("%s/r%d", hall, i), "it-rack", hall)
		}
	}
	add("lone", "weather", "s")
	return s
}

// everyGroup is every group of some alarms, in order.
func everyGroup(site *facility.Site, alarms []facility.Alarm) []AlarmGroup {
	g := NewGrouper(site)
	out, rest := g.Following(alarms)
	out = append(out, g.Groups(rest)...)
	slices.SortFunc(out, CompareGroups)
	return out
}

func alarmAt(id, asset string, priority int, at time.Duration) facility.Alarm {
	source := floodNoon.Add(at)
	arrived := source.Add(time.Duration(len(id)) * time.Second)
	return facility.Alarm{ID: id, Asset: facility.AssetID(asset), Priority: priority, Active: true, State: facility.AlarmUnacked, Source: &source, Raised: &arrived}
}

func TestGroupsFollowTheTopology(t *testing.T) {
	masked := alarmAt("sensor", "h2/r4", 3, 9*time.Second)
	masked.Parent = "comms"
	cleared := alarmAt("feed-lost", "feed", 2, time.Second)
	cleared.Active, cleared.State = false, facility.AlarmNormal
	for name, tt := range map[string]struct {
		alarms []facility.Alarm
		want   []string // asset, first-out, folded + urgent
	}{
		"what is above is the cause": {
			[]facility.Alarm{alarmAt("a", "h1/r1", 3, 5*time.Second), alarmAt("b", "h1/r2", 3, 4*time.Second), alarmAt("hall", "h1", 2, 6*time.Second)},
			[]string{"h1 b 3+0"},
		},
		"three side by side have what holds them as cause": {
			[]facility.Alarm{alarmAt("a", "h1/r1", 3, 5*time.Second), alarmAt("b", "h1/r2", 3, 4*time.Second), alarmAt("c", "h1/r3", 4, 9*time.Second)},
			[]string{"h1 b 3+0"},
		},
		"two side by side are two things": {
			[]facility.Alarm{alarmAt("a", "h1/r1", 3, 5*time.Second), alarmAt("b", "h1/r2", 3, 4*time.Second)},
			[]string{"h1/r2 b 1+0", "h1/r1 a 1+0"},
		},
		"priority 1 is never folded, but may be first": {
			[]facility.Alarm{alarmAt("a", "h1/r1", 1, 0), alarmAt("b", "h1", 3, time.Second)},
			[]string{"h1 a 1+1"},
		},
		"a pause begins another trip": {
			[]facility.Alarm{alarmAt("a", "h1", 3, 0), alarmAt("b", "h1", 3, time.Minute), alarmAt("c", "h1", 3, 3*time.Minute+time.Second)},
			[]string{"h1 a 2+0", "h1 c 1+0"},
		},
		"first is who was first at the source, cleared or not": {
			[]facility.Alarm{alarmAt("a", "h1/r1", 3, 2*time.Second), cleared, alarmAt("b", "h2", 3, 3*time.Second)},
			[]string{"feed feed-lost 3+0"},
		},
		"behind a parent is with the parent": {
			[]facility.Alarm{masked, alarmAt("comms", "h1/r3", 3, 8*time.Second)},
			[]string{"h1/r3 comms 2+0"},
		},
		"the site explains nothing": {
			[]facility.Alarm{alarmAt("a", "s", 3, 0), alarmAt("b", "lone", 3, 0), alarmAt("c", "h1/r1", 3, 0)},
			[]string{"s a 1+0", "lone b 1+0", "h1/r1 c 1+0"},
		},
		"an asset nobody knows": {[]facility.Alarm{alarmAt("a", "gone", 3, 0), alarmAt("b", "", 3, 0)}, []string{"gone a 1+0", " b 1+0"}},
		"nothing":               {nil, nil},
	} {
		var got []string
		for _, g := range everyGroup(groupSite(), tt.alarms) {
			got = append(got, fmt.Sprintf("%s %s %d+%d", g.Asset, g.FirstOut, len(g.Alarms), len(g.Urgent)))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// Whatever is given, each alarm stands in exactly one group, priority 1 and fire are never folded, the first-out is the
// earliest of its group, and the order of what is given does not matter.
func TestNoAlarmIsLostInGroups(t *testing.T) {
	noAlarmIsLost(t, groupSite())
	noAlarmIsLost(t, pathSite())
}

func noAlarmIsLost(t *testing.T, site *facility.Site) {
	t.Helper()
	rules := []string{"", linkRule}
	for _, r := range site.Alarms {
		rules = append(rules, r.ID)
	}
	slices.Sort(rules)
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 11))
		var alarms []facility.Alarm
		for i := range rng.IntN(60) {
			a := alarmAt(fmt.Sprintf("a%d", i), string(site.Assets[rng.IntN(len(site.Assets))].ID), 1+rng.IntN(4), time.Duration(rng.IntN(600))*time.Second)
			a.Rule, a.Class = rules[rng.IntN(len(rules))], []string{"power", "cooling", "it", "fire"}[rng.IntN(4)]
			if rng.IntN(4) == 0 {
				back := a.Source.Add(time.Duration(rng.IntN(300)) * time.Second)
				a.Active, a.State, a.Returned = false, facility.AlarmReturned, &back
			}
			if rng.IntN(5) == 0 {
				a.Parent = fmt.Sprintf("a%d", rng.IntN(60))
			}
			alarms = append(alarms, a)
		}
		groups := everyGroup(site, alarms)
		byID, seen := map[string]facility.Alarm{}, map[string]int{}
		for _, a := range alarms {
			byID[a.ID] = a
		}
		for _, g := range groups {
			for _, id := range append(slices.Clone(g.Alarms), g.Urgent...) {
				seen[id]++
				if byID[id].Source.Before(g.First) {
					t.Fatalf("seed %d: %s is earlier than the first-out %s", seed, id, g.FirstOut)
				}
			}
			for _, id := range g.Alarms {
				if byID[id].Priority == 1 || byID[id].Class == "fire" {
					t.Fatalf("seed %d: %s of priority %d, class %s, is folded", seed, id, byID[id].Priority, byID[id].Class)
				}
			}
		}
		for id := range byID {
			if seen[id] != 1 {
				t.Fatalf("seed %d: %s stands in %d groups", seed, id, seen[id])
			}
		}
		rng.Shuffle(len(alarms), func(i, k int) { alarms[i], alarms[k] = alarms[k], alarms[i] })
		if again := everyGroup(site, alarms); fmt.Sprint(again) != fmt.Sprint(groups) {
			t.Fatalf("seed %d: another order makes other groups", seed)
		}
	}
}

func TestWatchCountsWhatCallsSomebody(t *testing.T) {
	site := groupSite()
	site.Positions = []facility.Position{{ID: "power", Classes: []string{"power", "fire", "safety", "system"}}, {ID: "plant", Classes: []string{"cooling", "it"}}}
	w := NewAlarmWatch(site)
	take := func(n int, class string, state facility.AlarmState) {
		for i := range n {
			w.Take(floodNoon, facility.Alarm{ID: fmt.Sprint(class, state, i), Class: class, State: state, Active: true, Occurrence: 1, Count: 1})
		}
	}
	take(11, "power", facility.AlarmUnacked)
	take(11, "power", facility.AlarmUnacked) // the same records told again
	take(30, "cooling", facility.AlarmSuppressed)
	take(4, "it", facility.AlarmUnacked)
	states := w.Positions(floodNoon.Add(time.Second))
	if len(states) != 2 || !states[0].Flooded || states[0].Rate != 11 || states[1].Flooded || states[1].Rate != 4 {
		t.Errorf("%+v", states)
	}
	for n := range 4 {
		rec := facility.Alarm{ID: "relay", Class: "it", State: facility.AlarmUnacked, Active: true, Occurrence: uint64(n + 1), Count: 1}
		w.Take(floodNoon.Add(time.Duration(n)*10*time.Second), rec)
		rec.Active, rec.State = false, facility.AlarmNormal
		w.Take(floodNoon.Add(time.Duration(n)*10*time.Second+time.Second), rec)
	}
	if got := w.Chattering(floodNoon.Add(time.Minute)); len(got) != 1 || got["relay"] != 4 {
		t.Errorf("chattering: %v", got)
	}
	old := floodNoon.Add(-25 * time.Hour)
	if !Standing(facility.Alarm{State: facility.AlarmAcked, Raised: &old}, floodNoon) || Standing(facility.Alarm{State: facility.AlarmNormal, Raised: &old}, floodNoon) {
		t.Error("an alarm of yesterday stands, a cleared one does not")
	}
}

// Every desk takes a burst in alarm by alarm: what one costs must not grow with those before it.
func TestABurstIsNotCopiedWithEachOfItsAlarms(t *testing.T) {
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	ids := make([]string, 10_000)
	for i := range ids {
		ids[i] = fmt.Sprint("over/", i)
	}
	allocs := testing.AllocsPerRun(1, func() {
		var g FloodGauge
		for _, id := range ids {
			g.Raise(at, id)
		}
	})
	if most := float64(len(ids)) / 4; allocs > most {
		t.Errorf("%d alarms at once took %.0f allocations, want fewer than %.0f", len(ids), allocs, most)
	}
}
