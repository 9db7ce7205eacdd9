package world

import "fmt"

// CoolingOrder is what an operator can ask of a cooling machine.
type CoolingOrder int

// Orders. Each says which value it takes.
const (
	OrderMode     CoolingOrder = iota // a MachineMode
	OrderSetpoint                     // degC: chilled water, or supply air
	OrderFan                          // share of full speed, 0.3 to 1: air handlers
	OrderReset                        // lifts a latched trip whose cause is gone: chillers
)

// OrderCooling asks something of a chiller, a pump or an air handler. Whether it came to pass, its readings show: a
// machine whose controls are dead takes every order and does nothing.
func (w *World) OrderCooling(id string, order CoolingOrder, value float64) error {
	refused := fmt.Errorf("order %d with %g to %s: %w", order, value, id, ErrFaultParams)
	if order == OrderMode && (value < 0 || value > 2 || value != float64(int(value))) {
		return refused
	}
	mode := MachineMode(value)
	switch c, p, a := w.cooling.chillers[id], w.cooling.pumps[id], w.cooling.crahs[id]; {
	case c != nil:
		return c.order(order, value, refused)
	case p != nil:
		if order != OrderMode {
			return refused
		}
		if p.deaf == "" {
			p.mode = mode
		}
	case a != nil:
		return a.order(order, value, refused)
	default:
		return fmt.Errorf("cooling machine %q: %w", id, ErrUnknownAsset)
	}
	return nil
}

// KeepOrders takes over what the cooling machines of another world of this site were last told, by wire or at their
// panels: a world that is made whole again has lost nobody's settings.
func (w *World) KeepOrders(from *World) {
	for id, c := range w.cooling.chillers {
		if was := from.cooling.chillers[id]; was != nil {
			c.mode, c.setC = was.mode, was.setC
		}
	}
	for id, p := range w.cooling.pumps {
		if was := from.cooling.pumps[id]; was != nil {
			p.mode = was.mode
		}
	}
	for id, a := range w.cooling.crahs {
		if was := from.cooling.crahs[id]; was != nil {
			a.mode, a.setC, a.fanSet = was.mode, was.setC, was.fanSet
		}
	}
}

func (c *chiller) order(order CoolingOrder, value float64, refused error) error {
	switch {
	case order == OrderSetpoint && (value < 5 || value > 15), order == OrderFan:
		return refused
	case c.local != "":
		return fmt.Errorf("order %d with %g: the chiller is operated at its own panel: %w", order, value, ErrRefused)
	case c.deaf != "":
		return nil
	}
	switch order {
	case OrderMode:
		c.ordered = MachineMode(value) == ModeRun && c.mode != ModeRun
		c.mode = MachineMode(value)
	case OrderSetpoint:
		c.setC = value
	case OrderReset:
		if c.tripped == "" {
			c.latched = false
		}
		c.noStart = false
	}
	return nil
}

func (a *crah) order(order CoolingOrder, value float64, refused error) error {
	switch {
	case order == OrderReset, order == OrderMode && value > float64(ModeAuto),
		order == OrderSetpoint && (value < 16 || value > 30), order == OrderFan && (value < .3 || value > 1):
		return refused
	case a.deaf != "":
		return nil
	}
	switch order {
	case OrderMode:
		a.mode = MachineMode(value)
	case OrderSetpoint:
		a.setC = value
	case OrderFan:
		a.fanSet = value
	}
	return nil
}
