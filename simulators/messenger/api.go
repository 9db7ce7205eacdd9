package messenger

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Prefixes keep the records of a group apart that people name.
const (
	idSession = "session/"
	idMessage = "m/"
	idReceipt = "receipt/"
)

// directory is who may log in. It never changes while the messenger runs, so every site has it.
type directory struct {
	zone  string
	users map[string][32]byte // salted hashes
	salt  string

	checkPassword string // of the accounts the sites check themselves with
}

func newDirectory(zone string) *directory {
	d := &directory{zone: zone, users: map[string][32]byte{}, salt: rand.Text(), checkPassword: rand.Text()}
	d.add(checkFrom, d.checkPassword)
	d.add(checkTo, d.checkPassword)
	return d
}

func (d *directory) add(user, password string) { d.users[user] = d.hash(password) }

func (d *directory) hash(password string) [32]byte { return sha256.Sum256([]byte(d.salt + password)) }

func (d *directory) knows(user, password string) bool {
	want, ok := d.users[user]
	have := d.hash(password)
	return ok && subtle.ConstantTimeCompare(want[:], have[:]) == 1
}

type loginCall struct {
	User     string `json:"user"`
	Password string `json:"password"`
}

type loginAnswer struct {
	Session string `json:"session"` // lives until the account forgets it: any site takes it
	Site    string `json:"site"`
}

// connectionAnswer is what the connection-information service tells a client.
type connectionAnswer struct {
	Site    string `json:"site"`
	Address string `json:"address"`
	Path    string `json:"path"` // of the WebSocket
	Epoch   uint64 `json:"epoch"`
}

// talkMessage is a message as clients send and read it.
type talkMessage struct {
	ID   string    `json:"id"`
	Seq  int64     `json:"seq,omitempty"`
	From string    `json:"from,omitempty"`
	To   string    `json:"to"`
	Body string    `json:"body"`
	Site string    `json:"site,omitempty"`
	Role groupRole `json:"role,omitempty"` // of the site for messaging: only a primary's answer is the newest
}

type checkCall struct {
	IDs []string `json:"ids"`
}

// checkAnswer names the messages that are not there.
type checkAnswer struct {
	Site    string    `json:"site"`
	Role    groupRole `json:"role"`
	Epoch   uint64    `json:"epoch"`
	Missing []string  `json:"missing"`
	Unknown []string  `json:"unknown,omitempty"` // kept by a part that is down
}

func (s *site) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.reply(func(*http.Request) (any, error) { return map[string]string{"site": s.id, "status": "alive"}, nil }))
	mux.HandleFunc("POST /v1/login", s.reply(s.postLogin))
	mux.HandleFunc("GET /v1/connection", s.reply(s.getConnection))
	mux.HandleFunc("POST /v1/messages", s.reply(s.postMessage))
	mux.HandleFunc("POST /v1/messages/check", s.reply(s.postCheck))
	mux.HandleFunc("GET /v1/messages/{id}", s.reply(s.getMessage))
	mux.HandleFunc("GET /v1/inbox", s.reply(s.getInbox))
	mux.HandleFunc("GET /v1/ws", s.socket)
	mux.HandleFunc("POST /v1/data/{tier}", s.reply(s.postData))
	mux.HandleFunc("POST /v1/data/{tier}/check", s.reply(s.postTierCheck))
	mux.HandleFunc("POST /synthetic/v1/{check}", s.synthetic)
	s.adminRoutes(mux)
	s.peerRoutes(mux)
	mux.HandleFunc("/", s.reply(func(r *http.Request) (any, error) { return nil, fmt.Errorf("%w: %s", errNotFound, r.URL.Path) }))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		// Like a name-based front: it answers for the public names and, for peers and operators, its address.
		if net.ParseIP(host) == nil && host != "localhost" && !strings.HasSuffix(strings.ToLower(host)+".", "."+s.users.zone) {
			s.reply(func(*http.Request) (any, error) { return nil, fmt.Errorf("%w: %s", errWrongHost, host) })(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// admit takes a request into the load, in the order in which classes yield. In emergency mode background work has
// small shares of its own on top.
func (s *site) admit(c class, background *bucket) error {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offered.add(now, 1)
	if background != nil && s.traffic == trafficEmergency && !background.take(now) {
		s.all.shed[c]++
		return fmt.Errorf("%w: emergency traffic mode", errThrottled)
	}
	if !s.all.take(now, c) {
		return fmt.Errorf("%w: %g requests a second", errOverloaded, s.all.rate)
	}
	s.meter.add(now, 1)
	return nil
}

// primaryOf finds who leads a group as far as this site knows; nil when it does itself, or nobody does.
func (s *site) primaryOf(group string) *site {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.peers {
		if p.id == s.groups[group].promisedTo {
			return p
		}
	}
	return nil
}

// handOn lets the group's primary do what this site may not. It never hands on twice.
func (s *site) handOn(r *http.Request, group string, in, out any) (done bool, err error) {
	p := s.primaryOf(group)
	if p == nil || r.Header.Get("X-Forwarded-By") != "" {
		return false, nil
	}
	h := http.Header{"X-Forwarded-By": {s.id}, "Authorization": r.Header["Authorization"]}
	ctx, stop := context.WithTimeout(r.Context(), replicaCall)
	defer stop()
	if err := postJSON(ctx, s.client, r.Method, "http://"+p.address+r.URL.RequestURI(), in, out, h); err != nil {
		return true, fmt.Errorf("hand on to %s: %w", p.id, err)
	}
	return true, nil
}

func (s *site) postLogin(r *http.Request) (any, error) {
	var c loginCall
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		return nil, fmt.Errorf("%w: %w", errBadRequest, err)
	}
	var out loginAnswer
	if done, err := s.handOn(r, groupAccount, c, &out); done {
		return out, err
	}
	if err := s.authDown(r.Context()); err != nil {
		return nil, err
	}
	if !s.users.knows(c.User, c.Password) {
		return nil, fmt.Errorf("%w: unknown user or wrong password", errNoSession)
	}
	if err := s.admit(classLogin, &s.logins); err != nil {
		return nil, err
	}
	token := rand.Text()
	if _, err := s.write(r.Context(), groupAccount, record{ID: idSession + token, From: c.User}); err != nil {
		return nil, err
	}
	return loginAnswer{token, s.id}, nil
}

// userOf finds who calls. A session counts at every site that has its record, committed or not: it gives no
// right that the login did not.
func (s *site) userOf(r *http.Request) (string, error) {
	if err := s.authDown(r.Context()); err != nil {
		return "", err
	}
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.groups[groupAccount]
	seq, ok := l.index[idSession+token]
	if !ok {
		return "", errNoSession
	}
	return l.records[seq-l.base.Seq-1].From, nil
}

func (s *site) getConnection(r *http.Request) (any, error) {
	if _, err := s.userOf(r); err != nil {
		return nil, err
	}
	s.mu.Lock()
	l := s.groups[groupMessaging]
	out := connectionAnswer{Site: s.id, Address: s.address, Path: "/v1/ws", Epoch: l.promised}
	mine, draining := l.role == rolePrimary, s.draining
	s.mu.Unlock()
	if !mine {
		p := s.primaryOf(groupMessaging)
		if p == nil {
			return nil, fmt.Errorf("%w: nobody leads messaging at epoch %d", errNotPrimary, out.Epoch)
		}
		out.Site, out.Address = p.id, p.address
	} else if draining {
		return nil, errDraining
	}
	return out, nil
}

// send stores a message and returns once two sites have it.
func (s *site) send(ctx context.Context, user string, m talkMessage) (int64, error) {
	if m.ID == "" || m.To == "" || len(m.ID) > 200 || len(m.Body) > 16<<10 {
		return 0, fmt.Errorf("%w: a message needs an id, somebody it goes to, and at most 16 KiB", errBadRequest)
	}
	if err := s.admit(classChat, nil); err != nil {
		return 0, err
	}
	if err := s.queueUp(ctx, m.To); err != nil {
		return 0, err
	}
	return s.write(ctx, groupMessaging, record{ID: idMessage + m.ID, From: user, To: m.To, Body: m.Body})
}

func (s *site) postMessage(r *http.Request) (any, error) {
	user, err := s.userOf(r)
	if err != nil {
		return nil, err
	}
	var m talkMessage
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
		return nil, fmt.Errorf("%w: %w", errBadRequest, err)
	}
	if done, err := s.handOn(r, groupMessaging, m, &m); done {
		return m, err
	}
	if want := r.Header.Get("If-Epoch"); want != "" {
		if have := s.state().Groups[groupMessaging].Epoch; want != strconv.FormatUint(have, 10) {
			return nil, fmt.Errorf("%w: asked for %s, it is %d", errWrongEpoch, want, have)
		}
	}
	seq, err := s.send(r.Context(), user, m)
	m.Seq, m.From, m.Site, m.Role = seq, user, s.id, rolePrimary
	return m, err
}

func (s *site) getMessage(r *http.Request) (any, error) {
	if _, err := s.userOf(r); err != nil {
		return nil, err
	}
	id := r.PathValue("id")
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.groups[groupMessaging]
	m, ok := l.find(idMessage+id, s.readable())
	if _, down := s.suffers(ShardDown, m.To); ok && down {
		return nil, fmt.Errorf("message %q: %w", id, errShardDown)
	}
	if !ok {
		return nil, fmt.Errorf("message %q: %w", id, errNotFound)
	}
	return s.message(m), nil
}

// message is a record as clients see it; the lock is held.
func (s *site) message(r record) talkMessage {
	return talkMessage{ID: strings.TrimPrefix(r.ID, idMessage), Seq: r.Seq, From: r.From, To: r.To, Body: r.Body, Site: s.id, Role: s.groups[groupMessaging].role}
}

func (s *site) getInbox(r *http.Request) (any, error) {
	user, err := s.userOf(r)
	if err != nil {
		return nil, err
	}
	after, _ := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64) // none means from the beginning
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, down := s.suffers(ShardDown, user); down {
		return nil, errShardDown
	}
	items := []talkMessage{}
	for _, m := range s.groups[groupMessaging].inbox(user, after, s.readable(), 200) {
		items = append(items, s.message(m))
	}
	return map[string]any{"items": items}, nil
}

func (s *site) postCheck(r *http.Request) (any, error) {
	if _, err := s.userOf(r); err != nil {
		return nil, err
	}
	var c checkCall
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		return nil, fmt.Errorf("%w: %w", errBadRequest, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.groups[groupMessaging]
	out := checkAnswer{Site: s.id, Role: l.role, Epoch: l.promised, Missing: []string{}}
	for _, id := range c.IDs {
		m, ok := l.find(idMessage+id, everything)
		if _, down := s.suffers(ShardDown, m.To); ok && down {
			out.Unknown = append(out.Unknown, id)
		} else if !ok {
			out.Missing = append(out.Missing, id)
		}
	}
	return out, nil
}
