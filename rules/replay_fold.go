package rules

import (
	"errors"
	"maps"
	"slices"

	"bongsu/journal"
)

// lateFold takes a journal in as historyFold does, and unpacks entries only when somebody asks what they come to: of most
// alarms a later entry says everything anew, and a replay without a restart never asks. Its zero value is one of an
// empty journal.
type lateFold struct {
	historyFold
	newest uint64 // number of the newest entry
	late   map[foldKey]journal.Entry
	order  []foldKey // in which they first came
	fault  error     // of commands: each is a record of its own, and they are few
}

// foldKey names what an entry says everything about.
type foldKey struct{ kind, subject string }

// add takes the next entry in.
func (f *lateFold) add(e *journal.Entry) {
	f.newest = max(f.newest, e.Seq)
	k := foldKey{e.Kind, e.Subject}
	switch e.Kind {
	case KindAlarm, KindSetting:
	case KindFireState:
		k.subject = ""
	case KindCommand:
		f.fault = errors.Join(f.fault, f.historyFold.add(*e))
		return
	default:
		return
	}
	if f.late == nil {
		f.late = map[foldKey]journal.Entry{}
	}
	if _, ok := f.late[k]; !ok {
		f.order = append(f.order, k)
	}
	f.late[k] = *e
}

// catchUp unpacks what came since it was last called. What cannot be unpacked is left out and named.
func (f *lateFold) catchUp() error {
	err := f.fault
	for _, k := range f.order {
		err = errors.Join(err, f.historyFold.add(f.late[k]))
	}
	clear(f.late)
	f.order, f.fault, f.last = f.order[:0], nil, f.newest
	return err
}

// clone is a copy of one that has caught up.
func (f *lateFold) clone() lateFold {
	c := lateFold{historyFold: f.historyFold, newest: f.newest}
	c.alarms, c.commands = slices.Clone(f.alarms), slices.Clone(f.commands)
	c.alarmAt, c.commandAt, c.settings = maps.Clone(f.alarmAt), maps.Clone(f.commandAt), maps.Clone(f.settings)
	return c
}
