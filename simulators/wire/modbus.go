package wire

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/simonvetter/modbus"

	"bongsu/facility"
	"bongsu/simulators/world"
)

const (
	// gatewayPatience is how long a gateway waits for a silent unit before it says so itself. It is longer
	// than any sensible client's timeout, as with real gateways.
	gatewayPatience = 3 * time.Second
	idleTimeout     = 5 * time.Minute
	modbusClients   = 256
)

// modbusLink is one Modbus TCP endpoint with its units.
type modbusLink struct {
	id     string
	house  House
	layout *world.Layout
	log    *slog.Logger
	units  map[uint8]*unit

	requests  atomic.Uint64
	strangers atomic.Int64 // other masters that write here

	mu      sync.Mutex
	address string
	server  *modbus.ModbusServer
	opened  bool
	mode    linkMode
	release chan struct{} // closed when whoever waits for an answer must give up
	leave   func()        // gives up the address that was kept while nobody listened, nil when none was
}

// unit is one device behind the endpoint. Its fields belong to the lock of the house.
type unit struct {
	device  *facility.Device
	station station
	silent  string // id of the fault that silences it
	seen    uint64 // generation of the world the image shows
	shown   image
	err     error
	bent    []*bend // faulty instruments
}

// refresh builds what the unit shows once per change of the world.
func (u *unit) refresh(w *world.World, generation uint64) {
	if u.seen == generation {
		return
	}
	u.seen = generation
	if u.shown, u.err = u.station.image(w); len(u.bent) > 0 && u.err == nil {
		u.shown = u.shown.bentBy(u.bent, w.Now().Seconds())
	}
}

func newModbusLink(h House, at *world.Layout, l facility.Link, log *slog.Logger) *modbusLink {
	return &modbusLink{id: l.ID, house: h, layout: at, log: log.With("link", l.ID), units: map[uint8]*unit{}, address: l.Address}
}

func (l *modbusLink) add(dev *facility.Device) error {
	if main, ok := views[dev.Profile]; ok {
		if u := l.units[uint8(dev.Unit)]; u == nil || u.device.Profile != main || u.device.Asset != dev.Asset {
			return fmt.Errorf("device %s: %s reads a %s of the same asset: name that one first, with link %s and unit %d", dev.ID, dev.Profile, main, l.id, dev.Unit)
		}
		return nil
	}
	build, ok := stations[dev.Profile]
	if !ok {
		return fmt.Errorf("device %s: no firmware for profile %q on a Modbus link; there is one for %v", dev.ID, dev.Profile, sortedKeys(stations))
	}
	if other := l.units[uint8(dev.Unit)]; other != nil {
		return fmt.Errorf("device %s: unit %d of link %s is already %s", dev.ID, dev.Unit, l.id, other.device.ID)
	}
	s, err := build(l.layout, dev)
	if err != nil {
		return err
	}
	l.units[uint8(dev.Unit)] = &unit{device: dev, station: s}
	return nil
}

func (l *modbusLink) open(anyPort bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.opened = true
	if !anyPort {
		return l.listen(l.address)
	}
	host, _, err := net.SplitHostPort(l.address)
	if err != nil {
		return fmt.Errorf("address %q: %w", l.address, err)
	}
	// The server library cannot tell which port it got, so a free one is looked for first. Somebody else
	// may take it in between: then another one is tried.
	for range 10 {
		probe, perr := net.Listen("tcp", net.JoinHostPort(host, "0"))
		if perr != nil {
			return fmt.Errorf("look for a free port on %s: %w", host, perr)
		}
		address := probe.Addr().String()
		if err = errors.Join(probe.Close(), l.listen(address)); err == nil {
			l.address = address
			return nil
		}
	}
	return err
}

// listen starts a server; the lock is held.
func (l *modbusLink) listen(address string) error {
	server, err := modbus.NewServer(&modbus.ServerConfiguration{
		URL: "tcp://" + address, Timeout: idleTimeout, MaxClients: modbusClients,
		Logger: slog.NewLogLogger(onlyErrors{l.log.Handler()}, slog.LevelWarn),
	}, l)
	if err != nil {
		return fmt.Errorf("modbus server on %s: %w", address, err)
	}
	if err := server.Start(); err != nil {
		return fmt.Errorf("listen on %s: %w", address, err)
	}
	l.server, l.release = server, make(chan struct{})
	l.leave = given(l.leave)
	return nil
}

// shut stops the server if it runs; the lock is held.
func (l *modbusLink) shut() {
	if l.server == nil {
		return
	}
	close(l.release)
	if err := l.server.Stop(); err != nil {
		l.log.Warn("the endpoint did not close cleanly", "error", err)
	}
	l.server = nil
}

func (l *modbusLink) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shut()
	l.leave = given(l.leave)
}

// setMode changes how the endpoint treats its clients. Going from hanging to up lets the waiters go.
func (l *modbusLink) setMode(m linkMode) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if m == l.mode {
		return nil
	}
	was := l.mode
	l.mode = m
	if !l.opened {
		return nil // in a rehearsal nothing listens
	}
	if m == linkRefusing {
		l.shut()
		l.leave = kept(l.address, l.log)
		return nil
	}
	if was == linkRefusing {
		return l.listen(l.address)
	}
	close(l.release)
	l.release = make(chan struct{})
	return nil
}

func (l *modbusLink) state() LinkState {
	l.mu.Lock()
	defer l.mu.Unlock()
	return LinkState{ID: l.id, Protocol: "modbus", Address: l.address, State: l.mode.String(), Requests: l.requests.Load(), Strangers: l.strangers.Load()}
}

// holdBack keeps a request waiting until its time is over or the link changes, and then answers as a
// gateway does for a unit it cannot reach.
func (l *modbusLink) holdBack(d time.Duration) error {
	l.mu.Lock()
	release := l.release
	l.mu.Unlock()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-release:
	case <-timer.C:
	}
	return modbus.ErrGWTargetFailedToRespond
}

// reach finds the unit of a request on a link that answers.
func (l *modbusLink) reach(id uint8) (*unit, error) {
	l.requests.Add(1)
	l.mu.Lock()
	mode := l.mode
	l.mu.Unlock()
	if mode == linkHanging {
		return nil, l.holdBack(idleTimeout)
	}
	u := l.units[id]
	if u == nil {
		return nil, modbus.ErrGWTargetFailedToRespond
	}
	return u, nil
}

// look gives what a unit shows now to a request of so many values from an address. An image is built once per change of
// the world, whoever asks.
func (l *modbusLink) look(id uint8, function int, addr, n uint16) (image, error) {
	u, err := l.reach(id)
	if err != nil {
		return image{}, err
	}
	var shown image
	l.house.Look(func(w *world.World, generation uint64) {
		u.refresh(w, generation)
		if len(u.shown.slow) > 0 && function == 3 {
			u.shown.encode(addr, n)
		}
		shown, err = u.shown, u.err
		if err == nil && shown.refuses(function, addr, n) {
			err = modbus.ErrServerDeviceFailure
		}
		if u.silent != "" {
			err = errSilent
		}
	})
	return shown, l.answer(u, err)
}

// order writes to a unit.
func (l *modbusLink) order(id uint8, write func(station, *world.World) error) error {
	u, err := l.reach(id)
	if err != nil {
		return err
	}
	l.house.Order(func(w *world.World) (changed bool) {
		if u.silent != "" {
			err = errSilent
			return false
		}
		if _, err = u.station.image(w); err != nil { // what cannot be read takes no orders either
			return false
		}
		err = write(u.station, w)
		return true
	})
	return l.answer(u, err)
}

// answer turns an error of a station into what its client sees.
func (l *modbusLink) answer(u *unit, err error) error {
	var known modbus.Error
	switch {
	case err == nil, errors.As(err, &known):
		return err
	case errors.Is(err, errSilent):
		return l.holdBack(gatewayPatience)
	}
	l.log.Error("a simulated device failed", "device", u.device.ID, "error", err)
	return modbus.ErrServerDeviceFailure
}

// HandleCoils reads coils as commanded and takes orders.
func (l *modbusLink) HandleCoils(req *modbus.CoilsRequest) ([]bool, error) {
	if req.IsWrite {
		return nil, l.order(req.UnitId, func(s station, w *world.World) error {
			for i, on := range req.Args {
				if err := s.setCoil(w, req.Addr+uint16(i), on); err != nil {
					return err
				}
			}
			return nil
		})
	}
	img, err := l.look(req.UnitId, 1, req.Addr, req.Quantity)
	return bitsAnswer(img.coils, req.Addr, req.Quantity, err)
}

// HandleDiscreteInputs reads what the field shows.
func (l *modbusLink) HandleDiscreteInputs(req *modbus.DiscreteInputsRequest) ([]bool, error) {
	img, err := l.look(req.UnitId, 2, req.Addr, req.Quantity)
	return bitsAnswer(img.inputs, req.Addr, req.Quantity, err)
}

// HandleHoldingRegisters reads registers and takes set-points.
func (l *modbusLink) HandleHoldingRegisters(req *modbus.HoldingRegistersRequest) ([]uint16, error) {
	if req.IsWrite {
		return nil, l.order(req.UnitId, func(s station, w *world.World) error {
			for i, v := range req.Args {
				if err := s.setRegister(w, req.Addr+uint16(i), v); err != nil {
					return err
				}
			}
			return nil
		})
	}
	img, err := l.look(req.UnitId, 3, req.Addr, req.Quantity)
	return wordsAnswer(img.holding, req.Addr, req.Quantity, err)
}

// HandleInputRegisters reads measured values.
func (l *modbusLink) HandleInputRegisters(req *modbus.InputRegistersRequest) ([]uint16, error) {
	img, err := l.look(req.UnitId, 4, req.Addr, req.Quantity)
	return wordsAnswer(img.input, req.Addr, req.Quantity, err)
}

func bitsAnswer(bits []bool, addr, n uint16, err error) ([]bool, error) {
	if err != nil {
		return nil, err
	}
	if bits == nil {
		return nil, modbus.ErrIllegalFunction
	}
	out, ok := readBits(bits, addr, int(n))
	if !ok {
		return nil, modbus.ErrIllegalDataAddress
	}
	return out, nil
}

func wordsAnswer(blocks []block, addr, n uint16, err error) ([]uint16, error) {
	if err != nil {
		return nil, err
	}
	if blocks == nil {
		return nil, modbus.ErrIllegalFunction
	}
	out, ok := readWords(blocks, addr, int(n))
	if !ok {
		return nil, modbus.ErrIllegalDataAddress
	}
	return out, nil
}
