package facility

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"time"
)

// AlarmRow is one line of a written list of alarms: its record and what it follows from.
type AlarmRow struct {
	Alarm
	Cause string // the alarm it is folded under, empty for none
	Path  string // on which it follows: power, cooling or comms
}

// alarmColumn is one column of a written list of alarms.
type alarmColumn struct {
	name, ko string
	show     func(s *Site, r *AlarmRow) string
}

// alarmColumns are those of a written list of alarms, in order.
var alarmColumns = []alarmColumn{
	{"id", "경보", func(_ *Site, r *AlarmRow) string { return r.ID }},
	{"state", "상태", func(_ *Site, r *AlarmRow) string { return string(r.State) }},
	{"priority", "우선순위", func(_ *Site, r *AlarmRow) string { return "P" + strconv.Itoa(r.Priority) }},
	{"class", "분류", func(_ *Site, r *AlarmRow) string { return r.Class }},
	{"text_ko", "내용(한글)", func(_ *Site, r *AlarmRow) string { return r.Text.KO }},
	{"text_en", "내용(영문)", func(_ *Site, r *AlarmRow) string { return r.Text.EN }},
	{"asset", "설비", func(_ *Site, r *AlarmRow) string { return string(r.Asset) }},
	{"point", "포인트", func(_ *Site, r *AlarmRow) string { return string(r.Point) }},
	{"raised", "발생", func(_ *Site, r *AlarmRow) string { return writeMoment(r.Raised) }},
	{"source", "원천 시각", func(_ *Site, r *AlarmRow) string { return writeMoment(r.Source) }},
	{"called", "알림 시작", func(_ *Site, r *AlarmRow) string { return writeMoment(r.Called) }},
	{"acked", "확인", func(_ *Site, r *AlarmRow) string { return writeMoment(r.Acked) }},
	{"acked_by", "확인자", func(_ *Site, r *AlarmRow) string { return r.AckedBy }},
	{"returned", "복귀", func(_ *Site, r *AlarmRow) string { return writeMoment(r.Returned) }},
	{"value", "값", func(_ *Site, r *AlarmRow) string { return writeNumber(r.Value) }},
	{"limit", "한계", func(_ *Site, r *AlarmRow) string { return writeNumber(r.Limit) }},
	{"unit", "단위", func(_ *Site, r *AlarmRow) string { return r.Unit }},
	{"quality", "품질", func(_ *Site, r *AlarmRow) string { return r.Quality.String() }},
	{"count", "횟수", func(_ *Site, r *AlarmRow) string { return strconv.Itoa(r.Count) }},
	{"parent", "상위 경보", func(_ *Site, r *AlarmRow) string { return r.Parent }},
	{"cause", "원인 경보", func(_ *Site, r *AlarmRow) string { return r.Cause }},
	{"path", "원인 경로", func(_ *Site, r *AlarmRow) string { return r.Path }},
	{"cuts", "끊는 경로", func(s *Site, r *AlarmRow) string { return s.cutsOf(r.Rule) }},
	{"shelved_to", "보류 종료", func(_ *Site, r *AlarmRow) string { return writeMoment(r.ShelvedTo) }},
	{"work_order", "작업 번호", func(_ *Site, r *AlarmRow) string { return r.WorkOrder }},
	{"reason", "사유", func(_ *Site, r *AlarmRow) string { return r.Reason }},
}

// writeMoment writes a time as the API does, nothing for none.
func writeMoment(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// cutsOf is the path that alarms of a rule cut.
func (s *Site) cutsOf(rule string) string {
	for i := range s.Alarms {
		if s.Alarms[i].ID == rule {
			return s.Alarms[i].Cuts
		}
	}
	return ""
}

// WriteAlarmRows writes alarms as a table that spreadsheets open, one a line in the order given.
func WriteAlarmRows(w io.Writer, s *Site, rows []AlarmRow, opts ListOptions) error {
	var out bytes.Buffer
	if opts.Mark {
		out.WriteString("\ufeff")
	}
	table := csv.NewWriter(&out)
	cells := make([]string, len(alarmColumns))
	for i, c := range alarmColumns {
		cells[i] = c.name
		if opts.Korean {
			cells[i] = c.ko
		}
	}
	_ = table.Write(cells)
	for k := range rows {
		for i, c := range alarmColumns {
			cells[i] = guard(c.show(s, &rows[k]))
		}
		_ = table.Write(cells) // a buffer takes everything
	}
	table.Flush()
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write the alarms: %w", err)
	}
	return nil
}
