package fire

// What follows tells the engine's own tables to those who must sign for them; the page for the fire
// engineer is written from here.

// Rung is one way up the ladder, in words.
type Rung struct {
	From, To Stage
	When     string
}

// Ladder lists every way up, the room's gas included. There is no way down but the end of a pre-alarm and
// a reset.
func Ladder() []Rung {
	list := make([]Rung, 0, len(ladder)+3)
	for _, r := range ladder {
		list = append(list, Rung{r.from, r.to, r.words})
	}
	return append(list,
		Rung{S4, S5A, "a rack still asks for stage 3 when the water time is over (or no water line delivers), nobody is inside and flammable gas is below its limit; or two persons ask for it"},
		Rung{S5A, S5B, "the warning time has run out unheld and the dampers are proven closed; or the manual station is pulled, from any stage"},
		Rung{S5B, S5C, "a rack still asks for stage 3 when the evaluation time is over, or the release failed; a quiet room lends a whole bank"})
}

// VotesNeeded is how many votes carry a stage when so many channels can vote; 0 when none can.
func VotesNeeded(stage Stage, channels int) int { return need(stage, channels) }

// ActionRule is what holds for one output.
type ActionRule struct {
	Action      Action
	Scope       string // rack, room or site
	Level       bool   // stays asserted, and is asserted again after a restart; else pulsed once
	Protected   bool   // cannot be inhibited
	Supervision Supervision
	Fallback    string // what replaces it when it is lost
}

var fallbackWords = map[Action]string{
	Isolate:     "ISOLATE_BKP in the same tick",
	IsolateBkp:  "ZONE_DC_TRIP if the partner zone can carry the load, else OPERATOR_DECISION",
	ZoneDCTrip:  "OPERATOR_DECISION",
	Curtain:     "alarm only; never blocks",
	Patch:       "NOZZLE, if stage 2 is still asked for",
	Nozzle:      "WATER in the same tick",
	Water:       "WATER_BKP in the same tick",
	WaterBkp:    "gas without the water time",
	DamperClose: "ENCLOSURE_NOT_SEALED and OPERATOR_DECISION; the gas is withheld",
	GasRelease:  "GAS_RESERVE from another room",
	GasReserve:  "REQUEST_AUTHORITY",
}

// ActionRules lists every output in the order of the ladder.
func ActionRules(l Limits) []ActionRule {
	list := make([]ActionRule, 0, actionCount)
	for a := range actionCount {
		scope := "rack"
		if a >= FDCall {
			scope = "site"
		} else if a >= EvacAlarm {
			scope = "room"
		}
		list = append(list, ActionRule{Action: a, Scope: scope, Level: a.level(), Protected: a.protected(),
			Supervision: l.Supervision[a], Fallback: fallbackWords[a]})
	}
	return list
}
