package wire

import (
	"bongsu/facility"
	"bongsu/simulators/world"
)

// firePanelStation is the gateway of a fire alarm panel: one register a zone, status bits in the upper byte and the kind
// of the active event in the lower one. It takes no orders.
type firePanelStation struct {
	readOnly
	rooms []string
	base  uint16
}

const panelRegisters = 16

// Bits of a zone's register, and the kinds of event in its lower byte.
const (
	zoneDisabled = 1 << 9
	zoneActive   = 1 << 11
	zoneTrouble  = 1 << 13
	zonePreAlarm = 1 << 14

	noZone = 0x00FF // a zone that is not programmed
)

// eventKinds are the panel's own numbers for what makes a zone active, by its place among the room's zones.
var eventKinds = [world.PanelZones]uint16{world.PanelRacks: 1, world.PanelAir: 2, world.PanelManual: 5, world.PanelDischarge: 9}

// newFirePanelStation plays the panel of one room, or of the first rooms of a site that its zones have place for.
func newFirePanelStation(l *world.Layout, dev *facility.Device) (station, error) {
	a, err := l.AssetFor(dev, "site", "battery-room")
	if err != nil {
		return nil, err
	}
	rooms := l.Rooms
	if a.Kind == "battery-room" {
		rooms = []string{string(a.ID)}
	}
	return firePanelStation{rooms: rooms[:min(len(rooms), panelRegisters/world.PanelZones)], base: uint16(dev.Base)}, nil
}

func (s firePanelStation) image(w *world.World) (image, error) {
	words := make([]uint16, panelRegisters)
	for i := range words {
		words[i] = noZone
	}
	for n, room := range s.rooms {
		r, err := w.Panel(room)
		if err != nil {
			return image{}, err
		}
		for i, z := range r.Zones {
			words[n*world.PanelZones+i] = zoneWord(z, eventKinds[i])
		}
	}
	return image{holding: []block{{s.base, words}}}, nil
}

func zoneWord(z world.ZoneReading, kind uint16) uint16 {
	var out uint16
	for bit, on := range map[uint16]bool{zoneActive: z.Active, zonePreAlarm: z.PreAlarm, zoneTrouble: z.Trouble, zoneDisabled: z.Disabled} {
		if on {
			out |= bit
		}
	}
	if z.Active || z.PreAlarm {
		out |= kind
	}
	return out
}
