package rules

import "bongsu/facility"

// stringsOf finds the switches between each battery rack and the bus of its zone.
func (d *LineDrawer) stringsOf() map[facility.AssetID][]int {
	out := map[facility.AssetID][]int{}
	for k, sw := range d.planner.supply.Switches {
		if sw.Kind == facility.SwitchString || sw.Kind == facility.SwitchBackup {
			out[sw.Asset] = append(out[sw.Asset], k)
		}
	}
	return out
}

// rackState is how a battery rack stands by its own switches: one that is open isolates it, whatever the others show;
// one whose feedback is missing or not good leaves it unknown. Empty where all are proven closed.
func (d *LineDrawer) rackState(rack facility.AssetID, f lineFlow, worst *facility.Quality) string {
	state := ""
	for _, k := range d.strings[rack] {
		at := f.states[k]
		if d.planner.supply.Switches[k].HasState {
			*worst = worst.Worse(at.quality)
		}
		switch {
		case at.state == switchOpen:
			state = LineIsolated
		case at.state != switchClosed && state == "":
			state = LineUnknown
		}
	}
	return state
}

// batteries tells a box of racks, and how each of its nodes stands. An isolated rack keeps its charge: it is not dead,
// and it feeds nothing, so the state of the box is that of the racks whose switches are closed.
func (d *LineDrawer) batteries(b *lineBox, f lineFlow, out *LineBox) map[int]string {
	states := make(map[int]string, len(b.nodes))
	tally, n, bus := map[string]int{}, 0, ""
	for _, i := range b.nodes {
		node := &d.planner.supply.Nodes[i]
		states[i] = f.at[i]
		if node.ID == facility.DCBus(node.Asset) {
			bus = d.tripState(i, f)
		} else if own := d.rackState(node.Asset, f, &out.Quality); own != "" {
			states[i] = own
			switch {
			case !node.Battery: // the link of a rack that is counted itself
			case own == LineIsolated:
				out.Isolated++
			default:
				out.Unproven++
			}
			continue
		}
		tally[states[i]]++
		n++
	}
	out.Count = b.counts
	switch {
	case out.Isolated == b.counts || bus == switchOpen:
		out.State = LineIsolated
	case out.Isolated+out.Unproven == b.counts || bus == switchUnknown && tally[LineBattery] > 0:
		out.State = LineUnknown
	default:
		out.State = folded(tally, n)
	}
	return states
}

// tripState is where the switch between a zone's battery bus and its UPS stands. One that nothing shows counts as closed,
// as everywhere on the drawing.
func (d *LineDrawer) tripState(bus int, f lineFlow) string {
	for _, k := range d.touching[bus] {
		if sw := &d.planner.supply.Switches[k]; sw.Kind == facility.SwitchZoneDC && sw.HasState {
			return f.states[k].state
		}
	}
	return switchClosed
}
