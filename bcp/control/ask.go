package control

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"bongsu/bcp"
	"bongsu/journal"
)

// ErrNoReply says that a request stands in the shared journal and nobody has answered it yet.
var ErrNoReply = errors.New("asked, but nobody who leads has answered yet")

// mostRequest bounds a request: what is decided on it holds its words more than once and has to be one entry.
const mostRequest = 64 << 10

// Ask writes a request into the shared journal and waits for the leader's reply, wherever it leads. An error
// that matches ErrNoReply may still be followed by the act; asking again with the same id settles it.
func (l *Loop) Ask(ctx context.Context, r bcp.Request) (bcp.Reply, error) {
	if r.ID == "" || len(r.ID) > 200 {
		return bcp.Reply{}, errors.New("a request needs an id of at most 200 characters")
	}
	if r.At.IsZero() {
		r.At = l.cfg.Now().UTC()
	}
	if text, err := json.Marshal(r); err != nil || len(text) > mostRequest {
		return bcp.Reply{ID: r.ID, Code: 413, Detail: fmt.Sprintf("at most %d bytes can be asked for at once", mostRequest)}, nil
	}
	if code := r.Args["code"]; code != "" {
		// The journal is read by many: it holds no code that could still be used.
		r.Args = maps.Clone(r.Args)
		delete(r.Args, "code")
		r.Args["code_hash"] = bcp.HashCode(code)
	}
	heard := make(chan bcp.Reply, 1)
	l.mu.Lock()
	if before, ok := l.replies[r.ID]; ok {
		l.mu.Unlock()
		return before, nil
	}
	if l.readOnly() {
		l.mu.Unlock()
		return bcp.Reply{}, ErrNoQuorum
	}
	l.waiters[r.ID] = append(l.waiters[r.ID], heard)
	l.mu.Unlock()
	defer l.forget(r.ID, heard)
	_, err := l.cfg.Log.Append(ctx, bcp.RequestDraft(r), "request/"+r.ID)
	if err != nil && !l.silence().IsZero() {
		err = fmt.Errorf("%w: %w", ErrNoQuorum, err)
	}
	switch {
	case errors.Is(err, ErrMaybe):
		return bcp.Reply{}, fmt.Errorf("%w: %w", ErrNoReply, err)
	case err != nil:
		return bcp.Reply{}, fmt.Errorf("the shared journal takes no entry: %w", err)
	}
	select {
	case reply := <-heard:
		return reply, nil
	case <-ctx.Done():
		return bcp.Reply{}, ErrNoReply
	}
}

func (l *Loop) forget(id string, heard chan bcp.Reply) {
	l.mu.Lock()
	defer l.mu.Unlock()
	left := l.waiters[id][:0]
	for _, w := range l.waiters[id] {
		if w != heard {
			left = append(left, w)
		}
	}
	if len(left) == 0 {
		delete(l.waiters, id)
		return
	}
	l.waiters[id] = left
}

// keptReplies is how many replies are remembered for those who ask twice.
const keptReplies = 10_000

// replied ends the calls that wait for a reply.
func (l *Loop) replied(r bcp.Reply) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.replies[r.ID]; !ok {
		l.replies[r.ID] = r
		l.recent = append(l.recent, r.ID)
		if len(l.recent) > keptReplies {
			delete(l.replies, l.recent[0])
			l.recent = l.recent[1:]
		}
	}
	for _, w := range l.waiters[r.ID] {
		w <- r
	}
	delete(l.waiters, r.ID)
}

// knowCalls remembers what the messages of a move are about, so that an answer by phone finds its place.
func (l *Loop) knowCalls(m bcp.Transition) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range m.Effects {
		if !e.Pages() && e.Args["kind"] != kindNotify {
			continue
		}
		about := callOf{call: e.Args["call"]}
		if e.Kind == bcp.EffectPage {
			about = callOf{motion: e.Args["motion"]}
		}
		if _, known := l.calls[e.Key]; !known {
			l.called = append(l.called, e.Key)
		}
		l.calls[e.Key] = about
	}
	for len(l.called) > keptCalls {
		delete(l.calls, l.called[0])
		l.called = l.called[1:]
	}
}

// keptCalls is how many messages are remembered until their answers come.
const keptCalls = 50_000

// Messages that no entry has sent: the loop's own, and the nightly test's.
const (
	ownCalls  = "control/"
	testCalls = "test/"
)

// errUnread refuses an answer to a message whose entry has not been read here: posted again it finds its place.
var errUnread = errors.New("the entry that sent this message was not read here yet")

// Event is what a person did with a message.
type Event struct {
	Key    string // of the act that sent it
	Person string
	Kind   string // delivered, acked, joined or voted
	Value  string
	At     time.Time
}

// Heard takes what a provider of messages reports, after its origin was proven. It is written as an entry,
// which counts once however often it comes.
func (l *Loop) Heard(ctx context.Context, e Event) error {
	l.mu.Lock()
	about, known := l.calls[e.Key]
	unread := !known && len(l.called) < keptCalls && !strings.HasPrefix(e.Key, ownCalls) && !strings.HasPrefix(e.Key, testCalls)
	l.mu.Unlock()
	if unread && e.Kind != "delivered" {
		return fmt.Errorf("message %s: %w", e.Key, errUnread)
	}
	who := []bcp.Who{{Person: e.Person, Station: "phone of " + e.Person}}
	r := bcp.Request{ID: "callback/" + e.Key + "/" + e.Person + "/" + e.Kind, By: who, At: l.cfg.Now().UTC()}
	switch e.Kind {
	case "delivered":
		d := journal.Draft{Kind: KindReceipt, Actor: e.Person, Subject: e.Key, Data: Receipt{Key: e.Key, Person: e.Person, Event: e.Kind, At: e.At.UTC()}}
		_, err := l.cfg.Log.Append(ctx, d, "receipt/"+e.Key+"/"+e.Person)
		return err
	case "acked", "joined":
		if !known || about.call == "" {
			return nil // a page that asks for nothing has been read
		}
		r.Subject, r.Kind = about.call, map[string]string{"acked": "summon.ack", "joined": "summon.join"}[e.Kind]
	case "voted":
		if !known || about.motion == "" {
			return fmt.Errorf("message %s asks for no vote: %w", e.Key, bcp.ErrNoSuch)
		}
		r.Subject, r.Kind, r.Args = about.motion, "motion.vote", map[string]string{"choice": e.Value, "channel": bcp.ByAuxiliary}
		r.ID += "/" + e.Value
	default:
		return fmt.Errorf("event %q: %w", e.Kind, bcp.ErrNoSuch)
	}
	if len(r.ID) > 200 {
		return fmt.Errorf("event of %q: %w", e.Key, bcp.ErrIncomplete)
	}
	_, err := l.cfg.Log.Append(ctx, bcp.RequestDraft(r), "request/"+r.ID)
	return err
}

// Report writes what a desk has seen of its own site.
func (l *Loop) Report(ctx context.Context, e bcp.Evidence) error {
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	// Of the whole text: its end may be all that tells a beginning from an end.
	_, err = l.cfg.Log.Append(ctx, EvidenceDraft(e, l.cfg.Node), fmt.Sprintf("evidence/%x", sha256.Sum256(text)))
	return err
}

// cut shortens a text.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "")
}
