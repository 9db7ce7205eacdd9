package rules

import (
	"strings"
	"testing"
	"time"

	"bongsu/facility"
)

// One row for each line of the table of transitions that ISA-18.2 is described by. The words play
// one alarm: on and off move its value and let the delay pass, the others are acts of a person or of
// the design. The last word is the event of the row; code is its answer where it is an act.
func TestTransitions(t *testing.T) {
	const plain, latch, fire = "temp-high@x/bms/temp", "heat-high@x/bms/heat", "fire-high@x/bms/fire"
	for _, tt := range []struct {
		name  string
		alarm string
		play  string
		want  facility.AlarmState
		occ   uint64
		count int
		code  int
	}{
		{"A condition shorter than the delay", plain, "blip", facility.AlarmNormal, 0, 0, 0},
		{"A condition true for the on-delay", plain, "on", facility.AlarmUnacked, 1, 1, 0},
		{"A acknowledge", plain, "on ack off ack", facility.AlarmNormal, 1, 1, 409},
		{"A shelve", plain, "on ack off shelve", facility.AlarmNormal, 1, 1, 409},
		{"A reset", plain, "on ack off reset", facility.AlarmNormal, 1, 1, 409},
		{"A never raised", plain, "ack", facility.AlarmNormal, 0, 0, 404},
		{"A again is a new occurrence", plain, "on ack off on", facility.AlarmUnacked, 2, 1, 0},
		{"B acknowledge", plain, "on ack", facility.AlarmAcked, 1, 1, 200},
		{"B condition false", plain, "on off", facility.AlarmReturned, 1, 1, 0},
		{"B condition false, latching", latch, "on off", facility.AlarmLatchedUnacked, 1, 1, 0},
		{"B inside the deadband", plain, "on inside", facility.AlarmUnacked, 1, 1, 0},
		{"B false for less than the off-delay", plain, "on dip", facility.AlarmUnacked, 1, 1, 0},
		{"B reset", latch, "on reset", facility.AlarmUnacked, 1, 1, 409},
		{"C acknowledge again", plain, "on ack ack", facility.AlarmAcked, 1, 1, 409},
		{"C condition clears", plain, "on ack off", facility.AlarmNormal, 1, 1, 0},
		{"C condition clears, latching", latch, "on ack off", facility.AlarmLatchedAcked, 1, 1, 0},
		{"C reset", latch, "on ack reset", facility.AlarmAcked, 1, 1, 409},
		{"D acknowledge", plain, "on off ack", facility.AlarmNormal, 1, 1, 200},
		{"D condition again", plain, "on off on", facility.AlarmUnacked, 1, 2, 0},
		{"D reset", plain, "on off reset", facility.AlarmReturned, 1, 1, 409},
		{"E acknowledge", latch, "on off ack", facility.AlarmLatchedAcked, 1, 1, 200},
		{"E reset", latch, "on off reset", facility.AlarmNormal, 1, 1, 200},
		{"E condition again", latch, "on off on", facility.AlarmUnacked, 1, 2, 0},
		{"F reset", latch, "on ack off reset", facility.AlarmNormal, 1, 1, 200},
		{"F reset on bad data", latch, "on ack off bad reset", facility.AlarmLatchedAcked, 1, 1, 409},
		{"F reset on uncertain data", latch, "on ack off uncertain reset", facility.AlarmLatchedAcked, 1, 1, 409},
		{"F reset while the condition comes back", latch, "on ack off rising reset", facility.AlarmLatchedAcked, 1, 1, 409},
		{"F condition again is a new occurrence", latch, "on ack off on", facility.AlarmUnacked, 2, 1, 0},
		{"B shelve", plain, "on shelve", facility.AlarmShelved, 1, 1, 200},
		{"C shelve", plain, "on ack shelve", facility.AlarmShelved, 1, 1, 200},
		{"D shelve", plain, "on off shelve", facility.AlarmShelved, 1, 1, 200},
		{"E shelve", latch, "on off shelve", facility.AlarmShelved, 1, 1, 200},
		{"F shelve", latch, "on ack off shelve", facility.AlarmShelved, 1, 1, 200},
		{"B shelve, class fire", fire, "on shelve", facility.AlarmUnacked, 1, 1, 409},
		{"B shelve too long", plain, "on shelve-day", facility.AlarmUnacked, 1, 1, 422},
		{"B shelve for no time", plain, "on shelve-ever", facility.AlarmUnacked, 1, 1, 422},
		{"G acknowledge", plain, "on shelve ack", facility.AlarmShelved, 1, 1, 409},
		{"G goes on counting", plain, "on shelve off on", facility.AlarmShelved, 1, 2, 0},
		{"G goes on counting although acknowledged", plain, "on ack shelve off on", facility.AlarmShelved, 1, 2, 0},
		{"G timer, active", plain, "on ack shelve wait", facility.AlarmUnacked, 1, 1, 0},
		{"G timer, not active", plain, "on shelve off wait", facility.AlarmNormal, 1, 1, 0},
		{"G timer, latched", latch, "on ack off shelve wait", facility.AlarmLatchedUnacked, 1, 1, 0},
		{"G one-shot stays while active", plain, "on once", facility.AlarmShelved, 1, 1, 200},
		{"G one-shot ends with the condition", plain, "on once off", facility.AlarmNormal, 1, 1, 0},
		{"G unshelve, active", plain, "on shelve unshelve", facility.AlarmAcked, 1, 1, 200},
		{"G unshelve, not active", plain, "on shelve off unshelve", facility.AlarmNormal, 1, 1, 200},
		{"G unshelve, latched", latch, "on off shelve unshelve", facility.AlarmLatchedAcked, 1, 1, 200},
		{"B unshelve", plain, "on unshelve", facility.AlarmUnacked, 1, 1, 409},
		{"A design", plain, "design", facility.AlarmSuppressed, 0, 0, 0},
		{"B design", plain, "on design", facility.AlarmSuppressed, 1, 1, 0},
		{"H raises silently", plain, "design on", facility.AlarmSuppressed, 1, 1, 0},
		{"H acknowledge", plain, "design on ack", facility.AlarmSuppressed, 1, 1, 409},
		{"H ends, active", plain, "design on undesign", facility.AlarmUnacked, 1, 1, 0},
		{"H ends, acknowledged before", plain, "on ack design undesign", facility.AlarmAcked, 1, 1, 0},
		{"H ends, not active", plain, "design undesign", facility.AlarmNormal, 0, 0, 0},
		{"A out of service", plain, "out", facility.AlarmOutOfService, 0, 0, 200},
		{"B out of service", plain, "on out", facility.AlarmOutOfService, 1, 1, 200},
		{"B out of service without a work order", plain, "on out-bare", facility.AlarmUnacked, 1, 1, 422},
		{"B out of service alone, class fire", fire, "on out-alone", facility.AlarmUnacked, 1, 1, 403},
		{"B out of service by two, class fire", fire, "on out", facility.AlarmOutOfService, 1, 1, 200},
		{"I again", plain, "out out", facility.AlarmOutOfService, 0, 0, 409},
		{"I goes on counting", plain, "out on", facility.AlarmOutOfService, 1, 1, 0},
		{"I beats shelved and design", plain, "on shelve design out", facility.AlarmOutOfService, 1, 1, 200},
		{"I back without a test", plain, "out in-bare", facility.AlarmOutOfService, 0, 0, 422},
		{"I back, active", plain, "on ack out in", facility.AlarmUnacked, 1, 1, 200},
		{"I back, not active", plain, "on out off in", facility.AlarmNormal, 1, 1, 200},
		{"I back, latched", latch, "on out off in", facility.AlarmLatchedUnacked, 1, 1, 200},
		{"B bad data freezes", plain, "on bad", facility.AlarmUnacked, 1, 1, 0},
		{"A bad data never raises", plain, "bad", facility.AlarmNormal, 0, 0, 0},
		{"D bad data", plain, "on off bad ack", facility.AlarmNormal, 1, 1, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRoom(t)
			code := 0
			for word := range strings.FieldsSeq(tt.play) {
				code = play(r, tt.alarm, word)
			}
			got, _ := r.e.Get(tt.alarm)
			if r.state(tt.alarm) != tt.want || got.Occurrence != tt.occ || got.Count != tt.count || code != tt.code {
				t.Errorf("%s occurrence %d count %d code %d, want %s %d %d %d",
					r.state(tt.alarm), got.Occurrence, got.Count, code, tt.want, tt.occ, tt.count, tt.code)
			}
			open := 0
			for _, a := range r.e.Open() {
				if a.ID == tt.alarm {
					open++
				}
			}
			if want := map[bool]int{true: 0, false: 1}[tt.want == facility.AlarmNormal]; open != want {
				t.Errorf("it is %d times among the open alarms", open)
			}
		})
	}
}

func play(r *room, id, word string) int {
	_, point, _ := strings.Cut(id, "@")
	set := func(v float64, wait time.Duration) int {
		r.set(point, v)
		r.pass(wait)
		return 0
	}
	switch word {
	case "on":
		return set(70, 6*time.Second)
	case "off":
		return set(20, 11*time.Second)
	case "inside":
		return set(58, time.Minute)
	case "rising":
		return set(70, time.Second)
	case "blip":
		set(70, 4*time.Second)
		return set(59, time.Minute)
	case "dip":
		set(20, 9*time.Second)
		return set(59, time.Minute)
	case "bad":
		r.bad(point, facility.Bad, facility.OutOfRange)
	case "uncertain":
		r.give(point, facility.Sample{Quality: facility.Uncertain, Value: 20})
	case "wait":
	case "design", "undesign":
		r.took(r.e.Suppress(r.now, id, word == "design", "tripped on purpose"))
		return 0
	case "ack", "reset", "unshelve":
		return r.act("alarm."+word, id).Code
	case "shelve":
		return r.act("alarm.shelve", id, "seconds", "30").Code
	case "shelve-day":
		return r.act("alarm.shelve", id, "seconds", "86400").Code
	case "shelve-ever":
		return r.act("alarm.shelve", id).Code
	case "once":
		return r.act("alarm.shelve", id, "once", "true").Code
	case "out":
		return r.act("alarm.out-of-service", id, "work_order", "WO-7").Code
	case "out-bare":
		return r.act("alarm.out-of-service", id).Code
	case "out-alone":
		_, result := r.e.Act(r.now, facility.Act{
			Kind: "alarm.out-of-service", Subject: id, By: []string{"kim"}, Reason: "watch on site", Args: map[string]string{"work_order": "WO-7"},
		})
		return result.Code
	case "in":
		return r.act("alarm.in-service", id, "function_test", "passed").Code
	case "in-bare":
		return r.act("alarm.in-service", id).Code
	default:
		r.t.Fatalf("nobody knows how to play %q", word)
	}
	r.pass(time.Minute)
	return 0
}

func TestConditions(t *testing.T) {
	for _, tt := range []struct {
		kind        string
		value       float64
		holds, gone bool
	}{
		{"high", 60, true, false}, {"high", 60.1, true, false}, {"high", 59.9, false, false},
		{"high", 58, false, false}, {"high", 57.9, false, true},
		{"low", 60, true, false}, {"low", 59.9, true, false}, {"low", 60.1, false, false},
		{"low", 62, false, false}, {"low", 62.1, false, true},
		{"state", 60, true, false}, {"state", 61, false, true}, {"state", 59, false, true},
	} {
		l := limitOf(&facility.AlarmRule{Kind: tt.kind, Limit: 60, Deadband: 2}, &facility.Point{Kind: "analog"})
		if got, want := l.judge(tt.value), conditionOf(tt.holds, tt.gone); got != want {
			t.Errorf("%s 60 with deadband 2 at %v: %v, want %v", tt.kind, tt.value, got, want)
		}
	}
}

func TestRulesThatCannotBeKeptApartAreRefused(t *testing.T) {
	site := siteOf(t, alarmSite)
	for name, change := range map[string]func(*facility.AlarmRule){
		"no id":           func(r *facility.AlarmRule) { r.ID = "" },
		"a space":         func(r *facility.AlarmRule) { r.ID = "temp high" },
		"an at":           func(r *facility.AlarmRule) { r.ID = "temp@high" },
		"a reserved name": func(r *facility.AlarmRule) { r.ID = "sensor" },
		"an unknown kind": func(r *facility.AlarmRule) { r.Kind = "sideways" },
		"a second rule of one name on one point": func(r *facility.AlarmRule) {
			r.ID, r.Points = "heat-high", "x/bms/heat"
		},
	} {
		t.Run(name, func(t *testing.T) {
			changed := *site
			changed.Alarms = append([]facility.AlarmRule(nil), site.Alarms...)
			change(&changed.Alarms[0])
			if _, err := NewAlarms(&changed); err == nil {
				t.Error("it was accepted")
			}
		})
	}
}
