package messenger

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	ackWait      = 5 * time.Second
	firstBackoff = 100 * time.Millisecond
	maxBackoff   = 2 * time.Second
)

// talkUser is one person at the messenger. One message at a time is under way: the next is written when the
// last is acknowledged, and an unacknowledged one is sent again under its own id.
type talkUser struct {
	client   talkClient
	resolver *talkResolver
	ledger   *ledger
	others   []string
	every    time.Duration

	n       int    // messages written so far
	pending *frame // not yet acknowledged
	cursor  int64  // newest message read
}

var errUnanswered = errors.New("no acknowledgement in time")

// run keeps the user connected and writing until ctx ends.
func (u *talkUser) run(ctx context.Context) {
	wait := firstBackoff
	for ctx.Err() == nil {
		began := time.Now()
		err := u.connected(ctx)
		if ctx.Err() != nil {
			return
		}
		u.ledger.cut(err)
		if time.Since(began) > 10*maxBackoff {
			wait = firstBackoff
		}
		// Everybody is cut at the same moment: without chance they would come back at the same one too.
		pause := time.NewTimer(wait/2 + rand.N(wait/2))
		select {
		case <-ctx.Done():
		case <-pause.C:
		}
		pause.Stop()
		wait = min(2*wait, maxBackoff)
	}
}

// connected is one session, from the look-up to the cut.
func (u *talkUser) connected(ctx context.Context) error {
	targets, err := u.resolver.lookup(ctx)
	if err != nil {
		return err
	}
	at, err := u.client.connection(ctx, choose(targets).address)
	if err != nil {
		return err
	}
	conn, err := u.client.dial(ctx, at, u.cursor)
	if err != nil {
		return err
	}
	u.ledger.connect(1)
	defer u.ledger.connect(-1)
	frames := make(chan frame)
	quit := make(chan struct{})
	var reading sync.WaitGroup
	defer reading.Wait()
	defer conn.Close()
	defer close(quit)
	reading.Go(func() {
		defer close(frames)
		for {
			var f frame
			if conn.ReadJSON(&f) != nil {
				return
			}
			select {
			case frames <- f:
			case <-quit:
				return
			}
		}
	})
	return u.converse(ctx, conn, at.Site, frames)
}

// converse writes, reads and waits for acknowledgements.
func (u *talkUser) converse(ctx context.Context, conn *websocket.Conn, site string, frames <-chan frame) error {
	// A random first pause spreads the users over the interval.
	next := time.NewTimer(rand.N(u.every + 1))
	defer next.Stop()
	late := time.NewTimer(ackWait)
	defer late.Stop()
	if u.pending == nil {
		late.Stop()
	} else if err := u.write(conn, *u.pending); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-late.C:
			return errUnanswered
		case <-next.C:
			next.Reset(u.every)
			if u.pending != nil {
				continue
			}
			u.compose()
			late.Reset(ackWait)
			if err := u.write(conn, *u.pending); err != nil {
				return err
			}
		case f, ok := <-frames:
			if !ok {
				return fmt.Errorf("the session at %s was cut", site)
			}
			if err := u.take(conn, site, f); err != nil {
				return err
			}
			if u.pending == nil {
				late.Stop()
			}
		}
	}
}

// compose writes the next message, to somebody else, under an id of its own.
func (u *talkUser) compose() {
	u.n++
	id := fmt.Sprintf("%s-%06d", u.client.user, u.n)
	u.pending = &frame{Type: "send", ID: id, To: u.others[rand.IntN(len(u.others))], Body: "message " + id}
	u.ledger.sending(id)
}

func (u *talkUser) take(conn *websocket.Conn, site string, f frame) error {
	switch f.Type {
	case "ack":
		if u.pending != nil && u.pending.ID == f.ID {
			u.pending = nil
			u.ledger.acknowledged(f.ID, site)
		}
	case "refused":
		return fmt.Errorf("message %s refused: %s", f.ID, f.Code)
	case "move":
		return errMoved
	case "push":
		if f.Seq <= u.cursor {
			return nil // the same delivery once more, after a cut
		}
		u.cursor = f.Seq
		u.ledger.deliver(f.ID, f.Seq)
		return u.write(conn, frame{Type: "receipt", ID: f.ID})
	}
	return nil
}

var errMoved = errors.New("asked to connect anew")

func (u *talkUser) write(conn *websocket.Conn, f frame) error {
	if err := conn.SetWriteDeadline(time.Now().Add(socketWrite)); err != nil {
		return err
	}
	return conn.WriteJSON(f)
}
