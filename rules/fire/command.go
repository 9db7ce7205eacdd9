package fire

import "fmt"

// Action is one thing an output can do.
type Action uint8

// The actions, in the order of the ladder: first those of a rack, then of a room, then of the site.
const (
	ChgStop Action = iota
	Isolate
	IsolateBkp
	Curtain
	Patch
	Nozzle
	Water
	WaterBkp

	EvacAlarm
	HVACStop
	DrainToTank
	ZoneDCTrip
	ExhaustOn
	ExhaustOff
	DamperClose
	GasPreAlarm
	GasRelease
	GasReserve

	FDCall
	AuthorityHandover
	PowerCut
	actionCount
)

const siteScope = "SITE"

var actionNames = [actionCount]string{
	"CHG_STOP", "ISOLATE", "ISOLATE_BKP", "CURTAIN", "PATCH", "NOZZLE", "WATER", "WATER_BKP",
	"EVAC_ALARM", "HVAC_STOP", "DRAIN_TO_TANK", "ZONE_DC_TRIP", "EXHAUST_ON", "EXHAUST_OFF",
	"DAMPER_CLOSE", "GAS_PRE_ALARM", "GAS_RELEASE", "GAS_RESERVE",
	"FD_CALL", "AUTHORITY_HANDOVER", "POWER_CUT",
}

// String is the action's name as it stands in command names.
func (a Action) String() string {
	if a >= actionCount {
		return fmt.Sprintf("Action(%d)", uint8(a))
	}
	return actionNames[a]
}
