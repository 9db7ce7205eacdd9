package world

import (
	"fmt"
	"slices"
)

// Racks lists the battery racks of a room in configuration order, nil for an unknown room.
func (w *World) Racks(roomID string) []string {
	r := w.rooms[roomID]
	if r == nil {
		return nil
	}
	return slices.Clone(r.cfg.Racks)
}

// Rack reads the instruments of one battery rack.
func (w *World) Rack(id string) (RackReading, error) {
	u, ok := w.racks[id]
	if !ok {
		return RackReading{}, fmt.Errorf("rack %q: %w", id, ErrUnknownAsset)
	}
	return u.sense.now, nil
}

// Cells reads every thermistor and cell voltage of one battery rack.
func (w *World) Cells(id string) (CellReading, error) {
	u, ok := w.racks[id]
	if !ok {
		return CellReading{}, fmt.Errorf("cells of rack %q: %w", id, ErrUnknownAsset)
	}
	return u.cellReading(), nil
}

// Truth is the state behind one rack's instruments.
func (w *World) Truth(id string) (RackTruth, error) {
	u, ok := w.racks[id]
	if !ok {
		return RackTruth{}, fmt.Errorf("truth of rack %q: %w", id, ErrUnknownAsset)
	}
	return u.truth(), nil
}

// Camera reads the thermal camera's region on one battery rack.
func (w *World) Camera(rackID string) (CameraReading, error) {
	u, ok := w.racks[rackID]
	if !ok {
		return CameraReading{}, fmt.Errorf("camera on rack %q: %w", rackID, ErrUnknownAsset)
	}
	return u.view.now, nil
}

// Room reads the instruments of one room.
func (w *World) Room(id string) (RoomReading, error) {
	r, ok := w.rooms[id]
	if !ok {
		return RoomReading{}, fmt.Errorf("room %q: %w", id, ErrUnknownAsset)
	}
	return r.reading(), nil
}

// Zone reads one UPS zone.
func (w *World) Zone(id string) (UPSReading, error) {
	z, ok := w.zones[id]
	if !ok {
		return UPSReading{}, fmt.Errorf("UPS zone %q: %w", id, ErrUnknownAsset)
	}
	out := z.reading()
	out.PartnerOK = z.partner != nil && z.partner.carries(z.loadKW())
	return out, nil
}

// Feed reads the meter of one utility feed.
func (w *World) Feed(id string) (FeedReading, error) {
	f, ok := w.feeds[id]
	if !ok {
		return FeedReading{}, fmt.Errorf("feed %q: %w", id, ErrUnknownAsset)
	}
	return f.reading(&w.cfg.Power), nil
}

// ITRack reads one server rack.
func (w *World) ITRack(id string) (ITRackReading, error) {
	r, ok := w.its[id]
	if !ok {
		return ITRackReading{}, fmt.Errorf("IT rack %q: %w", id, ErrUnknownAsset)
	}
	return r.reading(), nil
}

// ResetDetectors lifts the latched smoke alarms and tilt switches of a room's racks and the latched gas pressure switch,
// and resets the fire panel's zones, as a person does in the room.
func (w *World) ResetDetectors(roomID string) error {
	r, ok := w.rooms[roomID]
	if !ok {
		return fmt.Errorf("reset detectors of room %q: %w", roomID, ErrUnknownAsset)
	}
	r.pressured, r.shaken = false, false
	r.panel.reset()
	for _, id := range r.cfg.Racks {
		w.racks[id].sense.smoke.alarm = false
		w.racks[id].tilted = false
	}
	return nil
}
