package notify

import (
	"time"

	"bongsu/facility"
)

// What a message asks of its reader.
const (
	AskAck  = "ack"
	AskJoin = "join"
	AskVote = "vote"
)

// How soon a message is wanted; the lower goes first.
const (
	UrgencyPage = iota
	UrgencyTell
	UrgencyStatus
)

// Message is one text to one person through one channel, or to one public place.
type Message struct {
	Ref       string // key of the act that intends it
	Person    string // of the roster; empty for a public place
	Channel   string // of the person on the roster; for a public place the configured channel
	Kind      string
	Domain    string // failure domain of the channel
	Address   string
	Protected bool // goes through the messenger this system protects
	Subject   facility.Text
	Text      facility.Text
	Ask       []string
	Callback  string // where the answer goes; filled in by Send for a person
	Urgency   int
	Turn      int  // place among the messages of one act to one person
	Any       bool // one of them is enough: this one goes when none before it got out
}

// Receipt is a gateway's word that it has taken a message, which is not its delivery.
type Receipt struct {
	ID     string // the gateway's name for the message, where it gives one
	At     time.Time
	Tries  int  // attempts it took
	Before bool // it was taken at an earlier call with the same key
}

// The states of a result.
const (
	StateSending = "sending" // about to be tried: comes before any attempt
	StateSent    = "sent"    // taken by the gateway
	StateFailed  = "failed"  // certainly not taken
	StateUnknown = "unknown" // perhaps taken; not repeated through this channel
	StateSpared  = "spared"  // not needed: another channel took it
)

// Result is how far one message has come. Every message put gets one last result, whose state is not
// sending.
type Result struct {
	Key     string    `json:"key"`
	Person  string    `json:"person,omitempty"`
	Channel string    `json:"channel"`
	State   string    `json:"state"`
	Detail  string    `json:"detail,omitempty"`
	At      time.Time `json:"at"`
}

// id tells messages apart: the act, the person and the channel.
func (m Message) id() string { return m.Ref + "\x00" + m.Person + "\x00" + m.Channel }

// group tells whom and what it is about, whichever way it goes.
func (m Message) group() string { return m.Ref + "\x00" + m.Person }

func (m Message) result(state, detail string, at time.Time) Result {
	return Result{Key: m.Ref, Person: m.Person, Channel: m.Channel, State: state, Detail: detail, At: at.UTC()}
}
