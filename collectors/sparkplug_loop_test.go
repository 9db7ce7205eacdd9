package collectors

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"bongsu/facility"
)

func edgeSite(address, host string) *facility.Site {
	return buildSite(
		[]facility.Link{{ID: "broker", Protocol: "mqtt", Address: address, MaxBackoff: time.Second, Host: host}},
		[]facility.Device{
			{ID: "gw", Link: "broker", Topic: "spBv1.0/plant/gw", Points: []facility.PointDef{metricPoint("load", "Load", time.Minute)}},
			{ID: "press", Link: "broker", Topic: "spBv1.0/plant/gw/press", Points: []facility.PointDef{metricPoint("temp", "Temp/Inlet", time.Minute)}},
		})
}

// nodeInLoop plays an edge node in virtual time and counts how often it is asked for its birth.
type nodeInLoop struct {
	*mqttLoop
	mu    sync.Mutex
	times []time.Duration // since it began
	began time.Time
	seq   uint8
}

// asked lists after how long it was asked each time.
func (n *nodeInLoop) asked() []time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.times)
}

func playNode(t *testing.T, m *mqttLoop) *nodeInLoop {
	t.Helper()
	n := &nodeInLoop{mqttLoop: m, began: time.Now()}
	err := m.broker.server.Subscribe("spBv1.0/plant/NCMD/gw", 1, func(*brokerClient, brokerSubscription, brokerPacket) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.times = append(n.times, time.Since(n.began).Round(time.Second))
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (n *nodeInLoop) send(kind, device string, metrics ...metric) string {
	n.t.Helper()
	topic := "spBv1.0/plant/" + kind + "/gw"
	if device != "" {
		topic += "/" + device
	}
	raw := said(n.seq, time.Now(), metrics...)
	n.seq++
	return told(n.say(topic, string(raw)))
}

func (n *nodeInLoop) birth() string {
	n.t.Helper()
	n.seq = 0
	first := n.send("NBIRTH", "", sessionOf(1), born("Load", 1, typeDouble, 40.0))
	return first + ", " + n.send("DBIRTH", "press", born("Temp/Inlet", 2, typeDouble, 21.5))
}

// A node is asked once it is plain that it will not be born by itself, and then less and less often.
func TestSilentNodeIsAskedNowAndThen(t *testing.T) {
	runMQTT(t, edgeSite("x:1", ""), func(m *mqttLoop) {
		n := playNode(t, m)
		m.sleep(20 * time.Minute)
		want := []time.Duration{5, 15, 35, 75, 155, 315, 615, 915}
		if len(n.asked()) != len(want) {
			t.Fatalf("asked after %v", n.asked())
		}
		for i, at := range n.asked() { // it is looked after four times a second
			if (at - want[i]*time.Second).Abs() > time.Second {
				t.Errorf("asked after %v, want %d s", n.asked(), want)
				break
			}
		}
		m.tap.drain()
		if got := m.tap.newest[0]; !isLost(got) {
			t.Errorf("meanwhile its points say %s", written(got))
		}
		if s := m.link.deviceStatus(); !s[0].Away || !s[1].Away {
			t.Errorf("devices %+v", s)
		}
	})
}

func TestNodeIsAskedAtOnceWhenItsNumbersLeaveAHole(t *testing.T) {
	runMQTT(t, edgeSite("x:1", ""), func(m *mqttLoop) {
		n := playNode(t, m)
		if got := n.birth(); got != "0: 40 good, 1: 21.5 good" {
			t.Fatalf("births: %s", got)
		}
		if s := m.link.deviceStatus(); s[0].Away || s[1].Away {
			t.Errorf("devices %+v", s)
		}
		m.sleep(20 * time.Second)
		n.seq++
		if got := n.send("DDATA", "press", data(2, 30.0)); got != "1: 30 good" {
			t.Errorf("data after the hole: %s", got)
		}
		m.sleep(2 * time.Second)
		if len(n.asked()) != 1 || n.asked()[0] != 21*time.Second {
			t.Errorf("asked after %v", n.asked())
		}
		m.tap.drain()
		if a, b := m.tap.newest[0], m.tap.newest[1]; a.Reason != facility.SequenceGap || b.Reason != facility.SequenceGap {
			t.Errorf("meanwhile: %s, %s", written(a), written(b))
		}
		if got := n.birth(); got != "0: 40 good, 1: 21.5 good" {
			t.Errorf("after the birth: %s", got)
		}
		m.sleep(5 * time.Second)
		if len(n.asked()) != 1 {
			t.Errorf("asked again after its birth: %v", n.asked())
		}
	})
}

// A calm plant says nothing for an hour. Its values are asked for before they are old, and each is as old
// as what was really said.
func TestCalmValuesAreAskedForAndNeverStampedAnew(t *testing.T) {
	runMQTT(t, edgeSite("x:1", ""), func(m *mqttLoop) {
		n := playNode(t, m)
		n.birth()
		live := facility.NewLive(m.link.site.Points)
		for had := 0; time.Since(n.began) < time.Hour; m.sleep(time.Second) {
			if len(n.asked()) > had {
				had = len(n.asked())
				n.birth()
			}
			m.tap.drain()
			live.Apply([]facility.Sample{m.tap.newest[0], m.tap.newest[1]})
			if s := live.Sample(1, time.Now()); !isGood(s) {
				t.Fatalf("after %v: %s, asked %v", time.Since(n.began), written(s), n.asked())
			}
		}
		if len(n.asked()) < 100 || len(n.asked()) > 130 {
			t.Errorf("asked %d times in an hour", len(n.asked()))
		}
		m.sleep(2 * time.Minute) // and now it does not answer
		m.tap.drain()
		live.Apply([]facility.Sample{m.tap.newest[0], m.tap.newest[1]})
		if s := live.Sample(1, time.Now()); s.Quality != facility.Stale {
			t.Errorf("two minutes after the last birth: %s", written(s))
		}
	})
}

func TestMalformedNodeMessageIsBadAndAskedAbout(t *testing.T) {
	runMQTT(t, edgeSite("x:1", ""), func(m *mqttLoop) {
		n := playNode(t, m)
		n.birth()
		m.sleep(20 * time.Second)
		if got := told(n.say("spBv1.0/plant/DDATA/gw/press", "garbage")); got != "1: bad malformed" {
			t.Errorf("garbage: %s", got)
		}
		n.seq++ // the number it was sent with
		n.send("NDATA", "", data(1, 41.0))
		m.sleep(2 * time.Second)
		if len(n.asked()) != 1 {
			t.Errorf("asked %v", n.asked())
		}
		if s := m.link.deviceStatus()[1]; s.Bad != 1 || s.Reason != facility.Malformed {
			t.Errorf("device %+v", s)
		}
		if got := told(n.say("spBv1.0/plant/DDATA/gw/nobody", "garbage")); got != "" || m.link.status().Failures != 2 {
			t.Errorf("garbage of nobody: %s", got)
		}
		n.say("spBv1.0/plant/NDATA/stranger", "garbage")
		n.say("spBv1.0/plant/NCMD/gw", "garbage") // a command of another host is none of ours
		if got := m.link.status().Unbound; got != 0 {
			t.Errorf("%d unbound of what we did not ask for", got)
		}
	})
}

// A real node on a real broker: it is born because the host says it is here, and its last will kills it.
func TestSparkplugHostAndNodeOnARealBroker(t *testing.T) {
	b := newBroker(t, "127.0.0.1:0")
	states := make(chan string, 10)
	watchTopic(t, b, "spBv1.0/STATE/bongsu", states)
	site := edgeSite(b.address, "bongsu")
	site.Devices[0].MaxSkew = time.Minute // the machine may be busy
	c, p, stop := run(t, site, Options{})
	subscribed(t, c)
	online := heard(t, states)
	var at int64
	if _, err := fmt.Sscanf(online, `{"online":true,"timestamp":%d}`, &at); err != nil || time.Since(time.UnixMilli(at)).Abs() > time.Minute {
		t.Errorf("our state: %s", online)
	}
	b.publish("spBv1.0/STATE/bongsu", fmt.Sprintf(`{"online":false,"timestamp":%d}`, at-1), true)
	heard(t, states)
	if again := heard(t, states); again != online {
		t.Errorf("another's word that we are away was answered with %s", again)
	}

	us, _ := b.server.Clients.Get("bongsu-broker")
	if will := us.Properties.Will; will.TopicName != "spBv1.0/STATE/bongsu" || !will.Retain || will.Qos != 1 || !us.Properties.Clean ||
		string(will.Payload) != fmt.Sprintf(`{"online":false,"timestamp":%d}`, at) {
		t.Errorf("our will is %+v", will)
	}

	asked := make(chan string, 10)
	watchTopic(t, b, "spBv1.0/plant/NCMD/gw", asked)
	node, cable := connectNode(t, b)
	seq := uint8(0)
	send := func(kind string, metrics ...metric) {
		t.Helper()
		if token := node.Publish("spBv1.0/plant/"+kind, 0, false, said(seq, time.Now(), metrics...)); !token.WaitTimeout(patience) || token.Error() != nil {
			t.Fatal("nothing is published: ", token.Error())
		}
		seq++
	}
	send("NBIRTH/gw", sessionOf(1), born("Load", 1, typeDouble, 40.0))
	send("DBIRTH/gw/press", born("Temp/Inlet", 2, typeDouble, 21.5))
	p.await(t, "the press's temperature", of(1, is("21.5 good")))
	send("DDATA/gw/press", data(2, 22.5))
	p.await(t, "its change", of(1, is("22.5 good")))
	send("DDATA/gw/press", data(50, 1.0))
	if cause := heard(t, asked); cause == "" {
		t.Error("asked with nothing")
	}
	seq = 0
	send("NBIRTH/gw", sessionOf(1), born("Load", 1, typeDouble, 41.0))
	send("DBIRTH/gw/press", born("Temp/Inlet", 2, typeDouble, 23.5))
	p.await(t, "the answer", of(1, is("23.5 good")))

	// The node falls silent without a word: the broker sends its will.
	if err := cable.Close(); err != nil {
		t.Error(err)
	}
	p.await(t, "its death", of(1, is("23.5 stale comms")))
	stop()
	if away := heard(t, states); away[:15] != `{"online":false` {
		t.Errorf("at the end we say %s", away)
	}
	awaitNothingLeft(t)
}

// connectNode is an edge node on the broker, and the cable it hangs on.
func connectNode(t *testing.T, b *testBroker) (node mqtt.Client, cable net.Conn) {
	t.Helper()
	cable, err := net.Dial("tcp", b.address)
	if err != nil {
		t.Fatal(err)
	}
	death := payload{stamp: time.Now(), metrics: []metric{sessionOf(1)}}
	node = mqtt.NewClient(mqtt.NewClientOptions().AddBroker("tcp://"+b.address).SetClientID("gw").SetAutoReconnect(false).
		SetCustomOpenConnectionFn(func(*url.URL, mqtt.ClientOptions) (net.Conn, error) { return cable, nil }).
		SetBinaryWill("spBv1.0/plant/NDEATH/gw", death.encode(), 1, false))
	if token := node.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatal("the node does not connect: ", token.Error())
	}
	return node, cable
}

// watchTopic hands on what anybody publishes on a topic from now on.
func watchTopic(t *testing.T, b *testBroker, topic string, said chan<- string) {
	t.Helper()
	err := b.server.Subscribe(topic, 2, func(_ *brokerClient, _ brokerSubscription, pk brokerPacket) {
		select {
		case said <- string(pk.Payload):
		default:
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}
