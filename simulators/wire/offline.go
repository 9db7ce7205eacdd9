package wire

import (
	"errors"
	"fmt"
	"math"
	"time"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// Shown is everything one Modbus unit would answer at one moment, for readers that come without a socket: whole
// houses in virtual time. It goes through the same firmware as a request from the wire.
type Shown struct{ image image }

// Words copies n registers, read with function 3 or 4; false where the device would refuse.
func (s Shown) Words(function int, addr uint16, n int) ([]uint16, bool) {
	if s.image.refuses(function, addr, uint16(n)) {
		return nil, false
	}
	blocks := s.image.holding
	if function == 4 {
		blocks = s.image.input
	}
	return readWords(blocks, addr, n)
}

// Bit reads one bit with function 1 or 2; false where the device would refuse.
func (s Shown) Bit(function int, addr uint16) (on, ok bool) {
	if s.image.refuses(function, addr, 1) {
		return false, false
	}
	bits := s.image.inputs
	if function == 1 {
		bits = s.image.coils
	}
	out, ok := readBits(bits, addr, 1)
	return ok && out[0], ok
}

// Show gives what a Modbus device would answer now; false when it, or its link, does not answer.
func (all *Links) Show(id facility.DeviceID) (shown Shown, ok bool) {
	l, u := all.modbusUnit(id)
	if u == nil || !l.answers() {
		return Shown{}, false
	}
	l.house.Look(func(w *world.World, generation uint64) {
		u.refresh(w, generation)
		u.shown.encode(0, math.MaxUint16)
		shown, ok = Shown{u.shown}, u.err == nil && u.silent == ""
	})
	return shown, ok
}

// Take gives a Modbus device an order, function 5 or 6, as a write from the wire would.
func (all *Links) Take(id facility.DeviceID, function int, addr uint16, value int) (err error) {
	l, u := all.modbusUnit(id)
	if u == nil || !l.answers() {
		return fmt.Errorf("device %s: %w", id, errSilent)
	}
	l.house.Order(func(w *world.World) bool {
		err = u.write(w, function, addr, value)
		return !errors.Is(err, errSilent)
	})
	return err
}

// Said is one message of an MQTT device.
type Said struct {
	Topic   string
	Payload []byte
}

// Say gives what every MQTT device publishes in second n, stamped with now. Sparkplug nodes need a broker that they
// can be born on and say nothing here.
func (all *Links) Say(now time.Time, n int64) (out []Said) {
	for _, id := range all.IDs() {
		m, ok := all.byID[id].(*mqttLink)
		if !ok {
			continue
		}
		m.mu.Lock()
		up := m.mode == linkUp
		m.mu.Unlock()
		for _, msg := range m.collect(now, n) {
			if up {
				out = append(out, Said{msg.topic, msg.payload})
			}
		}
	}
	return out
}

func (all *Links) modbusUnit(id facility.DeviceID) (*modbusLink, *unit) {
	dev := all.site.Device(id)
	if dev == nil {
		return nil, nil
	}
	l, ok := all.byID[dev.Link].(*modbusLink)
	if !ok {
		return nil, nil
	}
	return l, l.units[uint8(dev.Unit)]
}

// answers tells whether the link itself is sound.
func (l *modbusLink) answers() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mode == linkUp
}
