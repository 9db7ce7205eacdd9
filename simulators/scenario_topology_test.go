package simulators

import (
	"strings"
	"testing"
	"time"
)

const spreading = `name: x
title: {ko: 가, en: a}
text: {ko: 가, en: a}
topology:
  - {set: Cell.CellLinkWPK, to: 10}
  - {asset: demo/ups-a, set: OtherLoadKW, to: 77}
events: []
`

// A scenario's own numbers hold while it runs, and the site's come back when it is stopped.
func TestAScenarioHasItsOwnWorld(t *testing.T) {
	p := still(t)
	s, faults := ParseScenario("x.yaml", []byte(spreading), p.site)
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	p.scenarios["x"] = s
	before := p.world.Config()
	p.advance(10 * time.Second)
	if err := p.StartScenario("x"); err != nil {
		t.Fatal(err)
	}
	own := p.world.Config()
	if own.Cell.CellLinkWPK != 10 || own.Zones[0].OtherLoadKW != 77 {
		t.Errorf("the world has %g W/K and %g kW", own.Cell.CellLinkWPK, own.Zones[0].OtherLoadKW)
	}
	if p.layout.Config.Zones[0].OtherLoadKW == 77 {
		t.Error("the scenario's number has got into the site's")
	}
	if got := p.State(); got.SimTimeS < 10 {
		t.Errorf("simulated time went back to %g", got.SimTimeS)
	}
	if _, err := p.StopScenario(); err != nil {
		t.Fatal(err)
	}
	if got := p.world.Config(); got.Cell.CellLinkWPK != before.Cell.CellLinkWPK {
		t.Errorf("after the scenario the world still has %g W/K", got.Cell.CellLinkWPK)
	}
}

// All faults of expectations and overrides are told at once, each with its place.
func TestWrongExpectationsNameTheirPlaces(t *testing.T) {
	text := `name: wrong
title: {ko: 틀림, en: Wrong}
text: {ko: 틀림, en: Wrong}
lasts: 1m
topology:
  - {set: Cell.Magic, to: 1}
  - {asset: demo/nowhere, set: RatedKW, to: 1}
events:
  - {at: 5s, note: {ko: 가, en: ""}}
  - {at: 9s, person: {act: fire.takeover, subject: B1}}
outcome:
  alarms:
    - {id: nonsense, at: 5s}
    - {id: "feed-lost@demo/nowhere", by: 5s}
    - {id: "feed-lost@demo/feed-a/meter/hz", by: 5s}
    - {id: "gremlins@demo/feed-a/meter/hz", by: 5s}
    - {id: "gremlins@*", by: 5s}
    - {id: "fire:STAGE1:R1", at: 5s, by: 9s}
    - {id: "fire:STAGE2:R1", at: 2m}
  stages:
    - {of: R99, stage: S1, by: 5s}
    - {of: R1, stage: S9, by: 5s}
  commands:
    - {name: R1.DANCE, by: 5s}
  figures:
    - {figure: joy, of: demo, min: 1}
    - {figure: max_cell_c, of: demo/h1, max: 1}
    - {figure: max_cell_c, of: demo/b1/r1}
    - {figure: max_cell_c, of: demo/b1/r1, at: 5s, take: peak, max: 9}
`
	site := loadDemo(t)
	_, first := ParseScenario("wrong.yaml", []byte(text), site)
	sound := strings.NewReplacer("  - {set: Cell.Magic, to: 1}\n", "", "  - {asset: demo/nowhere, set: RatedKW, to: 1}\n", "").Replace(text)
	_, second := ParseScenario("wrong.yaml", []byte(sound), site)
	for want, all := range map[string]string{
		"wrong.yaml:6:": first.Error(), "CellLinkWPK": first.Error(), "wrong.yaml:7:": first.Error(), "demo/ups-a": first.Error(),
		"words in ko and en": first.Error(), "needs act, subject and by": first.Error(),
		`"nonsense" is no alarm`: second.Error(), `no point "demo/nowhere"`: second.Error(), `does not watch`: second.Error(),
		`no alarm rule "gremlins"`: second.Error(), `matches "gremlins@*"`: second.Error(), "not both": first.Error(), "after the scenario has ended": first.Error(),
		`"R99" is neither`: second.Error(), `unknown stage "S9"`: first.Error(), `"R1.DANCE"`: second.Error(),
		`unknown figure "joy"`: first.Error(), `max_cell_c of "demo/h1"`: second.Error(), "a min, a max or both": first.Error(),
		"one second (at) or over a span": first.Error(),
	} {
		if !strings.Contains(all, want) {
			t.Errorf("the faults do not mention %q:\n%s", want, all)
		}
	}
}

// A scenario for another site is neither rehearsed nor offered here.
func TestScenariosOfOtherSites(t *testing.T) {
	text := strings.Replace(spreading, "events: []", "sites: [elsewhere]\nevents:\n  - {at: 1s, inject: {kind: isc, target: elsewhere/r1}}", 1)
	text = strings.Replace(text, "demo/ups-a", "elsewhere/ups", 1)
	s, faults := ParseScenario("x.yaml", []byte(text), loadDemo(t))
	if err := faults.Err(); err != nil || s.plays("demo") || !s.plays("elsewhere") {
		t.Errorf("%v, plays here %v", err, s.plays("demo"))
	}
}
