package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// ErrToken refuses a callback whose token this house has not made.
var ErrToken = errors.New("not a token of this house")

// ErrReplayed refuses an answer that is no newer than one already kept.
var ErrReplayed = errors.New("no newer than what is known already")

const (
	minSecret = 32
	maxToken  = 2048
	// A gateway's clock may run ahead by this much; a time further ahead would shut out every later answer.
	clockSkew = 5 * time.Minute
	keptMost  = 100_000
)

// Callbacks makes and opens the tokens by which people answer, and knows which answers were kept. It is safe
// for concurrent use.
type Callbacks struct {
	secret []byte

	mu     sync.Mutex
	newest map[string]time.Time
	order  []string // of newest, the oldest first
}

// NewCallbacks needs a secret of at least 32 bytes, the same after a restart and on every node.
func NewCallbacks(secret []byte) (*Callbacks, error) {
	if len(secret) < minSecret {
		return nil, fmt.Errorf("callback secret of %d bytes: want at least %d random ones", len(secret), minSecret)
	}
	return &Callbacks{secret: append([]byte(nil), secret...), newest: map[string]time.Time{}}, nil
}

// sum signs a payload; the label keeps tokens apart from whatever else the secret may sign.
func (c *Callbacks) sum(payload []byte) []byte {
	h := hmac.New(sha256.New, c.secret)
	h.Write([]byte("bongsu callback 1\n"))
	h.Write(payload)
	return h.Sum(nil)
}

// Token names an act and a person in a form fit for a URL that nobody else can make.
func (c *Callbacks) Token(key, person string) string {
	// The length in front keeps "ab"+"c" and "a"+"bc" apart.
	payload := binary.AppendUvarint(nil, uint64(len(key)))
	payload = append(append(payload, key...), person...)
	enc := base64.RawURLEncoding
	return enc.EncodeToString(payload) + "." + enc.EncodeToString(c.sum(payload))
}

// Open gives the act and the person of a token; the error matches ErrToken.
func (c *Callbacks) Open(token string) (key, person string, err error) {
	if len(token) > maxToken {
		return "", "", fmt.Errorf("%d bytes: %w", len(token), ErrToken)
	}
	head, tail, _ := strings.Cut(token, ".")
	enc := base64.RawURLEncoding.Strict()
	payload, err1 := enc.DecodeString(head)
	mac, err2 := enc.DecodeString(tail)
	if err1 != nil || err2 != nil || !hmac.Equal(mac, c.sum(payload)) {
		return "", "", ErrToken
	}
	n, size := binary.Uvarint(payload)
	if size <= 0 || n > uint64(len(payload)-size) {
		return "", "", ErrToken
	}
	rest := payload[size:]
	return string(rest[:n]), string(rest[n:]), nil
}

// Answer proves what was posted to a callback: the token is ours, the body is an event about the same act
// and the same person, and it is newer than what was kept. Nothing is kept yet: the caller writes the event
// down first and then calls Keep, so that a gateway may post again what could not be written.
func (c *Callbacks) Answer(now time.Time, token string, body []byte) (Event, error) {
	key, person, err := c.Open(token)
	if err != nil {
		return Event{}, err
	}
	e, err := ParseEvent(body)
	if err != nil {
		return Event{}, err
	}
	if e.Key != "" && e.Key != key || e.Person != "" && e.Person != person {
		return Event{}, fmt.Errorf("event of %q about %q under a token of %q about %q: %w", e.Person, e.Key, person, key, ErrToken)
	}
	e.Key, e.Person = key, person
	if e.At.After(now.Add(clockSkew)) {
		return Event{}, fmt.Errorf("event at %s, now %s: %w", e.At.Format(time.RFC3339), now.UTC().Format(time.RFC3339), ErrEvent)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if newest, ok := c.newest[e.about()]; ok && !e.At.After(newest) {
		return Event{}, fmt.Errorf("%s of %s: %w", e.Kind, e.Person, ErrReplayed)
	}
	return e, nil
}

// Keep remembers an event that was written down; what is no newer is refused from then on. Calling it while
// the journal is folded restores the memory after a restart.
func (c *Callbacks) Keep(e Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	about := e.about()
	newest, known := c.newest[about]
	if known && !e.At.After(newest) {
		return
	}
	c.newest[about] = e.At
	if known {
		return
	}
	c.order = append(c.order, about)
	if len(c.order) > keptMost {
		delete(c.newest, c.order[0])
		c.order = c.order[1:]
	}
}
