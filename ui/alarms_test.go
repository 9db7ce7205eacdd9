package ui

import (
	"testing"
)

func TestOutOfServiceTakesAWorkOrderAndForSafetyTwoPersons(t *testing.T) {
	h := newHouse(t)
	plain, safe := hotAlarm(1), hotAlarm(1)
	plain.ID, plain.Class, safe.ID, safe.Class = "plain@a/b", "power", "safe@a/b", "safety"
	h.writes(1, KindAlarm, plain)
	h.writes(2, KindAlarm, safe)
	order := map[string]any{"work_order": "WO-7", "reason": "patrol every 30 min"}
	both := map[string]any{"work_order": "WO-7", "reason": "patrol every 30 min", "second": credentials{"lead", demoPassword}}
	b := h.as("facilities")
	b.post("alarms/plain@a%2Fb/out-of-service", map[string]any{"reason": "patrol"}).problem(422, "work_order")
	b.post("alarms/plain@a%2Fb/out-of-service", order).want(200)
	b.post("alarms/safe@a%2Fb/out-of-service", order).problem(403, "second person")
	b.post("alarms/safe@a%2Fb/out-of-service", both).want(200)
	b.post("alarms/safe@a%2Fb/in-service", map[string]any{}).problem(422, "function_test")
	b.post("alarms/safe@a%2Fb/in-service", map[string]any{"function_test": "heated to 60 C: raised"}).want(200)
	b.post("alarms/none@a%2Fb/out-of-service", order).problem(404, "none@a/b")
	h.as("operator").post("alarms/plain@a%2Fb/out-of-service", order).problem(403, "facilities")
	asked := h.acts.seen()
	if len(asked) != 3 || len(asked[1].By) != 2 || asked[0].Args["work_order"] != "WO-7" || asked[2].Args["function_test"] == "" {
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
	if asked := h.acts.seen(); len(asked) != 1 || asked[0].Args["role"] != "lead" {
		t.Errorf("the field was asked %+v", asked)
	}
}
