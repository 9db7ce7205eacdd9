package notify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
	"unicode/utf8"

	"bongsu/bcp"
)

// ErrEvent refuses a body that is no event of a gateway.
var ErrEvent = errors.New("not an event")

// What became of a message at its reader.
const (
	EventDelivered = "delivered"
	EventAcked     = "acked"
	EventJoined    = "joined"
	EventVoted     = "voted"
)

const (
	maxEvent = 16 << 10
	maxField = 1024
)

// Event is what a person or their device did with a message.
type Event struct {
	Key     string // act, from the token once Answer has proven it
	Person  string
	Kind    string // delivered, acked, joined or voted
	Value   string // of a vote: yes, no or abstain
	Channel string // as the gateway calls it
	At      time.Time
}

// about is what only the newest event of counts.
func (e Event) about() string { return e.Key + "\x00" + e.Person + "\x00" + e.Kind }

// eventFields are the fields a gateway may give; all of them are strings.
var eventFields = []string{"message", "ref", "channel", "person", "to", "event", "value", "at"}

// ParseEvent reads what a gateway posts to a callback: one flat object, every field known and given once.
// The error matches ErrEvent. Key and person are the gateway's claim until Answer has proven them.
func ParseEvent(body []byte) (Event, error) {
	if len(body) > maxEvent {
		return Event{}, fmt.Errorf("%d bytes: %w", len(body), ErrEvent)
	}
	if !utf8.Valid(body) {
		return Event{}, fmt.Errorf("no UTF-8: %w", ErrEvent)
	}
	fields, err := flatObject(body)
	if err != nil {
		return Event{}, fmt.Errorf("%w: %w", ErrEvent, err)
	}
	e := Event{Key: fields["ref"], Person: fields["person"], Kind: fields["event"], Value: fields["value"], Channel: fields["channel"]}
	if !slices.Contains([]string{EventDelivered, EventAcked, EventJoined, EventVoted}, e.Kind) {
		return Event{}, fmt.Errorf("unknown event %q: %w", e.Kind, ErrEvent)
	}
	vote := slices.Contains([]string{bcp.VoteYes, bcp.VoteNo, bcp.VoteAbstain}, e.Value)
	if vote != (e.Kind == EventVoted) || !vote && e.Value != "" {
		return Event{}, fmt.Errorf("%s with value %q: %w", e.Kind, e.Value, ErrEvent)
	}
	if e.At, err = time.Parse(time.RFC3339Nano, fields["at"]); err != nil {
		return Event{}, fmt.Errorf("%w: at: %w", ErrEvent, err)
	}
	// Years outside four digits cannot be written back.
	if e.At = e.At.UTC(); e.At.Year() < 2000 || e.At.Year() > 9000 {
		return Event{}, fmt.Errorf("at %d: %w", e.At.Year(), ErrEvent)
	}
	return e, nil
}

// flatObject reads an object of strings. The decoder of structs would let through doubled keys, other
// spellings and text behind the end.
func flatObject(body []byte) (map[string]string, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("no object")
	}
	fields := map[string]string{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, err
		}
		value, err := dec.Token()
		if err != nil {
			return nil, err
		}
		key, _ := name.(string)
		text, ok := value.(string)
		_, twice := fields[key]
		if !ok || twice || len(text) > maxField || !slices.Contains(eventFields, key) {
			return nil, fmt.Errorf("field %q is unknown, given twice, too long or no text", key)
		}
		fields[key] = text
	}
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("text behind the end")
	}
	return fields, nil
}
