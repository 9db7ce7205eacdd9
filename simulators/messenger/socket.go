package messenger

import (
	"context"
	"fmt"
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

// frame is one WebSocket message. Clients send "send", "receipt", "read" and the background work ("presence",
// "picture", "profile", "event"); sites send "ack", "refused", "push", "read", "done", "shed" (background work that was
// turned away) and "move", which asks the client to connect anew.
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
	held *frame        // back by a fan-out that shuffles; of the writing side
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
		reply, any := s.takeFrame(ctx, k.user, f)
		if !any {
			continue
		}
		select {
		case k.out <- reply:
		case <-k.done:
			return
		}
	}
}

// takeFrame does what a client asks on its session; without any there is nothing to answer.
func (s *site) takeFrame(ctx context.Context, user string, f frame) (reply frame, any bool) {
	switch f.Type {
	case "send":
		seq, err := s.send(ctx, user, talkMessage{ID: f.ID, To: f.To, Body: f.Body})
		if err != nil {
			return frame{Type: "refused", ID: f.ID, Code: codeOf(err)}, true
		}
		return frame{Type: "ack", ID: f.ID, Seq: seq}, true
	case "receipt":
		s.receipt(user, f.ID)
		return frame{}, false
	case "read":
		return s.readFrame(f.ID), true
	}
	seq, err := s.background(user, f)
	if err != nil {
		return frame{Type: "shed", ID: f.ID, Code: codeOf(err)}, true
	}
	return frame{Type: "done", ID: f.ID, Seq: seq, To: f.Type}, true
}

// readFrame looks a message up for its reader; without a Seq it is not there.
func (s *site) readFrame(id string) frame {
	if err := s.admit(classChat, nil); err != nil {
		return frame{Type: "shed", ID: id, Code: codeOf(err)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.groups[groupMessaging].find(idMessage+id, s.readable())
	if _, down := s.suffers(ShardDown, m.To); ok && down {
		return frame{Type: "shed", ID: id, Code: errShardDown.Error()}
	}
	return frame{Type: "read", ID: id, Seq: m.Seq}
}

// background does what nobody waits for.
func (s *site) background(user string, f frame) (seq int64, err error) {
	switch f.Type {
	case "profile":
		return s.keep(tierTwo, user, f.ID, f.Body)
	case "event":
		return s.keep(tierThree, user, f.ID, f.Body)
	case "picture":
		return 0, s.admit(classTier3, &s.receipts)
	case "presence":
		return 0, s.admit(classBackground, &s.receipts)
	}
	return 0, fmt.Errorf("%w: frame %q", errBadRequest, f.Type)
}

// receipt notes that a message was read. It can be rebuilt, so nobody waits for it and a busy site drops it.
func (s *site) receipt(user, id string) {
	if s.admit(classBackground, &s.receipts) != nil {
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

// pushFrom sends what lies behind the cursor and was fanned out, and returns the new cursor.
func (s *site) pushFrom(k *talkSocket, cursor int64) (int64, error) {
	s.mu.Lock()
	l, next, on := s.groups[groupMessaging], s.fanned, s.on
	items := l.inbox(k.user, cursor, next, 1000)
	_, down := s.suffers(ShardDown, k.user)
	how, ill := s.suffers(FanoutFault, k.user)
	s.mu.Unlock()
	if !on {
		return cursor, http.ErrServerClosed
	}
	if down || ill && how.mode == fanoutStops {
		return cursor, nil // it waits until the fault is gone
	}
	for _, m := range items {
		f := frame{Type: "push", ID: strings.TrimPrefix(m.ID, idMessage), Seq: m.Seq, From: m.From, To: m.To, Body: m.Body}
		if err := s.pushOne(k, f, how.mode); err != nil {
			return cursor, err
		}
		cursor = m.Seq
	}
	if how.mode != fanoutShuffles && k.held != nil {
		f := *k.held
		k.held = nil
		return cursor, s.writeFrame(k, f)
	}
	if len(items) < 1000 {
		cursor = max(cursor, next)
	}
	return cursor, nil
}

// pushOne sends one message as the fan-out does it: once, twice, or after the one that follows it.
func (s *site) pushOne(k *talkSocket, f frame, how string) error {
	if how == fanoutShuffles && k.held == nil {
		k.held = &f
		return nil
	}
	err := s.writeFrame(k, f)
	if err == nil && how == fanoutTwice {
		err = s.writeFrame(k, f)
	}
	if err == nil && k.held != nil {
		f, k.held = *k.held, nil
		err = s.writeFrame(k, f)
	}
	return err
}

func (s *site) writeFrame(k *talkSocket, f frame) error {
	if err := k.conn.SetWriteDeadline(time.Now().Add(socketWrite)); err != nil {
		return err
	}
	return k.conn.WriteJSON(f)
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
