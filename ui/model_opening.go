package ui

import (
	"slices"
	"time"

	"bongsu/facility"
)

// ApplyOpening takes the records a field holds when the desk first reaches it. The entries that follow
// replace them, by revision or by order.
func (m *Model) ApplyOpening(alarms []facility.Alarm, commands []facility.CommandRecord) {
	m.mu.Lock()
	defer m.mu.Unlock()
	alarms = slices.Clone(alarms)
	slices.SortStableFunc(alarms, func(a, b facility.Alarm) int { return raisedAt(a).Compare(raisedAt(b)) })
	for _, a := range alarms {
		if had, ok := m.alarms[a.ID]; !ok || had.Revision < a.Revision {
			m.alarms[a.ID] = a
			m.alarmTurn++
			m.alarmWatch.Take(raisedAt(a), a)
			m.tell(change{name: "alarm", data: m.viewAlarm(a)})
		}
	}
	for _, c := range commands {
		m.commands.put(c)
		m.tell(change{name: "cmd", data: viewCommand(c)})
	}
}

func raisedAt(a facility.Alarm) time.Time {
	if a.Raised == nil {
		return time.Time{}
	}
	return *a.Raised
}
