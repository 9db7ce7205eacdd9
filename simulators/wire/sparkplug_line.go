package wire

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"bongsu/facility"
	"bongsu/simulators/world"
)

const (
	// lineTimeout bounds how long the broker, which stands on the same machine, may take for anything: long, since that
	// machine may be busy, and a node that gives up begins another session.
	lineTimeout = 10 * time.Second
	// partingMillis is how long a node that leaves in good order waits for its last message to be out.
	partingMillis = 1000
)

// edgeLine is the connection of one edge node to the broker: a client like any other, so that the broker itself tells
// of its death. Only its loop touches it, except for what comes in.
type edgeLine struct {
	edge   *edge
	woken  chan struct{}
	client paho.Client // nil while there is no connection

	mu     sync.Mutex
	wire   net.Conn
	asked  bool      // for a rebirth
	online bool      // the host is
	said   time.Time // by the host's clock
}

func newEdgeLine(e *edge) *edgeLine { return &edgeLine{edge: e, woken: make(chan struct{}, 1)} }

// rouse lets the node look around at once. It never waits.
func (l *edgeLine) rouse() {
	select {
	case l.woken <- struct{}{}:
	default:
	}
}

// run lives the node's life until ctx ends.
func (l *edgeLine) run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	defer l.part()
	l.attend(time.Now(), 0)
	for n := int64(1); ; {
		select {
		case <-ctx.Done():
			return
		case <-l.woken:
			l.attend(time.Now(), -1)
		case <-tick.C:
			l.attend(time.Now(), n)
			n++
		}
	}
}

// attend does what is due in second n, or between two seconds for n below zero.
func (l *edgeLine) attend(now time.Time, n int64) {
	address, mode := l.edge.link.where()
	if l.client != nil && !l.client.IsConnectionOpen() {
		l.cut()
	}
	powered := false
	l.edge.link.house.Look(func(*world.World, uint64) {
		if powered = l.edge.link.lost[l.edge.topic] == ""; !powered {
			l.edge.off()
		}
	})
	switch {
	case !powered:
		l.cut()
		return
	case l.client == nil && mode != linkRefusing:
		if err := l.connect(address, now); err != nil {
			l.edge.link.log.Debug("a Sparkplug node found no broker", "node", l.edge.topic, "error", err)
		}
	}
	heard := l.client != nil && l.heard()
	if !heard && l.client != nil && l.bornOnce() {
		l.part() // its host is gone: it leaves, and waits on a new connection
	}
	var out []message
	asked := l.takeAsked()
	l.edge.link.house.Look(func(w *world.World, _ uint64) {
		l.edge.again = l.edge.again || asked && l.edge.born
		out = l.edge.speak(w, now, n, heard)
	})
	if mode == linkHanging {
		return // the broker takes it and passes nothing on; the node cannot know
	}
	for _, m := range out {
		if err := l.send(m, 0); err != nil {
			l.edge.link.log.Warn("the broker did not take a message", "topic", m.topic, "error", err)
			l.cut()
			return
		}
	}
}

// where is the broker's address and how it treats its clients.
func (l *mqttLink) where() (string, linkMode) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.address, l.mode
}

func (l *edgeLine) bornOnce() (born bool) {
	l.edge.link.house.Look(func(*world.World, uint64) { born = l.edge.born })
	return born
}

// connect begins a session with the death as the will, and listens for commands and for the host.
func (l *edgeLine) connect(address string, now time.Time) error {
	var will message
	var session uint8
	l.edge.link.house.Look(func(*world.World, uint64) { will, session = l.edge.connecting(now), l.edge.session })
	l.mu.Lock()
	l.asked, l.online = false, false
	l.mu.Unlock()
	// A name for each session: the broker then does not take a farewell that is still on its way for a takeover.
	id := fmt.Sprintf("edge-%s-%s-%d", l.edge.group, l.edge.name, session)
	o := paho.NewClientOptions().AddBroker("tcp://" + address).SetClientID(id)
	o.SetCleanSession(true).SetAutoReconnect(false).SetConnectRetry(false).SetKeepAlive(10 * time.Second)
	o.SetConnectTimeout(lineTimeout).SetWriteTimeout(lineTimeout).SetBinaryWill(will.topic, will.payload, 1, false)
	o.SetConnectionLostHandler(func(paho.Client, error) { l.rouse() })
	o.SetCustomOpenConnectionFn(l.dial)
	client := paho.NewClient(o)
	if err := settled(client.Connect()); err != nil {
		l.cut()
		return fmt.Errorf("connect: %w", err)
	}
	l.client = client
	wanted := map[string]byte{l.edge.about("CMD", nil): 1}
	if l.edge.link.host != "" {
		wanted[facility.SparkplugTopics+"/STATE/"+l.edge.link.host] = 1
	}
	if err := settled(client.SubscribeMultiple(wanted, l.take)); err != nil {
		l.cut()
		return fmt.Errorf("subscribe: %w", err)
	}
	return nil
}

// dial keeps the connection in reach, so that it can be torn off without a farewell.
func (l *edgeLine) dial(broker *url.URL, _ paho.ClientOptions) (net.Conn, error) {
	c, err := net.DialTimeout("tcp", broker.Host, lineTimeout)
	if err != nil {
		return nil, fmt.Errorf("dial the broker: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wire = c
	return c, nil
}

// settled waits for the broker's answer.
func settled(t paho.Token) error {
	if !t.WaitTimeout(lineTimeout) {
		return fmt.Errorf("no answer within %v", lineTimeout)
	}
	return t.Error()
}

// take notes what comes in, and is never in the way of the next.
func (l *edgeLine) take(_ paho.Client, m paho.Message) {
	l.mu.Lock()
	if m.Topic() == l.edge.about("CMD", nil) {
		l.asked = l.asked || asksRebirth(m.Payload())
	} else {
		l.hostSays(m.Payload())
	}
	l.mu.Unlock()
	l.rouse()
}

// hostSays reads the host's state; one that is older than what was said before is an old will. l.mu is held.
func (l *edgeLine) hostSays(payload []byte) {
	var state struct {
		Online    *bool `json:"online"`
		Timestamp int64 `json:"timestamp"`
	}
	if json.Unmarshal(payload, &state) != nil || state.Online == nil {
		return
	}
	if at := time.UnixMilli(state.Timestamp); !at.Before(l.said) {
		l.online, l.said = *state.Online, at
	}
}

// heard tells whether there is somebody to speak to.
func (l *edgeLine) heard() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.edge.link.host == "" || l.online
}

func (l *edgeLine) takeAsked() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	asked := l.asked
	l.asked = false
	return asked
}

func (l *edgeLine) send(m message, qos byte) error {
	if err := settled(l.client.Publish(m.topic, qos, false, m.payload)); err != nil {
		return err
	}
	l.edge.link.published.Add(1)
	return nil
}

// cut tears the connection off, as a loss of power does: the broker finds out and publishes the will.
func (l *edgeLine) cut() {
	l.mu.Lock()
	if l.wire != nil {
		_ = l.wire.Close() // it may be gone already
	}
	l.wire = nil
	l.mu.Unlock()
	l.client = nil
	l.edge.link.house.Look(func(*world.World, uint64) { l.edge.left() })
}

// part leaves in good order: the death is said, and the will withdrawn.
func (l *edgeLine) part() {
	if l.client == nil {
		return
	}
	var death message
	l.edge.link.house.Look(func(*world.World, uint64) { death = l.edge.death(time.Now()) })
	if l.client.IsConnectionOpen() {
		if err := l.send(death, 1); err == nil {
			l.client.Disconnect(partingMillis)
		}
	}
	l.cut()
}
