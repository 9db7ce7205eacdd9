package world

import "bongsu/facility"

// placeCooling reads the cooling plant of a site. Chillers, pumps and a tank hang under their loop, air handlers under
// their hall or under their loop; what hangs elsewhere is dealt to loops and halls in turn.
func (l *Layout) placeCooling(site *facility.Site) {
	c := &l.Config.Cooling
	loops, halls := map[facility.AssetID]int{}, map[facility.AssetID]int{}
	for i := range site.Assets {
		switch a := &site.Assets[i]; a.Kind {
		case "cooling-loop":
			loops[a.ID] = len(c.Loops)
			c.Loops = append(c.Loops, LoopConfig{ID: string(a.ID)})
		case "it-hall":
			halls[a.ID] = len(c.Halls)
			c.Halls = append(c.Halls, HallConfig{ID: string(a.ID)})
		}
	}
	dealt := map[string]int{}
	home := func(a *facility.Asset, among map[facility.AssetID]int) int {
		if i, ok := among[a.Parent]; ok {
			return i
		}
		dealt[a.Kind]++
		return (dealt[a.Kind] - 1) % max(1, len(among))
	}
	for i := range site.Assets {
		a, id := &site.Assets[i], string(site.Assets[i].ID)
		switch a.Kind {
		case "chiller", "pump", "tank":
			if len(loops) == 0 {
				loops[""] = 0
				c.Loops = append(c.Loops, LoopConfig{ID: l.Config.Site + "/cooling"})
			}
			loop := &c.Loops[home(a, loops)]
			switch a.Kind {
			case "chiller":
				loop.Chillers = append(loop.Chillers, ChillerConfig{ID: id})
			case "pump":
				loop.Pumps = append(loop.Pumps, PumpConfig{ID: id})
			default:
				loop.TankID = id
			}
		case "crah":
			if len(halls) == 0 {
				halls[""] = 0
				c.Halls = append(c.Halls, HallConfig{ID: l.Config.Site + "/hall"})
			}
			unit := CRAHConfig{ID: id}
			if n, ok := loops[a.Parent]; ok {
				unit.Loop = c.Loops[n].ID
			}
			hall := &c.Halls[home(a, halls)]
			hall.CRAHs = append(hall.CRAHs, unit)
		}
	}
}
