package rules

import (
	"errors"
	"fmt"

	"bongsu/facility"
)

// ErrInterlock is a command that must not be given now.
var ErrInterlock = errors.New("interlock")

// interlock agrees to a person's command or says with live values why not. Where the staged response
// is acting, its outputs are its own: a hand on the exhaust could undo what holds the gas in. People
// act there through the fire room's own requests, which the engine knows about.
func interlock(cmd facility.Command, site *facility.Site, rooms []facility.FireRoomView) error {
	if site.Fire == nil {
		return nil
	}
	for i, room := range site.Fire.Rooms {
		if i >= len(rooms) || !drives(room, cmd.ID) {
			continue
		}
		if s := rooms[i].Stage; s != "S0" && s != "SP" {
			return fmt.Errorf("%w: room %s is in stage %s and the staged response drives %s; use the fire room's page", ErrInterlock, room.ID, s, cmd.Def.Name)
		}
	}
	return nil
}

func drives(room facility.FireRoom, id facility.CommandID) bool {
	for _, c := range room.Commands {
		if c == id {
			return true
		}
	}
	for _, rack := range room.Racks {
		for _, c := range rack.Commands {
			if c == id {
				return true
			}
		}
	}
	return false
}
