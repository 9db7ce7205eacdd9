package collectors

import (
	"fmt"
	"io"
	"log"
	"testing"
	"time"

	"github.com/simonvetter/modbus"

	"bongsu/facility"
)

// world is a device of one protocol that can be taken away and brought back at the same address. Its
// one point shows what it was last told to.
type world interface {
	site() *facility.Site
	up()
	down()
}

// TestDriversConform is what every protocol must do: start without its device, find it, lose it, find
// it again and stop without leaving anything behind.
func TestDriversConform(t *testing.T) {
	worlds := map[string]func(t *testing.T) world{
		"modbus": func(t *testing.T) world { return &modbusWorld{t: t, address: freeAddress(t)} },
		"mqtt":   func(t *testing.T) world { return &mqttWorld{t: t, address: freeAddress(t)} },
	}
	for protocol := range drivers {
		t.Run(protocol, func(t *testing.T) {
			open := worlds[protocol]
			if open == nil {
				t.Fatal("this protocol has no world to be proven in")
			}
			w := open(t)
			t.Cleanup(w.down)
			c, p := start(t, w.site(), Options{})
			p.await(t, "the loss of a device that is not there at the start", isLost)
			if s := c.Status()[0]; s.Connected || s.NextTry == nil || s.Error == "" || s.Failures == 0 {
				t.Errorf("status without the device: %+v", s)
			}
			for round := range 2 {
				began := time.Now()
				w.up()
				good := p.await(t, "the device", isGood)
				if good.Value != 42 || good.Seen.Before(began) || good.Seen.After(time.Now()) || good.At.After(good.Seen) {
					t.Errorf("round %d: %+v", round, good)
				}
				if s := c.Status()[0]; s.LastGood == nil || s.Requests == 0 {
					t.Errorf("status with the device: %+v", s)
				}
				w.down()
				p.await(t, "its loss", isLost)
				p.await(t, "its loss again with the next scan", isLost)
			}
			w.up()
			p.await(t, "the device once more", isGood)
		})
	}
}

// modbusWorld is a server of another author's than our client.
type modbusWorld struct {
	t       *testing.T
	address string
	server  *modbus.ModbusServer
}

func (w *modbusWorld) site() *facility.Site {
	return buildSite(
		[]facility.Link{{ID: "l", Protocol: "modbus", Address: w.address, Timeout: 500 * time.Millisecond, MaxBackoff: 300 * time.Millisecond}},
		[]facility.Device{{ID: "d", Link: "l", Unit: 3, Points: []facility.PointDef{register("x", 10, 100*time.Millisecond)}}})
}

func (w *modbusWorld) up() {
	server, err := modbus.NewServer(&modbus.ServerConfiguration{URL: "tcp://" + w.address, Logger: log.New(io.Discard, "", 0)}, &plc{})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.server = server
}

func (w *modbusWorld) down() {
	if w.server != nil {
		_ = w.server.Stop()
		w.server = nil
	}
}

// mqttWorld is a broker and a device that publishes on it.
type mqttWorld struct {
	t       *testing.T
	address string
	broker  *testBroker
	quiet   func()
	seq     int
}

func (w *mqttWorld) site() *facility.Site { return unhurriedSite(w.address, topicPoint("x")) }

func (w *mqttWorld) up() {
	w.broker = newBroker(w.t, w.address)
	w.quiet = w.broker.repeat("hall/r1/x", func() string {
		w.seq++
		return fmt.Sprintf(`{"v":42,"q":"GOOD","t":%q,"seq":%d}`, time.Now().UTC().Format(time.RFC3339Nano), w.seq)
	})
}

func (w *mqttWorld) down() {
	if w.broker != nil {
		w.quiet()
		w.broker.stop()
		w.broker = nil
	}
}
