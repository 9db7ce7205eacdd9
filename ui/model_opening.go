package ui

import "bongsu/facility"

// ApplyOpening takes the records a field holds when the desk first reaches it. The entries that follow
// replace them, by revision or by order.
func (m *Model) ApplyOpening(alarms []facility.Alarm, commands []facility.CommandRecord) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range alarms {
		if had, ok := m.alarms[a.ID]; !ok || had.Revision < a.Revision {
			m.alarms[a.ID] = a
			m.tell(change{name: "alarm", data: m.viewAlarm(a)})
		}
	}
	for _, c := range commands {
		m.commands.put(c)
		m.tell(change{name: "cmd", data: viewCommand(c)})
	}
}
