package ui

import (
	"bytes"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"bongsu/facility"
)

// exportAlarms answers alarms as a table that spreadsheets open: those of one displayed state, of open, or all that were
// ever raised. Beside each stand what it stands behind and what it follows from. With lang=ko the headers are Korean.
func (s *Server) exportAlarms(c *gin.Context) {
	match, p := alarmsIn{State: c.DefaultQuery("state", "open")}.match()
	if p != nil {
		sendProblem(c.Writer, p)
		return
	}
	var out bytes.Buffer
	rows := s.cfg.Model.alarmRows(match)
	if err := facility.WriteAlarmRows(&out, s.cfg.Model.site().Site, rows, facility.ListOptions{Mark: true, Korean: c.Query("lang") == "ko"}); err != nil {
		sendProblem(c.Writer, problem(http.StatusInternalServerError, "The table could not be written."))
		return
	}
	c.Header("Content-Disposition", `attachment; filename="alarms-`+time.Now().UTC().Format("20060102T150405Z")+`.csv"`)
	c.Data(http.StatusOK, "text/csv; charset=utf-8", out.Bytes())
}

// alarmRows lists alarms with what each follows from, in the order of the alarm list. Causes that do not match still name
// what follows from them.
func (m *Model) alarmRows(match func(facility.Alarm) bool) []facility.AlarmRow {
	found := m.alarmsWhere(func(facility.Alarm) bool { return true })
	all := make([]facility.Alarm, 0, len(found))
	for _, v := range found {
		if isOpen(v.Alarm) {
			all = append(all, v.Alarm)
		}
	}
	causes, paths := map[string]string{}, map[string]string{}
	groups, _ := m.site().grouper().Following(all)
	for _, g := range groups {
		for _, id := range slices.Concat(g.Alarms, g.Urgent) {
			if !slices.Contains(g.Causes, id) {
				causes[id], paths[id] = g.Cause, g.Path
			}
		}
	}
	rows := []facility.AlarmRow{}
	for _, v := range found {
		if match(v.Alarm) {
			rows = append(rows, facility.AlarmRow{Alarm: v.Alarm, Cause: causes[v.ID], Path: paths[v.ID]})
		}
	}
	return rows
}
