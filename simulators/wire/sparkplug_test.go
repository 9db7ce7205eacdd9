package wire

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"google.golang.org/protobuf/encoding/protowire"

	"bongsu/facility"
	"bongsu/simulators/world"
)

// hallSite is one rack whose inlets a Sparkplug node tells; host is the link's host id, or empty.
func hallSite(host string) string {
	if host != "" {
		host = ", sparkplug_host: " + host
	}
	return `id: hall
assets:
  - {id: hall, kind: site}
  - {id: hall/feed-a, kind: feed, parent: hall}
  - {id: hall/ups-a, kind: ups-zone, parent: hall}
  - {id: hall/b1, kind: battery-room, parent: hall/ups-a}
  - {id: hall/b1/r1, kind: battery-rack, parent: hall/b1}
  - {id: hall/h1, kind: it-hall, parent: hall}
  - {id: hall/h1/a1, kind: it-rack, parent: hall/h1}
links:
  - {id: plant, protocol: mqtt, address: "127.0.0.1:1883"` + host + `}
devices:
  - {id: hall/h1/a1/env, asset: hall/h1/a1, profile: sim-rack-inlet-edge, link: plant, topic: spBv1.0/hall/gw/a1}
`
}

// spbMessage is a decoded message of an edge node, or the text of any other.
type spbMessage struct {
	topic   string
	seq     int // -1 when not given
	metrics []spbValue
	broken  bool
}

type spbValue struct {
	name             string
	alias            uint64
	value            float64
	at               time.Time
	historical, null bool
}

// decodeSpb reads a payload by the published definition alone.
func decodeSpb(topic string, b []byte) spbMessage {
	m := spbMessage{topic: topic, seq: -1}
	m.broken = !eachField(b, func(n protowire.Number, v uint64, text []byte) {
		switch n {
		case 3:
			m.seq = int(v)
		case 2:
			var x spbValue
			m.broken = m.broken || !eachField(text, func(n protowire.Number, v uint64, text []byte) {
				switch n {
				case 1:
					x.name = string(text)
				case 2:
					x.alias = v
				case 3:
					x.at = time.UnixMilli(int64(v))
				case 5:
					x.historical = v != 0
				case 7:
					x.null = v != 0
				case 11:
					x.value = float64(v)
				case 13:
					x.value = math.Float64frombits(v)
				}
			})
			m.metrics = append(m.metrics, x)
		}
	})
	return m
}

// hallBench is the hall with its broker open, a listener on it, and a node that lives when the test says so.
type hallBench struct {
	*bench
	line   *edgeLine
	heard  chan spbMessage
	client paho.Client
	now    time.Time
	n      int64
}

func openHall(t *testing.T, host string) *hallBench {
	t.Helper()
	profiles, err := filepath.Abs("../../sites/profiles")
	dir := t.TempDir()
	file := filepath.Join(dir, "site", "site.yaml")
	for _, err := range []error{err, os.Symlink(profiles, filepath.Join(dir, "profiles")), os.Mkdir(filepath.Dir(file), 0o755),
		os.WriteFile(file, []byte(hallSite(host)), 0o600)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	site, faults := facility.Load(file)
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	at, err := world.NewLayout(site)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, site: site, world: world.New(at.Config), gen: 1}
	if b.Links, err = New(site, at, b, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	if err := b.Open(true); err != nil {
		t.Fatal(err)
	}
	h := &hallBench{bench: b, line: b.byID["plant"].(*mqttLink).edges[0].line, now: time.Now()}
	t.Cleanup(func() { h.line.part(); b.Close() })
	h.listen()
	return h
}

// listen connects a client that hears the node and may speak to it.
func (h *hallBench) listen() {
	h.t.Helper()
	o := paho.NewClientOptions().AddBroker("tcp://" + h.address("plant")).SetClientID(h.t.Name()).SetAutoReconnect(false)
	h.client = connected(h.t, o)
	heard := make(chan spbMessage, 1000) // of this session alone: what a former one still brings is not for us
	h.heard = heard
	must(h.t, h.client.Subscribe("spBv1.0/hall/#", 1, func(_ paho.Client, m paho.Message) {
		if !strings.Contains(m.Topic(), "CMD") {
			heard <- decodeSpb(m.Topic(), m.Payload())
		}
	}))
}

func must(t *testing.T, token paho.Token) {
	t.Helper()
	if !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatalf("the broker: %v", token.Error())
	}
}

// say publishes something to the node.
func (h *hallBench) say(topic string, payload []byte, retain bool) {
	h.t.Helper()
	must(h.t, h.client.Publish(topic, 1, retain, payload))
}

// rouse waits until something has come in for the node, and lets it look at that.
func (h *hallBench) rouse() {
	h.t.Helper()
	select {
	case <-h.line.woken:
		h.line.attend(h.now, -1)
	case <-time.After(patience):
		h.t.Fatal("nothing came to the node")
	}
}

// round lets ten seconds pass, which is the rhythm of the sensors.
func (h *hallBench) round() {
	h.advance(10 * time.Second)
	h.now = h.now.Add(10 * time.Second)
	h.line.attend(h.now, h.n)
	h.n += 10
}

// next gives the next message of the node, which looks whenever something comes in; it must be of that kind.
func (h *hallBench) next(kind string, seq int) spbMessage {
	h.t.Helper()
	for late := time.After(patience); ; {
		select {
		case m := <-h.heard:
			if m.topic != "spBv1.0/hall/"+kind || m.seq != seq {
				h.t.Fatalf("%s with number %d, want %s with %d", m.topic, m.seq, kind, seq)
			}
			return m
		case <-h.line.woken:
			h.line.attend(h.now, -1)
		case <-late:
			h.t.Fatalf("never heard %s", kind)
		}
	}
}

// silence checks that the node has said nothing more.
func (h *hallBench) silence() {
	h.t.Helper()
	seen := make(chan struct{})
	must(h.t, h.client.Subscribe("marker", 1, func(paho.Client, paho.Message) { close(seen) }))
	must(h.t, h.client.Publish("marker", 1, false, "x"))
	select {
	case <-seen:
	case <-time.After(patience):
		h.t.Fatal("the broker passes nothing on")
	}
	must(h.t, h.client.Unsubscribe("marker"))
	if len(h.heard) > 0 {
		m := <-h.heard
		h.t.Errorf("heard %s of %+v", m.topic, m.metrics)
	}
}

// births checks a birth of the node and its device, and gives the device's aliases.
func (h *hallBench) births(session float64) map[uint64]string {
	h.t.Helper()
	node := h.next("NBIRTH/gw", 0)
	if len(node.metrics) != 2 || node.metrics[0].name != "bdSeq" || node.metrics[0].value != session || node.metrics[1].name != "Node Control/Rebirth" {
		h.t.Errorf("the node was born with %+v, want session %g", node.metrics, session)
	}
	aliases := map[uint64]string{}
	for _, m := range h.next("DBIRTH/gw/a1", 1).metrics {
		aliases[m.alias] = m.name
	}
	if len(aliases) != 5 || aliases[1] != "inlet-bottom" || aliases[5] != "kw-b" {
		h.t.Errorf("the aliases are %v", aliases)
	}
	return aliases
}

var rebirth = []byte("\x12\x18\x0a\x14Node Control/Rebirth\x70\x01")

// A node is born, tells what changes by alias, is born again when asked, dies with its power and comes back.
func TestASparkplugNodeLives(t *testing.T) {
	h := openHall(t, "")
	h.round()
	aliases := h.births(0)
	heal := h.inject(world.Fault{Kind: PointWrong, Target: "hall/h1/a1", Params: world.FaultParams{Channel: "inlet-top", Amount: 7}})
	h.round()
	data := h.next("DDATA/gw/a1", 2)
	i := slices.IndexFunc(data.metrics, func(m spbValue) bool { return aliases[m.alias] == "inlet-top" })
	if i < 0 || data.metrics[i].name != "" || data.metrics[i].value < 20 || data.metrics[i].historical {
		t.Errorf("the wrong inlet is told as %+v", data.metrics)
	}
	heal()
	h.line.attend(h.now, 0) // the world stands still: only what was mended is told
	if data := h.next("DDATA/gw/a1", 3); len(data.metrics) != 1 || aliases[data.metrics[0].alias] != "inlet-top" {
		t.Errorf("told again: %+v", data.metrics)
	}
	h.line.attend(h.now, 0)
	h.silence()
	h.say("spBv1.0/hall/NCMD/gw", rebirth, false)
	h.births(0)
	heal = h.inject(world.Fault{Kind: GatewayLost, Target: "hall/h1/a1/env"})
	if m := h.next("NDEATH/gw", -1); len(m.metrics) != 1 || m.metrics[0].name != "bdSeq" || m.metrics[0].value != 0 {
		t.Errorf("the last will is %+v", m.metrics)
	}
	h.round()
	h.silence()
	heal()
	h.births(1)
	h.line.part()
	if m := h.next("NDEATH/gw", -1); m.metrics[0].value != 1 {
		t.Errorf("it left as session %g", m.metrics[0].value)
	}
	h.silence() // the will was withdrawn
}

// A node that has a primary host speaks to it only; what changes meanwhile comes afterwards, marked as history.
func TestASparkplugNodeWaitsForItsHost(t *testing.T) {
	h := openHall(t, "bongsu")
	state := func(online bool, at int) {
		h.say("spBv1.0/STATE/bongsu", fmt.Appendf(nil, `{"online":%t,"timestamp":%d}`, online, at), true)
	}
	h.round()
	h.silence()
	state(true, 1000)
	h.births(0)
	if m := h.next("DDATA/gw/a1", 2); len(m.metrics) != 5 || !m.metrics[0].historical {
		t.Errorf("stored before the first birth: %+v", m.metrics)
	}
	state(false, 999) // an old will
	h.rouse()
	h.silence()
	state(false, 1000)
	h.next("NDEATH/gw", -1)
	from := h.now
	for range 3 {
		h.round()
	}
	h.silence()
	state(true, 2000)
	h.births(1)
	m := h.next("DDATA/gw/a1", 2)
	if len(m.metrics) < 3 {
		t.Fatalf("stored %+v", m.metrics)
	}
	for i, v := range m.metrics {
		if !v.historical || v.at.Before(from) || v.at.After(h.now) || i > 0 && v.at.Before(m.metrics[i-1].at) {
			t.Errorf("stored value %d is %+v", i, v)
		}
	}
	h.round()
	if m := h.next("DDATA/gw/a1", 3); m.metrics[0].historical {
		t.Errorf("what is so now is told as %+v", m.metrics[0])
	}
}

// A broker that is gone is waited for, and what changed meanwhile is told as history.
func TestASparkplugNodeOutlivesItsBroker(t *testing.T) {
	h := openHall(t, "")
	h.round()
	h.births(0)
	heal := h.inject(world.Fault{Kind: LinkDown, Target: "plant"})
	h.rouse()
	h.round()
	h.round()
	heal()
	h.listen() // anew: the broker may have said the will as it went
	h.line.attend(h.now, -1)
	h.births(1)
	if m := h.next("DDATA/gw/a1", 2); !m.metrics[0].historical {
		t.Errorf("stored %+v", m.metrics)
	}
}

// The faults of messages and of one device act below a node too.
func TestFaultsBelowASparkplugNode(t *testing.T) {
	h := openHall(t, "")
	h.round()
	h.births(0)
	device, seq := "hall/h1/a1/env", 2
	h.inject(world.Fault{Kind: PayloadGap, Target: device, Params: world.FaultParams{Amount: 5}})
	h.round()
	h.next("DDATA/gw/a1", seq+5)
	heal := h.inject(world.Fault{Kind: PayloadTwice, Target: device})
	h.round()
	h.next("DDATA/gw/a1", 8)
	h.next("DDATA/gw/a1", 8)
	heal()
	heal = h.inject(world.Fault{Kind: PayloadGarbage, Target: device})
	h.round()
	select {
	case m := <-h.heard:
		if !m.broken {
			t.Errorf("garbage reads as %+v", m)
		}
	case <-time.After(patience):
		t.Error("garbage was not told")
	}
	heal()
	heal = h.inject(world.Fault{Kind: PayloadReorder, Target: device})
	h.round()
	h.silence()
	h.round()
	h.next("DDATA/gw/a1", 11)
	h.next("DDATA/gw/a1", 10)
	heal()
	heal = h.inject(world.Fault{Kind: PayloadClock, Target: device, Params: world.FaultParams{Amount: -3600}})
	h.round()
	if m := h.next("DDATA/gw/a1", 12); h.now.Sub(m.metrics[0].at).Round(time.Second) != time.Hour {
		t.Errorf("a clock an hour behind stamps %v", m.metrics[0].at)
	}
	heal()
	heal = h.inject(world.Fault{Kind: DeviceSilent, Target: device})
	h.line.attend(h.now, -1)
	h.next("DDEATH/gw/a1", 13)
	heal()
	h.line.attend(h.now, -1)
	h.next("DBIRTH/gw/a1", 14)
	h.inject(world.Fault{Kind: PointSilent, Target: device, Params: world.FaultParams{Channel: "kw-a"}})
	h.say("spBv1.0/hall/NCMD/gw", rebirth, false)
	h.next("NBIRTH/gw", 0)
	if m := h.next("DBIRTH/gw/a1", 1); !m.metrics[3].null || m.metrics[3].name != "kw-a" {
		t.Errorf("a silent meter is born as %+v", m.metrics[3])
	}
	if _, err := h.Inject(world.Fault{Kind: PayloadSim, Target: device}, "x"); !errors.Is(err, world.ErrFaultParams) {
		t.Errorf("a mark of simulated values: %v", err)
	}
}

// What is kept for a host that does not come is bounded: the oldest goes first.
func TestASparkplugNodeKeepsTheNewest(t *testing.T) {
	p := &edgePart{}
	for i := range storeLimit + 10 {
		p.store([]*edgeMetric{{alias: uint64(i)}}, time.Unix(int64(i), 0))
	}
	if len(p.stored) != storeLimit || p.stored[0].alias != 10 {
		t.Errorf("%d values are kept, the oldest is %d", len(p.stored), p.stored[0].alias)
	}
}
