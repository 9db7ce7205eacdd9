package ui

import (
	"testing"
	"time"

	"bongsu/facility"
)

// How long the operator has is the master alarm list's word, as it stands now.
func TestAnAlarmSaysHowLongTheOperatorHas(t *testing.T) {
	site := &facility.Site{Alarms: []facility.AlarmRule{{ID: "hot", Respond: 2 * time.Minute}, {ID: "quiet"}}}
	m := NewModel(site, "en")
	for rule, want := range map[string]int{"hot": 120, "quiet": 0, "comms": 0} {
		if got := m.viewAlarm(facility.Alarm{ID: rule + "@x", Rule: rule}).Respond; got != want {
			t.Errorf("%s: %d s, want %d", rule, got, want)
		}
	}
}
