package simulators

import "errors"

// DemoFire is the fault set of the demonstration fire on one rack.
func DemoFire(rackID string) []Fault {
	zero := 0.0
	return []Fault{{Kind: InternalShort, Target: rackID, Params: FaultParams{Watts: 3000, OffGasLeadS: &zero}}}
}

// injectDemoFire starts every fault of DemoFire as one.
func injectDemoFire(w *World, f Fault, id string) (func(), error) {
	if _, err := w.faultRack(f); err != nil {
		return nil, err
	}
	var clears []func()
	var errs []error
	for _, part := range DemoFire(f.Target) {
		clear, err := injectHeat(w, part, id)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		clears = append(clears, clear)
	}
	return func() {
		for _, c := range clears {
			c()
		}
	}, errors.Join(errs...)
}
