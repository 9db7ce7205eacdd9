package rules

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"bongsu/facility"
	"bongsu/rules/fire"
)

func TestTheHandOverSheetSaysWhatBurnsAndWhatIsLive(t *testing.T) {
	w := newWard(t, func(f *facility.FireSite) {
		f.Contacts = []facility.Text{{KO: "소방서 119", EN: "Fire service 119"}}
		f.Rooms[0].Points["BANK_BAR"] = "demo/b1/io/gas-pressure"
	})
	obey := func(id facility.CommandID) {
		c := w.site.Commands[id]
		w.values[w.site.Points[c.Feedback].ID] = c.Def.Equals
	}
	w.values["demo/b1/io/occupancy"], w.values["demo/b1/io/gas-pressure"] = 2, 180
	w.heat(70)
	w.run(4)
	obey("demo/b1/r3/io/isolate")
	w.run(2)
	p := HandOver(w.site, w.desk.rooms(w.now, w.live), w.now)
	room := p.Rooms[0]
	if room.Stage != "S2" || room.People != 2 || room.Bank == nil || *room.Bank.Bar != 180 || len(p.Contacts) != 1 || p.Control != "automatic" {
		t.Errorf("the sheet begins %+v", room)
	}
	if len(room.Burning) != 1 || room.Burning[0].ID != "R3" || !room.Burning[0].Isolated || room.Burning[0].Col+room.Burning[0].Row == 0 {
		t.Errorf("burning: %+v", room.Burning)
	}
	if slices.Contains(room.Live, "R3") || !slices.Contains(room.Live, "R4") {
		t.Errorf("live: %v", room.Live)
	}
	if !slices.ContainsFunc(room.Burning[0].Orders, func(c facility.FireCommandView) bool { return c.Name == "R3.PATCH" && c.Sent != nil }) {
		t.Errorf("orders: %+v", room.Burning[0].Orders)
	}
	racks := 0
	for _, loss := range p.PowerCut {
		if loss.Kind == "it-rack" {
			racks += loss.Count
		}
	}
	if racks < 10 {
		t.Errorf("a power cut takes down %d IT racks: %+v", racks, p.PowerCut)
	}

	dont := func(word string) bool {
		return slices.ContainsFunc(p.Dont, func(x facility.Text) bool { return strings.Contains(x.EN, word) })
	}
	if !dont("enter") || !dont("breakers") || !dont("live") || dont("pump") || dont("dampers") {
		t.Errorf("what must not be done: %+v", p.Dont)
	}

	// With the authority in control everything reads S6; the sheet still tells which rack burns.
	req, _ := w.desk.request(facility.Act{Kind: "fire.takeover", Subject: "B1", By: []string{"kim", "lee"}})
	w.desk.asked = append(w.desk.asked, &fireRequest{req: req})
	w.run(1)
	p = HandOver(w.site, w.desk.rooms(w.now, w.live), w.now)
	if p.Control != "authority" || p.Rooms[0].Stage != fire.S6.String() || len(p.Rooms[0].Burning) != 1 || p.Rooms[0].Burning[0].ID != "R3" {
		t.Errorf("in control %s, burning %+v", p.Control, p.Rooms[0].Burning)
	}
	if _, err := json.Marshal(p); err != nil {
		t.Errorf("the sheet cannot be written: %v", err)
	}
}

// The sheet as it stood is kept with the names of both sides, and none of it in a drill.
func TestTheHandOverIsJournalledWithBothNames(t *testing.T) {
	story(t, func(t *testing.T, h *house) {
		act := facility.Act{ID: "t1", Kind: actTakeOver, Subject: "B1", By: []string{"kim"}, Station: "one",
			Args: map[string]string{"from": "Park, shift lead", "officer": "Cho, fire station 2", "people": "all 4 outside"}}
		if res := h.engine.Do(t.Context(), act); res.Code != http.StatusAccepted {
			t.Fatal(res)
		}
		if res := h.engine.Do(t.Context(), facility.Act{ID: "s1", Kind: ActSign, Subject: "t1", By: []string{"lee"}, Station: "two"}); res.Code != http.StatusOK {
			t.Fatal(res)
		}
		var sheets []facility.HandOverPack
		for _, e := range h.book.all() {
			if e.Kind != KindHandOver {
				continue
			}
			var p facility.HandOverPack
			if err := json.Unmarshal(e.Data, &p); err != nil {
				t.Fatal(err)
			}
			sheets = append(sheets, p)
		}
		if len(sheets) != 1 || sheets[0].Control != "authority" || sheets[0].Handed == nil {
			t.Fatalf("%d sheets: %+v", len(sheets), sheets)
		}
		if n := sheets[0].Handed; !slices.Equal(n.Signed, []string{"kim", "lee"}) || n.From != "Park, shift lead" || n.Officer != "Cho, fire station 2" || n.People != "all 4 outside" {
			t.Errorf("the names are %+v", n)
		}
	})
}
