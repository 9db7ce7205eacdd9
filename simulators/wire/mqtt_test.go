package wire

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"bongsu/simulators/world"
)

// wireMessage is the payload as a consumer sees it.
type wireMessage struct {
	V   *float64  `json:"v"`
	Q   string    `json:"q"`
	T   time.Time `json:"t"`
	Seq uint64    `json:"seq"`
	Src string    `json:"src"`
	Sim bool      `json:"sim"`

	retained bool
	qos      byte
}

// inbox collects the newest message of each topic.
type inbox struct {
	mu     sync.Mutex
	values map[string]wireMessage
	texts  map[string]string
	kept   map[string]bool // retained, as seen by a late subscriber
	jumps  map[string]int  // messages whose number does not follow that of the one before
}

// jumped counts the messages of a topic whose number does not follow that of the one before.
func (b *inbox) jumped(topic string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.jumps[topic]
}

// retained tells whether the newest message of a topic was one that the broker had kept.
func (b *inbox) retained(topic string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.kept[topic]
}

func subscribe(t *testing.T, address string) *inbox {
	t.Helper()
	box := &inbox{values: map[string]wireMessage{}, texts: map[string]string{}, kept: map[string]bool{}, jumps: map[string]int{}}
	opts := paho.NewClientOptions().AddBroker("tcp://" + address).SetClientID(t.Name()).SetAutoReconnect(false).SetOrderMatters(true)
	opts.SetDefaultPublishHandler(func(_ paho.Client, m paho.Message) {
		box.mu.Lock()
		defer box.mu.Unlock()
		box.texts[m.Topic()], box.kept[m.Topic()] = string(m.Payload()), m.Retained()
		var v wireMessage
		if json.Unmarshal(m.Payload(), &v) == nil {
			v.retained, v.qos = m.Retained(), m.Qos()
			if last, seen := box.values[m.Topic()]; seen && v.Seq != last.Seq+1 {
				box.jumps[m.Topic()]++
			}
			box.values[m.Topic()] = v
		}
	})
	must(t, connected(t, opts).Subscribe("dc/#", 1, nil))
	return box
}

// connected gives a client with a session. The broker lets go of whoever has not introduced himself within two seconds,
// which a busy machine may take: then it comes again.
func connected(t *testing.T, o *paho.ClientOptions) (c paho.Client) {
	t.Helper()
	eventually(t, "a session with the broker", func() bool {
		c = paho.NewClient(o)
		tok := c.Connect()
		return tok.WaitTimeout(patience) && tok.Error() == nil
	})
	t.Cleanup(func() { c.Disconnect(0) })
	return c
}

func (b *inbox) value(topic string) (wireMessage, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	v, ok := b.values[topic]
	return v, ok
}

func (b *inbox) text(topic string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.texts[topic]
}

// Every MQTT point of the site file is published where its profile says, with a payload its paths fit.
func TestCamerasAndInletsPublish(t *testing.T) {
	p := startBench(t)
	box := subscribe(t, p.address("broker"))
	var topics []string
	for _, point := range p.site.Points {
		if dev := p.site.Device(point.Device); p.site.Link(dev.Link).Protocol == "mqtt" {
			topics = append(topics, dev.Topic+"/"+point.Def.Topic)
		}
	}
	if want := 8*2 + 40*5 + 2*15; len(topics) != want {
		t.Fatalf("the site has %d MQTT points, want %d", len(topics), want)
	}
	for _, topic := range topics {
		if !strings.HasPrefix(topic, "dc/demo/") {
			t.Errorf("topic %s is not below dc/demo", topic)
		}
	}
	camera := "dc/demo/b1/tc/r3/max"
	eventually(t, "a camera picture", func() bool { _, ok := box.value(camera); return ok })
	first, _ := box.value(camera)
	if first.V == nil || *first.V < 20 || *first.V > 28 || first.Q != "GOOD" || first.Src != "TC" || first.Sim || first.retained || first.qos != 1 {
		t.Errorf("camera message %+v", first)
	}
	if age := time.Since(first.T); age < -time.Second || age > patience {
		t.Errorf("the message is %v old", age)
	}
	eventually(t, "two more pictures", func() bool { m, _ := box.value(camera); return m.Seq >= first.Seq+2 })
	if n := box.jumped(camera); n != 0 {
		t.Errorf("the pictures' numbers jumped %d times", n)
	}
	eventually(t, "some inlets", func() bool { _, ok := box.value("dc/demo/h1/env/a1/inlet-top"); return ok })
	if box.text("dc/demo/b1/tc/status") != "online" || !box.retained("dc/demo/b1/tc/status") {
		t.Error("the gateway's status is not there for a late subscriber")
	}
}

// A lost gateway leaves its last will; a silent device leaves nothing; a bad sensor says so.
func TestLostGatewayAndBadPayloads(t *testing.T) {
	p := startBench(t)
	box := subscribe(t, p.address("broker"))
	p.inject(world.Fault{Kind: world.SensorBad, Target: "demo/b1/r1", Params: world.FaultParams{Channel: world.ChannelTC}})
	p.inject(world.Fault{Kind: PayloadSim, Target: "demo/b1/r2/cam"})
	p.inject(world.Fault{Kind: PayloadClock, Target: "demo/b1/r3/cam", Params: world.FaultParams{Amount: -3600}})
	p.inject(world.Fault{Kind: PayloadGarbage, Target: "demo/b1/r4/cam"})
	p.inject(world.Fault{Kind: DeviceSilent, Target: "demo/b1/r5/cam"})
	seen := func(rack string) wireMessage { m, _ := box.value("dc/demo/b1/tc/" + rack + "/max"); return m }
	eventually(t, "null and BAD", func() bool { m := seen("r1"); return m.Q == "BAD" && m.V == nil })
	eventually(t, "a simulated mark", func() bool { return seen("r2").Sim })
	eventually(t, "a clock one hour behind", func() bool { a := time.Since(seen("r3").T); return a > 59*time.Minute && a < time.Hour*24 })
	eventually(t, "text that is no JSON", func() bool { return box.text("dc/demo/b1/tc/r4/max") == `{"v":` })
	quiet, healthy := seen("r5").Seq, seen("r6").Seq
	eventually(t, "two more pictures of a neighbour", func() bool { return seen("r6").Seq >= healthy+2 })
	if got := seen("r5").Seq; got > quiet+1 {
		t.Errorf("the silent camera went on from %d to %d", quiet, got)
	}
	gap := seen("r6").Seq
	p.inject(world.Fault{Kind: PayloadGap, Target: "demo/b1/r6/cam", Params: world.FaultParams{Amount: 100}})
	eventually(t, "a gap in the sequence", func() bool { return seen("r6").Seq > gap+100 })

	heal := p.inject(world.Fault{Kind: GatewayLost, Target: "demo/b1/r7/cam"})
	eventually(t, "the last will", func() bool { return box.text("dc/demo/b1/tc/status") == "offline" })
	late := func() string {
		b := subscribe(t, p.address("broker"))
		eventually(t, "the retained status", func() bool { return b.text("dc/demo/b1/tc/status") != "" })
		return b.text("dc/demo/b1/tc/status")
	}
	if got := late(); got != "offline" {
		t.Errorf("a late subscriber reads %q", got)
	}
	heal()
	if got := late(); got != "online" {
		t.Errorf("after it came back a late subscriber reads %q", got)
	}
}

// A broker that is gone refuses; when it is back, everything flows again.
func TestBrokerGoesAndComesBack(t *testing.T) {
	p := startBench(t)
	address := p.address("broker")
	heal := p.inject(world.Fault{Kind: LinkDown, Target: "broker"})
	c := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + address).SetConnectRetry(false).SetConnectTimeout(time.Second))
	if tok := c.Connect(); tok.WaitTimeout(patience) && tok.Error() == nil {
		t.Error("the lost broker took a connection")
	}
	heal()
	if got := p.address("broker"); got != address {
		t.Errorf("the broker came back at %s instead of %s", got, address)
	}
	box := subscribe(t, address)
	eventually(t, "pictures again", func() bool { _, ok := box.value("dc/demo/b1/tc/r1/max"); return ok })
}
