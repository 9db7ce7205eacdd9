package messenger

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"time"
)

// synthetics lists the checks of POST /synthetic/v1/{check}. It is the only place to add one.
var synthetics = map[string]func(p *synthetic, ctx context.Context) error{
	"login":    func(*synthetic, context.Context) error { return nil }, // every check begins with it
	"send":     func(p *synthetic, ctx context.Context) error { _, err := p.send(ctx); return err },
	"receive":  (*synthetic).receive,
	"push":     (*synthetic).push,
	"readback": (*synthetic).readBack,
}

// Two accounts exist for the checks alone.
const (
	checkFrom = "check-a"
	checkTo   = "check-b"
)

// synthetic is one check of a site through its own front door, under the public name and whatever the
// public DNS says.
type synthetic struct {
	site     *site
	from, to talkClient
}

// CheckResult is what a check answers.
type CheckResult struct {
	Site   string  `json:"site"`
	Check  string  `json:"check"`
	OK     bool    `json:"ok"`
	MS     float64 `json:"ms"`
	Detail string  `json:"detail,omitempty"`
}

// synthetic runs one check; a failed one answers 503 with what failed.
func (s *site) synthetic(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("check")
	check, ok := synthetics[name]
	if !ok {
		s.reply(func(*http.Request) (any, error) { return nil, fmt.Errorf("%w: check %q", errNotFound, name) })(w, r)
		return
	}
	began := time.Now()
	ctx, stop := context.WithTimeout(r.Context(), 5*time.Second)
	defer stop()
	client := func(user string) talkClient {
		return talkClient{http: s.public, zone: s.users.zone, user: user, pass: s.users.checkPassword}
	}
	p := &synthetic{s, client(checkFrom), client(checkTo)}
	err := p.from.login(ctx, s.address)
	if err == nil {
		err = check(p, ctx)
	}
	out := CheckResult{Site: s.id, Check: name, OK: err == nil, MS: float64(time.Since(began).Microseconds()) / 1000}
	if err != nil {
		s.reply(func(*http.Request) (any, error) {
			return nil, &refusal{Title: "The check failed", Status: http.StatusServiceUnavailable, Detail: err.Error(), Code: "check-failed"}
		})(w, r)
		return
	}
	s.reply(func(*http.Request) (any, error) { return out, nil })(w, r)
}

func (p *synthetic) send(ctx context.Context) (talkMessage, error) {
	m := talkMessage{ID: "check-" + rand.Text(), To: checkTo, Body: "check"}
	if err := p.from.call(ctx, "POST", p.site.address, "/v1/messages", m, &m); err != nil {
		return m, fmt.Errorf("send: %w", err)
	}
	if m.Site != p.site.id {
		return m, fmt.Errorf("send: %w: %s took the message", errNotPrimary, m.Site)
	}
	return m, nil
}

// receive sends and finds the message in the other account's inbox.
func (p *synthetic) receive(ctx context.Context) error {
	m, err := p.send(ctx)
	if err != nil {
		return err
	}
	if err := p.to.login(ctx, p.site.address); err != nil {
		return err
	}
	var inbox struct{ Items []talkMessage }
	if err := p.to.call(ctx, "GET", p.site.address, fmt.Sprintf("/v1/inbox?after=%d", m.Seq-1), nil, &inbox); err != nil {
		return fmt.Errorf("receive: %w", err)
	}
	if len(inbox.Items) == 0 || inbox.Items[0].ID != m.ID {
		return fmt.Errorf("receive: %s is not in the inbox", m.ID)
	}
	return nil
}

// push sends and waits for the message on the other account's session.
func (p *synthetic) push(ctx context.Context) error {
	if err := p.to.login(ctx, p.site.address); err != nil {
		return err
	}
	p.site.mu.Lock()
	after := p.site.groups[groupMessaging].committed
	p.site.mu.Unlock()
	conn, err := p.to.dial(ctx, connectionAnswer{Site: p.site.id, Address: p.site.address, Path: "/v1/ws"}, after)
	if err != nil {
		return err
	}
	defer conn.Close()
	m, err := p.send(ctx)
	if err != nil {
		return err
	}
	for {
		var f frame
		if err := conn.ReadJSON(&f); err != nil {
			return fmt.Errorf("push: %w", err)
		}
		if f.Type == "push" && f.ID == m.ID {
			return nil
		}
	}
}

func (p *synthetic) readBack(ctx context.Context) error {
	m, err := p.send(ctx)
	if err != nil {
		return err
	}
	var back talkMessage
	if err := p.from.call(ctx, "GET", p.site.address, "/v1/messages/"+m.ID, nil, &back); err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	if back.Body != m.Body || back.Site != p.site.id {
		return fmt.Errorf("read back: %s came back otherwise", m.ID)
	}
	return nil
}
