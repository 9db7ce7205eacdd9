package ui

import (
	"slices"

	"bongsu/facility"
)

// commandLog is the newest command records, by id and in the order they were first seen.
type commandLog struct {
	records map[string]facility.CommandRecord
	order   []string
}

func (l *commandLog) put(c facility.CommandRecord) {
	if _, known := l.records[c.ID]; !known {
		l.order = append(l.order, c.ID)
	}
	l.records[c.ID] = c
	for len(l.order) > keptCommands {
		// One that is still running stays in sight; the oldest goes only if all are running.
		i := max(0, slices.IndexFunc(l.order, func(id string) bool { return ended(l.records[id].State) }))
		delete(l.records, l.order[i])
		l.order = slices.Delete(l.order, i, i+1)
	}
}

func ended(s facility.CommandState) bool {
	switch s {
	case facility.CommandConfirmed, facility.CommandFailed, facility.CommandCancelled, facility.CommandExpired:
		return true
	}
	return false
}

// last returns the newest n records, oldest first.
func (l *commandLog) last(n int) []facility.CommandRecord {
	var out []facility.CommandRecord
	for _, id := range l.order[max(0, len(l.order)-n):] {
		out = append(out, l.records[id])
	}
	return out
}
