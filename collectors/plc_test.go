package collectors

import (
	"errors"
	"io"
	"log"
	"sync"
	"testing"
	"time"

	"github.com/simonvetter/modbus"

	"bongsu/facility"
)

// plc is a register and coil memory behind a server of another author's than our client. Registers
// start at 42; its contacts follow the coils.
type plc struct {
	mu    sync.Mutex
	coils [8]bool
	regs  [8]uint16
}

func (p *plc) HandleCoils(r *modbus.CoilsRequest) ([]bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if int(r.Addr)+int(r.Quantity) > len(p.coils) {
		return nil, modbus.ErrIllegalDataAddress
	}
	if r.IsWrite {
		copy(p.coils[r.Addr:], r.Args)
	}
	return append([]bool(nil), p.coils[r.Addr:r.Addr+r.Quantity]...), nil
}

func (p *plc) HandleDiscreteInputs(r *modbus.DiscreteInputsRequest) ([]bool, error) {
	return p.HandleCoils(&modbus.CoilsRequest{Addr: r.Addr, Quantity: r.Quantity})
}

func (p *plc) HandleHoldingRegisters(r *modbus.HoldingRegistersRequest) ([]uint16, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.UnitId != 3 {
		return nil, modbus.ErrGWTargetFailedToRespond
	}
	if r.IsWrite && int(r.Addr)+int(r.Quantity) <= len(p.regs) {
		copy(p.regs[r.Addr:], r.Args)
	}
	out := make([]uint16, r.Quantity)
	for i := range out {
		out[i] = 42
		if a := int(r.Addr) + i; a < len(p.regs) {
			out[i] = p.regs[a]
		}
	}
	return out, nil
}

func (p *plc) HandleInputRegisters(r *modbus.InputRegistersRequest) ([]uint16, error) {
	return p.HandleHoldingRegisters(&modbus.HoldingRegistersRequest{UnitId: r.UnitId, Addr: r.Addr, Quantity: r.Quantity})
}

// TestAnotherAuthorsServer reads every function and writes both kinds of command against a server
// that shares no code with our client.
func TestAnotherAuthorsServer(t *testing.T) {
	address := freeAddress(t)
	server, err := modbus.NewServer(&modbus.ServerConfiguration{URL: "tcp://" + address, Logger: log.New(io.Discard, "", 0)}, &plc{})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	bit := func(name string, fn, address int) facility.PointDef {
		return facility.PointDef{Name: name, Kind: "binary", Function: fn, Address: at(address), Type: "bool", Scan: 100 * time.Millisecond}
	}
	input := register("input", 20, 100*time.Millisecond)
	input.Function = 4
	profile := &facility.Profile{
		Name: "plc", Protocol: "modbus",
		Points: []facility.PointDef{
			bit("coil", 1, 2), bit("contact", 2, 2), register("setpoint", 5, 100*time.Millisecond), input,
		},
		Commands: []facility.CommandDef{
			{Name: "close", Function: 5, Address: at(2), Value: 1, Feedback: "contact", Equals: 1, Deadline: patience},
			{Name: "set", Function: 6, Address: at(5), Value: 7, Feedback: "setpoint", Equals: 7, Deadline: patience},
			{Name: "wrong", Function: 5, Address: at(100), Value: 1, Feedback: "contact", Equals: 1, Deadline: patience},
		},
	}
	site := buildSite([]facility.Link{{ID: "l", Protocol: "modbus", Address: address, Timeout: 20 * time.Second}},
		[]facility.Device{{ID: "d", Link: "l", Unit: 3, Profile: "plc"}}, profile)
	c, p := start(t, site, Options{})
	for ref, want := range []string{"0 good", "0 good", "0 good", "42 good"} {
		p.await(t, want, of(facility.Ref(ref), is(want)))
	}
	for _, order := range []struct {
		id       facility.CommandID
		readBack int
		ref      facility.Ref
		shows    string
	}{{"d/close", 1, 1, "1 good"}, {"d/set", 7, 2, "7 good"}} {
		receipt, err := c.Execute(t.Context(), site.Commands[order.id])
		if err != nil || !receipt.ReadBackOK || receipt.ReadBack != order.readBack {
			t.Errorf("%s: %v %+v", order.id, err, receipt)
		}
		p.await(t, "the feedback of "+string(order.id), of(order.ref, is(order.shows)))
	}
	if receipt, err := c.Execute(t.Context(), site.Commands["d/set"], 9); err != nil || receipt.ReadBack != 9 {
		t.Errorf("another value: %v %+v", err, receipt)
	}
	if _, err := c.Execute(t.Context(), site.Commands["d/wrong"]); !errors.Is(err, ErrRefused) {
		t.Errorf("a coil that does not exist: %v", err)
	}
}
