package rules

import (
	"fmt"
	"math"
	"net/http"
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

// ActAcceptBand is the act by which a person takes what a point shows now as its new normal. Its subject is the point.
// Whoever learns the band reads it in the journal and begins anew from its moment on.
const ActAcceptBand = "band.accept"

// AcceptsBand says whether a journalled act begins a point's band anew.
func AcceptsBand(act facility.Act) bool {
	return act.Kind == ActAcceptBand && act.Subject != "" && act.Reason != ""
}

// acceptBand journals the act and ends what the old band called for.
func (e *Engine) acceptBand(now time.Time, r actRequest, entry journal.Draft) (seq uint64) {
	recs, res := e.alarms.AcceptBand(now, r.act)
	if res.Code != http.StatusOK {
		entry = refusalDraft(r.act, res)
	}
	drafts := []journal.Draft{entry}
	for _, a := range recs {
		drafts = append(drafts, alarmDraft(a, entry.Actor))
	}
	seq = e.write(drafts, fsyncPatience)
	res.Seq = seq
	r.answer <- res
	return seq
}

// AcceptBand ends the alarm of a point's band and forgets its last hour, so that the band stands still until other
// values have filled it: 45 minutes, in which the bands that were learned anew come in force. Codes are those of Act.
func (e *Alarms) AcceptBand(now time.Time, act facility.Act) ([]facility.Alarm, facility.ActResult) {
	e.tick(now)
	if act.Reason == "" {
		return nil, facility.ActResult{Code: http.StatusUnprocessableEntity, Detail: "say why what the point shows now is its new normal"}
	}
	found := false
	for i := range e.alarms {
		a := &e.alarms[i]
		if a.kind != bandAlarm || string(a.point) != act.Subject {
			continue
		}
		found = true
		c, ok := a.calc.calc.(*bandCalc)
		if !ok {
			continue
		}
		c.forget()
		switch a.process {
		case processPendingOn:
			e.unpend(a, processNormal)
		case processActive, processPendingOff:
			a.rec.Reason = act.Reason
			e.comeBack(a)
		}
	}
	if !found {
		return nil, facility.ActResult{Code: http.StatusNotFound, Detail: fmt.Sprintf("%q has no band", act.Subject)}
	}
	return e.flush(), facility.ActResult{Code: http.StatusOK}
}

// forget lets go of the last hour.
func (c *bandCalc) forget() {
	c.rows, c.last, c.verdict = nil, math.MinInt64, blindVerdict
}
