package world

// coolingTarget is where the faults of the cooling plant are aimed at in a world that lists no plant of its own.
func coolingTarget(k FaultKind) string {
	switch k {
	case ChillerTrip, ChillerLocal, ChillerFouling, ChillerNoStart, ControlDeaf:
		return "site/cooling/chiller1"
	case PumpOut:
		return "site/cooling/pump1"
	case TankMixing, TankLeak:
		return "site/cooling/tank"
	case LoadShed:
		return "it1"
	case FanOut, ValveStuck, FilterClogged, CRAHLeak:
		return "site/hall/crah1"
	}
	return ""
}
