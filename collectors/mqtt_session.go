package collectors

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

const (
	keepAlive     = 10 * time.Second
	sayAtOnce     = 64              // messages of ours waiting to be published
	brokerTimeout = 5 * time.Second // for a connection, a subscription, a write
	filtersAtOnce = 256             // topics in one subscribe packet
	subscribeQoS  = 1
	refusedFilter = 0x80
)

// session is one connection to the broker, from the attempt to the loss. A new client is made for
// each: the pause between attempts is then ours (jittered, and visible), and no reconnecting of the
// client's own can leave it connected without its subscriptions. The broker keeps the session itself
// by the client id, so what it queued for us is delivered.
type session struct {
	client  mqtt.Client
	topic   string // where our own status stands
	canary  string // where our own test messages go
	host    string // where our state as a Sparkplug host stands, "" when we are none
	born    time.Time
	cancel  context.CancelFunc
	resumed atomic.Int32 // whether the broker had kept the session: unknown, fresh or kept
	opened  chan error   // one result of connecting and subscribing
	lost    chan error
	out     chan outgoing
	up      bool
	since   time.Time
	hands   time.Duration // for so long the broker may hand over what it kept
}

// What the broker said of a session.
const (
	fresh int32 = iota + 1
	kept
)

// outgoing is one message of ours.
type outgoing struct {
	topic   string
	payload []byte
	qos     byte
	retain  bool
}

// settledCh and lostCh are nil channels, never ready, while there is no session.
func (s *session) settledCh() <-chan error {
	if s == nil {
		return nil
	}
	return s.opened
}

func (s *session) lostCh() <-chan error {
	if s == nil {
		return nil
	}
	return s.lost
}

// backlog says whether a message may be one that the broker kept for us while we were away.
func (s *session) backlog(at time.Time) bool {
	if s == nil {
		return true
	}
	return s.resumed.Load() != fresh && (!s.up || at.Sub(s.since) < s.hands)
}

// start begins an attempt; its result comes on the session's opened channel.
func (l *mqttLink) start() *session {
	ctx, cancel := context.WithCancel(context.Background())
	s := &session{
		topic: l.opts.StatusTopic + "/" + l.link.Client, canary: l.canary, host: l.bindings.host,
		born: time.Now(), cancel: cancel, hands: l.opts.backlog,
		opened: make(chan error, 1), lost: make(chan error, 1), out: make(chan outgoing, sayAtOnce),
	}
	options, err := l.options(ctx, s)
	if err != nil {
		s.opened <- err
		return s
	}
	s.client = mqtt.NewClient(options)
	token := s.client.Connect()
	l.speakers.Go(func() {
		<-token.Done() // bounded by the connect timeout, ended early by cancel
		if err := token.Error(); err != nil {
			s.opened <- fmt.Errorf("connect to %s: %w", l.link.Address, err)
			return
		}
		s.resumed.Store(fresh)
		if t, ok := token.(*mqtt.ConnectToken); ok && t.SessionPresent() {
			s.resumed.Store(kept)
		}
		err := l.subscribe(s)
		s.opened <- err
		if err == nil {
			s.speak(ctx, l.flow.every)
		}
	})
	return s
}

// speak publishes what we have to say, and a test message at a steady rhythm, until ctx ends.
func (s *session) speak(ctx context.Context, every time.Duration) {
	s.send(s.hostState(true, s.born))
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		s.send(outgoing{topic: s.canary, payload: s.test()})
		for again := false; !again; {
			select {
			case <-ctx.Done():
				return
			case m := <-s.out:
				s.send(m)
			case <-tick.C:
				again = true
			}
		}
	}
}

// send publishes and does not wait for an answer: what must be sure comes back to us by subscription.
func (s *session) send(m outgoing) {
	if m.topic != "" {
		s.client.Publish(m.topic, m.qos, m.retain, m.payload)
	}
}

// say queues a message of ours. It is not ok when too many wait already.
func (s *session) say(m outgoing) bool {
	select {
	case s.out <- m:
		return true
	default:
		return false
	}
}

// test is our own test message. It names the connection, so that one of an earlier connection, which
// the broker may have kept, proves nothing.
func (s *session) test() []byte { return strconv.AppendInt(nil, s.born.UnixNano(), 10) }

func (s *session) wrote(payload []byte) bool { return bytes.Equal(payload, s.test()) }

func (l *mqttLink) options(ctx context.Context, s *session) (*mqtt.ClientOptions, error) {
	o := mqtt.NewClientOptions().
		AddBroker("tcp://" + l.link.Address).
		SetClientID(l.link.Client).
		SetProtocolVersion(4).
		SetCleanSession(s.host != ""). // as a Sparkplug host must
		SetOrderMatters(true).
		SetAutoReconnect(false).
		SetKeepAlive(keepAlive).
		SetPingTimeout(brokerTimeout).
		SetConnectTimeout(brokerTimeout).
		SetWriteTimeout(brokerTimeout).
		SetDefaultPublishHandler(l.receive).
		SetConnectionLostHandler(func(_ mqtt.Client, err error) { s.lost <- fmt.Errorf("connection lost: %w", err) }).
		SetCustomOpenConnectionFn(func(*url.URL, mqtt.ClientOptions) (net.Conn, error) {
			return l.dialUntil(ctx)
		})
	if s.host == "" {
		o.SetWill(s.topic, "offline", subscribeQoS, true)
	} else {
		will := s.hostState(false, s.born)
		o.SetBinaryWill(will.topic, will.payload, will.qos, will.retain)
	}
	if l.link.Username != "" {
		o.SetUsername(l.link.Username)
	}
	if l.link.SecretFile != "" {
		secret, err := os.ReadFile(l.link.SecretFile)
		if err != nil {
			return nil, fmt.Errorf("read the broker's password: %w", err)
		}
		o.SetPassword(strings.TrimSpace(string(secret)))
	}
	return o, nil
}

// dialUntil connects, encrypted where the site says so, and closes the connection when ctx ends.
func (l *mqttLink) dialUntil(ctx context.Context) (net.Conn, error) {
	if !l.right() {
		return nil, errNotOurs
	}
	within, cancel := context.WithTimeout(ctx, brokerTimeout)
	defer cancel()
	conn, err := l.dial(within, "tcp", l.link.Address)
	if err != nil {
		return nil, err
	}
	if l.link.TLS != nil {
		if conn, err = encrypt(within, conn, l.link); err != nil {
			return nil, err
		}
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	return &readAhead{Conn: conn, from: bufio.NewReaderSize(conn, readRoom)}, nil
}

// readRoom is how much is read from a broker at once.
const readRoom = 32 << 10

// readAhead is a connection that is read in large pieces: the client library takes a message's head byte by byte,
// each in a call to the system of its own.
type readAhead struct {
	net.Conn
	from *bufio.Reader
}

// Read gives what was read ahead, then what comes.
func (c *readAhead) Read(b []byte) (int, error) { return c.from.Read(b) }

// subscribe asks for every topic, on every connection anew. It runs when the client has finished
// connecting, not in its on-connect handler: that is called while the client still sends again what it
// has in store, and would send what the handler publishes twice.
func (l *mqttLink) subscribe(s *session) error {
	if s.host == "" {
		s.client.Publish(s.topic, subscribeQoS, true, "online")
	}
	var tokens []mqtt.Token
	filters := map[string]byte{}
	flush := func() {
		if len(filters) > 0 {
			tokens = append(tokens, s.client.SubscribeMultiple(filters, nil))
			filters = map[string]byte{}
		}
	}
	wanted := l.subscriptions()
	for _, topic := range wanted {
		if filters[topic] = subscribeQoS; len(filters) == filtersAtOnce {
			flush()
		}
	}
	flush()
	refused, own := 0, 0
	for _, t := range tokens {
		if !t.WaitTimeout(brokerTimeout) {
			return errors.New("the broker did not answer a subscription")
		}
		if err := t.Error(); err != nil {
			return fmt.Errorf("subscribe: %w", err)
		}
		for topic, code := range t.(*mqtt.SubscribeToken).Result() {
			if code == refusedFilter {
				refused++
				l.log.Warn("the broker refuses a topic", "topic", topic)
				if topic == l.canary {
					own++
				}
			}
		}
	}
	if refused-own > 0 && refused-own == len(wanted)-1 {
		return errors.New("the broker refuses every topic: check the account's rights")
	}
	return nil
}

// close ends the session. A clean end says on our status topic that it is meant.
func (s *session) close(clean bool) {
	if s == nil {
		return
	}
	if s.client != nil && s.client.IsConnectionOpen() {
		const quiesce = 250 * time.Millisecond
		if clean {
			last := outgoing{topic: s.topic, payload: []byte("offline"), qos: subscribeQoS, retain: true}
			if s.host != "" {
				last = s.hostState(false, time.Now())
			}
			s.client.Publish(last.topic, last.qos, last.retain, last.payload).WaitTimeout(quiesce)
		}
		s.client.Disconnect(uint(quiesce.Milliseconds()))
	}
	s.cancel()
}

// release frees what a session that is already lost still holds.
func (s *session) release() { s.cancel() }
