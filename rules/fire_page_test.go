package rules

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"bongsu/rules/fire"
)

const firePage = "../docs/fire.md"

// The page that a fire engineer signs is written from the engine's own tables and from runs of it. When
// they change, it must be written anew (make docs) and read again.
func TestTheFireEngineersPageSaysWhatTheEngineDoes(t *testing.T) {
	want := fireDoc(t)
	if os.Getenv("BONGSU_WRITE_DOCS") != "" {
		if err := os.WriteFile(firePage, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(firePage)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/fire.md is not what the engine's tables say: run make docs, and have it signed again")
	}
}

// page writes Markdown.
type page struct{ bytes.Buffer }

func (p *page) say(format string, args ...any) {
	fmt.Fprintf(p, format+"\n\n", args...)
}

func (p *page) table(head string, rows ...string) {
	fmt.Fprintf(p, "| %s |\n|%s\n", head, strings.Repeat("---|", strings.Count(head, " | ")+1))
	for _, r := range rows {
		fmt.Fprintf(p, "| %s |\n", r)
	}
	p.WriteString("\n")
}

func fireDoc(t *testing.T) []byte {
	p := &page{}
	p.say("# The staged battery fire response")
	p.say("<!-- Written by `make docs` from the engine's own tables. Change the engine, not this page. -->")
	p.say("%s", strings.TrimSpace(fireOpening))
	writeLadder(t, p)
	writeVotes(p)
	writeOutputs(p)
	writeGas(p)
	writeTimers(p)
	writePeople(p)
	writeBeside(p)
	writeInvariants(p)
	writeAlarms(p)
	p.WriteString(strings.TrimSpace(fireSources) + "\n")
	return p.Bytes()
}

func writeLadder(t *testing.T, p *page) {
	p.say("## 2. The ladder")
	p.say("A rack climbs, and never falls but by the end of a pre-alarm or a reset. One scan may climb several rungs; the commands of a lower rung are always ordered first. The last column is what a run of the engine ordered on that rung, in this order, everything confirming.")
	sent := ladderRun(t)
	var rows []string
	for _, r := range fire.Ladder() {
		orders := strings.Join(sent[r.To], ", ")
		if orders == "" {
			orders = "(notify)"
		}
		rows = append(rows, fmt.Sprintf("%s | %s | %s | %s", r.From, r.To, r.When, orders))
	}
	rows = append(rows, "any | S6 | two persons of the fire authority take control: automatic commands stop, running water stays, everything is still watched, and the manual station still releases | AUTHORITY_HANDOVER; POWER_CUT only on a request of two")
	p.table("from | to | when | ordered", rows...)
	p.say("Beside the ladder: off-gas or an arc stops charging (CHG_STOP); smoke in the rack at stage 1, or a second rack of the room within the multi-rack time, calls the fire service at stage 1 already; flammable gas at the exhaust limit starts the exhaust until gas is to be released. A patch that acts by itself at its own 68 °C is evidence of heat and is not commanded again.")
}

// ladderRun heats one rack step by step and notes what is ordered on each rung.
func ladderRun(t *testing.T) map[fire.Stage][]string {
	cfg := fire.Config{Racks: []fire.RackConfig{{ID: "R1", Room: "A"}}, PeerRooms: []string{"B"}, Limits: fire.DefaultLimits(), ZoneTripPermissive: true}
	e, err := fire.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	in, sent := e.NewInputs(), map[fire.Stage][]string{}
	var confirmed []string
	for s := range 1200 {
		heat := []float64{25, 52, 62, 70, 85}[min(s/20, 4)]
		for k := range in.Racks[0].Channels {
			in.Racks[0].Channels[k] = fire.Reading{Value: heat, Good: true, Refreshed: true}
		}
		in.Confirmed = confirmed
		d := e.Tick(time.Duration(s)*time.Second, time.Time{}, in)
		confirmed = nil
		stage := e.View().Rooms[0].Reached
		for _, k := range d.Commands {
			sent[stage] = append(sent[stage], k.Action.String())
			confirmed = append(confirmed, k.Name)
		}
	}
	return sent
}

func writeVotes(p *page) {
	l := fire.DefaultLimits()
	p.say("## 3. Votes")
	p.say("Each rack has three temperature channels: RT (rack sensor), BM (battery management system), TC (thermal camera). A channel is *over* a stage from the %s scan at or above its threshold, and no longer once it is %g K below it. Thresholds: pre-alarm %g °C, stages 1 to 3 at %g, %g and %g °C; a site may give a channel its own.",
		ordinal(l.DebounceScans), l.HysteresisK, l.Thresholds.PreAlarm, l.Thresholds.Stage[0], l.Thresholds.Stage[1], l.Thresholds.Stage[2])
	p.say("Votes = channels over the threshold, plus one for evidence of another kind (rack smoke, off-gas, arc, a patch that acted by itself, a camera picture or second thermistor well above its peers) if at least one channel is over. Votes needed, by how many channels can vote:")
	var rows []string
	for s := fire.S1; s <= fire.S3; s++ {
		row := s.String()
		for n := 3; n >= 0; n-- {
			word := "none can"
			if v := fire.VotesNeeded(s, n); v > 0 {
				word = fmt.Sprint(v)
			}
			if n == 1 && s > fire.S1 {
				word += fmt.Sprintf(", or the one channel for %d s (%d s while the camera is only hidden by the curtain), alarmed as DEGRADED_1OO1_TRIP", l.OneChannelScans, l.OneChannelObscuredScans)
			}
			row += " | " + word
		}
		rows = append(rows, row)
	}
	p.table("stage | 3 channels | 2 | 1 | 0", rows...)
	p.say("Stage 1 leans to acting: it costs a rack its supply. Stages 2 and 3 lean to two independent signs, because a false discharge harms people's trust and equipment; but a rack with one channel left is not given up. [judgement]")
	p.table("a channel that | counts as",
		fmt.Sprintf("reads nonsense, is out of range, or says it is bad | its last good value for %v, then no vote", lasting(l.BadHold)),
		fmt.Sprintf("is not refreshed (RT %v, BM %v, TC %v) | no vote at once, alarm STALE", lasting(l.Stale[fire.RT]), lasting(l.Stale[fire.BM]), lasting(l.Stale[fire.TC])),
		fmt.Sprintf("is lost at %g °C or more in a burning rack | after %v one vote, only for the stage above the one it was lost in", l.Thresholds.Stage[0], lasting(l.LostHot)),
		fmt.Sprintf("is a camera behind the dropped curtain, below %g °C | no vote: a cold picture proves nothing", l.ObscuredC),
		fmt.Sprintf("is bypassed by two persons (%d a rack, %v at most, never from the pre-alarm on) | no vote, shown all the time", l.BypassPerRack, lasting(l.BypassMax)),
		"read as a reason for a pre-alarm when it was last seen | keeps the pre-alarm: losing the sensor that warned is no return to normal")
}

func ordinal(n int) string {
	return map[int]string{1: "first", 2: "second", 3: "third"}[n]
}

func writeOutputs(p *page) {
	p.say("## 4. Outputs and their supervision")
	p.say("Every output is proven by a feedback from the field, not by the write being accepted. Without it in time the command is repeated so many times, then given up with the alarm FB_FAIL, and its fallback follows in the same second. A pulse that could not be sent until a second before its time was over, because the line was taken, is not sent any more; anything else is still sent until it has waited 10 s. An output that two persons have inhibited is not sent, raises INHIBITED_DEMAND and counts as failed at once. A level stays asserted and is asserted again after a restart; a one-shot that was confirmed is never pulsed again before a reset. In the house an output without a deadline below has that of its device and one more try.")
	var rows []string
	for _, a := range fire.ActionRules(fire.DefaultLimits()) {
		kind, deadline, retries, inhibit := "one-shot", "-", "-", "yes"
		if a.Level {
			kind = "level"
		}
		if a.Supervision.Deadline > 0 {
			deadline, retries = lasting(a.Supervision.Deadline), fmt.Sprint(a.Supervision.Retries)
		}
		if a.Protected {
			inhibit = "**no**"
		}
		rows = append(rows, fmt.Sprintf("%s | %s | %s | %s | %s | %s | %s", a.Action, a.Scope, kind, deadline, retries, inhibit, orDash(a.Fallback)))
	}
	p.table("output | of the | kind | feedback within | repeats | can be inhibited | when lost", rows...)
}

// lasting writes a duration as people do.
func lasting(d time.Duration) string {
	switch {
	case d >= 2*time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%d h", int(d.Hours()))
	case d >= 2*time.Minute && d%time.Minute == 0:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
	return fmt.Sprintf("%g s", d.Seconds())
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func writeGas(p *page) {
	l := fire.DefaultLimits()
	p.say("## 5. The room's gas")
	p.say("S5A is the warning: GAS_PRE_ALARM, EXHAUST_OFF, DAMPER_CLOSE and a countdown of %v. The delay is for people to leave, not to confirm the fire; the vote has done that. Losing the vote does not cancel it.", lasting(l.PreDischarge))
	p.table("what | does",
		fmt.Sprintf("abort held, people inside, or flammable gas at %g %% of its lower limit | the countdown stands; afterwards at least %v are left", l.LELHold, lasting(l.Resume)),
		"dampers not proven closed at its end | the gas is withheld, people decide",
		"manual station pulled | releases in the same second from any stage, whatever abort, people, flammable gas, dampers or the authority's control say",
		"a request of two persons | begins the same warning; refused with people inside or flammable gas unless the incident commander confirms, and the holds of the countdown bind even then",
		fmt.Sprintf("still burning %v after the release, or the release failed | the reserve: the first room that is quiet and whose bank is whole lends it; decided once, never later", lasting(l.GasEvaluation)),
		fmt.Sprintf("still burning %v after the reserve, it failed, or none is there | the fire authority is asked to take over", lasting(l.ReserveEvaluation)))
	p.say("A room with uninterruptible supplies or switchgear has no ladder: smoke in one of its two zones warns, in both evacuates, calls the fire service and begins the same warning for its own gas; one zone alone for %v evacuates and calls but never releases. Any other room is evacuated and the fire service called. Resetting them takes the same proof as a rack.", lasting(l.SmokeAlone))
}

func writeTimers(p *page) {
	l := fire.DefaultLimits()
	p.say("## 6. Times and limits")
	row := func(what string, v any) string { return fmt.Sprintf("%s | %v", what, v) }
	p.table("what | value",
		row("rise that is a pre-alarm", fmt.Sprintf("%g K/min over %v, at least %v and %d samples of history, %g °C or more", l.RiseKPerMin, lasting(l.RiseWindow), lasting(l.RiseMinHistory), l.RiseMinSamples, l.RiseFloorC)),
		row("battery management system alone to stage 1", fmt.Sprintf("%d s over the first threshold, no jump over %g K in the last %v", l.BMSAloneScans, l.BMSAloneStepK, lasting(l.BMSAloneQuiet))),
		row("agent time before water", lasting(l.AgentTime)), row("water time before gas (the water goes on)", lasting(l.WaterTime)),
		row("two racks of a room are one fire within", lasting(l.MultiRack)),
		row("exhaust starts at", fmt.Sprintf("%g %% of the lower flammable limit", l.LELExhaust)),
		row("a rack may be reset after", fmt.Sprintf("%v with at least %d good channels, all below %g °C, no smoke, no off-gas, air proven below %g %% of the limit, manual station put back", lasting(l.ResetDwell), l.ResetChannels, l.ResetBelowC, l.LELExhaust)),
		row("stuck channel", fmt.Sprintf("the same value for %v while both others move %g K", lasting(l.Stuck), l.StuckPeerK)),
		row("discrepancy", fmt.Sprintf("highest at %g °C or more and %g K above the second", l.DiscrepancyC, l.DiscrepancyK)),
		row("blind", fmt.Sprintf("no channel for %v", lasting(l.Blind))),
		row("fire watch after the last sign of fire", lasting(fire.FireWatchLeast)))
	p.say("All times run on a clock that is never set. A restart takes up stages, commands, latches and countdowns as they were journalled; the countdown is never shorter. Counters (scans over a threshold, rate of rise, one channel alone, reset time) begin anew.")
}

func writePeople(p *page) {
	p.say("## 7. What people may ask")
	var rows []string
	for _, r := range fire.ActRules() {
		rows = append(rows, fmt.Sprintf("%s | %d | %s | %s", r.Name, r.Persons, r.Role, r.Asks))
	}
	p.table("act | persons | asked by | what else must hold", rows...)
	p.say("Two persons are two identities that each prove themselves. Proof tests and rounds of the fire watch are recorded by one. Bypass and inhibit are refused to one person, however often they sign.")
}

func writeBeside(p *page) {
	p.say("## 8. Beside the response")
	p.say("None of this can hold back or cause a release.")
	p.table("what | how",
		"supervisor mode | every output the engine asks for and the panel has not driven within its time (PANEL_SILENT), every output the panel drives and the engine does not ask for (PANEL_ALONE), and the end of each difference are alarmed, shown and journalled",
		fmt.Sprintf("fire watch | from stage 1 until %v after the last sign of fire; smoke during it begins it anew; an outage of the controller does not count. Somebody looks from outside every %v and records it; a missed round is alarmed, a sign of fire begins the watch anew [judgement]", lasting(fire.FireWatchLeast), lasting(fire.RoundEvery)),
		"drain tank | level, inflow, litres free, minutes to full; alarms 15 minutes before and when full; **water is never held back for it**",
		"gas banks | pressure, own switch, released, lent to whom, who could lend; one that is spent is made ready by two persons",
		fmt.Sprintf("drill | in one room, %v at most: a rack heats up on paper in a second world whose outputs are of another type; the real world is judged throughout. Any real pre-alarm, its time, people or a restart end it. Release, reset, hand-over and power cut that are asked for in the drill stay in it: one that both have not signed within the same drill is refused", lasting(drillMost)))
	var rows []string
	for _, test := range fire.ProofTests() {
		of := "room"
		if test.PerRack {
			of = "rack"
		}
		rows = append(rows, fmt.Sprintf("%s | %s | %d days | %s", test.EN, of, int(test.Interval.Hours()/24), orDash(strings.Join(test.Expect, ", "))))
	}
	p.say("Proof tests, alarmed when overdue and from a failure until the same test has passed. One that expects signals passes only when all of them were seen after it was begun; a position that stood before proves nothing. The intervals are [judgement], for functions that are demanded less than once a year:")
	p.table("test | of each | every | must be seen", rows...)
}

func writeInvariants(p *page) {
	p.say("## 9. What always holds")
	p.say("Each sentence is a check of its own that watches the engine from outside. The checks run over every reachable state of small worlds with shortened times (a fire and any two of some twenty further kinds of events, each as often and whenever it likes; with all kinds at once a world grows six- to tenfold with every event and is walked to its nearest 300,000 states only), over random runs with outages, dead outputs, bad data and people's acts, and over every case with a restart at its ticks; and for each check there is a falsified run that it must notice.")
	var rows []string
	for _, i := range fire.Invariants() {
		rows = append(rows, i.ID+" | "+i.Statement)
	}
	p.table("no. | always", rows...)
	p.say("I9 holds for what this system orders. That only one selector valve can open, mechanically or by interlock, is the gas system's own to guarantee: a manual station is obeyed even where the bank has just been lent.")
}

func writeAlarms(p *page) {
	p.say("## 10. Alarms")
	var rows []string
	for _, name := range fire.AlarmNames() {
		a := fireAlarms[name]
		rows = append(rows, fmt.Sprintf("%s | %d | %s | %s", name, a.priority, a.text.KO, a.text.EN))
	}
	slices.SortStableFunc(rows, func(a, b string) int {
		return strings.Compare(strings.Split(a, " | ")[1], strings.Split(b, " | ")[1])
	})
	p.table("alarm | priority | 한국어 | English", rows...)
}
