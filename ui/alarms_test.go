package ui

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
	"bongsu/journal"
	"bongsu/rules"
)

func TestOutOfServiceTakesAWorkOrder(t *testing.T) {
	h := newHouse(t)
	plain, safe := hotAlarm(1), hotAlarm(1)
	plain.ID, plain.Class, safe.ID, safe.Class = "plain@a/b", "power", "safe@a/b", "safety"
	h.writes(1, KindAlarm, plain)
	h.writes(2, KindAlarm, safe)
	order := map[string]any{"work_order": "WO-7", "reason": "patrol every 30 min"}
	both := map[string]any{"work_order": "WO-7", "reason": "patrol every 30 min", "second": credentials{User: "lead", Password: demoPassword}}
	b := h.as("facilities")
	b.post("alarms/plain@a%2Fb/out-of-service", map[string]any{"reason": "patrol"}).problem(422, "work_order")
	b.post("alarms/plain@a%2Fb/out-of-service", order).want(200)
	b.post("alarms/safe@a%2Fb/out-of-service", both).problem(422, "second")
	b.post("alarms/safe@a%2Fb/in-service", map[string]any{}).problem(422, "function_test")
	b.post("alarms/safe@a%2Fb/in-service", map[string]any{"function_test": "heated to 60 C: raised"}).want(200)
	b.post("alarms/none@a%2Fb/out-of-service", order).problem(404, "none@a/b")
	h.as("operator").post("alarms/plain@a%2Fb/out-of-service", order).problem(403, "facilities")
	asked := h.acts.seen()
	if len(asked) != 2 || asked[0].Args["work_order"] != "WO-7" || asked[1].Args["function_test"] == "" {
		t.Errorf("the field was asked %+v", asked)
	}
}

func TestTheFieldLearnsThatTheLeadShelves(t *testing.T) {
	h := newHouse(t)
	urgent := hotAlarm(1)
	urgent.ID, urgent.Class, urgent.Priority = "urgent@a/b", "power", 1
	h.writes(1, KindAlarm, urgent)
	body := map[string]any{"reason": "known", "seconds": 3600}
	h.as("operator").post("alarms/urgent@a%2Fb/shelve", body).problem(403, "lead")
	h.as("lead").post("alarms/urgent@a%2Fb/shelve", map[string]any{"reason": "known", "seconds": 3660}).problem(422, "3600")
	h.as("lead").post("alarms/urgent@a%2Fb/shelve", body).want(200)
	asked := h.acts.seen()
	if len(asked) != 1 || asked[0].Args["role"] != "lead" || asked[0].Station == "" {
		t.Errorf("the field was asked %+v", asked)
	}
}

func TestASafetyAlarmLeavesServiceByTwoAtTwoStations(t *testing.T) {
	withField(t, func(h *house, f *ownField) {
		const id, path = "rack-hot@house/b1/r1/bms/rt", "alarms/rack-hot@house%2Fb1%2Fr1%2Fbms%2Frt/out-of-service"
		seen := facility.Alarm{ID: id, Class: "safety", Priority: 2, Asset: "house/b1/r1", State: facility.AlarmNormal}
		if _, err := f.AppendWithin(0, journal.Draft{Kind: KindAlarm, Subject: id, Data: seen}); err != nil { // it called some day before
			t.Fatal(err)
		}
		one, two := h.as("facilities"), h.as("lead")
		var asked struct{ ID string }
		one.post(path, map[string]any{"work_order": "WO-7", "reason": "patrol every 30 min"}).want(202).into(&asked)
		sign := func(b *browser, typed string) *answer {
			return b.post("commands/"+asked.ID+"/sign", map[string]string{"confirm": typed})
		}
		sign(one, "house/b1/r1").problem(403, "someone else")
		sign(h.as("operator"), "house/b1/r1").problem(403, "facilities")
		sign(two, "house/b1/r2").problem(422, "house/b1/r1")
		var rec struct {
			State, Name, Reason, Until string
			Args                       map[string]string
		}
		two.get("commands/" + asked.ID).want(200).into(&rec)
		if rec.State != "requested" || rec.Name != "alarm.out-of-service "+id || rec.Reason != "patrol every 30 min" || rec.Until == "" || rec.Args["work_order"] != "WO-7" {
			t.Errorf("the second station sees %+v", rec)
		}
		sign(two, "house/b1/r1").want(202)
		var out struct{ Items []facility.Alarm }
		two.get("alarms?state=out-of-service").want(200).into(&out)
		if len(out.Items) != 1 || out.Items[0].ID != id {
			t.Errorf("out of service are %+v", out.Items)
		}
	})
}

func TestAFloodIsToldWithItsFirstCause(t *testing.T) {
	h := newHouse(t)
	now := time.Now()
	for i := range uint64(12) {
		a := hotAlarm(1)
		a.ID, a.Class = fmt.Sprintf("hot-%d", i), "cooling"
		a.Occurrence, a.Count = 1, 1
		source := now.Add(-time.Duration(i) * time.Second) // the last one to arrive was the first at its source
		a.Source, a.Raised = &source, &now
		data, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.model.ApplyEntry(Entry{Seq: i + 1, Time: now, Kind: KindAlarm, Subject: a.ID, Data: data}); err != nil {
			t.Fatal(err)
		}
	}
	var flood struct {
		Positions []struct {
			ID      string
			Flooded bool
			Count   int
			Rate    int
			Groups  []struct {
				FirstOut string `json:"first_out"`
				Alarms   []string
			}
		}
		Chattering map[string]int
	}
	b := h.as("member")
	b.get("alarms/flood").want(200).into(&flood)
	p := flood.Positions[0]
	if !p.Flooded || p.Rate != 12 || p.Count != 12 || len(p.Groups) != 1 || p.Groups[0].FirstOut != "hot-11" || len(p.Groups[0].Alarms) != 12 {
		t.Errorf("%+v", p)
	}
	var history struct{ Items []struct{ State string } }
	b.get("alarms/hot-3/history").want(200).into(&history)
	if len(history.Items) != 1 || history.Items[0].State != "unacknowledged" {
		t.Errorf("history: %+v", history)
	}
	b.get("alarms/nothing/history").problem(404, "nothing")
}

func TestTheAlarmReportIsReadFromTheJournal(t *testing.T) {
	began := time.Now().Add(-20 * 24 * time.Hour)
	var all []Entry
	for i := range uint64(3000) { // one record in ten minutes over 20 days, each alarm coming and going
		a := hotAlarm(i + 1)
		a.Occurrence, a.Count, a.Active = i/2+1, 1, i%2 == 0
		if !a.Active {
			a.State = facility.AlarmNormal
		}
		data, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, Entry{Seq: i + 1, Time: began.Add(time.Duration(i) * 9 * time.Minute), Kind: KindAlarm, Subject: a.ID, Data: data})
	}
	h := newHouse(t, func(c *Config) { c.Journal = fakeJournal{all} })
	for _, e := range all {
		if err := h.model.ApplyEntry(e); err != nil {
			t.Fatal(err)
		}
	}
	b := h.as("member")
	var report struct {
		Entries   int
		Begins    *time.Time
		Positions []struct {
			Alarms int
			Rows   []struct{ Name string }
		}
	}
	day := func(n int) string { return began.Add(time.Duration(n) * 24 * time.Hour).UTC().Format(time.RFC3339) }
	b.get("alarms/report?from=" + day(10) + "&to=" + day(11)).want(200).into(&report)
	if report.Positions[0].Alarms != 80 || report.Entries < 480 || report.Entries > 490 || report.Begins != nil || len(report.Positions[0].Rows) != 11 {
		t.Errorf("%+v", report)
	}
	b.get("alarms/report").want(200).into(&report)
	if report.Begins == nil || report.Positions[0].Alarms != 1500 {
		t.Errorf("%+v", report)
	}
	b.get("alarms/report?from="+day(3)+"&to="+day(2)).problem(422, "before")
	b.get("alarms/report?from="+day(-600)+"&to="+day(2)).problem(422, "366")
}

func TestANoteGoesToTheFieldAndComesBackInTheHistory(t *testing.T) {
	h := newHouse(t)
	h.writes(1, KindAlarm, hotAlarm(1))
	const path = "alarms/" + hot + "/notes"
	b := h.as("operator")
	b.post(path, map[string]any{"text": "  예비 팬을 주문함 "}).want(200)
	asked := h.acts.seen()
	if len(asked) != 1 || asked[0].Kind != rules.ActNote || asked[0].Args["text"] != "예비 팬을 주문함" || asked[0].Subject != hot {
		t.Fatalf("the field was asked %+v", asked)
	}
	noted := hotAlarm(2)
	noted.Notes = []facility.AlarmNote{{Act: asked[0].ID, N: 1, At: time.Now(), By: "operator", Revision: 2, Text: asked[0].Args["text"]}}
	h.writes(2, KindAlarm, noted)
	acked := noted
	acked.Revision, acked.State = 3, facility.AlarmAcked
	h.writes(3, KindAlarm, acked)
	var history struct {
		Items []struct{ State, Note string }
	}
	b.get("alarms/" + hot + "/history").want(200).into(&history)
	if got := fmt.Sprint(history.Items); got != "[{acknowledged } {unacknowledged 예비 팬을 주문함} {unacknowledged }]" {
		t.Errorf("the history is %s", got)
	}
	var list struct{ Items []facility.Alarm }
	h.as("member").get("alarms?state=open").want(200).into(&list)
	if len(list.Items) != 1 || len(list.Items[0].Notes) != 1 || list.Items[0].Notes[0].By != "operator" {
		t.Errorf("who only looks sees %+v", list.Items)
	}
}

func TestANoteIsRefusedWithTheReason(t *testing.T) {
	h := newHouse(t)
	h.writes(1, KindAlarm, hotAlarm(1))
	const path = "alarms/" + hot + "/notes"
	b := h.as("operator")
	b.post(path, map[string]any{"text": ""}).problem(422, "text")
	b.post(path, map[string]any{"text": " \n "}).problem(422, "empty")
	b.post(path, map[string]any{"text": strings.Repeat("가", 501)}).problem(422, "500")
	b.post(path, map[string]any{"text": "ok\u202e"}).problem(422, "nobody sees")
	b.post("alarms/nothing/notes", map[string]any{"text": "x"}).problem(404, "nothing")
	h.as("member").post(path, map[string]any{"text": "x"}).problem(403, "operator")
	if asked := h.acts.seen(); len(asked) != 0 {
		t.Errorf("the field was asked %+v", asked)
	}
	b.post(path, map[string]any{"text": strings.Repeat("가", 500)}).want(200)
	h.acts.answer = func(facility.Act) (facility.ActResult, error) {
		return facility.ActResult{}, errors.New("connection refused")
	}
	b.post(path, map[string]any{"text": "x"}).problem(503, "The field process did not answer")
}

func TestTheCauseOfAFloodIsToldWithWhatFollows(t *testing.T) {
	h := newHouse(t)
	now := time.Now()
	for i, id := range []string{"link@l1", "comms@a", "comms@b"} {
		a := hotAlarm(1)
		a.ID, a.Class, a.Rule, a.Asset, a.Raised = id, "system", "link", "", &now
		if i > 0 {
			a.Rule, a.Asset, a.Parent, a.State = "comms", "house/b1/r1", "link@l1", facility.AlarmSuppressed
		}
		h.writes(uint64(i+1), KindAlarm, a)
	}
	var flood struct {
		Positions []struct {
			Groups []struct {
				Cause, Path            string
				Causes, Alarms, Urgent []string
			}
		}
	}
	b := h.as("member")
	b.get("alarms/flood").want(200).into(&flood)
	groups := flood.Positions[0].Groups
	if len(groups) != 1 || groups[0].Cause != "link@l1" || groups[0].Path != "comms" || len(groups[0].Alarms) != 2 || len(groups[0].Urgent) != 1 {
		t.Errorf("%+v", groups)
	}
}

// The table for spreadsheets names what an alarm stands behind and what it follows from.
func TestAlarmsAreExportedWithTheirCauses(t *testing.T) {
	h := newHouse(t)
	now := time.Now()
	for i, id := range []string{"link@l1", "comms@a", "gone@b"} {
		a := hotAlarm(1)
		a.ID, a.Class, a.Rule, a.Asset, a.Raised = id, "system", "link", "", &now
		switch i {
		case 1:
			a.Rule, a.Asset, a.Parent, a.State = "comms", "house/b1/r1", "link@l1", facility.AlarmSuppressed
		case 2:
			a.Active, a.State = false, facility.AlarmNormal
		}
		h.writes(uint64(i+1), KindAlarm, a)
	}
	b := h.as("member")
	table := func(path string) [][]string {
		t.Helper()
		a := b.get(path).want(200)
		if !strings.HasPrefix(a.header.Get("Content-Type"), "text/csv") || !strings.Contains(a.header.Get("Content-Disposition"), "alarms-") {
			t.Errorf("the headers are %v", a.header)
		}
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(a.body), "\ufeff"))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	rows := table("alarms/export")
	cell := func(id, name string) string {
		for _, r := range rows[1:] {
			if r[0] == id {
				return r[slices.Index(rows[0], name)]
			}
		}
		return "no such row"
	}
	if len(rows) != 3 || cell("comms@a", "parent") != "link@l1" || cell("comms@a", "cause") != "link@l1" || cell("comms@a", "path") != "comms" || cell("link@l1", "cause") != "" {
		t.Errorf("open: %q", rows)
	}
	if rows = table("alarms/export?state=suppressed&lang=ko"); len(rows) != 2 || rows[0][0] != "경보" || rows[1][0] != "comms@a" {
		t.Errorf("suppressed, in Korean: %q", rows)
	}
	b.get("alarms/export?state=loud").problem(422, "loud")
}
