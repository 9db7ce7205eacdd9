package facility

import (
	"bytes"
	"encoding/csv"
	"slices"
	"testing"
	"time"
)

// An alarm behind its cause says so in the table, the cause says what it cuts, and no text becomes a formula.
func TestWrittenAlarmsNameTheirCauses(t *testing.T) {
	site := &Site{Alarms: []AlarmRule{{ID: "ats-failed", Cuts: CutsPower}, {ID: "off"}}}
	raised := time.Date(2026, 3, 1, 9, 0, 0, 5e6, time.FixedZone("KST", 9*3600))
	cause := Alarm{ID: "ats-failed@ats", Rule: "ats-failed", State: AlarmUnacked, Priority: 2, Quality: Good, Raised: &raised}
	follows := Alarm{ID: "off@ch", Rule: "off", State: AlarmSuppressed, Priority: 3, Parent: cause.ID, Reason: "=1+1"}
	var out bytes.Buffer
	if err := WriteAlarmRows(&out, site, []AlarmRow{{Alarm: cause}, {Alarm: follows, Cause: cause.ID, Path: CutsPower}}, ListOptions{}); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	cell := func(row int, name string) string { return rows[row][slices.Index(rows[0], name)] }
	for _, want := range []struct {
		row       int
		name, say string
	}{
		{1, "cuts", "power"}, {1, "parent", ""}, {1, "raised", "2026-03-01T00:00:00.005Z"}, {1, "quality", "good"}, {1, "acked", ""},
		{2, "cuts", ""}, {2, "parent", cause.ID}, {2, "cause", cause.ID}, {2, "path", "power"}, {2, "state", "suppressed"}, {2, "reason", "'=1+1"},
	} {
		if got := cell(want.row, want.name); got != want.say {
			t.Errorf("%s of row %d is %q, want %q", want.name, want.row, got, want.say)
		}
	}
}
