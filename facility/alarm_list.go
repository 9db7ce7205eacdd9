package facility

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// masterColumn is one column of a written master alarm list.
type masterColumn struct {
	name, ko string
	show     func(s *Site, r *AlarmRule) string
}

// masterColumns are those of a written master alarm list, in order.
var masterColumns = []masterColumn{
	{"id", "경보", func(_ *Site, r *AlarmRule) string { return r.ID }},
	{"points", "포인트", func(_ *Site, r *AlarmRule) string { return r.Points }},
	{"alarms", "경보 수", func(s *Site, r *AlarmRule) string { return strconv.Itoa(len(s.PointsMatching(r.Points))) }},
	{"text_ko", "내용(한글)", func(_ *Site, r *AlarmRule) string { return r.Text.KO }},
	{"text_en", "내용(영문)", func(_ *Site, r *AlarmRule) string { return r.Text.EN }},
	{"cause", "조건", describeCause},
	{"consequence_ko", "영향(한글)", func(_ *Site, r *AlarmRule) string { return r.Consequence.KO }},
	{"consequence_en", "영향(영문)", func(_ *Site, r *AlarmRule) string { return r.Consequence.EN }},
	{"action_ko", "조치(한글)", func(_ *Site, r *AlarmRule) string { return r.Action.KO }},
	{"action_en", "조치(영문)", func(_ *Site, r *AlarmRule) string { return r.Action.EN }},
	{"respond", "대응시간", func(_ *Site, r *AlarmRule) string { return someTime(r.Respond) }},
	{"priority", "우선순위", func(_ *Site, r *AlarmRule) string { return "P" + strconv.Itoa(r.Priority) }},
	{"class", "분류", func(_ *Site, r *AlarmRule) string { return r.Class }},
	{"latch", "래치", func(_ *Site, r *AlarmRule) string { return map[bool]string{true: "yes"}[r.Latch] }},
	{"deadband", "불감대", describeBand},
	{"on_delay", "발생 지연", func(_ *Site, r *AlarmRule) string { return someTime(r.OnDelay) }},
	{"off_delay", "복귀 지연", func(_ *Site, r *AlarmRule) string { return someTime(r.OffDelay) }},
	{"shelving", "보류", func(_ *Site, r *AlarmRule) string { return describeShelving(r) }},
	{"suppressed_when", "설계상 억제", func(_ *Site, r *AlarmRule) string { return describeSuppress(r) }},
	{"cuts", "끊는 경로", func(_ *Site, r *AlarmRule) string { return r.Cuts }},
	{"follows", "따르는 경로", func(_ *Site, r *AlarmRule) string { return describeFollows(r) }},
}

func someTime(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return writeDuration(d)
}

// describeCause writes the condition of a rule in one cell.
func describeCause(s *Site, r *AlarmRule) string {
	refs := s.PointsMatching(r.Points)
	unit := ""
	if len(refs) > 0 && s.Points[refs[0]].Unit != "-" {
		unit = " " + s.Points[refs[0]].Unit
	}
	limit := writeNumber(r.Limit) + unit
	with := strings.Join(r.With, ", ")
	switch r.Kind {
	case "stale":
		return "stale"
	case "frozen":
		return fmt.Sprintf("frozen for %s", writeDuration(r.Window))
	case "rate":
		return fmt.Sprintf("rate %s/min over %s", limit, writeDuration(r.Window))
	case "deviation", "discrepancy":
		return fmt.Sprintf("%s %s from %s", r.Kind, limit, with)
	case "expression":
		var names []string
		for _, name := range slices.Sorted(maps.Keys(r.Inputs)) {
			names = append(names, name+": "+r.Inputs[name])
		}
		return strings.TrimSpace(fmt.Sprintf("%s; %s", r.Expr, strings.Join(names, ", ")))
	case "vote":
		return fmt.Sprintf("%d of %d at %s with %s", r.Vote, len(r.With)+1, limit, with)
	case "band":
		return strings.TrimSpace(fmt.Sprintf("%s spreads off what was learned %s", writeNumber(r.Spreads()), with))
	case "count":
		return fmt.Sprintf("%d times %s within %s", r.Count, limit, writeDuration(r.Window))
	}
	return r.Kind + " " + limit
}

// describeFollows says which lost supply may explain the alarm, so that it steps behind the alarm that tells of the loss.
func describeFollows(r *AlarmRule) string {
	switch {
	case NeverHidden(r.Class) || r.Priority <= 1 || r.Follows == FollowsNone:
		return "nothing"
	case r.Class == "cooling":
		return CutsPower + ", " + CutsCooling
	}
	return CutsPower
}

// describeBand writes the deadband that is in force.
func describeBand(s *Site, r *AlarmRule) string {
	refs := s.PointsMatching(r.Points)
	if r.Deadband != 0 || r.OwnBand || len(refs) == 0 {
		return writeNumber(r.Deadband)
	}
	return writeNumber(StartingDeadband(&s.Points[refs[0]]))
}

// describeShelving says for how long a person may hide the alarm.
func describeShelving(r *AlarmRule) string {
	most := r.LongestShelf()
	if most == 0 {
		return "never"
	}
	return writeDuration(most)
}

// LongestShelf is for how long a person may hide an alarm of the rule: fire and life safety never,
// priority 1 an hour, the others one long shift.
func (r *AlarmRule) LongestShelf() time.Duration { return LongestShelf(r.Class, r.Priority) }

// LongestShelf is for how long a person may hide an alarm of a class and a priority; 0 for never.
func LongestShelf(class string, priority int) time.Duration {
	switch {
	case class == "fire" || class == "safety":
		return 0
	case priority <= 1:
		return time.Hour
	}
	return 12 * time.Hour
}

// WriteAlarms writes the master alarm list of a site as a table that spreadsheets open, a rule a line.
func WriteAlarms(w io.Writer, s *Site, opts ListOptions) error {
	var out bytes.Buffer
	if opts.Mark {
		out.WriteString("\ufeff")
	}
	table := csv.NewWriter(&out)
	row := make([]string, len(masterColumns))
	for i, c := range masterColumns {
		row[i] = c.name
		if opts.Korean {
			row[i] = c.ko
		}
	}
	_ = table.Write(row)
	for k := range s.Alarms {
		for i, c := range masterColumns {
			row[i] = guard(c.show(s, &s.Alarms[k]))
		}
		_ = table.Write(row) // a buffer takes everything
	}
	table.Flush()
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write the alarm list: %w", err)
	}
	return nil
}
