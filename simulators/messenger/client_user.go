package messenger

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
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
	client    talkClient
	resolver  *talkResolver
	ledger    *ledger
	fleet     *fleet
	rng       *rand.Rand // of the one goroutine that runs this user
	everybody []string   // of whom the user is one
	online    atomic.Bool

	n       int    // messages written so far
	k       int    // pieces of background work asked for so far
	pending *frame // not yet acknowledged
	cursor  int64  // newest message read
	recent  recent
}

var errUnanswered = errors.New("no acknowledgement in time")

// run keeps the user connected and writing until ctx ends.
func (u *talkUser) run(ctx context.Context) {
	base := firstBackoff
	for ctx.Err() == nil {
		began := time.Now()
		err := u.connected(ctx)
		if ctx.Err() != nil {
			return
		}
		u.ledger.cut(err)
		hasty, relogin := u.fleet.comeBack()
		if relogin {
			u.client.session = ""
		}
		if time.Since(began) > 10*maxBackoff {
			base = firstBackoff
		}
		var wait time.Duration
		wait, base = pause(base, hasty, u.rng)
		clock := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-clock.C:
		}
		clock.Stop()
	}
}

// connected is one session, from the look-up to the cut.
func (u *talkUser) connected(ctx context.Context) error {
	targets, err := u.resolver.lookup(ctx)
	if err != nil {
		return err
	}
	at, err := u.client.connection(ctx, choose(targets).address)
	if err == nil {
		var conn *websocket.Conn
		if conn, err = u.client.dial(ctx, at, u.cursor); err == nil {
			return u.attend(ctx, conn, at.Site)
		}
	}
	if answer := (*refusal)(nil); !errors.As(err, &answer) {
		u.resolver.unreachable()
	}
	return err
}

// attend lives on an open session until it is cut.
func (u *talkUser) attend(ctx context.Context, conn *websocket.Conn, site string) error {
	u.ledger.connect(1)
	u.online.Store(true)
	defer u.ledger.connect(-1)
	defer u.online.Store(false)
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
	return u.converse(ctx, conn, site, frames)
}

// converse writes, reads and waits for acknowledgements.
func (u *talkUser) converse(ctx context.Context, conn *websocket.Conn, site string, frames <-chan frame) error {
	// What is due at the start spreads the users over their interval.
	now := time.Now()
	chat, other := beat{due: u.rng.Float64(), at: now}, beat{due: u.rng.Float64(), at: now}
	next := time.NewTimer(0)
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
		case now := <-next.C:
			wait, err := u.act(conn, now, &chat, &other, late)
			if err != nil {
				return err
			}
			next.Reset(wait)
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

// act does what is due now and tells when to look again.
func (u *talkUser) act(conn *websocket.Conn, now time.Time, chat, other *beat, late *time.Timer) (time.Duration, error) {
	rate, background := u.fleet.wants(now)
	write, wait := chat.next(now, rate)
	if write && u.pending == nil {
		u.compose()
		late.Reset(ackWait)
		if err := u.write(conn, *u.pending); err != nil {
			return 0, err
		}
	}
	busy, more := other.next(now, background)
	if busy {
		if err := u.write(conn, u.busywork()); err != nil {
			return 0, err
		}
	}
	return min(wait, more), nil
}

// compose writes the next message, to somebody else, under an id of its own.
func (u *talkUser) compose() {
	u.n++
	id := fmt.Sprintf("%s-%06d", u.client.user, u.n)
	at := u.rng.IntN(len(u.everybody))
	if u.everybody[at] == u.client.user {
		at = (at + 1) % len(u.everybody)
	}
	u.pending = &frame{Type: "send", ID: id, To: u.everybody[at], Body: "message " + id}
	u.ledger.sending(id)
}

// busywork is what the program does without being asked: mostly presence, then pictures and analytics, and now
// and then a change of the profile.
func (u *talkUser) busywork() frame {
	u.k++
	f := frame{Type: "presence", ID: fmt.Sprintf("%s-b%06d", u.client.user, u.k)}
	switch n := u.rng.IntN(20); {
	case n < 2:
		f.Type, f.Body = "profile", "revision "+f.ID
		u.ledger.tier(tierTwo).sending(f.ID)
	case n < 6:
		f.Type, f.Body = "event", "seen "+f.ID
		u.ledger.tier(tierThree).sending(f.ID)
	case n < 10:
		f.Type = "picture"
	}
	return f
}

// take does what a site's frame asks for; an error ends the session.
func (u *talkUser) take(conn *websocket.Conn, site string, f frame) error {
	switch f.Type {
	case "ack":
		if u.pending == nil || u.pending.ID != f.ID {
			return nil
		}
		u.pending = nil
		u.ledger.acknowledged(f.ID, site)
		if u.rng.Float64() < u.fleet.reads {
			return u.write(conn, frame{Type: "read", ID: f.ID})
		}
	case "refused":
		return fmt.Errorf("message %s refused: %s", f.ID, f.Code)
	case "move":
		return errMoved
	case "read":
		u.ledger.read(f.Seq > 0)
	case "done":
		u.ledger.kept(f, u.client.user)
	case "shed":
		u.ledger.turnedAway()
	case "push":
		return u.takePush(conn, f)
	}
	return nil
}

// takePush takes a message, whatever order it comes in and however often.
func (u *talkUser) takePush(conn *websocket.Conn, f frame) error {
	if f.Seq <= u.cursor && u.recent.has(f.Seq) || f.Seq <= u.cursor-recentSpan {
		u.ledger.repeated()
		return nil
	}
	u.ledger.deliver(f.ID, f.Seq, f.Seq < u.cursor)
	u.cursor = max(u.cursor, f.Seq)
	u.recent.add(f.Seq)
	return u.write(conn, frame{Type: "receipt", ID: f.ID})
}

var errMoved = errors.New("asked to connect anew")

func (u *talkUser) write(conn *websocket.Conn, f frame) error {
	if err := conn.SetWriteDeadline(time.Now().Add(socketWrite)); err != nil {
		return err
	}
	return conn.WriteJSON(f)
}

const (
	recentKept = 64
	recentSpan = 20_000 // what is older than this came before, since sites push in order but for a few
)

// recent remembers the last messages by their place, to tell a repeated one from one that comes late.
type recent struct {
	seqs [recentKept]int64
	next int
}

func (r *recent) add(seq int64) {
	r.seqs[r.next%recentKept] = seq
	r.next++
}

func (r *recent) has(seq int64) bool {
	for _, s := range r.seqs {
		if s == seq {
			return true
		}
	}
	return false
}
