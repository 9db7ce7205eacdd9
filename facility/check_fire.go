package facility

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

var (
	roomPoints = []string{"ASD", "LEL", "OCC", "ABORT", "MANUAL_STATION", "PARTNER_OK", "ZONE_A", "ZONE_B",
		"BANK_LOW", "BANK_BAR", "TANK", "PUMP_FLOW"}
	rackPoints   = []string{"RT", "BM", "TC", "BM2", "MED", "SM", "OG", "ARC"}
	roomCommands = []string{"EVAC_ALARM", "HVAC_STOP", "DRAIN_TO_TANK", "ZONE_DC_TRIP", "EXHAUST_ON", "EXHAUST_OFF",
		"DAMPER_CLOSE", "GAS_PRE_ALARM", "GAS_RELEASE", "GAS_RESERVE"}
	rackCommands = []string{"CHG_STOP", "ISOLATE", "ISOLATE_BKP", "CURTAIN", "PATCH", "NOZZLE", "WATER", "WATER_BKP"}
	siteCommands = []string{"FD_CALL", "AUTHORITY_HANDOVER", "POWER_CUT"}
)

// fire checks that the staged response can see and reach everything it needs: a rack without a
// channel or an actuator is a fault before the fire, not a surprise during it.
func (c *checker) fire() {
	f := c.site.Fire
	if f == nil {
		return
	}
	if f.Mode != "executor" && f.Mode != "supervisor" {
		c.d.fault("fire.mode", "unknown mode %q: want executor (drives the outputs) or supervisor (a listed panel does)", f.Mode)
	}
	c.commandRefs("fire.commands", f.Commands, siteCommands, siteCommands)
	rooms, racks := map[string]bool{}, map[string]bool{}
	for i, room := range f.Rooms {
		path := fmt.Sprintf("fire.rooms[%d]", i)
		if room.ID == "" || rooms[room.ID] {
			c.d.fault(path, "the fire room needs an id of its own")
		}
		rooms[room.ID] = true
		if c.site.Asset(room.Asset) == nil {
			c.d.fault(path+".asset", "unknown asset %q", room.Asset)
		}
		needed, orders := roomNeeds(room)
		c.pointRefs(path, room.Points, roomPoints, needed)
		c.commandRefs(path+".commands", room.Commands, roomCommands, orders)
		if room.TankL < 0 || room.BankBar < 0 {
			c.d.fault(path, "tank_l and bank_bar must not be negative")
		}
		for k, rack := range room.Racks {
			at := fmt.Sprintf("%s.racks[%d]", path, k)
			if rack.ID == "" || racks[rack.ID] {
				c.d.fault(at, "the rack needs an id that no other rack of the site has")
			}
			racks[rack.ID] = true
			if c.site.Asset(rack.Asset) == nil {
				c.d.fault(at+".asset", "unknown asset %q", rack.Asset)
			}
			c.pointRefs(at, rack.Points, rackPoints, []string{"RT", "BM", "TC", "SM"})
			c.commandRefs(at+".commands", rack.Commands, rackCommands, rackCommands)
			c.thresholds(at+".thresholds", rack.Thresholds)
		}
	}
}

// roomNeeds is what a fire room cannot do without, by what it has: racks, a gas of its own, or neither.
func roomNeeds(room FireRoom) (points, commands []string) {
	switch {
	case len(room.Racks) > 0:
		return []string{"ASD", "LEL", "OCC", "ABORT", "MANUAL_STATION"}, roomCommands
	case room.Commands["GAS_RELEASE"] != "":
		return []string{"ZONE_A", "ZONE_B", "OCC", "ABORT", "MANUAL_STATION"},
			[]string{"EVAC_ALARM", "HVAC_STOP", "EXHAUST_OFF", "DAMPER_CLOSE", "GAS_PRE_ALARM", "GAS_RELEASE", "GAS_RESERVE"}
	}
	return []string{"ZONE_A"}, []string{"EVAC_ALARM", "HVAC_STOP"}
}

// thresholds must climb: a stage that comes before a lower one would act out of order.
func (c *checker) thresholds(path string, own map[string][]float64) {
	for _, channel := range slices.Sorted(maps.Keys(own)) {
		if v := own[channel]; !slices.Contains([]string{"RT", "BM", "TC"}, channel) || len(v) != 4 || !slices.IsSorted(v) {
			c.d.fault(path+"."+channel, "want RT, BM or TC with four rising temperatures: pre-alarm and stages 1 to 3")
		}
	}
}

func (c *checker) pointRefs(path string, have map[string]PointID, known, needed []string) {
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if !slices.Contains(known, name) {
			c.d.fault(path+".points."+name, "unknown input %q: want some of %s", name, strings.Join(known, ", "))
		} else if _, ok := c.site.refs[have[name]]; !ok && !c.incomplete() {
			c.d.fault(path+".points."+name, "unknown point %q", have[name])
		}
	}
	if missing := without(have, needed); missing != "" {
		c.d.fault(path+".points", "inputs without a point: %s", missing)
	}
}

func (c *checker) commandRefs(path string, have map[string]CommandID, known, needed []string) {
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if !slices.Contains(known, name) {
			c.d.fault(path+"."+name, "unknown action %q: want some of %s", name, strings.Join(known, ", "))
		} else if _, ok := c.site.Commands[have[name]]; !ok && !c.incomplete() {
			c.d.fault(path+"."+name, "unknown command %q", have[name])
		}
	}
	if missing := without(have, needed); missing != "" {
		c.d.fault(path, "actions without a command: %s", missing)
	}
}

func without[ID ~string](have map[string]ID, needed []string) string {
	var missing []string
	for _, name := range needed {
		if have[name] == "" {
			missing = append(missing, name)
		}
	}
	return strings.Join(missing, ", ")
}
