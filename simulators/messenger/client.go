package messenger

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/miekg/dns"
)

// talkTarget is one place the public DNS leads to.
type talkTarget struct {
	site    string
	address string
	weight  uint16
}

var errNowhere = errors.New("the public DNS leads nowhere")

// talkResolver finds the messenger as any client does: SRV records by the authoritative servers, kept for
// their life and no longer.
type talkResolver struct {
	zone    string
	servers []string
	habit   habit
	lives   float64    // how many lives of an answer it is kept for; below 1 is 1
	pinned  talkTarget // of a program that never asks

	mu    sync.Mutex
	found []talkTarget
	until time.Time
}

// lookup gives the targets of the lowest priority.
func (r *talkResolver) lookup(ctx context.Context) ([]talkTarget, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.habit == habitPinned {
		return []talkTarget{r.pinned}, nil
	}
	if time.Now().Before(r.until) || r.habit == habitForever && len(r.found) > 0 {
		return r.found, nil
	}
	first := rand.IntN(max(1, len(r.servers)))
	err := errNowhere
	for i := range r.servers {
		var reply *dns.Msg
		m := new(dns.Msg)
		m.SetQuestion("_talk._tcp."+r.zone, dns.TypeSRV)
		client := dns.Client{Timeout: 400 * time.Millisecond}
		reply, _, err = client.ExchangeContext(ctx, m, r.servers[(first+i)%len(r.servers)])
		if err == nil && reply.Rcode == dns.RcodeSuccess {
			found, ttl := srvTargets(reply, r.zone)
			if r.habit == habitStale {
				ttl = time.Duration(float64(ttl) * max(1, r.lives))
			}
			r.found, r.until = found, time.Now().Add(ttl)
			if len(found) == 0 {
				return nil, errNowhere
			}
			return found, nil
		}
		if err == nil {
			err = fmt.Errorf("%w: %s", errNowhere, dns.RcodeToString[reply.Rcode])
		}
	}
	return nil, err
}

// unreachable is told when nobody answers where the answer led. Only who keeps answers for ever takes that as
// a reason to ask again; others wait for the end of its life.
func (r *talkResolver) unreachable() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.habit == habitForever {
		r.found, r.until = nil, time.Time{}
	}
}

func (r *talkResolver) is() habit {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.habit
}

// behave changes the habit, and returns how to change it back. What is known stays known.
func (r *talkResolver) behave(h habit, lives float64) (back func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	was, before := r.habit, r.lives
	r.habit, r.lives = h, lives
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.habit, r.lives = was, before
		r.until = time.Time{}
	}
}

// srvTargets reads the answer with the addresses that stand beside it.
func srvTargets(m *dns.Msg, zone string) (out []talkTarget, ttl time.Duration) {
	hosts := map[string]string{}
	for _, rr := range m.Extra {
		if a, ok := rr.(*dns.A); ok {
			hosts[dns.CanonicalName(a.Hdr.Name)] = a.A.String()
		}
	}
	lowest := 1 << 16
	for _, rr := range m.Answer {
		srv, ok := rr.(*dns.SRV)
		if !ok || int(srv.Priority) > lowest {
			continue
		}
		if int(srv.Priority) < lowest {
			lowest, out = int(srv.Priority), nil
		}
		ttl = time.Duration(srv.Hdr.Ttl) * time.Second
		name := dns.CanonicalName(srv.Target)
		if host := hosts[name]; host != "" && len(name) > len(zone)+1 {
			out = append(out, talkTarget{name[:len(name)-len(zone)-1], net.JoinHostPort(host, strconv.Itoa(int(srv.Port))), srv.Weight})
		}
	}
	return out, ttl
}

// choose draws a target by weight (RFC 2782); a weight of 0 is drawn only when all are.
func choose(targets []talkTarget) talkTarget {
	sum := 0
	for _, t := range targets {
		sum += int(t.weight)
	}
	if sum == 0 {
		return targets[rand.IntN(len(targets))]
	}
	n := rand.IntN(sum)
	for _, t := range targets {
		if n -= int(t.weight); n < 0 {
			return t
		}
	}
	return targets[len(targets)-1]
}

// talkClient is the part of a messenger client that talks to one site over HTTP under a public name.
type talkClient struct {
	http *http.Client
	zone string
	user string
	pass string

	session string
}

func (c *talkClient) call(ctx context.Context, method, address, path string, in, out any) error {
	h := http.Header{"Host": {"api." + c.zone[:len(c.zone)-1]}}
	if c.session != "" {
		h.Set("Authorization", "Bearer "+c.session)
	}
	return postJSON(ctx, c.http, method, "http://"+address+path, in, out, h)
}

// login gets a session; the account keeps it for long, at every site.
func (c *talkClient) login(ctx context.Context, address string) error {
	var a loginAnswer
	if err := c.call(ctx, "POST", address, "/v1/login", loginCall{c.user, c.pass}, &a); err != nil {
		return fmt.Errorf("log in at %s: %w", address, err)
	}
	c.session = a.Session
	return nil
}

// connection asks where the messages are, and logs in first where that is needed.
func (c *talkClient) connection(ctx context.Context, address string) (out connectionAnswer, err error) {
	if c.session == "" {
		if err := c.login(ctx, address); err != nil {
			return out, err
		}
	}
	err = c.call(ctx, "GET", address, "/v1/connection", nil, &out)
	if errors.Is(err, errNoSession) {
		c.session = ""
	}
	if err != nil {
		return out, fmt.Errorf("connection information from %s: %w", address, err)
	}
	return out, nil
}

// dial opens the WebSocket and asks for everything behind a sequence number.
func (c *talkClient) dial(ctx context.Context, at connectionAnswer, after int64) (*websocket.Conn, error) {
	dialer := websocket.Dialer{HandshakeTimeout: 2 * time.Second, NetDialContext: (&net.Dialer{Timeout: time.Second}).DialContext}
	q := url.Values{"session": {c.session}, "after": {strconv.FormatInt(after, 10)}}
	conn, resp, err := dialer.DialContext(ctx, "ws://"+at.Address+at.Path+"?"+q.Encode(), http.Header{"Host": {"ws." + c.zone[:len(c.zone)-1]}})
	if err != nil {
		if resp != nil {
			err = fmt.Errorf("%w: %s", err, resp.Status)
		}
		return nil, fmt.Errorf("message session at %s: %w", at.Site, err)
	}
	patience := func() error { return conn.SetReadDeadline(time.Now().Add(socketPatient)) }
	conn.SetPingHandler(func(text string) error {
		_ = conn.WriteControl(websocket.PongMessage, []byte(text), time.Now().Add(socketWrite))
		return patience()
	})
	return conn, patience()
}
