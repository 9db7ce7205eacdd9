package facility

import (
	"fmt"
	"slices"
	"strings"
)

// Position is one operating position: who sits there sees to the alarms of some classes. Floods and the
// quality of the alarm system are counted for each.
type Position struct {
	ID      string   `yaml:"id" json:"id"`
	Name    Text     `yaml:"name" json:"name"`
	Classes []string `yaml:"classes" json:"classes"`
}

// AlarmPositions lists the operating positions of a site; one for everything where none are given.
func (s *Site) AlarmPositions() []Position {
	if len(s.Positions) > 0 {
		return s.Positions
	}
	return []Position{{ID: "control", Name: Text{KO: "관제실", EN: "Control room"}, Classes: alarmClasses}}
}

// PositionOf is the operating position that alarms of a class belong to.
func (s *Site) PositionOf(class string) string {
	all := s.AlarmPositions()
	for _, p := range all {
		if slices.Contains(p.Classes, class) {
			return p.ID
		}
	}
	return all[0].ID // an alarm is never nobody's
}

// positions checks that every class of alarms belongs to exactly one position.
func (c *checker) positions() {
	ids, of := map[string]bool{}, map[string]string{}
	for i, p := range c.site.Positions {
		path := fmt.Sprintf("positions[%d]", i)
		if p.ID == "" || ids[p.ID] {
			c.d.fault(path, "the position needs an id of its own")
		}
		ids[p.ID] = true
		for _, class := range p.Classes {
			switch {
			case !slices.Contains(alarmClasses, class):
				c.d.fault(path+".classes", "unknown class %q: want some of %s", class, strings.Join(alarmClasses, ", "))
			case of[class] != "":
				c.d.fault(path+".classes", "the class %s belongs to position %q already", class, of[class])
			}
			of[class] = p.ID
		}
	}
	for _, class := range alarmClasses {
		if len(c.site.Positions) > 0 && of[class] == "" {
			c.d.fault("positions", "nobody sees to alarms of the class %s: give it to a position", class)
		}
	}
}
