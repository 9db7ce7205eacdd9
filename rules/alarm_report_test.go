package rules

import (
	"fmt"
	"testing"
	"time"

	"bongsu/facility"
)

// aMonth is a reporter over 30 days, and a pen that writes records into it.
func aMonth(t *testing.T) (*AlarmReporter, func(at time.Duration, id string, change func(*facility.Alarm))) {
	t.Helper()
	r := NewAlarmReporter(groupSite(), floodNoon, floodNoon.Add(30*24*time.Hour))
	records := map[string]*facility.Alarm{}
	return r, func(at time.Duration, id string, change func(*facility.Alarm)) {
		a := records[id]
		if a == nil {
			a = &facility.Alarm{ID: id, Class: "power", Priority: 3}
			records[id] = a
		}
		change(a)
		a.Revision++
		r.Take(floodNoon.Add(at), *a)
	}
}

func comes(a *facility.Alarm) {
	a.Active, a.State, a.Occurrence, a.Count = true, facility.AlarmUnacked, a.Occurrence+1, 1
}

func goes(a *facility.Alarm) { a.Active, a.State = false, facility.AlarmNormal }

func figures(t *testing.T, r *AlarmReporter) (AlarmReport, map[string]AlarmFigure) {
	t.Helper()
	reports := r.Report()
	if len(reports) != 1 {
		t.Fatalf("%d positions", len(reports))
	}
	out := map[string]AlarmFigure{}
	for _, row := range reports[0].Rows {
		out[row.Name] = row
	}
	return reports[0], out
}

func TestAQuietMonthMeetsEveryFigure(t *testing.T) {
	r, write := aMonth(t)
	for day := range 30 {
		for i := range 24 {
			id := fmt.Sprintf("a%d", day*24+i) // every alarm its own cause
			at := time.Duration(day*24+i) * time.Hour
			write(at, id, func(a *facility.Alarm) {
				comes(a)
				a.Priority = []int{3, 4, 3, 4, 3, 4, 3, 4, 2, 3, 4, 3, 4, 3, 4, 3, 4, 2, 3, 4, 3, 4, 1, 3}[i]
			})
			write(at+time.Minute, id, func(a *facility.Alarm) { a.State = facility.AlarmAcked })
			write(at+2*time.Minute, id, goes)
		}
	}
	report, rows := figures(t, r)
	if report.Alarms != 720 || report.Floods != 0 {
		t.Errorf("%d alarms, %d floods", report.Alarms, report.Floods)
	}
	for name, row := range rows {
		if !row.Met {
			t.Errorf("%s is %v, which misses %v", name, row.Value, row.Limit)
		}
	}
	if got := rows["average"].Value; got < 0.16 || got > 0.17 {
		t.Errorf("%v alarms in ten minutes, want one in an hour", got)
	}
}

func TestAStormShowsInEveryFigure(t *testing.T) {
	r, write := aMonth(t)
	for i := range 20 { // 20 within 200 s, ended 10 minutes after the sixteenth
		write(time.Duration(i)*10*time.Second, fmt.Sprint(i), func(a *facility.Alarm) { comes(a); a.Priority = 1 })
	}
	for i := range 4 { // a relay that chatters two hours later
		at := 2*time.Hour + time.Duration(i)*15*time.Second
		write(at, "relay", comes)
		write(at+time.Second, "relay", goes)
	}
	for i := range 6 { // six that nobody sees to
		write(3*time.Hour, fmt.Sprint("old", i), comes)
		write(3*time.Hour+50*time.Hour, fmt.Sprint("old", i), goes)
	}
	to := floodNoon.Add(100 * time.Hour)
	write(4*time.Hour, "0", func(a *facility.Alarm) { a.Class, a.State, a.ShelvedTo = "fire", facility.AlarmShelved, &to })
	write(4*time.Hour, "1", func(a *facility.Alarm) { a.State = facility.AlarmOutOfService })
	write(4*time.Hour, "2", func(a *facility.Alarm) { a.State, a.WorkOrder = facility.AlarmOutOfService, "WO-1" })
	for i := range 20 {
		write(5*time.Hour, fmt.Sprint(i), goes)
	}
	report, rows := figures(t, r)
	for name, want := range map[string]float64{
		"most-in-10-min": 20, "chattering": 1, "standing-a-day": 6, "hidden-without-leave": 2, "periods-over-10": 100. / 4320,
		"top-10-share": 100 * 13. / 30, "share-p1": 100 * 20. / 30,
	} {
		row := rows[name]
		if d := row.Value - want; d > 1e-9 || d < -1e-9 {
			t.Errorf("%s is %v, want %v", name, row.Value, want)
		}
		if row.Met != (name == "periods-over-10") {
			t.Errorf("%s: met is %v", name, row.Met)
		}
	}
	// Begun by the eleventh alarm at 100 s, ended when the sixteenth left the window at 150 s + 10 min.
	if want := 100 * (650 * time.Second).Seconds() / (30 * 24 * time.Hour).Seconds(); report.Floods != 1 || rows["time-in-flood"].Value != want {
		t.Errorf("%d floods, %v %% of the time, want %v", report.Floods, rows["time-in-flood"].Value, want)
	}
	if len(report.Top) != 10 || report.Top[0] != (AlarmTally{"relay", 4}) || len(report.Chatter) != 1 {
		t.Errorf("top %v, chatter %v", report.Top, report.Chatter)
	}
}

// What was told before the time only says what stood when it began; what comes after does not count.
func TestOnlyTheTimeAskedForCounts(t *testing.T) {
	r, write := aMonth(t)
	write(-30*time.Hour, "before", comes)
	write(31*24*time.Hour, "after", comes)
	report, rows := figures(t, r)
	if report.Alarms != 0 || rows["standing-a-day"].Value != 1 || !rows["top-10-share"].Met {
		t.Errorf("%d alarms, %v", report.Alarms, rows["standing-a-day"])
	}
}
