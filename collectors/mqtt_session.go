package collectors

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

const (
	keepAlive     = 10 * time.Second
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
	cancel  context.CancelFunc
	attempt sync.WaitGroup
	opened  chan error // one result of connecting and subscribing
	lost    chan error
	up      bool
	since   time.Time
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

// start begins an attempt; its result comes on the session's opened channel.
func (l *mqttLink) start() *session {
	ctx, cancel := context.WithCancel(context.Background())
	s := &session{
		topic: l.opts.StatusTopic + "/" + l.link.Client, cancel: cancel,
		opened: make(chan error, 1), lost: make(chan error, 1),
	}
	options, err := l.options(ctx, s)
	if err != nil {
		s.opened <- err
		return s
	}
	s.client = mqtt.NewClient(options)
	token := s.client.Connect()
	s.attempt.Go(func() {
		<-token.Done() // bounded by the connect timeout, ended early by cancel
		if err := token.Error(); err != nil {
			s.opened <- fmt.Errorf("connect to %s: %w", l.link.Address, err)
			return
		}
		s.opened <- l.subscribe(s)
	})
	return s
}

func (l *mqttLink) options(ctx context.Context, s *session) (*mqtt.ClientOptions, error) {
	o := mqtt.NewClientOptions().
		AddBroker("tcp://"+l.link.Address).
		SetClientID(l.link.Client).
		SetProtocolVersion(4).
		SetCleanSession(false).
		SetOrderMatters(true).
		SetAutoReconnect(false).
		SetKeepAlive(keepAlive).
		SetPingTimeout(brokerTimeout).
		SetConnectTimeout(brokerTimeout).
		SetWriteTimeout(brokerTimeout).
		SetWill(s.topic, "offline", subscribeQoS, true).
		SetDefaultPublishHandler(l.receive).
		SetConnectionLostHandler(func(_ mqtt.Client, err error) { s.lost <- fmt.Errorf("connection lost: %w", err) }).
		SetCustomOpenConnectionFn(func(*url.URL, mqtt.ClientOptions) (net.Conn, error) {
			return l.dialUntil(ctx)
		})
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

// dialUntil connects, and closes the connection when ctx ends.
func (l *mqttLink) dialUntil(ctx context.Context) (net.Conn, error) {
	within, cancel := context.WithTimeout(ctx, brokerTimeout)
	defer cancel()
	conn, err := l.dial(within, "tcp", l.link.Address)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	return conn, nil
}

// subscribe asks for every topic, on every connection anew. It runs when the client has finished
// connecting, not in its on-connect handler: that is called while the client still sends again what it
// has in store, and would send what the handler publishes twice.
func (l *mqttLink) subscribe(s *session) error {
	s.client.Publish(s.topic, subscribeQoS, true, "online")
	var tokens []mqtt.Token
	filters := map[string]byte{}
	flush := func() {
		if len(filters) > 0 {
			tokens = append(tokens, s.client.SubscribeMultiple(filters, nil))
			filters = map[string]byte{}
		}
	}
	for topic := range l.routes {
		if filters[topic] = subscribeQoS; len(filters) == filtersAtOnce {
			flush()
		}
	}
	flush()
	refused := 0
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
			}
		}
	}
	if refused > 0 && refused == len(l.routes) {
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
			s.client.Publish(s.topic, subscribeQoS, true, "offline").WaitTimeout(quiesce)
		}
		s.client.Disconnect(uint(quiesce.Milliseconds()))
	}
	s.cancel()
}

// wait returns when nothing of the attempt runs any more.
func (s *session) wait() {
	if s != nil {
		s.attempt.Wait()
	}
}

// release frees what a session that is already lost still holds.
func (s *session) release() { s.cancel() }
