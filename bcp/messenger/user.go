package messenger

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"
)

// User is the probe account at the messenger's public front door. It knows the sites only by the addresses it is
// given, and says the public name at each. It is not safe for concurrent use.
type User struct {
	c       *Client
	session Secret
	body    func(time.Time) string // of its messages
}

// User begins as somebody who has not logged in.
func (c *Client) User() *User {
	return &User{c: c, body: func(at time.Time) string { return "probe " + strconv.FormatInt(at.UnixMilli(), 10) }}
}

// Connection is what the connection-information service tells a client.
type Connection struct {
	Site    string `json:"site"`
	Address string `json:"address"`
	Path    string `json:"path"` // of the long-lived session
	Epoch   uint64 `json:"epoch"`
}

// Message is a message as clients send and read it.
type Message struct {
	ID   string `json:"id"`
	Seq  int64  `json:"seq,omitempty"`
	From string `json:"from,omitempty"`
	To   string `json:"to"`
	Body string `json:"body"`
	Site string `json:"site,omitempty"` // that acknowledged or holds it
	Role string `json:"role,omitempty"` // of that site for messaging
}

// call asks an address under the public name.
func (u *User) call(ctx context.Context, method, address, path string, in, out any) error {
	r := request{site: address, what: method + " " + path, method: method, url: "http://" + address + path, host: u.c.cfg.Host,
		bearer: u.session, body: in, within: u.c.cfg.Timeouts.Check}
	text, err := u.c.ask(ctx, r)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("answer of %s to %s: %w", address, r.what, err)
	}
	return nil
}

// Login gets a session; every site takes it.
func (u *User) Login(ctx context.Context, address string) error {
	var out struct {
		Session string `json:"session"`
	}
	in := map[string]string{"user": u.c.cfg.User, "password": string(u.c.cfg.Password)}
	if err := u.call(ctx, "POST", address, "/v1/login", in, &out); err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	if out.Session == "" {
		return fmt.Errorf("log in at %s: %w: no session", address, errOdd)
	}
	u.session = Secret(out.Session)
	return nil
}

// Connection asks which site takes this user's messages.
func (u *User) Connection(ctx context.Context, address string) (Connection, error) {
	var out Connection
	if err := u.call(ctx, "GET", address, "/v1/connection", nil, &out); err != nil {
		return out, fmt.Errorf("connection information: %w", err)
	}
	if _, _, err := net.SplitHostPort(out.Address); err != nil || out.Site == "" {
		return out, fmt.Errorf("connection information from %s: %w: %q at %q", address, errOdd, out.Site, out.Address)
	}
	return out, nil
}

// Send sends a message; once it returns the messenger has acknowledged it. The same id again is the same message.
func (u *User) Send(ctx context.Context, address string, m Message) (Message, error) {
	var out Message
	if err := u.call(ctx, "POST", address, "/v1/messages", m, &out); err != nil {
		return out, fmt.Errorf("send: %w", err)
	}
	if out.ID != m.ID || out.Seq <= 0 {
		return out, fmt.Errorf("send to %s: %w: %q at %d", address, errOdd, out.ID, out.Seq)
	}
	return out, nil
}

// Read reads a message back.
func (u *User) Read(ctx context.Context, address, id string) (Message, error) {
	var out Message
	if err := u.call(ctx, "GET", address, "/v1/messages/"+url.PathEscape(id), nil, &out); err != nil {
		return out, fmt.Errorf("read back: %w", err)
	}
	return out, nil
}

// Trip is what a user experienced who came in at an address.
type Trip struct {
	Began     time.Time
	Ended     time.Time
	Address   string // where it came in
	Site      string // that acknowledged its message, empty when none did
	Throttled bool   // the login had to wait: an earlier session was used
	Err       error
}

// Travel does what a user does: log in, ask where the messages are, send one to itself there, and read it back.
func (u *User) Travel(ctx context.Context, address string) (t Trip) {
	ctx, stop := context.WithTimeout(ctx, u.c.cfg.Timeouts.Check)
	defer stop()
	t = Trip{Began: time.Now(), Address: address}
	defer func() { t.Ended = time.Now() }()
	old := u.session
	u.session = ""
	if t.Err = u.Login(ctx, address); t.Err != nil {
		if code(t.Err) != codeThrottled || old == "" {
			return t
		}
		u.session, t.Throttled, t.Err = old, true, nil
	}
	var at Connection
	if at, t.Err = u.Connection(ctx, address); t.Err != nil {
		return t
	}
	m := Message{ID: "probe-" + rand.Text(), To: u.c.cfg.User, Body: u.body(t.Began)}
	sent, err := u.Send(ctx, at.Address, m)
	if t.Err = err; err != nil {
		return t
	}
	back, err := u.Read(ctx, at.Address, m.ID)
	switch {
	case err != nil:
		t.Err = err
	case back.Body != m.Body || back.Site != sent.Site || back.Role != rolePrimary:
		t.Err = fmt.Errorf("read back from %s: %w: sent through %s", back.Site, errNotTheSame, sent.Site)
	default:
		t.Site = sent.Site
	}
	return t
}

var errNotTheSame = errors.New("the message came back otherwise")
