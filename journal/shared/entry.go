package shared

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// What a caller may branch on.
var (
	// ErrFenced is matched when the epoch of a lease is over: another may lead now, so nothing was
	// written and the act must not be done.
	ErrFenced = errors.New("leadership is over")
	// ErrUnknown is matched when the caller's time was up while an entry was on its way: it may be
	// in the log or may still get there. Appending again with the same key settles it.
	ErrUnknown = errors.New("not known whether the entry was written")
	// ErrBroken is matched by a Broken.
	ErrBroken = errors.New("shared journal is broken")
	// ErrFull is matched when the members have reached their quota and take no more writes.
	ErrFull = errors.New("shared journal is full")
	// ErrTooLarge is matched by a draft that is larger than an entry may be.
	ErrTooLarge = errors.New("entry is too large")
)

// Entry is one line of the shared log. Prev is the hash of the entry before it (empty for the
// first), Hash the SHA-256 over all other fields; both are lower-case hex.
type Entry struct {
	Version int             `json:"v"`
	Seq     uint64          `json:"seq"`
	Time    time.Time       `json:"time"` // when the draft was handed over, by its node's clock; UTC, milliseconds
	Kind    string          `json:"kind"`
	Actor   string          `json:"actor"`
	Subject string          `json:"subject"`
	Data    json.RawMessage `json:"data"`
	Key     string          `json:"key"` // the draft's idempotency key, or one made for this entry alone
	Site    string          `json:"site"`
	Node    string          `json:"node"`
	Epoch   uint64          `json:"epoch,omitempty"`  // of the leader that wrote it; 0 if it needed no leadership
	Origin  *Origin         `json:"origin,omitempty"` // where a relayed entry comes from
	Prev    string          `json:"prev"`
	Hash    string          `json:"hash"`
}

// Origin names the entry of a field's journal that a relayed entry repeats.
type Origin struct {
	Field   string    `json:"field"`   // the field process
	Journal string    `json:"journal"` // its journal's id; a replaced journal has another
	Seq     uint64    `json:"seq"`
	Time    time.Time `json:"time"` // when the field wrote it
	Hash    string    `json:"hash"` // of the field's entry, so each site vouches for the others' journals
}

// Draft is an entry before it has a place in the log. Data is anything encoding/json can write.
type Draft struct {
	Kind    string
	Actor   string
	Subject string
	Data    any
	Key     string  // a second append with the same key gives the first entry back; empty for none
	Origin  *Origin // set by the relay
}

// Broken names the first entry that does not prove itself.
type Broken struct {
	Seq uint64
	Why string
}

func (b *Broken) Error() string {
	return fmt.Sprintf("shared journal is broken at entry %d: %s; compare with another site's copy before trusting what follows", b.Seq, b.Why)
}

// Is makes a Broken match ErrBroken.
func (b *Broken) Is(target error) bool { return target == ErrBroken }

const (
	entryVersion = 1
	// maxEntry bounds one stored entry. It leaves room for the largest entry of a field's journal
	// and stays below what etcd takes in a request.
	maxEntry = 1<<20 + 64<<10
	maxKey   = 512
)

// sum is the hash of an entry: over each field with its length, so that no two entries can share
// an encoding, whatever JSON does to their spelling.
func (e Entry) sum() string {
	b := make([]byte, 0, 512+len(e.Data))
	b = append(b, entryVersion)
	b = binary.AppendUvarint(b, e.Seq)
	b = binary.AppendVarint(b, e.Time.UnixMilli())
	b = binary.AppendUvarint(b, e.Epoch)
	for _, s := range [...]string{e.Kind, e.Actor, e.Subject, string(e.Data), e.Key, e.Site, e.Node, e.Prev} {
		b = appendText(b, s)
	}
	if o := e.Origin; o != nil {
		b = appendText(b, o.Field)
		b = appendText(b, o.Journal)
		b = binary.AppendUvarint(b, o.Seq)
		b = binary.AppendVarint(b, o.Time.UnixMilli())
		b = appendText(b, o.Hash)
	}
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// decodeEntry reads a stored entry and refuses one that does not carry its own hash.
func decodeEntry(b []byte) (Entry, error) {
	var e Entry
	if err := json.Unmarshal(b, &e); err != nil {
		return e, fmt.Errorf("it cannot be read: %w", err)
	}
	if e.Version != entryVersion {
		return e, fmt.Errorf("its version %d is not known: update this node", e.Version)
	}
	if e.sum() != e.Hash {
		return e, errors.New("its hash does not match its content")
	}
	return e, nil
}

// prepare fixes everything of an entry but its place, so that a repeated attempt is the same.
func (l *Log) prepare(d Draft) (Entry, error) {
	data, err := json.Marshal(d.Data)
	if err != nil {
		return Entry{}, fmt.Errorf("append %s: encode data: %w", d.Kind, err)
	}
	for _, s := range [...]string{d.Kind, d.Actor, d.Subject, d.Key} {
		if !utf8.ValidString(s) {
			return Entry{}, fmt.Errorf("append %s: %q is not UTF-8", d.Kind, s)
		}
	}
	switch {
	case d.Kind == "":
		return Entry{}, errors.New("append: a draft needs a kind")
	case len(d.Key) > maxKey:
		return Entry{}, fmt.Errorf("append %s: %w: its key has %d bytes, at most %d", d.Kind, ErrTooLarge, len(d.Key), maxKey)
	}
	e := Entry{
		Version: entryVersion, Time: l.opts.Now().UTC().Truncate(time.Millisecond),
		Kind: d.Kind, Actor: d.Actor, Subject: d.Subject, Data: data, Key: d.Key,
		Site: l.opts.Site, Node: l.opts.Node,
	}
	if e.Key == "" {
		e.Key = fmt.Sprintf("%s%s/%d", ownKey, l.writer, l.count.Add(1))
	}
	if d.Origin != nil {
		o := *d.Origin
		o.Time = o.Time.UTC().Truncate(time.Millisecond)
		e.Origin = &o
	}
	stored, err := json.Marshal(e)
	if err != nil {
		return Entry{}, fmt.Errorf("append %s: %w", d.Kind, err)
	}
	if len(stored) > maxEntry {
		return Entry{}, fmt.Errorf("append %s: %w: %d bytes, at most %d; put the content into a file and name it", d.Kind, ErrTooLarge, len(stored), maxEntry)
	}
	return e, nil
}
