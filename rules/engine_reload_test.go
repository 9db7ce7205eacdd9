package rules

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

// changedSite is the demo site with some words of its file replaced.
func changedSite(t *testing.T, replace ...string) *facility.Site {
	t.Helper()
	const file = "../sites/demo/site.yaml"
	text, err := facility.Files{}.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	other := strings.NewReplacer(replace...).Replace(string(text))
	if other == string(text) {
		t.Fatal("nothing was replaced")
	}
	site, faults := facility.LoadFrom(facility.Files{Staged: map[string][]byte{file: []byte(other)}}, file)
	if site == nil {
		t.Fatal(faults)
	}
	return site
}

func (h *house) exchange(site *facility.Site, hand bool) []string {
	h.t.Helper()
	return h.exchangeFrom(h.site, site, hand)
}

func (h *house) exchangeFrom(former, site *facility.Site, hand bool) []string {
	h.t.Helper()
	x, err := NewExchange(site)
	if err != nil {
		h.t.Fatal(err)
	}
	x.By, x.Why, x.Plan, x.Hand = "kim", "the rule left the site", facility.Diff(former, site).Plan, hand
	refused, err := h.engine.Exchange(h.t.Context(), x)
	if err != nil {
		h.t.Fatal(err)
	}
	return refused
}

// A limit is lowered while the engine runs: the new limit raises its alarm; the rule is taken out again: the
// alarm ends, and its entry says why and by whose word.
func TestAnEngineTakesANewLimitWithoutStopping(t *testing.T) {
	story(t, func(t *testing.T, h *house) {
		const id = "inlet-29@demo/h1/a1/env/inlet-top"
		h.set("demo/h1/a1/env/inlet-top", 30)
		time.Sleep(2 * time.Second)
		// Nothing of this house was switched on: what follows from a lost supply would stand behind its open panels.
		added := changedSite(t, "\nalarms:\n", `
alarms:
  - {id: inlet-29, points: "demo/h1/*/env/inlet-top", kind: high, limit: 29, priority: 3, class: it, follows: none, text: {ko: 흡기, en: Inlet}, consequence: {ko: 가, en: a}, action: {ko: 가, en: a}, respond: 1h}
`)
		if refused := h.exchangeFrom(h.site, added, false); refused != nil {
			t.Fatal(refused)
		}
		time.Sleep(2 * time.Second)
		if got := lastAlarm(h, id); got.State != facility.AlarmUnacked {
			t.Errorf("the new rule's alarm is %+v", got)
		}
		if refused := h.exchangeFrom(added, h.site, false); refused != nil {
			t.Fatal(refused)
		}
		if a := lastAlarm(h, id); a.State != facility.AlarmNormal || a.Reason != "the rule left the site" {
			t.Errorf("the removed rule's alarm is %+v", a)
		}
		if last := h.book.all(); last[len(last)-1].Actor != "kim" {
			t.Errorf("the end is signed by %q", last[len(last)-1].Actor)
		}
	})
}

// In a battery fire the words of the hall may change, but neither the burning room's nor the link that brings the
// temperatures, and the fire goes its way.
func TestAFireKeepsItsWires(t *testing.T) {
	story(t, func(t *testing.T, h *house) {
		link := changedSite(t, `{id: bms, protocol: modbus, address: "127.0.0.1:20001", timeout: 500ms`, `{id: bms, protocol: modbus, address: "127.0.0.1:20001", timeout: 400ms`)
		words := changedSite(t, "ko: 배터리실 B1", "ko: 배터리실 하나")
		if refused := h.exchange(link, true); refused != nil {
			t.Fatalf("at S0: %v", refused)
		}
		h.heat(61)
		time.Sleep(6 * time.Second)
		refused := h.exchange(link, false)
		if len(refused) != 1 || !strings.Contains(refused[0], "room B1 is not at S0") {
			t.Errorf("the link of the BMS: %q", refused)
		}
		if refused := h.exchange(words, false); len(refused) != 1 || !strings.Contains(refused[0], "room B1 is not at S0") {
			t.Errorf("the name of the burning room: %q", refused)
		}
		hall := changedSite(t, "ko: 전산실 H1", "ko: 전산실 하나")
		if refused := h.exchange(hall, false); refused != nil {
			t.Errorf("the hall's name: %q", refused)
		}
		h.heat(70)
		time.Sleep(8 * time.Second)
		if got := h.rack("R3").Stage; got != "S2" {
			t.Errorf("stage %s after the exchange, want S2", got)
		}
	})
}

// A rack that was calm may leave the site in a hand-over; the fire response is taken up without it.
func TestACalmRackMayLeaveTheSite(t *testing.T) {
	story(t, func(t *testing.T, h *house) {
		seven := changedSite(t, "- each: {n: 1-8}\n          id: \"R{n}\"", "- each: {n: 1-7}\n          id: \"R{n}\"")
		if refused := h.exchange(seven, true); refused != nil {
			t.Error(refused)
		}
	})
}

func lastAlarm(h *house, id string) (a facility.Alarm) {
	for _, e := range h.book.all() {
		if e.Kind == KindAlarm && e.Subject == id {
			if err := json.Unmarshal(e.Data, &a); err != nil {
				panic(err)
			}
		}
	}
	return a
}
