// Package people is the mail server, the phone and SMS provider and the webhook receivers of the simulated world, with
// the people behind them. Messages enter; what people answer leaves as calls to the message's own callback. It sends
// nothing that was not asked for, and never to anybody but that callback.
package people

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"bongsu/facility"
)

// The channels that reach people. A webhook's channel is "webhook/" and the name in its path.
const (
	ChannelMail  = "mail"
	ChannelPhone = "phone"
	ChannelSMS   = "sms"
	ChannelHook  = "webhook/"
)

// Channels lists the channels beside the webhooks.
func Channels() []string { return []string{ChannelMail, ChannelPhone, ChannelSMS} }

const (
	inboxSize   = 5000
	peopleBusy  = 4000 // messages that people are answering at once
	callbackFor = 10 * time.Second
)

// Message is one message as its receiver got it, and what came of it. Received is not delivered, and
// acknowledged is not joined.
type Message struct {
	ID        string     `json:"id"`
	Channel   string     `json:"channel"`
	From      string     `json:"from,omitempty"`
	To        string     `json:"to"`
	Person    string     `json:"person,omitempty"` // of the roster, when the address is known
	Subject   string     `json:"subject,omitempty"`
	Text      string     `json:"text"`
	Ref       string     `json:"ref,omitempty"` // the sender's own name for it
	Ask       []string   `json:"ask,omitempty"` // ack, join, vote
	Callback  string     `json:"callback,omitempty"`
	Signature string     `json:"signature,omitempty"`
	Received  time.Time  `json:"received"`
	Delivered *time.Time `json:"delivered"`
	Acked     *time.Time `json:"acked"`
	Joined    *time.Time `json:"joined"`
	Voted     *time.Time `json:"voted"`
	Vote      string     `json:"vote,omitempty"`
	Trouble   string     `json:"trouble,omitempty"` // why an answer did not reach its callback
	Bounced   *time.Time `json:"bounced,omitempty"` // the person never gets it
	Bounce    string     `json:"bounce,omitempty"`  // and why
	Told      bool       `json:"told,omitempty"`    // its sender was told at once
}

// Address is where the receivers listen.
type Address struct {
	SMTP    string `json:"smtp"`
	Gateway string `json:"gateway"`
}

// answerCall is what a person's answer posts to the callback of a message.
type answerCall struct {
	Message string    `json:"message"`
	Ref     string    `json:"ref"`
	Channel string    `json:"channel"`
	Person  string    `json:"person"`
	To      string    `json:"to"`
	Event   string    `json:"event"` // delivered, acked, joined or voted
	Value   string    `json:"value,omitempty"`
	At      time.Time `json:"at"`
}

// Inbox receives what is sent to people and plays those people.
type Inbox struct {
	people  []facility.Person
	log     *slog.Logger
	smtp    net.Listener
	gateway net.Listener
	client  *http.Client

	mu      sync.Mutex
	ctx     context.Context // of run; nil before: nothing is answered
	items   []*Message
	total   int
	busy    int
	dead    map[string]string   // channel to "refuse" or "silent"
	absent  map[string]bool     // people who do not react
	silent  map[string]*Silence // by fault
	spoke   chan struct{}       // closed when a silence ends
	conduct map[string]*Override
	flaws   map[string]impaired
	bounced int
	rng     *rand.Rand
	playing sync.WaitGroup
}

// New makes a receiver for the people of a roster; it listens nowhere yet.
func New(people []facility.Person, log *slog.Logger) *Inbox {
	return &Inbox{people: people, log: log, dead: map[string]string{}, absent: map[string]bool{}, silent: map[string]*Silence{}, spoke: make(chan struct{}),
		conduct: map[string]*Override{}, flaws: map[string]impaired{}, rng: rand.New(rand.NewPCG(1, 1)),
		client: &http.Client{Timeout: callbackFor, Transport: &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: 10 * time.Second}}}
}

// Open binds the addresses of the mail server and of the gateway.
func (b *Inbox) Open(smtp, gateway string) (err error) {
	if b.smtp, err = net.Listen("tcp", smtp); err != nil {
		return fmt.Errorf("mail server: %w", err)
	}
	if b.gateway, err = net.Listen("tcp", gateway); err != nil {
		return fmt.Errorf("phone gateway: %w", err)
	}
	return nil
}

// Close releases what Open bound, for an inbox that never ran.
func (b *Inbox) Close() {
	for _, l := range []net.Listener{b.smtp, b.gateway} {
		if l != nil {
			_ = l.Close()
		}
	}
}

// Addresses are those bound, empty before Open.
func (b *Inbox) Addresses() (a Address) {
	if b.smtp != nil && b.gateway != nil {
		a = Address{b.smtp.Addr().String(), b.gateway.Addr().String()}
	}
	return a
}

// Run receives until ctx ends, then waits for the people.
func (b *Inbox) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	b.mu.Lock()
	b.ctx = ctx
	b.mu.Unlock()
	server := &http.Server{Handler: b.gatewayRoutes(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	var running sync.WaitGroup
	failed := make(chan error, 2)
	running.Go(func() { failed <- server.Serve(b.gateway) })
	running.Go(func() { failed <- b.serveMail(ctx) })
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	cancel()
	_ = server.Close()
	_ = b.smtp.Close()
	running.Wait()
	b.mu.Lock()
	b.ctx = nil
	b.mu.Unlock()
	b.playing.Wait()
	b.client.CloseIdleConnections()
	if err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("inbox: %w", err)
	}
	return nil
}

var errChannelDead = errors.New("the channel is dead")

// receive stores a message for one recipient and lets the person it reaches react.
func (b *Inbox) receive(m Message) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	how := b.dead[m.Channel]
	if how == "refuse" {
		return "", fmt.Errorf("%s: %w", m.Channel, errChannelDead)
	}
	b.total++
	m.ID, m.Received = fmt.Sprintf("%s-%d", strings.ReplaceAll(m.Channel, "/", "-"), b.total), time.Now().UTC()
	person := b.personOf(m.To)
	if person != nil {
		m.Person = person.ID
	}
	why, told := b.bounce(person, m.Channel)
	if why != "" {
		b.bounced++
		m.Bounced, m.Bounce, m.Told = &m.Received, why, told
	}
	kept := &m
	b.items = append(b.items, kept)
	if len(b.items) > inboxSize {
		b.items = slices.Delete(b.items, 0, len(b.items)-inboxSize)
	}
	switch {
	case told:
		return m.ID, fmt.Errorf("%w: %s", errBounced, why)
	case why != "":
		return m.ID, nil
	}
	unheard := how != "" || person != nil && slices.Contains(person.Dead, m.Channel)
	if b.ctx == nil || unheard || b.busy >= peopleBusy {
		return m.ID, nil
	}
	b.busy++
	ctx := b.ctx
	b.playing.Go(func() {
		b.react(ctx, kept, person)
		b.mu.Lock()
		b.busy--
		b.mu.Unlock()
	})
	return m.ID, nil
}

// personOf finds whom an address reaches; the lock is held.
func (b *Inbox) personOf(to string) *facility.Person {
	for i := range b.people {
		p := &b.people[i]
		if to != "" && (strings.EqualFold(to, p.Mail) || to == p.Phone || to == p.ID) {
			return p
		}
	}
	return nil
}

// react is one person with one message: it arrives, and they do what it asks, each in their own time. An
// address that is nobody's on the roster only takes delivery.
func (b *Inbox) react(ctx context.Context, m *Message, p *facility.Person) {
	var person facility.Person
	if p != nil {
		person = *p
	}
	b.mu.Lock()
	delivery, answer := b.lateness(p, m.Channel)
	b.mu.Unlock()
	if !b.after(ctx, later(person.Deliver, delivery)) {
		return
	}
	b.ring(p, m.Channel)
	b.happen(ctx, m, &m.Delivered, answerCall{Event: "delivered"})
	if p == nil || b.isAbsent(person.ID) {
		return
	}
	asked := func(what string) bool { return slices.Contains(m.Ask, what) }
	comesTo := func(d time.Duration, vote bool) bool { return b.after(ctx, d) && b.heard(ctx, person.ID, vote) }
	if !asked("ack") && !asked("join") && !asked("vote") || !comesTo(later(person.Ack, answer), false) {
		return
	}
	b.happen(ctx, m, &m.Acked, answerCall{Event: "acked"})
	if asked("join") {
		if !comesTo(person.Join, false) {
			return
		}
		b.happen(ctx, m, &m.Joined, answerCall{Event: "joined"})
	}
	if asked("vote") && b.voteOf(person) != "" && comesTo(person.VoteDelay, true) {
		vote := b.voteOf(person)
		b.mu.Lock()
		m.Vote = vote
		b.mu.Unlock()
		b.happen(ctx, m, &m.Voted, answerCall{Event: "voted", Value: vote})
	}
}

// later adds to a delay; never stays never.
func later(d, more time.Duration) time.Duration {
	if d < 0 {
		return d
	}
	return d + more
}

// after waits for a person; false when they never come to it.
func (b *Inbox) after(ctx context.Context, d time.Duration) bool {
	if d < 0 {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// SetAbsent makes a person react to nothing, or to what comes from now on.
func (b *Inbox) SetAbsent(person string, absent bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.absent[person] = absent
}

func (b *Inbox) isAbsent(person string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.absent[person]
}

// happen notes an event of a message and posts it to the callback, three times at most.
func (b *Inbox) happen(ctx context.Context, m *Message, at **time.Time, call answerCall) {
	now := time.Now().UTC()
	b.mu.Lock()
	*at = &now
	call.Message, call.Ref, call.Channel, call.Person, call.To, call.At = m.ID, m.Ref, m.Channel, m.Person, m.To, now
	url := m.Callback
	b.mu.Unlock()
	if url == "" {
		return
	}
	var err error
	for try := range 3 {
		if try > 0 && !b.after(ctx, time.Duration(try)*time.Second) {
			break
		}
		if err = b.post(ctx, url, call); err == nil {
			return
		}
	}
	b.mu.Lock()
	m.Trouble = fmt.Sprintf("%s: %v", call.Event, err)
	b.mu.Unlock()
}

// post sends one answer; a callback that does not take it is an error.
func (b *Inbox) post(ctx context.Context, url string, call answerCall) error {
	text, err := json.Marshal(call)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := b.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("the callback answered %s", resp.Status)
	}
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, callBytes)) // so that the connection serves again
	return err
}

// SetDead makes a channel refuse or swallow what it gets; an empty mode heals it.
func (b *Inbox) SetDead(channel, how string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if how == "" {
		delete(b.dead, channel)
		return
	}
	b.dead[channel] = how
}
