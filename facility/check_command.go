package facility

import (
	"fmt"
	"slices"
	"strings"
)

// commandLevels lists the levels, the lowest first.
var commandLevels = []string{"C0", "C1", "C2", "C3", "C4"}

// commandValue checks the value a person gives and the order that must go before.
func (c *checker) commandValue(d *decoder, at string, p *Profile, def CommandDef) {
	if def.Scale != 0 && len(def.Limits) != 2 {
		d.fault(at, "command %q takes a value: give limits, [lowest, highest] of what may be sent", def.Name)
	}
	if def.Scale < 0 {
		d.fault(at+".scale", "command %q: scale %g: want a step above 0", def.Name, def.Scale)
	}
	if def.Select == "" {
		if def.Deselect != "" {
			d.fault(at+".deselect", "command %q: it has no selection to withdraw", def.Name)
		}
		return
	}
	if w := slices.IndexFunc(p.Commands, func(o CommandDef) bool { return o.Name == def.Deselect }); def.Deselect != "" && (w < 0 || p.Commands[w].Select != "" || p.Commands[w].Scale != 0) {
		d.fault(at+".deselect", "command %q: %q is no plain command of this profile", def.Name, def.Deselect)
	}
	i := slices.IndexFunc(p.Commands, func(o CommandDef) bool { return o.Name == def.Select })
	switch {
	case i < 0 || def.Select == def.Name:
		d.fault(at+".select", "command %q: %q is no other command of this profile", def.Name, def.Select)
	case p.Commands[i].Select != "":
		d.fault(at+".select", "command %q: %q itself needs a selection", def.Name, def.Select)
	}
}

// commandRules puts what the site lays down around its commands. The first rule with a key wins; interlocks and
// effects add up.
func (c *checker) commandRules() {
	for id, cmd := range c.site.Commands {
		cmd.Guard.Sends, cmd.Guard.Held = 1, cmd.Def.Analog()
		c.site.Commands[id] = cmd
	}
	sends, fallback, held := map[CommandID]bool{}, map[CommandID]string{}, map[CommandID]bool{}
	for i, r := range c.site.Orders {
		at := fmt.Sprintf("commands[%d]", i)
		found := c.site.commandsMatching(r.For)
		if len(found) == 0 && !c.incomplete() {
			c.d.fault(at+".for", "no command matches %q", r.For)
		}
		c.ruleKeys(at, r)
		for _, id := range found {
			cmd := c.site.Commands[id]
			c.guard(at, r, &cmd)
			if r.Sends > 0 && !sends[id] {
				cmd.Guard.Sends, sends[id] = r.Sends, true
			}
			if r.Held != nil && !held[id] {
				cmd.Guard.Held, held[id] = *r.Held, true
			}
			if r.Fallback != "" && fallback[id] == "" {
				cmd.Guard.Fallback, fallback[id] = r.Fallback, at
			}
			c.site.Commands[id] = cmd
		}
	}
	for id, at := range fallback {
		c.fallback(at, id)
	}
}

func (c *checker) ruleKeys(at string, r CommandRule) {
	if r.Sends < 0 || r.Sends > 5 {
		c.d.fault(at+".sends", "%d sends: want 1 to 5", r.Sends)
	}
	if r.Level != "" && !slices.Contains(commandLevels, r.Level) {
		c.d.fault(at+".level", "level %q: want C0 to C4", r.Level)
	}
	for k, lock := range r.Interlocks {
		path := fmt.Sprintf("%s.interlocks[%d]", at, k)
		given := 0
		for _, limit := range []*float64{lock.Equals, lock.Not, lock.Above, lock.Below} {
			if limit != nil {
				given++
			}
		}
		if given != 1 {
			c.d.fault(path, "an interlock takes exactly one of equals, not, above and below")
		}
		if lock.Text.KO == "" || lock.Text.EN == "" {
			c.d.fault(path+".text", "the interlock needs its words in ko and en: they stand in the refusal")
		}
	}
	for k, e := range r.Effects {
		if e.KO == "" || e.EN == "" {
			c.d.fault(fmt.Sprintf("%s.effects[%d]", at, k), "an effect needs its words in ko and en")
		}
	}
}

// guard resolves one rule for one command.
func (c *checker) guard(at string, r CommandRule, cmd *Command) {
	if r.Sends > 1 && cmd.Def.Pulse {
		c.d.fault(at+".sends", "%s is a one-shot: it is sent once", cmd.ID)
	}
	if r.Level != "" {
		if slices.Index(commandLevels, r.Level) < slices.Index(commandLevels, cmd.Def.Level) {
			c.d.fault(at+".level", "%s is level %s by its profile: a site may only raise that", cmd.ID, cmd.Def.Level)
		}
		cmd.Def.Level = r.Level
	}
	for k, lock := range r.Interlocks {
		id := PointID(lock.Point)
		if !strings.Contains(lock.Point, "/") {
			id = PointID(string(cmd.Device) + "/" + lock.Point)
		}
		ref, ok := c.site.refs[id]
		if !ok {
			if !c.incomplete() {
				c.d.fault(fmt.Sprintf("%s.interlocks[%d].point", at, k), "unknown point %q", id)
			}
			continue
		}
		cmd.Guard.Interlocks = append(slices.Clone(cmd.Guard.Interlocks), GuardPoint{Interlock: lock, Ref: ref})
	}
	cmd.Guard.Effects = append(slices.Clone(cmd.Guard.Effects), r.Effects...)
}

// fallback checks that the order given by itself is no way around a person's level, and ends somewhere.
func (c *checker) fallback(at string, id CommandID) {
	cmd := c.site.Commands[id]
	to, ok := c.site.Commands[cmd.Guard.Fallback]
	switch {
	case !ok && c.incomplete():
	case !ok:
		c.d.fault(at+".fallback", "unknown command %q", cmd.Guard.Fallback)
	case slices.Index(commandLevels, to.Def.Level) > slices.Index(commandLevels, cmd.Def.Level):
		c.d.fault(at+".fallback", "%s is level %s: it cannot follow %s of level %s by itself", to.ID, to.Def.Level, id, cmd.Def.Level)
	case to.Def.Analog():
		c.d.fault(at+".fallback", "%s takes a value that nobody would give", to.ID)
	case to.Guard.Fallback != "" || to.ID == id:
		c.d.fault(at+".fallback", "%s has a fallback of its own: one step is all there is", to.ID)
	}
}

// commandsMatching lists the commands whose id matches a pattern, in order.
func (s *Site) commandsMatching(pattern string) (found []CommandID) {
	want := strings.Split(pattern, "/")
	for id := range s.Commands {
		if matches(string(id), want) {
			found = append(found, id)
		}
	}
	slices.Sort(found)
	return found
}
