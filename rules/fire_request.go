package rules

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"bongsu/facility"
	"bongsu/rules/fire"
)

// fireActs lists what people can ask of the fire response, with the alarm that refuses it.
var fireActs = map[string]struct {
	kind    fire.RequestKind
	refusal string
}{
	"fire.bypass":      {fire.RequestBypass, "BYPASS_REJECTED"},
	"fire.end-bypass":  {fire.RequestEndBypass, "BYPASS_REJECTED"},
	"fire.inhibit":     {fire.RequestInhibit, "INHIBIT_REJECTED"},
	"fire.end-inhibit": {fire.RequestEndInhibit, "INHIBIT_REJECTED"},
	actTakeOver:        {fire.RequestTakeover, "TAKEOVER_REJECTED"},
	"fire.power-cut":   {fire.RequestPowerCut, "POWER_CUT_REJECTED"},
	"fire.release":     {fire.RequestRelease, "RELEASE_REJECTED"},
	"fire.reset":       {fire.RequestReset, "RESET_REJECTED"},
	"fire.bank-ready":  {fire.RequestBankReady, "RESET_REJECTED"},
	"fire.drill-on":    {fire.RequestDrillOn, ""},
	"fire.drill-off":   {fire.RequestDrillOff, ""},
}

// The acts that are taken down beside the response; they ask nothing of the engine.
const (
	actProofBegin = "fire.proof-begin" // args subject, test, rack
	actProofTest  = "fire.proof-test"  // args subject, test, result passed or failed; the note is the reason
	actWatchRound = "fire.watch-round" // args seen: clear or sign
)

// actTakeOver hands control to the fire authority: args from, officer and people stand on the sheet.
const actTakeOver = "fire.takeover"

// refusals say what to do about each reason the engine refuses for.
var refusals = map[string]string{
	"TWO_PERSON":    "it takes two different persons, each with an own login",
	"OCCUPIED":      "people are in the room: clear it, or let the incident commander confirm; the hold itself stays",
	"LEL":           "flammable gas is at or over 25 % of the lower limit: ventilate first",
	"INSPECTION":    "record the inspection of the rack first",
	"NOT_SAFE":      "the rack was not cool, free of smoke and gas for the whole reset time",
	"DEMAND_ACTIVE": "the rack is in pre-alarm or above: a channel is not bypassed then",
	"LIMIT":         "only one channel of a rack may be bypassed",
	"PROTECTED":     "this output protects life and cannot be inhibited",
	"BANK_LOW":      "the bank's own switch still says that it is low or shut: see to it first",
	"NOT_AUTHORITY": "only with the fire authority in control",
}

// request turns an act into the engine's request, or says what is wrong with it.
func (d *fireDesk) request(act facility.Act) (fire.Request, facility.ActResult) {
	switch act.Kind {
	case actProofBegin:
		return fire.Request{}, d.care.proofs.begin(d, act)
	case actProofTest:
		return fire.Request{}, d.care.proofs.record(d.engine, act)
	case actWatchRound:
		return fire.Request{}, d.care.round(act)
	}
	known, ok := fireActs[act.Kind]
	if !ok {
		return fire.Request{}, facility.ActResult{Code: http.StatusNotFound, Detail: fmt.Sprintf("unknown act %q", act.Kind)}
	}
	i := slices.IndexFunc(d.site.Fire.Rooms, func(r facility.FireRoom) bool { return r.ID == act.Subject })
	if i < 0 {
		return fire.Request{}, facility.ActResult{Code: http.StatusNotFound, Detail: fmt.Sprintf("there is no fire room %q", act.Subject)}
	}
	room := d.site.Fire.Rooms[i]
	if res := d.mayDrill(act, known.kind, room); res.Code != 0 {
		return fire.Request{}, res
	}
	r := fire.Request{Kind: known.kind, By: act.By, Subject: room.ID,
		Inspected: act.Args["inspected"] == "true", ICConfirm: act.Args["ic_confirm"] == "true"}
	bad := func(format string, args ...any) (fire.Request, facility.ActResult) {
		return fire.Request{}, facility.ActResult{Code: http.StatusUnprocessableEntity, Detail: fmt.Sprintf(format, args...)}
	}
	switch known.kind {
	case fire.RequestReset:
		if len(room.Racks) == 0 {
			return r, facility.ActResult{} // the room itself is reset
		}
		fallthrough
	case fire.RequestBypass, fire.RequestEndBypass:
		rack := act.Args["rack"]
		if !slices.ContainsFunc(room.Racks, func(r facility.FireRack) bool { return r.ID == rack }) {
			return bad("room %s has no rack %q", room.ID, rack)
		}
		r.Subject = rack
	case fire.RequestInhibit, fire.RequestEndInhibit:
		r.Subject = act.Args["command"]
		if _, ok := d.commands[r.Subject]; !ok {
			return bad("unknown output %q: write it like R1.NOZZLE", r.Subject)
		}
	}
	if known.kind == fire.RequestBypass || known.kind == fire.RequestEndBypass {
		c := slices.Index([]string{"RT", "BM", "TC"}, act.Args["channel"])
		if c < 0 {
			return bad("unknown channel %q: want RT, BM or TC", act.Args["channel"])
		}
		r.Channel = fire.Channel(c)
		if s := act.Args["seconds"]; s != "" {
			n, err := strconv.Atoi(s)
			if err != nil || n < 1 {
				return bad("seconds %q: want a whole number of seconds", s)
			}
			r.For = time.Duration(n) * time.Second
		}
	}
	return r, facility.ActResult{}
}

// oneOfEach takes the first request of each kind for this tick and leaves the others for the next: a refusal names its
// kind only, so that of two in one tick nobody could say which was refused.
func oneOfEach(asked []*fireRequest) (now, later []*fireRequest) {
	taken := map[string]bool{}
	for _, r := range asked {
		key := cmp.Or(fireActs[r.act.Kind].refusal, r.act.Kind)
		if taken[key] {
			later = append(later, r)
			continue
		}
		taken[key] = true
		now = append(now, r)
	}
	return now, later
}

// verdict reads from a tick's alarms whether a request was refused.
func verdict(kind string, alarms []fire.AlarmEvent) facility.ActResult {
	refusal := fireActs[kind].refusal
	for _, a := range alarms {
		if a.Raised && a.Name == refusal {
			advice := refusals[a.Subject]
			if advice == "" {
				advice = strings.ToLower(a.Subject)
			}
			return facility.ActResult{Code: http.StatusConflict, Detail: "refused: " + advice}
		}
	}
	return facility.ActResult{Code: http.StatusOK}
}
