package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

// pathSite has two feeds and a generator on the intake, two UPS zones on it, a hall whose racks have a cord on each zone by
// way of a panel, and one loop of chilled water with two chillers and two pumps, on which two air handlers cool the hall.
func pathSite() *facility.Site {
	s := &facility.Site{ID: "s"}
	add := func(id, kind, parent string) {
		s.Assets = append(s.Assets, facility.Asset{ID: facility.AssetID(id), Kind: kind, Parent: facility.AssetID(parent)})
	}
	add("s", "site", "")
	for _, feed := range []string{"feed-a", "feed-b"} {
		add(feed, "feed", "s")
		add(feed+"/cb", "switchgear", feed)
	}
	add("gen", "generator", "s")
	add("ats", "ats", "s")
	for _, zone := range []string{"z1", "z2"} {
		add(zone, "ups-zone", "s")
		add(zone+"/ups", "ups", zone)
		add(zone+"/b", "battery-room", zone)
		add(zone+"/b/r1", "battery-rack", zone+"/b")
	}
	add("h", "it-hall", "s")
	add("h/pdu-a", "pdu", "h")
	add("h/pdu-b", "pdu", "h")
	for i := range 4 {
		add(fmt.Sprintf("h/r%d", i), "it-rack", "h")
	}
	add("cw", "cooling-loop", "s")
	for i := range 2 {
		add(fmt.Sprintf("cw/ch%d", i), "chiller", "cw")
		add(fmt.Sprintf("cw/p%d", i), "pump", "cw")
		add(fmt.Sprintf("h/air%d", i), "crah", "h")
	}
	add("cw/tank", "tank", "cw")
	add("sump", "sump", "s")
	s.Topology = &facility.Topology{
		Halls:   []facility.HallFeed{{Halls: []facility.AssetID{"h"}, A: "z1", B: "z2"}},
		Loads:   []facility.LoadFeed{{Kind: "chiller", Zones: []facility.AssetID{"s"}}, {Kind: "pump", InTurn: []facility.AssetID{"z1", "z2"}}},
		Cooling: []facility.CoolingFeed{{Kind: "crah", Loops: []facility.AssetID{"cw"}}},
	}
	for rule, cuts := range map[string]string{"feed-lost": "power", "cb-open": "power", "gen-failed": "power", "ats-failed": "power", "ups-dead": "power", "pdu-open": "power",
		"chiller-down": "cooling", "pump-down": "cooling", "loop-down": "cooling", "no-flow": "cooling"} {
		s.Alarms = append(s.Alarms, facility.AlarmRule{ID: rule, Cuts: cuts})
	}
	return s
}

// toldAs reads an alarm from "RULE ASSET [CLASS] [PN] +SECONDS", the class power and the priority 3 where none is given.
func toldAs(t *testing.T, text string) facility.Alarm {
	t.Helper()
	words := strings.Fields(text)
	var seconds int
	if _, err := fmt.Sscanf(words[len(words)-1], "+%d", &seconds); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	a := alarmAt(words[0]+"@"+words[1], words[1], 3, time.Duration(seconds)*time.Second)
	a.Rule, a.Class = words[0], "power"
	for _, w := range words[2 : len(words)-1] {
		switch {
		case w == "returned":
			back := a.Source.Add(time.Minute)
			a.Active, a.State, a.Returned = false, facility.AlarmReturned, &back
		case w == "shelved":
			a.State = facility.AlarmShelved
		case w[0] == 'P':
			a.Priority = int(w[1] - '0')
		default:
			a.Class = w
		}
	}
	return a
}

func TestWhatFollowsFromACutPathIsFoldedUnderIt(t *testing.T) {
	for name, tt := range map[string]struct {
		alarms []string
		want   []string // path cause: folded; on their own
	}{
		"one feed of two is no cause": {
			[]string{"feed-lost feed-a +0", "on-battery z1/ups +2"}, nil},
		"both feeds while a generator may carry are none either": {
			[]string{"feed-lost feed-a +0", "feed-lost feed-b +1", "on-battery z1/ups +3"}, nil},
		"with the generator gone too the last way is cut": {
			[]string{"feed-lost feed-a +0", "feed-lost feed-b +1", "gen-failed gen +9", "on-battery z1/ups +10", "on-battery z2/ups +11"},
			[]string{"power feed-lost@feed-a: on-battery@z1/ups on-battery@z2/ups; feed-lost@feed-a feed-lost@feed-b gen-failed@gen"}},
		"what began before the last way was cut does not follow": {
			[]string{"feed-lost feed-a +0", "feed-lost feed-b +1", "on-battery z1/ups +3", "gen-failed gen +60", "load-lost z2/ups +61"},
			[]string{"power feed-lost@feed-a: load-lost@z2/ups; feed-lost@feed-a feed-lost@feed-b gen-failed@gen"}},
		"a transfer that failed holds all of the intake": {
			[]string{"ats-failed ats +0", "on-battery z1/ups +1", "no-power cw/ch0 cooling +2"},
			[]string{"power ats-failed@ats: on-battery@z1/ups no-power@cw/ch0; ats-failed@ats"}},
		"a rack with one cord left does not follow": {
			[]string{"pdu-open h/pdu-a +0", "off h/r1 it +1"}, nil},
		"a rack that lost both cords does": {
			[]string{"pdu-open h/pdu-a +0", "pdu-open h/pdu-b +30", "off h/r1 it +31", "off h/r2 it +33"},
			[]string{"power pdu-open@h/pdu-a: off@h/r1 off@h/r2; pdu-open@h/pdu-a pdu-open@h/pdu-b"}},
		"one cord by its panel, the other by its zone": {
			[]string{"ups-dead z1/ups +0", "pdu-open h/pdu-a +1", "pdu-open h/pdu-b +30", "off h/r1 it +31"},
			[]string{"power ups-dead@z1/ups: pdu-open@h/pdu-a off@h/r1; ups-dead@z1/ups pdu-open@h/pdu-b"}},
		"a cubicle is between its feed and the rest": {
			[]string{"feed-lost feed-a +0", "cb-open feed-a/cb +1"},
			[]string{"power feed-lost@feed-a: cb-open@feed-a/cb; feed-lost@feed-a"}},
		"fire, safety and priority 1 stand on their own": {
			[]string{"ups-dead z1/ups +0", "smoke z1/b/r1 fire +1", "cold z1/b safety +1", "empty z1/ups P1 +2", "low z1/b/r1 +3"},
			[]string{"power ups-dead@z1/ups: low@z1/b/r1; ups-dead@z1/ups empty@z1/ups"}},
		"one chiller of two leaves the loop cold": {
			[]string{"chiller-down cw/ch0 cooling +0", "hot h/r1 cooling +60"}, nil},
		"without chillers the whole hall follows, but only its cooling": {
			[]string{"chiller-down cw/ch0 cooling +0", "chiller-down cw/ch1 cooling +5", "warm h/air0 cooling +60", "hot h/r1 cooling +90", "busy h/r2 it +90"},
			[]string{"cooling chiller-down@cw/ch0: warm@h/air0 hot@h/r1; chiller-down@cw/ch0 chiller-down@cw/ch1"}},
		"no flow takes the loop alone": {
			[]string{"no-flow cw/tank cooling +0", "hot h/r1 cooling +90"},
			[]string{"cooling no-flow@cw/tank: hot@h/r1; no-flow@cw/tank"}},
		"without power nothing cools": {
			[]string{"ats-failed ats +0", "no-power cw/ch0 cooling +2", "hot h/r1 cooling +90"},
			[]string{"power ats-failed@ats: no-power@cw/ch0 hot@h/r1; ats-failed@ats"}},
		"what stands beside the path does not follow": {
			[]string{"ats-failed ats +0", "full sump +5", "gone nowhere +5"}, nil},
		"what began long before has another cause": {
			[]string{"over z1/ups +0", "ups-dead z1/ups +120"}, nil},
		"seen a scan earlier it follows all the same": {
			[]string{"low z1/b/r1 +0", "ups-dead z1/ups +10"},
			[]string{"power ups-dead@z1/ups: low@z1/b/r1; ups-dead@z1/ups"}},
		"a cause that is over explains what it left, and nothing new": {
			[]string{"ups-dead z1/ups returned +0", "low z1/b/r1 +30", "low z1/b +300"},
			[]string{"power ups-dead@z1/ups: low@z1/b/r1; ups-dead@z1/ups"}},
		"a cause that is hidden hides nothing": {
			[]string{"ups-dead z1/ups shelved +0", "low z1/b/r1 +30"}, nil},
		"one cause takes down the next": {
			[]string{"pdu-open h/pdu-a +0", "pdu-open h/pdu-b +1", "off h/r1 it +2", "ats-failed ats +5", "on-battery z1/ups +6", "off h/r2 it +8"},
			[]string{"power ats-failed@ats: pdu-open@h/pdu-a pdu-open@h/pdu-b off@h/r1 on-battery@z1/ups off@h/r2; ats-failed@ats"}},
		"two causes one after the other are two": {
			[]string{"pdu-open h/pdu-a +0", "pdu-open h/pdu-b +1", "off h/r1 it +2", "ats-failed ats +60", "on-battery z1/ups +61", "off h/r2 it +62"},
			[]string{"power pdu-open@h/pdu-a: off@h/r1; pdu-open@h/pdu-a pdu-open@h/pdu-b", "power ats-failed@ats: on-battery@z1/ups off@h/r2; ats-failed@ats"}},
	} {
		var alarms []facility.Alarm
		for _, text := range tt.alarms {
			alarms = append(alarms, toldAs(t, text))
		}
		var got []string
		for _, g := range everyGroup(pathSite(), alarms) {
			if g.Cause != "" {
				got = append(got, fmt.Sprintf("%s %s: %s; %s", g.Path, g.Cause, strings.Join(g.Alarms, " "), strings.Join(g.Urgent, " ")))
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n got %q\nwant %q", name, got, tt.want)
		}
	}
}

// What stands behind a link without an answer follows from the link, wherever its devices stand.
func TestADeadLinkIsTheCauseOfItsSilentDevices(t *testing.T) {
	link := toldAs(t, "link bus system +9")
	link.Asset = ""
	var alarms []facility.Alarm
	for i, asset := range []string{"h/r1", "cw/p0", "z1/ups"} {
		a := toldAs(t, fmt.Sprintf("comms %s system +%d", asset, i))
		a.Parent, a.State = link.ID, facility.AlarmSuppressed
		alarms = append(alarms, a)
	}
	point := toldAs(t, "sensor h/r1 it +1")
	point.Parent = alarms[0].ID
	groups := everyGroup(pathSite(), append(alarms, point, link))
	if len(groups) != 1 || groups[0].Cause != link.ID || groups[0].Path != PathComms || len(groups[0].Alarms) != 4 || !slices.Equal(groups[0].Urgent, []string{link.ID}) {
		t.Errorf("%+v", groups)
	}
}

// A transfer that failed left a battery empty, that took a switch down, and with it went whoever answers behind it: all
// of that is the transfer's, however long the chain.
func TestAChainOfCausesIsOneGroup(t *testing.T) {
	link := toldAs(t, "link z1/b system +200") // when the transfer is long back: only the battery is to blame for it
	silent := toldAs(t, "comms h/r1 system +201")
	silent.Parent, silent.State = link.ID, facility.AlarmSuppressed
	transfer, battery := toldAs(t, "ats-failed ats returned +0"), toldAs(t, "ups-dead z1/ups +100")
	groups := everyGroup(pathSite(), []facility.Alarm{silent, link, battery, transfer})
	if len(groups) != 1 || groups[0].Cause != transfer.ID || !slices.Equal(groups[0].Alarms, []string{battery.ID, link.ID, silent.ID}) || !slices.Equal(groups[0].Urgent, []string{transfer.ID}) {
		t.Errorf("%+v", groups)
	}
}

// A flood is what one person has to look at: one cause with all that follows from it is one thing.
func TestACauseWithItsConsequencesCountsAsOne(t *testing.T) {
	site := pathSite()
	w := NewAlarmWatch(site)
	take := func(text string) {
		a := toldAs(t, text)
		a.Occurrence, a.Count = 1, 1
		w.Take(*a.Source, a)
	}
	rate := func(after time.Duration) int { return w.Positions(floodNoon.Add(after))[0].Rate }
	take("ats-failed ats +0")
	for i := range 20 {
		take(fmt.Sprintf("rule%d z1/ups +%d", i, i+1))
	}
	if got := rate(30 * time.Second); got != 1 {
		t.Errorf("a cause with 20 consequences counts as %d", got)
	}
	take("smoke z1/b/r1 fire +31")
	take("empty z2/ups P1 +32")
	if got := rate(33 * time.Second); got != 3 {
		t.Errorf("with one of fire and one of priority 1 it counts as %d", got)
	}
	back := toldAs(t, "ats-failed ats returned +0")
	back.Occurrence, back.Count = 1, 1
	w.Take(floodNoon.Add(time.Minute), back)
	take("own h/pdu-a +300")
	if got := rate(301 * time.Second); got != 4 {
		t.Errorf("what comes after the cause is over counts as %d", got)
	}
}

// The demo's own file: a source transfer that fails puts the UPS on its batteries and stops the cooling; all of it is one
// cause, and the racks' inlets follow it, but for the one that is about to trip.
func TestTheDemoFoldsALostTransfer(t *testing.T) {
	var alarms []facility.Alarm
	for _, text := range []string{
		"transfer-failed demo/ats P2 +0", "ups-on-battery demo/ups-a/ups P2 +1", "chiller-no-power demo/cw/ch1 cooling +2", "string-v-low demo/b1/r3 +20",
		"inlet-32 demo/h1/a1 cooling +200", "inlet-45 demo/h1/a1 cooling P1 +300", "bms-50 demo/b1/r3 safety +200", "flood-5 demo/sump safety +9",
	} {
		alarms = append(alarms, toldAs(t, text))
	}
	groups, rest := NewGrouper(demoSite(t)).Following(alarms)
	if len(groups) != 1 || groups[0].Cause != "transfer-failed@demo/ats" || len(groups[0].Alarms) != 4 || len(groups[0].Urgent) != 2 || len(rest) != 2 {
		t.Errorf("%+v, and %d on their own", groups, len(rest))
	}
}
