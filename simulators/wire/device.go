package wire

import (
	"errors"
	"time"

	"github.com/simonvetter/modbus"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// errSilent is what a device answers that does not answer.
var errSilent = errors.New("the device does not answer")

// station is the firmware of one Modbus unit: it turns the world's readings into registers, and writes
// into orders. Its register map is written here and not taken from the profile, so that a wrong profile
// is found out instead of agreeing with itself.
type station interface {
	image(w *world.World) (image, error)
	setCoil(w *world.World, addr uint16, on bool) error
	setRegister(w *world.World, addr, value uint16) error
}

// readOnly is a station that takes no orders.
type readOnly struct{}

func (readOnly) setCoil(*world.World, uint16, bool) error       { return modbus.ErrIllegalFunction }
func (readOnly) setRegister(*world.World, uint16, uint16) error { return modbus.ErrIllegalFunction }

// stations lists the Modbus devices this build can play, by profile. It is the only place to add one.
var stations = map[string]func(*world.Layout, *facility.Device) (station, error){
	"sim-bms":     newBMSStation,
	"sim-rack-io": newRackIOStation,
	"sim-room-io": newRoomIOStation,
	"sim-ups":     newUPSStation,
	"sim-meter":   newMeterStation,

	"sim-switchgear": newSwitchgearStation, "sim-ats": newTransferStation, "sim-generator": newGeneratorStation,
	"sim-pdu": newPDUStation, "sim-rack-pdu": newRackPDUStation,

	"sim-chiller": newChillerStation, "sim-pump": newPumpStation, "sim-tank": newTankStation, "sim-crah": newCRAHStation,

	"sim-weather": newWeatherStation, "sim-seismic": newSeismicStation, "sim-sump": newSumpStation, "sim-leak": newLeakStation,
	"sim-drain-tank": newDrainTankStation, "fire-panel": newFirePanelStation,
}

// views lists profiles that read more of a unit that a device of another profile is: the same firmware answers both.
var views = map[string]string{
	"sim-bms-cells": "sim-bms",
}

// reading is one value on its way to the broker.
type reading struct {
	point   string
	value   float64
	quality string
	source  string

	noNumber bool // written as a bare NaN, as careless firmware does
}

// sender is the firmware of one MQTT device.
type sender interface {
	period() time.Duration
	readings(w *world.World, out []reading) []reading
}

// senders lists the MQTT devices this build can play, by profile. It is the only place to add one.
var senders = map[string]func(*world.Layout, *facility.Device) (sender, error){
	"sim-thermal-camera": newCameraSender,
	"sim-rack-inlet":     newInletSender,
	"sim-carrier":        newCarrierSender,

	"sim-rack-inlet-edge": newInletSender, // told by a Sparkplug node
}
