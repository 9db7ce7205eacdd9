package rules

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

// pairCase is an alarm that one person alone may not silence, and how it is asked for.
type pairCase struct {
	what, alarm string
	raise       func(*house)
	act         facility.Act
	silent      facility.AlarmState
}

func pairCases() []pairCase {
	const low, cell = "ups-low-battery@demo/ups-a/ups/ctl/low-battery", "bms-50@demo/b1/r3/bms/t-max"
	return []pairCase{
		{"shelving priority 1", low, func(h *house) { h.set("demo/ups-a/ups/ctl/low-battery", 1) },
			facility.Act{Kind: "alarm.shelve", Args: map[string]string{"seconds": "600", "role": "lead"}}, facility.AlarmShelved},
		{"safety out of service", cell, func(h *house) { h.set("demo/b1/r3/bms/t-max", 52) },
			facility.Act{Kind: "alarm.out-of-service", Args: map[string]string{"work_order": "WO-7"}}, facility.AlarmOutOfService},
	}
}

func (c pairCase) asks(h *house, id, reason string) facility.ActResult {
	act := c.act
	act.ID, act.Subject, act.By, act.Station, act.Reason = id, c.alarm, []string{"kim"}, "browser:one", reason
	return h.do(act)
}

func (h *house) signs(id, who, station string) facility.ActResult {
	return h.do(facility.Act{ID: id + "-by-" + who + "-at-" + station, Kind: ActSign, Subject: id, By: []string{who}, Station: station})
}

// alarm is the newest record of an alarm in the journal.
func (h *house) alarm(id string) (rec facility.Alarm, actor string) {
	for _, e := range h.book.all() {
		if e.Kind == KindAlarm && e.Subject == id {
			rec, actor = facility.Alarm{}, e.Actor
			if err := json.Unmarshal(e.Data, &rec); err != nil {
				h.t.Fatal(err)
			}
		}
	}
	return rec, actor
}

func TestWhatOnePersonMayNotSilenceWaitsForAnotherAtAnotherStation(t *testing.T) {
	for _, c := range pairCases() {
		t.Run(c.what, func(t *testing.T) {
			story(t, func(t *testing.T, h *house) {
				c.raise(h)
				time.Sleep(10 * time.Second)
				if res := c.asks(h, "r0", ""); res.Code != http.StatusUnprocessableEntity {
					t.Errorf("without a reason: %+v", res)
				}
				if res := c.asks(h, "r1", "sensor is being exchanged"); res.Code != http.StatusAccepted {
					t.Fatalf("asked: %+v", res)
				}
				if a, _ := h.alarm(c.alarm); a.State != facility.AlarmUnacked {
					t.Errorf("one person silenced it: it is %s", a.State)
				}
				if res := c.asks(h, "r2", "another reason"); res.Code != http.StatusConflict || !strings.Contains(res.Detail, "kim") {
					t.Errorf("asked twice: %+v", res)
				}
				for _, no := range [][2]string{{"kim", "browser:two"}, {"lee", "browser:one"}} {
					if res := h.signs("r1", no[0], no[1]); res.Code != http.StatusForbidden {
						t.Errorf("%s signed at %s: %+v", no[0], no[1], res)
					}
				}
				time.Sleep(2 * time.Minute) // an order would have expired
				if res := h.signs("r1", "lee", "browser:two"); res.Code != http.StatusOK {
					t.Errorf("signed: %+v", res)
				}
				a, actor := h.alarm(c.alarm)
				if a.State != c.silent || actor != "kim+lee" || a.Reason != "sensor is being exchanged" {
					t.Errorf("it is %s by %s for %q", a.State, actor, a.Reason)
				}
				states, _ := commandsIn(h.book.all(), c.act.Kind+" "+c.alarm)
				if !slices.Equal(states, []facility.CommandState{facility.CommandRequested, facility.CommandJournaled, facility.CommandConfirmed}) {
					t.Errorf("the request went %v", states)
				}
			})
		})
	}
}

func TestARequestToSilenceAnAlarmIsWithdrawn(t *testing.T) {
	story(t, func(t *testing.T, h *house) {
		c := pairCases()[1]
		name := c.act.Kind + " " + c.alarm
		c.raise(h)
		time.Sleep(10 * time.Second)
		c.asks(h, "late", "work")
		time.Sleep(hideWithin + 2*time.Second)
		if states, _ := commandsIn(h.book.all(), name); !slices.Equal(states, []facility.CommandState{facility.CommandRequested, facility.CommandExpired}) {
			t.Errorf("nobody signed: the request went %v", states)
		}
		if res := h.signs("late", "lee", "browser:two"); res.Code != http.StatusConflict {
			t.Errorf("signed too late: %+v", res)
		}
		if res := c.asks(h, "again", "work"); res.Code != http.StatusAccepted {
			t.Errorf("asked again: %+v", res)
		}
		if res := h.do(facility.Act{ID: "x", Kind: ActCancel, Subject: "again", By: []string{"park"}, Station: "browser:three"}); res.Code != http.StatusOK {
			t.Errorf("withdrawn: %+v", res)
		}
		if res := h.signs("again", "lee", "browser:two"); res.Code != http.StatusConflict {
			t.Errorf("signed what was withdrawn: %+v", res)
		}
		if a, _ := h.alarm(c.alarm); a.State != facility.AlarmUnacked {
			t.Errorf("it is %s", a.State)
		}
	})
}

// What the two agreed on is judged once more when the second signs: the alarm may have gone meanwhile.
func TestASignatureUnderAnAlarmThatIsGoneDoesNothing(t *testing.T) {
	story(t, func(t *testing.T, h *house) {
		c := pairCases()[0]
		c.raise(h)
		time.Sleep(10 * time.Second)
		c.asks(h, "r1", "known")
		h.do(facility.Act{ID: "a", Kind: "alarm.ack", Subject: c.alarm, By: []string{"park"}})
		h.set("demo/ups-a/ups/ctl/low-battery", 0)
		time.Sleep(2 * time.Minute)
		if a, _ := h.alarm(c.alarm); a.State != facility.AlarmNormal {
			t.Fatalf("it is %s", a.State)
		}
		if res := h.signs("r1", "lee", "browser:two"); res.Code != http.StatusConflict {
			t.Errorf("signed: %+v", res)
		}
		states, _ := commandsIn(h.book.all(), c.act.Kind+" "+c.alarm)
		if !slices.Equal(states, []facility.CommandState{facility.CommandRequested, facility.CommandJournaled, facility.CommandFailed}) {
			t.Errorf("the request went %v", states)
		}
		refused := slices.ContainsFunc(h.book.all(), func(e journal.Entry) bool { return e.Kind == KindRefusal && e.Actor == "lee" })
		if !refused {
			t.Error("the refused signature is not in the journal")
		}
	})
}

// Whoever names two persons in one request has not asked two persons.
func TestTwoNamesInOneRequestAreNotTwoPersons(t *testing.T) {
	story(t, func(t *testing.T, h *house) {
		for _, c := range pairCases() {
			c.raise(h)
			time.Sleep(10 * time.Second)
			act := c.act
			act.ID, act.Subject, act.By, act.Station, act.Reason = "both", c.alarm, []string{"kim", "lee"}, "browser:one", "work"
			if res := h.engine.Do(t.Context(), act); res.Code != http.StatusForbidden {
				t.Errorf("%s: %+v", c.what, res)
			}
		}
	})
}
