package world

// The demonstration fire: a module is crushed or pierced and its cells short inside, hard at first.
// A 67 Ah cell of about half a milliohm can put well over 10 kW into a dead short, so 2.9 kW a cell is a partial
// short at some 750 A. The thin foil in the short melts open within seconds; what remains is a weaker short through
// the torn separators of the whole module, and one cell whose layers stay in contact, until its tab melts too.
// None of it is electrical in the string's sense: isolation does not stop it, only cooling does.
const (
	demoModule   = 8
	demoBurstW   = 2900 // each cell
	demoBurstS   = 18
	demoTornW    = 250 // each cell
	demoTornS    = 165
	demoCoreW    = 2000 // the worst cell, on top
	demoCoreCell = 3
)

// DemoFire is the fault set of the demonstration fire on one rack. With the staged response acting, 60 degC is voted
// about 40 s after the injection, 68 and 80 follow 12 and 34 s later, a cell vents, and cooling water ends it
// without thermal runaway and without gas. No vapour comes before, so that the times are the same in every run.
func DemoFire(rackID string) []Fault {
	zero, module := 0.0, demoModule
	short := func(cell int, watts, seconds float64) Fault {
		return Fault{Kind: InternalShort, Target: rackID, Params: FaultParams{Module: &module, Cell: &cell,
			Watts: watts, Seconds: seconds, OffGasLeadS: &zero}}
	}
	faults := []Fault{short(demoCoreCell, demoCoreW, demoTornS)}
	for cell := range DefaultCellConfig().CellsPerModule {
		faults = append(faults, short(cell, demoBurstW, demoBurstS), short(cell, demoTornW, demoTornS))
	}
	return faults
}

// injectDemoFire starts every fault of DemoFire as one.
func injectDemoFire(w *World, f Fault, id string) (func(), error) {
	u, err := w.faultRack(f)
	if err != nil {
		return nil, err
	}
	var heats []*heatFault
	for _, part := range DemoFire(f.Target) {
		h, err := u.heatOf(part)
		if err != nil {
			return nil, err
		}
		h.id = id
		heats = append(heats, h)
	}
	for _, h := range heats {
		u.addHeat(h)
	}
	return func() { u.dropHeat(id) }, nil
}
