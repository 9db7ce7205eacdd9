package messenger

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	socketPing    = 2 * time.Second
	socketPatient = 3 * socketPing
	socketWrite   = 2 * time.Second
)

// frame is one WebSocket message. Clients send "send" and "receipt"; sites send "ack", "refused", "push" and
// "move", which asks the client to connect anew.
type frame struct {
	Type string `json:"type"`
	ID   string `json:"id,omitempty"`
	Seq  int64  `json:"seq,omitempty"`
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	Body string `json:"body,omitempty"`
	Code string `json:"code,omitempty"`
}

// talkSocket is one connected client.
type talkSocket struct {
	conn *websocket.Conn
	user string
	out  chan frame
	poke chan struct{}
	gone chan struct{} // closed when reading has ended
	done chan struct{} // closed when writing has ended
}

// socket serves one WebSocket: GET /v1/ws?session=...&after=seq.
func (s *site) socket(w http.ResponseWriter, r *http.Request) {
	if token := r.URL.Query().Get("session"); token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	user, err := s.userOf(r)
	if err == nil {
		err = s.mayHost()
	}
	if err != nil {
		s.reply(func(*http.Request) (any, error) { return nil, err })(w, r)
		return
	}
	up := websocket.Upgrader{HandshakeTimeout: socketWrite}
	conn, err := up.Upgrade(w, r, nil)
	if err != nil {
		return // the upgrader has answered
	}
	conn.SetReadLimit(64 << 10)
	k := &talkSocket{conn: conn, user: user, out: make(chan frame, 64), poke: make(chan struct{}, 1), gone: make(chan struct{}), done: make(chan struct{})}
	after, _ := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64) // none means from the beginning
	s.mu.Lock()
	if s.on {
		s.sockets[k] = true
	}
	s.mu.Unlock()
	var writing sync.WaitGroup
	writing.Go(func() { s.writeSocket(r.Context(), k, after) })
	s.readSocket(r.Context(), k)
	close(k.gone)
	writing.Wait()
	_ = conn.Close()
	s.mu.Lock()
	delete(s.sockets, k)
	s.mu.Unlock()
}

// mayHost tells whether this site takes message sessions now.
func (s *site) mayHost() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.groups[groupMessaging].role != rolePrimary:
		return errNotPrimary
	case s.draining:
		return errDraining
	}
	return nil
}

func (s *site) readSocket(ctx context.Context, k *talkSocket) {
	patience := func(string) error { return k.conn.SetReadDeadline(time.Now().Add(socketPatient)) }
	k.conn.SetPongHandler(patience)
	_ = patience("")
	for {
		var f frame
		if k.conn.ReadJSON(&f) != nil {
			return
		}
		_ = patience("")
		switch f.Type {
		case "send":
			seq, err := s.send(ctx, k.user, talkMessage{ID: f.ID, To: f.To, Body: f.Body})
			reply := frame{Type: "ack", ID: f.ID, Seq: seq}
			if err != nil {
				reply = frame{Type: "refused", ID: f.ID, Code: codeOf(err)}
			}
			select {
			case k.out <- reply:
			case <-k.done:
				return
			}
		case "receipt":
			s.receipt(k.user, f.ID)
		}
	}
}

// receipt notes that a message was read. It can be rebuilt, so nobody waits for it and a busy site drops it.
func (s *site) receipt(user, id string) {
	if s.admit(&s.receipts) != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.on {
		if _, err := s.groups[groupAPI].write(record{ID: idReceipt + id, From: user}); err == nil {
			s.wakeFeeds()
		}
	}
}

// writeSocket sends acknowledgements and what is committed for the user, in order, until reading ends.
func (s *site) writeSocket(ctx context.Context, k *talkSocket, cursor int64) {
	defer close(k.done)
	defer k.conn.Close() // so that reading ends when writing fails
	ping := time.NewTicker(socketPing)
	defer ping.Stop()
	var err error
	for err == nil {
		if cursor, err = s.pushFrom(k, cursor); err != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-k.gone:
			return
		case f := <-k.out:
			if err = s.writeFrame(k, f); f.Type == "move" {
				return
			}
		case <-ping.C:
			err = k.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(socketWrite))
		case <-k.poke:
		}
	}
}

// pushFrom sends what lies behind the cursor and returns the new one.
func (s *site) pushFrom(k *talkSocket, cursor int64) (int64, error) {
	s.mu.Lock()
	l := s.groups[groupMessaging]
	items, next := l.inbox(k.user, cursor, 1000), l.committed
	on := s.on
	s.mu.Unlock()
	if !on {
		return cursor, http.ErrServerClosed
	}
	for _, m := range items {
		if err := s.writeFrame(k, frame{Type: "push", ID: strings.TrimPrefix(m.ID, idMessage), Seq: m.Seq, From: m.From, To: m.To, Body: m.Body}); err != nil {
			return cursor, err
		}
		cursor = m.Seq
	}
	if len(items) < 1000 {
		cursor = max(cursor, next)
	}
	return cursor, nil
}

func (s *site) writeFrame(k *talkSocket, f frame) error {
	if err := k.conn.SetWriteDeadline(time.Now().Add(socketWrite)); err != nil {
		return err
	}
	return k.conn.WriteJSON(f)
}

// pokeSockets wakes the sockets whose users have new messages, and sends everybody away when this site may
// host no sessions any more.
func (s *site) pokeSockets(ctx context.Context) {
	s.mu.Lock()
	pushed := s.groups[groupMessaging].committed
	s.mu.Unlock()
	for {
		s.mu.Lock()
		l := s.groups[groupMessaging]
		users := map[string]bool{}
		for _, r := range l.after(max(pushed, l.base.Seq), int(max(0, l.committed-pushed))) {
			users[r.To] = true
		}
		pushed = max(pushed, l.committed)
		leaving := l.role != rolePrimary
		for k := range s.sockets {
			if leaving {
				k.end()
			} else if users[k.user] {
				k.wake()
			}
		}
		changed := s.changed
		s.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

func (k *talkSocket) wake() {
	select {
	case k.poke <- struct{}{}:
	default:
	}
}

// end asks the client to connect anew and closes the session; one that does not listen is cut.
func (k *talkSocket) end() {
	select {
	case k.out <- frame{Type: "move"}:
		k.wake()
	default:
		_ = k.conn.Close()
	}
}

// closeSockets ends every long-lived session of this site.
func (s *site) closeSockets(dry bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.sockets {
		if !dry {
			k.end()
		}
	}
}
