// Package rules is the house's judgement: the alarm engine, the staged fire response (the pure engine is
// in rules/fire) and the loop around them.
//
// In: batches of samples from the bus, acts of people, answers of devices. Out: journal entries first,
// then commands to the wire, and pictures of the fire rooms. Its decision code reads no clock, socket or
// global; the loop does. It never waits for a database, a console or another site, and for its own
// journal at most 50 ms when a command is due.
package rules

import (
	"context"
	"time"

	"bongsu/facility"
	"bongsu/journal"
)

// Commander hands one command to the wire and tells what the device answered. It never repeats a
// write by itself.
type Commander interface {
	Execute(ctx context.Context, cmd facility.Command) (Receipt, error)
}

// Receipt is a device's answer to one command. It proves nothing about the field: only the
// feedback point does.
type Receipt struct {
	Sent     time.Time // when the write went out, zero if it never did
	Accepted time.Time // when the device echoed it, zero if it did not
	Detail   string    // what it answered, in words
}

// Writer is the local journal as the engine needs it.
type Writer interface {
	// AppendWithin writes the drafts in order and waits at most limit for the disk. An error means
	// that they are not proven written; they stay queued.
	AppendWithin(limit time.Duration, drafts ...journal.Draft) ([]journal.Entry, error)
}

// fsyncPatience is how long a fire command waits for its journal entry. A second of delay costs more
// in a battery fire than a gap in the record, and the gap itself is recorded.
const fsyncPatience = 50 * time.Millisecond

// Kinds of journal entries this room writes.
const (
	KindAlarm     = "alarm"      // facility.Alarm
	KindCommand   = "command"    // facility.CommandRecord
	KindStage     = "stage"      // facility.StageChange
	KindAct       = "act"        // facility.Act, written before it is done
	KindRefusal   = "refusal"    // Refusal, beside the act it answers
	KindFireState = "fire.state" // the fire engine's snapshot, for a restart
	KindStart     = "start"      // the field process began
	KindStop      = "stop"       // and ended on purpose
)
