package ui

import (
	"slices"
	"testing"
	"time"

	"bongsu/facility"
	"bongsu/rules"
)

// What one person may do beside the response goes to the field under their name; everybody else is told who may.
func TestWhatOnePersonDoesBesideTheFireResponse(t *testing.T) {
	h := newHouse(t)
	type args = map[string]any
	for _, c := range []struct {
		who, call string
		body      args
		status    int
		kind      string
		want      map[string]string
	}{
		{"safety", "drill", args{"minutes": 30, "rack": "R1", "rise": 20}, 200, "fire.drill-on", map[string]string{"minutes": "30", "rack": "R1", "rise": "20"}},
		{"safety", "drill", args{"minutes": 300}, 422, "", nil},
		{"safety", "drill", args{"minutes": 30, "rack": "R9"}, 404, "", nil},
		{"operator", "drill", args{"minutes": 30}, 403, "", nil},
		{"lead", "end-drill", args{"reason": "over"}, 200, "fire.drill-off", nil},
		{"facilities", "proof-begin", args{"subject": "R1", "test": "smoke"}, 200, "fire.proof-begin", map[string]string{"subject": "R1", "test": "smoke", "rack": ""}},
		{"facilities", "proof-begin", args{"subject": "R9", "test": "smoke"}, 404, "", nil},
		{"safety", "proof-record", args{"subject": "B1", "test": "bank", "result": "passed", "note": "182 bar"}, 200, "fire.proof-test", map[string]string{"subject": "B1", "test": "bank", "result": "passed"}},
		{"safety", "proof-record", args{"subject": "B1", "test": "bank", "result": "passed", "note": ""}, 422, "", nil},
		{"operator", "proof-record", args{"subject": "B1", "test": "bank", "result": "passed", "note": "n"}, 403, "", nil},
		{"operator", "watch-round", args{"seen": "clear"}, 200, "fire.watch-round", map[string]string{"seen": "clear"}},
		{"operator", "watch-round", args{"seen": "tea"}, 422, "", nil},
		{"chair", "watch-round", args{"seen": "clear"}, 403, "", nil},
	} {
		n := len(h.acts.seen())
		a := h.as(c.who).post("fire/rooms/B1/"+c.call, c.body)
		asked := h.acts.seen()[n:]
		if c.status != 200 {
			a.problem(c.status, "")
			if len(asked) > 0 {
				t.Errorf("%s by %s: the field was asked %+v", c.call, c.who, asked)
			}
			continue
		}
		a.want(200)
		if len(asked) != 1 || asked[0].Kind != c.kind || asked[0].Subject != "B1" || !slices.Equal(asked[0].By, []string{c.who}) {
			t.Errorf("%s by %s: the field was asked %+v", c.call, c.who, asked)
			continue
		}
		for name, v := range c.want {
			if asked[0].Args[name] != v {
				t.Errorf("%s: %s is %q, want %q", c.call, name, asked[0].Args[name], v)
			}
		}
	}
	var tests struct{ Items []proofTestView }
	h.as("chair").get("fire/proof-tests").want(200).into(&tests)
	if len(tests.Items) < 6 || tests.Items[0].Days == 0 || len(tests.Items[0].Expect) == 0 {
		t.Errorf("the proof tests are %+v", tests.Items)
	}
}

// The sheet for the authority: as the rooms stand, marked when the field is silent, and after the act with the names.
func TestTheHandOverSheetOverHTTP(t *testing.T) {
	withField(t, func(h *house, f *ownField) {
		var p facility.HandOverPack
		b := h.as("safety")
		b.get("fire/rooms/B1/handover").want(200).into(&p)
		if !p.Stale || p.Control != "automatic" || p.Handed != nil || len(p.Rooms) == 0 || p.Rooms[0].ID != "B1" || p.Rooms[0].People == 0 || len(p.Dont) == 0 {
			t.Errorf("before the field was heard: %+v", p)
		}
		b.get("fire/rooms/B9/handover").problem(404, "B9")
		one, two := h.as("authority"), h.as("authority2")
		var asked struct{ ID string }
		one.post("fire/rooms/B1/takeover", map[string]any{"confirm": "B1", "password": demoPassword, "from": "Park", "officer": "Cho, station 2", "people": "4 of 4"}).want(202).into(&asked)
		two.post("commands/"+asked.ID+"/sign", map[string]string{"confirm": "B1"}).want(202)
		h.model.ApplyStatus(facility.FieldStatus{JournalOK: true, Collecting: true,
			Rooms: []facility.FireRoomView{{ID: "B1", Asset: "house/b1", Stage: "S6", Control: "authority"}}})
		b.get("fire/rooms/B1/handover").want(200).into(&p)
		if p.Stale || p.Control != "authority" || p.Handed == nil || p.Handed.Officer != "Cho, station 2" || !slices.Equal(p.Handed.Signed, []string{"authority", "authority2"}) {
			t.Errorf("after it: stale %v, %s, %+v", p.Stale, p.Control, p.Handed)
		}
		if got := f.kinds(rules.KindHandOver); len(got) != 1 {
			t.Errorf("the journal keeps the sheets %v", got)
		}
	})
}

// A gas bank is declared refilled by who weighed it and who answers for it.
func TestABankIsMadeReadyByFacilitiesAndSafety(t *testing.T) {
	withField(t, func(h *house, _ *ownField) {
		var asked struct{ ID string }
		h.as("facilities").post("fire/rooms/B1/bank-ready", map[string]any{"confirm": "B1", "password": demoPassword, "reason": "84 kg"}).want(202).into(&asked)
		h.as("lead").post("commands/"+asked.ID+"/sign", map[string]string{"confirm": "B1"}).problem(403, "safety")
		h.as("safety").post("commands/"+asked.ID+"/sign", map[string]string{"confirm": "B1"}).want(202)
		var rec struct{ State string }
		for range 30 {
			time.Sleep(time.Second)
			if h.as("operator").get("commands/" + asked.ID).want(200).into(&rec); rec.State == "confirmed" {
				return
			}
		}
		t.Errorf("it is %s", rec.State)
	})
}
