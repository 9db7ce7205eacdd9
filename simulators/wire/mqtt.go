package wire

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// mqttLink is one broker with the gateways that publish on it. The gateways live in the broker's own
// process: what their last will would leave behind when they are lost, the broker writes itself.
type mqttLink struct {
	id      string
	house   House
	layout  *world.Layout
	log     *slog.Logger
	host    string // whom Sparkplug nodes wait for, empty for nobody
	sensors []*sensor
	edges   []*edge
	// lost holds the gateways that are gone, by status topic or node, with the id of the fault. Lock of the house.
	lost map[string]string

	published atomic.Uint64

	mu      sync.Mutex
	address string
	server  *mqtt.Server
	door    *doorway
	opened  bool
	mode    linkMode
	leave   func() // gives up the address that was kept while nobody listened, nil when none was
}

// sensor is one publishing device. Its fields belong to the lock of the house.
type sensor struct {
	device  *facility.Device
	sender  sender
	phase   int64 // second of its period at which it publishes
	seq     map[string]uint64
	silent  string // fault ids
	simTag  string
	garbage string
	twice   string
	reorder string
	late    []message     // held back, to be overtaken
	bent    []*bend       // faulty instruments
	skew    time.Duration // of its clock
	skewed  string
	edge    *edge // the Sparkplug node it is told by, nil for one that publishes itself
}

// gateway names the gateway that a device is lost with: its status topic, or its Sparkplug node.
func (s *sensor) gateway() string {
	if s.edge != nil {
		return s.edge.topic
	}
	return s.device.Status
}

// openDoor lets every client in: the simulated broker stands on the loopback address and guards nothing.
type openDoor struct{ mqtt.HookBase }

// ID names the hook to the broker.
func (*openDoor) ID() string { return "open-door" }

// Provides says which questions of the broker this hook answers.
func (*openDoor) Provides(question byte) bool {
	return question == mqtt.OnConnectAuthenticate || question == mqtt.OnACLCheck
}

// OnConnectAuthenticate admits the client.
func (*openDoor) OnConnectAuthenticate(*mqtt.Client, packets.Packet) bool { return true }

// OnACLCheck allows the topic.
func (*openDoor) OnACLCheck(*mqtt.Client, string, bool) bool { return true }

type message struct {
	topic   string
	payload []byte
}

func newMQTTLink(h House, at *world.Layout, l facility.Link, log *slog.Logger) *mqttLink {
	return &mqttLink{id: l.ID, house: h, layout: at, log: log.With("link", l.ID), host: l.Host, address: l.Address, lost: map[string]string{}}
}

func (l *mqttLink) add(dev *facility.Device) error {
	build, ok := senders[dev.Profile]
	if !ok {
		return fmt.Errorf("device %s: no firmware for profile %q on an MQTT link; there is one for %v", dev.ID, dev.Profile, sortedKeys(senders))
	}
	s, err := build(l.layout, dev)
	if err != nil {
		return err
	}
	one := &sensor{device: dev, sender: s, phase: int64(len(l.sensors)), seq: map[string]uint64{}}
	l.sensors = append(l.sensors, one)
	if _, _, _, ok := dev.Sparkplug(); ok {
		return l.addEdge(one)
	}
	return nil
}

func (l *mqttLink) open(anyPort bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.opened = true
	address := l.address
	if anyPort {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return fmt.Errorf("address %q: %w", address, err)
		}
		address = net.JoinHostPort(host, "0")
	}
	return l.listen(address)
}

// listen starts a fresh broker, as after a restart without a store; the lock is held.
func (l *mqttLink) listen(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", address, err)
	}
	door := &doorway{Listener: listener}
	server := mqtt.New(&mqtt.Options{InlineClient: true, Logger: slog.New(onlyErrors{l.log.Handler()})})
	if err := server.AddHook(&openDoor{}, nil); err != nil {
		return fmt.Errorf("broker on %s: %w", address, err)
	}
	if err := server.AddListener(listeners.NewNet(l.id, door)); err != nil {
		return fmt.Errorf("broker on %s: %w", address, err)
	}
	if err := server.Serve(); err != nil {
		return fmt.Errorf("broker on %s: %w", address, err)
	}
	l.server, l.door, l.address = server, door, listener.Addr().String()
	l.leave = given(l.leave)
	for topic := range l.gateways() {
		word := "online"
		if l.lost[topic] != "" {
			word = "offline"
		}
		l.send(message{topic, []byte(word)}, true)
	}
	return nil
}

// gateways counts the devices behind each status topic.
func (l *mqttLink) gateways() map[string]int {
	out := map[string]int{}
	for _, s := range l.sensors {
		if s.edge == nil && s.device.Status != "" {
			out[s.device.Status]++
		}
	}
	return out
}

// send publishes at QoS 1; the lock is held.
func (l *mqttLink) send(m message, retain bool) {
	if l.server == nil || l.mode != linkUp {
		return
	}
	if err := l.server.Publish(m.topic, m.payload, retain, 1); err != nil {
		l.log.Warn("the broker refused a message", "topic", m.topic, "error", err)
		return
	}
	l.published.Add(1)
}

// setGateway takes a gateway away or brings it back; the lock of the house is held. A Sparkplug node says so itself.
func (l *mqttLink) setGateway(topic, fault string) {
	word := "online"
	if fault == "" {
		delete(l.lost, topic)
	} else {
		l.lost[topic], word = fault, "offline"
	}
	for _, e := range l.edges {
		if e.topic == topic {
			e.line.rouse()
			return
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.send(message{topic, []byte(word)}, true)
}

func (l *mqttLink) shut() {
	if l.server == nil {
		return
	}
	l.door.shut()
	if err := l.server.Close(); err != nil {
		l.log.Warn("the broker did not close cleanly", "error", err)
	}
	l.server = nil
}

func (l *mqttLink) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shut()
	l.leave = given(l.leave)
}

// setMode changes how the broker treats its clients; a hanging one keeps them connected and silent. The
// lock of the house is held.
func (l *mqttLink) setMode(m linkMode) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	was := l.mode
	l.mode = m
	switch {
	case !l.opened: // in a rehearsal nothing listens
	case m == linkRefusing:
		l.shut()
		l.leave = kept(l.address, l.log)
	case was == linkRefusing:
		return l.listen(l.address)
	}
	return nil
}

func (l *mqttLink) state() LinkState {
	l.mu.Lock()
	defer l.mu.Unlock()
	return LinkState{ID: l.id, Protocol: "mqtt", Address: l.address, State: l.mode.String(), Requests: l.published.Load()}
}

// run publishes once a second until ctx ends. Everything is sent once at the start, then each device at its
// own second of its period, so that slow devices do not all speak at once.
func (l *mqttLink) run(ctx context.Context) {
	var nodes sync.WaitGroup
	defer nodes.Wait()
	for _, e := range l.edges {
		nodes.Go(func() { e.line.run(ctx) })
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for n := int64(0); ; n++ {
		batch := l.collect(time.Now(), n)
		l.mu.Lock()
		for _, m := range batch {
			l.send(m, false)
		}
		l.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// collect gathers what is due in second n, but for what Sparkplug nodes tell.
func (l *mqttLink) collect(now time.Time, n int64) []message {
	var out []message
	var values []reading
	l.house.Look(func(w *world.World, _ uint64) {
		for _, s := range l.sensors {
			every := max(1, int64(s.sender.period()/time.Second))
			if s.edge != nil || n > 0 && n%every != s.phase%every || s.silent != "" || l.lost[s.device.Status] != "" {
				continue
			}
			values = s.sender.readings(w, values[:0])
			if len(s.bent) > 0 {
				values = bentReadings(values, s.bent, w.Now().Seconds())
			}
			from := len(out)
			for _, r := range values {
				s.seq[r.point]++
				out = append(out, message{s.device.Topic + "/" + r.point, s.payload(r, now)})
			}
			out = s.jumble(out, from)
		}
	})
	return out
}

// payload writes one value as JSON. A value that does not exist is null.
func (s *sensor) payload(r reading, now time.Time) []byte {
	if s.garbage != "" {
		return []byte(`{"v":`)
	}
	b := append(make([]byte, 0, 128), `{"v":`...)
	if r.noNumber {
		b = append(b, "NaN"...)
	} else if math.IsNaN(r.value) || math.IsInf(r.value, 0) {
		b = append(b, "null"...)
	} else {
		b = strconv.AppendFloat(b, math.Round(r.value*1000)/1000, 'f', -1, 64)
	}
	b = append(append(append(b, `,"q":"`...), r.quality...), `","t":"`...)
	b = now.Add(s.skew).UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	b = strconv.AppendUint(append(b, `","seq":`...), s.seq[r.point], 10)
	b = append(append(append(b, `,"src":"`...), r.source...), `","sim":`...)
	return append(strconv.AppendBool(b, s.simTag != ""), '}')
}

// jumble lets a sick gateway send its latest messages, those from an index on, twice or in the wrong order.
func (s *sensor) jumble(out []message, from int) []message {
	fresh := out[from:]
	if s.twice != "" {
		out = append(out, fresh...)
	}
	switch {
	case s.late != nil:
		out = append(out, s.late...)
		s.late = nil
	case s.reorder != "":
		s.late = slices.Clone(fresh)
		out = out[:from]
	}
	return out
}
