package facility

// FireCommands names every command the staged fire response may give, empty on a site without one. Where they
// wait for a wire together with others, they go first.
func (s *Site) FireCommands() map[CommandID]bool {
	out := map[CommandID]bool{}
	if s.Fire == nil {
		return out
	}
	add := func(commands map[string]CommandID) {
		for _, id := range commands {
			out[id] = true
		}
	}
	add(s.Fire.Commands)
	for _, room := range s.Fire.Rooms {
		add(room.Commands)
		for _, rack := range room.Racks {
			add(rack.Commands)
		}
	}
	return out
}
