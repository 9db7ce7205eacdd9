package ui

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"bongsu/facility"
)

func TestAnOperatorsAcknowledgeReachesTheFieldOnce(t *testing.T) {
	h := newHouse(t)
	h.writes(1, KindAlarm, hotAlarm(1))
	b := h.as("operator")
	first := b.post("alarms/"+hot+"/ack", map[string]string{"reason": "seen"}, "Idempotency-Key", "k1").want(200)
	again := b.post("alarms/"+hot+"/ack", map[string]string{"reason": "seen"}, "Idempotency-Key", "k1").want(200)
	if string(first.body) != string(again.body) || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the answers differ: %s, then %s", first.body, again.body)
	}
	asked := h.acts.seen()
	if len(asked) != 1 {
		t.Fatalf("the field was asked %d times", len(asked))
	}
	if a := asked[0]; a.Kind != "alarm.ack" || a.Subject != hot || !slices.Equal(a.By, []string{"operator"}) || a.Reason != "seen" || a.ID == "" || a.At.IsZero() {
		t.Errorf("the field was asked %+v", a)
	}
	b.post("alarms/"+hot+"/ack", map[string]string{"reason": "other"}, "Idempotency-Key", "k1").problem(422, "new key")
	b.post("alarms/"+hot+"/reset", map[string]string{"reason": "seen"}, "Idempotency-Key", "k1").want(200)
	h.as("lead").post("alarms/"+hot+"/ack", map[string]string{"reason": "seen"}, "Idempotency-Key", "k1").want(200)
	b.post("alarms/"+hot+"/ack", nil, "Idempotency-Key", strings.Repeat("k", 200)).problem(400, "UUID")
	asked = h.acts.seen()
	if len(asked) != 3 {
		t.Fatalf("another path and another person make 3 acts, the field was asked %d", len(asked))
	}
	if asked[0].ID == asked[1].ID || asked[0].ID == asked[2].ID {
		t.Error("different acts have the same id")
	}
}

func TestTheSameKeyAtTheSameTimeIsOneAct(t *testing.T) {
	h := newHouse(t)
	h.writes(1, KindAlarm, hotAlarm(1))
	b := h.as("operator")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if a := b.post("alarms/"+hot+"/ack", nil, "Idempotency-Key", "k"); a.status != 200 {
				t.Errorf("answered %d %s", a.status, a.body)
			}
		})
	}
	all.Wait()
	if n := len(h.acts.seen()); n != 1 {
		t.Errorf("the field was asked %d times", n)
	}
}

func TestKeptAnswersAreBounded(t *testing.T) {
	r := newReplies()
	for i := range 3 * keptReplies {
		key := string(rune(i))
		_, mine, err := r.begin(t.Context(), key, "")
		if err != nil || mine == nil {
			t.Fatal(err)
		}
		r.end(key, mine, i%2 == 0)
	}
	if len(r.kept) > keptReplies || len(r.order) > keptReplies {
		t.Errorf("%d answers are kept", len(r.kept))
	}
}

func TestWhoMayActOnAlarms(t *testing.T) {
	h := newHouse(t)
	h.writes(1, KindAlarm, hotAlarm(1))
	for user, may := range map[string]bool{
		"operator": true, "lead": true, "safety": true, "facilities": true,
		"authority": false, "chair": false, "member": false, "tower": false, "admin": false,
	} {
		b := h.as(user)
		for _, verb := range []string{"ack", "reset", "unshelve"} {
			a := b.post("alarms/"+hot+"/"+verb, map[string]string{"reason": "r"})
			if may {
				a.want(200)
			} else {
				a.problem(403, "operator or lead")
			}
		}
	}
	h.browser().post("alarms/"+hot+"/ack", nil).problem(401, "Log in")
	for _, a := range h.acts.seen() {
		if slices.Contains([]string{"chair", "admin"}, a.By[0]) {
			t.Errorf("the field was asked %+v", a)
		}
	}
}

func TestAlarmIDsMayHoldAnything(t *testing.T) {
	h := newHouse(t)
	for i, id := range []string{hot, "STAGE1:R1", "comms@house/b1/r1/bms", "a/ack/b", "물 100%?#x/y"} {
		a := hotAlarm(1)
		a.ID = id
		h.writes(uint64(i+1), KindAlarm, a)
	}
	b := h.as("operator")
	for path, id := range map[string]string{
		"alarms/t-high@house%2Fb1%2Fr1%2Fbms%2Frt/ack": hot,
		"alarms/" + hot + "/reset":                     hot,
		"alarms/STAGE1:R1/ack":                         "STAGE1:R1",
		"alarms/STAGE1%3AR1/ack":                       "STAGE1:R1",
		"alarms/comms@house/b1/r1/bms/unshelve":        "comms@house/b1/r1/bms",
		"alarms/a%2Fack%2Fb/ack":                       "a/ack/b",
		"alarms/%EB%AC%BC%20100%25%3F%23x%2Fy/ack":     "물 100%?#x/y",
		"alarms/%EB%AC%BC%20100%25%3F%23x/y/ack":       "물 100%?#x/y",
	} {
		n := len(h.acts.seen())
		b.post(path, nil).want(200)
		if asked := h.acts.seen(); len(asked) != n+1 || asked[n].Subject != id {
			t.Errorf("%s asked for %+v, want %s", path, asked[n:], id)
		}
	}
	b.post("alarms/none/ack", nil).problem(404, "none")
}

func TestShelvingHasLimits(t *testing.T) {
	h := newHouse(t)
	urgent, fire := hotAlarm(1), hotAlarm(1)
	urgent.ID, urgent.Priority = "urgent", 1
	fire.ID, fire.Class = "fire", "fire"
	for i, a := range []facility.Alarm{hotAlarm(1), urgent, fire} {
		h.writes(uint64(i+1), KindAlarm, a)
	}
	body := func(seconds int, reason string) map[string]any {
		return map[string]any{"seconds": seconds, "reason": reason}
	}
	operator, lead := h.as("operator"), h.as("lead")
	operator.post("alarms/"+hot+"/shelve", body(900, "known")).want(200)
	operator.post("alarms/"+hot+"/shelve", body(900, "")).problem(422, "reason")
	operator.post("alarms/"+hot+"/shelve", body(10, "known")).problem(422, "seconds")
	operator.post("alarms/"+hot+"/shelve", body(43201, "known")).problem(422, "seconds")
	operator.post("alarms/urgent/shelve", body(900, "known")).problem(403, "lead")
	lead.post("alarms/urgent/shelve", body(3601, "known")).problem(422, "3600")
	lead.post("alarms/urgent/shelve", body(3600, "known")).want(200)
	lead.post("alarms/fire/shelve", body(900, "known")).problem(409, "never shelved")
	if asked := h.acts.seen(); len(asked) != 2 || asked[0].Args["seconds"] != "900" || asked[0].Reason != "known" {
		t.Errorf("the field was asked %+v", asked)
	}
}

func TestWhatTheFieldRefusesIsToldAsItSaysIt(t *testing.T) {
	h := newHouse(t)
	h.writes(1, KindAlarm, hotAlarm(1))
	h.acts.answer = func(facility.Act) (facility.ActResult, error) {
		return facility.ActResult{Code: 409, Detail: "the condition still holds: wait until it is gone"}, nil
	}
	h.as("operator").post("alarms/"+hot+"/reset", nil).problem(409, "still holds")
}

func TestAFieldThatCannotBeReachedIsNoSuccess(t *testing.T) {
	h := newHouse(t)
	h.writes(1, KindAlarm, hotAlarm(1))
	down := true
	h.acts.answer = func(facility.Act) (facility.ActResult, error) {
		if down {
			return facility.ActResult{}, errors.New("connection refused")
		}
		return facility.ActResult{Code: 200}, nil
	}
	b := h.as("operator")
	b.post("alarms/"+hot+"/ack", nil, "Idempotency-Key", "k").problem(503, "try again with the same key")
	down = false
	b.post("alarms/"+hot+"/ack", nil, "Idempotency-Key", "k").want(200)
	asked := h.acts.seen()
	if len(asked) != 2 || asked[0].ID != asked[1].ID {
		t.Errorf("the second try is not the same act for the field: %+v", asked)
	}
}

func TestFireActsWaitForASecondPerson(t *testing.T) {
	proven := func(confirm string, more map[string]any) map[string]any {
		body := map[string]any{"confirm": confirm, "password": demoPassword}
		for k, v := range more {
			body[k] = v
		}
		return body
	}
	bypass := map[string]any{"rack": "R1", "channel": "BM", "seconds": 3600}
	release := map[string]any{"reason": "fire seen", "ic_confirm": true}
	reset := map[string]any{"rack": "R1", "inspected": true}
	with := func(body map[string]any, key string, value any) map[string]any {
		body = maps.Clone(body)
		body[key] = value
		return body
	}
	h := newHouse(t)
	for _, c := range []struct {
		what, first, path string
		body              map[string]any
		status            int
		says              string // of the refusal
		noted             bool   // in the journal: a try at the equipment, not a mistake in the call
	}{
		{"bypass", "facilities", "bypass", proven("R1", bypass), 202, "", false},
		{"bypass by an operator", "operator", "bypass", proven("R1", bypass), 403, "facilities", true},
		{"bypass by an admin", "admin", "bypass", proven("R1", bypass), 403, "facilities", true},
		{"wrong password", "facilities", "bypass", with(proven("R1", bypass), "password", "wrong"), 403, "Nothing was done", true},
		{"no password", "facilities", "bypass", with(proven("R1", bypass), "password", ""), 403, "password again", true},
		{"a second in the same request", "facilities", "bypass", with(proven("R1", bypass), "second", credentials{User: "lead", Password: demoPassword}), 422, "second", false},
		{"another rack typed", "facilities", "bypass", proven("R2", bypass), 422, `"R1"`, true},
		{"too long", "facilities", "bypass", with(proven("R1", bypass), "seconds", 28801), 422, "seconds", false},
		{"no such channel", "facilities", "bypass", with(proven("R1", bypass), "channel", "XX"), 422, "channel", false},
		{"no such rack", "facilities", "bypass", with(proven("R1", bypass), "rack", "R9"), 404, "R9", false},
		{"inhibit", "facilities", "inhibit", proven("R1.WATER", map[string]any{"command": "R1.WATER"}), 202, "", false},
		{"inhibit by the lead", "lead", "inhibit", proven("R1.WATER", map[string]any{"command": "R1.WATER"}), 403, "facilities", true},
		{"release", "safety", "release", proven("B1", release), 202, "", false},
		{"release of another room", "safety", "release", proven("B2", release), 422, `"B1"`, true},
		{"release without a reason", "safety", "release", with(proven("B1", release), "reason", ""), 422, "reason", false},
		{"release by the chair", "chair", "release", proven("B1", release), 403, "safety", true},
		{"reset", "safety", "reset", proven("R1", reset), 202, "", false},
		{"reset without a look", "safety", "reset", with(proven("R1", reset), "inspected", false), 422, "inspected", false},
		{"takeover", "authority", "takeover", proven("house", nil), 202, "", false},
		{"bank ready", "facilities", "bank-ready", proven("B1", nil), 202, "", false},
		{"bank ready by the safety manager alone", "safety", "bank-ready", proven("B1", nil), 403, "facilities", true},
		{"power cut", "authority", "power-cut", proven("B1", nil), 202, "", false},
		{"power cut by the tower", "tower", "power-cut", proven("B1", nil), 403, "authority", true},
		{"power cut of another site", "authority", "power-cut", proven("ansan", nil), 422, `"B1"`, true},
	} {
		t.Run(c.what, func(t *testing.T) {
			h.t = t
			h.acts.answer = func(facility.Act) (facility.ActResult, error) {
				return facility.ActResult{Code: 202, Detail: "waits"}, nil
			}
			n, notes := len(h.acts.seen()), len(h.acts.refused())
			a := h.as(c.first).post("fire/rooms/B1/"+c.path, c.body)
			asked, noted := h.acts.seen()[n:], h.acts.refused()[notes:]
			if c.status != 202 {
				a.problem(c.status, c.says)
				if len(asked) != 0 {
					t.Errorf("the field was asked %+v", asked)
				}
				if (len(noted) == 1) != c.noted {
					t.Errorf("%d refusals were noted", len(noted))
				}
				return
			}
			a.want(202)
			if len(asked) != 1 || !slices.Equal(asked[0].By, []string{c.first}) || asked[0].Station == "" || asked[0].Kind != "fire."+c.path || asked[0].Subject != "B1" {
				t.Errorf("the field was asked %+v, want fire.%s by %s alone, at a station", asked, c.path, c.first)
			}
			for _, v := range asked[0].Args {
				if strings.Contains(v, demoPassword) {
					t.Error("the act carries a password")
				}
			}
		})
	}
	h.t = t
	h.as("facilities").post("fire/rooms/B9/bypass", proven("R1", bypass)).problem(404, "B9")
}

func TestWhatTheDeskRefusesIsNotedWithWhoAndWhere(t *testing.T) {
	h := newHouse(t)
	b := h.as("safety")
	b.post("fire/rooms/B1/release", map[string]any{"confirm": "B2", "password": "x", "reason": "smoke"}).want(422)
	notes := h.acts.refused()
	if len(notes) != 1 {
		t.Fatalf("%d refusals were noted", len(notes))
	}
	n := notes[0]
	if n.Subject != "B1" || !slices.Equal(n.By, []string{"safety"}) || n.Station == "" || n.Reason != "smoke" || n.Args["kind"] != "fire.release" || n.Args["code"] != "422" || !strings.Contains(n.Args["detail"], "B1") {
		t.Errorf("noted %+v", n)
	}
}

func TestOnePersonBringsAnInputOrOutputBack(t *testing.T) {
	h := newHouse(t)
	b := h.as("lead")
	b.post("fire/rooms/B1/end-bypass", map[string]string{"rack": "R2", "channel": "TC"}).want(200)
	b.post("fire/rooms/B1/end-inhibit", map[string]string{"command": "R1.WATER"}).want(200)
	h.as("operator").post("fire/rooms/B1/end-inhibit", map[string]string{"command": "R1.WATER"}).problem(403, "facilities")
	asked := h.acts.seen()
	if len(asked) != 2 || asked[0].Kind != "fire.end-bypass" || asked[0].Args["rack"] != "R2" || asked[0].Args["channel"] != "TC" || asked[1].Args["command"] != "R1.WATER" {
		t.Errorf("the field was asked %+v", asked)
	}
}

func TestAMistypedPasswordMayBeCorrectedUnderTheSameKey(t *testing.T) {
	h := newHouse(t)
	b := h.as("facilities")
	body := map[string]any{"command": "R1.WATER", "confirm": "R1.WATER", "password": "wrong"}
	b.post("fire/rooms/B1/inhibit", body, "Idempotency-Key", "k").want(403)
	body["password"] = demoPassword
	b.post("fire/rooms/B1/inhibit", body, "Idempotency-Key", "k").want(200)
}

func TestOrdersGoByTheirLevel(t *testing.T) {
	h := newHouse(t)
	proven := func(order string) map[string]any {
		return map[string]any{"confirm": "house/ups/a/" + order, "password": demoPassword}
	}
	for _, c := range []struct {
		what, user, order string
		more              map[string]any
		status            int
		says              string
	}{
		{"C2 by an operator", "operator", "transfer-test", nil, 202, ""},
		{"C1 by the lead", "lead", "eco-on", nil, 202, ""},
		{"C0 by facilities", "facilities", "horn-test", nil, 202, ""},
		{"C2 by facilities", "facilities", "transfer-test", nil, 403, "operator or lead"},
		{"C0 by an admin", "admin", "horn-test", nil, 403, "operator"},
		{"C2 by an admin", "admin", "transfer-test", nil, 403, "operator"},
		{"C2 by the chair", "chair", "transfer-test", nil, 403, "operator"},
		{"C3 by an operator", "operator", "open-breaker", proven("open-breaker"), 403, "lead or safety"},
		{"C3 without typing it", "lead", "open-breaker", nil, 422, "house/ups/a/open-breaker"},
		{"C3 without the password", "lead", "open-breaker", map[string]any{"confirm": "house/ups/a/open-breaker"}, 403, "password again"},
		{"C3 with a wrong password", "lead", "open-breaker", map[string]any{"confirm": "house/ups/a/open-breaker", "password": "no"}, 403, "Nothing was done"},
		{"C3 without a reason", "lead", "open-breaker", map[string]any{"confirm": "house/ups/a/open-breaker", "password": demoPassword, "reason": " "}, 422, "reason"},
		{"C3", "lead", "open-breaker", proven("open-breaker"), 202, ""},
		{"C4 by the lead", "lead", "off", proven("off"), 403, "safety"},
		{"C4 waits for the second person", "safety", "off", proven("off"), 202, ""},
		{"no such order", "operator", "dance", nil, 404, "dance"},
	} {
		t.Run(c.what, func(t *testing.T) {
			h.t = t
			n := len(h.acts.seen())
			body := map[string]any{"command": "house/ups/a/" + c.order, "reason": "test"}
			for k, v := range c.more {
				body[k] = v
			}
			a := h.as(c.user).post("commands", body)
			if c.status != 202 {
				a.problem(c.status, c.says)
				if got := h.acts.seen()[n:]; len(got) != 0 {
					t.Errorf("the field was asked %+v", got)
				}
				if last := h.acts.refused(); c.status != 404 && (len(last) == 0 || last[len(last)-1].Subject != "house/ups/a/"+c.order) {
					t.Errorf("the refused try was not noted: %+v", last)
				}
				return
			}
			var rec struct{ ID, State, Command string }
			a.want(202).into(&rec)
			asked := h.acts.seen()[n:]
			if len(asked) != 1 || asked[0].ID != rec.ID || rec.State != "requested" || rec.Command != "house/ups/a/"+c.order {
				t.Errorf("asked %+v, answered %+v", asked, rec)
			}
		})
	}
}

func TestOrdersOfTheFireResponseGoThroughIt(t *testing.T) {
	h := newHouse(t)
	b := h.as("safety")
	for order, call := range map[string]string{
		"house/out/power-cut": "power-cut", "house/out/authority-handover": "takeover",
		"house/b1/panel/gas-release": "fire/rooms/B1/release", "house/b1/panel/gas-reserve": "fire/rooms/B1/release",
	} {
		b.post("commands", map[string]any{"command": order, "confirm": order, "password": demoPassword}).problem(409, call)
	}
	if n := len(h.acts.seen()); n != 0 {
		t.Errorf("the field was asked %d times", n)
	}
}

func TestAnOrderIsFollowedToItsEnd(t *testing.T) {
	h := newHouse(t)
	b := h.as("operator")
	var rec struct {
		ID, State string
		Sent      *string
	}
	b.post("commands", map[string]any{"command": "house/ups/a/transfer-test"}).want(202).into(&rec)
	b.get("commands/"+rec.ID).problem(404, rec.ID)
	h.writes(1, KindCommand, facility.CommandRecord{ID: rec.ID, Command: "house/ups/a/transfer-test", State: facility.CommandConfirmed})
	b.get("commands/" + rec.ID).want(200).into(&rec)
	if rec.State != "confirmed" || rec.Sent != nil {
		t.Errorf("the record is %+v", rec)
	}
	var found struct{ Items []struct{ ID string } }
	b.get("commands").want(200).into(&found)
	if len(found.Items) != 1 || found.Items[0].ID != rec.ID {
		t.Errorf("the list is %+v", found)
	}
}
