package facility

import "time"

// AlarmState is the displayed state of an alarm, after ISA-18.2 as public texts describe it.
type AlarmState string

// The displayed states.
const (
	AlarmNormal         AlarmState = "normal"
	AlarmUnacked        AlarmState = "unacknowledged"
	AlarmAcked          AlarmState = "acknowledged"
	AlarmReturned       AlarmState = "returned-unacknowledged"
	AlarmLatchedUnacked AlarmState = "latched-unacknowledged"
	AlarmLatchedAcked   AlarmState = "latched-acknowledged"
	AlarmShelved        AlarmState = "shelved"
	AlarmSuppressed     AlarmState = "suppressed"
	AlarmOutOfService   AlarmState = "out-of-service"
)

// Alarm is one alarm record, whole: a later revision replaces an earlier one by ID.
type Alarm struct {
	ID          string     `json:"id"` // the alarm's key, the same for all its occurrences
	Occurrence  uint64     `json:"occurrence"`
	Revision    uint64     `json:"revision"`
	Rule        string     `json:"rule"`
	Point       PointID    `json:"point"`
	Asset       AssetID    `json:"asset"`
	Class       string     `json:"class"`
	Priority    int        `json:"priority"`
	State       AlarmState `json:"state"`
	Active      bool       `json:"active"` // the process condition holds now
	Latching    bool       `json:"latching"`
	Text        Text       `json:"texts"`
	Consequence Text       `json:"consequence"`
	Action      Text       `json:"action"`
	Raised      *time.Time `json:"raised"`
	Called      *time.Time `json:"called,omitempty"` // when it came out of hiding and called, where that is later than raised
	Acked       *time.Time `json:"acked"`
	AckedBy     string     `json:"acked_by,omitempty"`
	Returned    *time.Time `json:"returned"`
	Value       float64    `json:"value"`
	Limit       float64    `json:"limit"`
	Unit        string     `json:"unit"`
	Quality     Quality    `json:"quality"`
	Count       int        `json:"count"`            // raises within this occurrence
	Parent      string     `json:"parent,omitempty"` // alarm that masks this one
	ShelvedTo   *time.Time `json:"shelved_to,omitempty"`
	OneShot     bool       `json:"one_shot,omitempty"` // the shelf also ends when the alarm returns
	Source      *time.Time `json:"source,omitempty"`   // when the device took the value that began this, before every delay
	WorkOrder   string     `json:"work_order,omitempty"`
	Reason      string     `json:"reason,omitempty"` // of the last act of a person
	Design      *Text      `json:"design,omitempty"` // why it is suppressed by design, nil when it is not

	Notes []AlarmNote `json:"notes,omitempty"` // what people wrote beside it, the newest NotesKept, oldest first
}

// CommandState is how far a command has come. Only Confirmed means that the field shows it.
type CommandState string

// A command ends in exactly one of Confirmed, Failed, Cancelled or Expired.
const (
	CommandRequested CommandState = "requested"
	CommandJournaled CommandState = "journalled"
	CommandSent      CommandState = "sent"
	CommandAccepted  CommandState = "accepted"
	CommandConfirmed CommandState = "confirmed"
	CommandFailed    CommandState = "failed"
	CommandCancelled CommandState = "cancelled"
	CommandExpired   CommandState = "expired"
)

// CommandRecord is one command and how far it has come.
type CommandRecord struct {
	ID        string       `json:"id"`   // idempotency key
	Name      string       `json:"name"` // what decided calls it, for example "R3.ISOLATE"
	Command   CommandID    `json:"command"`
	Asset     AssetID      `json:"asset"`
	By        string       `json:"by"` // a person's name, or "fire"
	State     CommandState `json:"state"`
	Attempt   int          `json:"attempt"`
	Requested time.Time    `json:"requested"`
	Sent      *time.Time   `json:"sent"`
	Accepted  *time.Time   `json:"accepted"`
	Confirmed *time.Time   `json:"confirmed"`
	Error     string       `json:"error,omitempty"`
	Detail    string       `json:"detail,omitempty"` // what the device answered or showed

	// Of a person's order.
	Kind          string            `json:"kind,omitempty"`  // of the act, empty for a plain command
	Drill         bool              `json:"drill,omitempty"` // asked while a drill ran: nothing real is done
	Args          map[string]string `json:"args,omitempty"`  // of the act
	Value         *float64          `json:"value,omitempty"`
	Reason        string            `json:"reason,omitempty"`
	Station       string            `json:"station,omitempty"` // of By
	Second        string            `json:"second,omitempty"`  // who signed as the second person
	SecondStation string            `json:"second_station,omitempty"`
	Until         *time.Time        `json:"until,omitempty"`      // when the wait for the second person ends
	Authorised    *time.Time        `json:"authorised,omitempty"` // when everyone it takes had signed
	Selected      *time.Time        `json:"selected,omitempty"`   // when the device showed the selection
	Withdrawn     *time.Time        `json:"withdrawn,omitempty"`  // when the device took the selection back
	Ended         *time.Time        `json:"ended,omitempty"`
	EndedBy       string            `json:"ended_by,omitempty"`    // who aborted it
	Fallback      string            `json:"fallback,omitempty"`    // record of the order that was given instead
	FallbackOf    string            `json:"fallback_of,omitempty"` // record of the order that failed
}

// StageChange is one rung climbed or reset.
type StageChange struct {
	Room string `json:"room"`
	Rack string `json:"rack,omitempty"`
	From string `json:"from"`
	To   string `json:"to"`
	Why  string `json:"why"`
	// Votes counts the channels and corroborators that carried a rack up; one is a single channel.
	Votes int `json:"votes,omitempty"`
}

// Act is what a person asked the field to do. The id makes it idempotent.
type Act struct {
	ID      string            `json:"id"`
	Kind    string            `json:"kind"` // alarm.*, command, fire.*
	Subject string            `json:"subject"`
	By      []string          `json:"by"`
	Station string            `json:"station,omitempty"` // where they sit who ask, as the journal names it
	Reason  string            `json:"reason,omitempty"`
	Args    map[string]string `json:"args,omitempty"`
	At      time.Time         `json:"at"`
}
