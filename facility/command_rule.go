package facility

import (
	"fmt"
	"math"
)

// CommandRule is what a site lays down for commands of its devices, beside what their profiles say.
type CommandRule struct {
	For        string      `yaml:"for"`        // pattern of command ids, like dc1/sw/*/open
	Interlocks []Interlock `yaml:"interlocks"` // what must hold at the request and again at every send
	Sends      int         `yaml:"sends"`      // how often it is sent at most while the feedback is missing; 1 when not given
	Fallback   CommandID   `yaml:"fallback"`   // given by itself when this one failed
	Level      string      `yaml:"level"`      // a higher level than the profile's
	Effects    []Text      `yaml:"effects"`    // what happens then, a sentence each, for the one who is about to give it
	Held       *bool       `yaml:"held"`       // the feedback moves by orders alone; so it is with set-points when not given
}

// Interlock is one condition on a point. Exactly one of the four comparisons is given.
type Interlock struct {
	Point  string   `yaml:"point"` // id of a point; one word means a point of the command's own device
	Equals *float64 `yaml:"equals"`
	Not    *float64 `yaml:"not"`
	Above  *float64 `yaml:"above"`
	Below  *float64 `yaml:"below"`
	Text   Text     `yaml:"text"` // the condition in words
}

// CommandGuard is what stands around a command on its site: the resolved rules.
type CommandGuard struct {
	Interlocks []GuardPoint
	Sends      int // at least 1
	Fallback   CommandID
	Effects    []Text
	Held       bool // the feedback moves by orders alone: what else moves it is told as a matter of security
}

// GuardPoint is an interlock and the point it looks at.
type GuardPoint struct {
	Interlock
	Ref Ref
}

// Holds says whether a value meets the condition.
func (i Interlock) Holds(v float64) bool {
	switch {
	case math.IsNaN(v):
		return false
	case i.Equals != nil:
		return v == *i.Equals
	case i.Not != nil:
		return v != *i.Not
	case i.Above != nil:
		return v > *i.Above
	case i.Below != nil:
		return v < *i.Below
	}
	return false
}

// Wants gives the condition as a formula: "= 1", "> 40".
func (i Interlock) Wants() string {
	for _, c := range []struct {
		sign  string
		limit *float64
	}{{"=", i.Equals}, {"≠", i.Not}, {">", i.Above}, {"<", i.Below}} {
		if c.limit != nil {
			return fmt.Sprintf("%s %g", c.sign, *c.limit)
		}
	}
	return ""
}

// Analog says whether a person gives the value with the command.
func (d CommandDef) Analog() bool { return d.Scale != 0 }

// Span is the lowest and the highest value that may be given, in the unit of the feedback.
func (d CommandDef) Span() (lowest, highest float64) {
	if len(d.Limits) != 2 {
		return 0, 0
	}
	return d.asShown(d.Limits[0]), d.asShown(d.Limits[1])
}

func (d CommandDef) asShown(raw int) float64 { return float64(raw) * d.Scale }

// Given is the command with a value in the unit of its feedback. The error says what may be given.
func (c Command) Given(value float64) (Command, error) {
	lowest, highest := c.Def.Span()
	if !c.Def.Analog() {
		return c, fmt.Errorf("%s takes no value", c.ID)
	}
	if math.IsNaN(value) || value < lowest || value > highest {
		return c, fmt.Errorf("%g is outside the limits %g to %g of %s", value, lowest, highest, c.ID)
	}
	c.Def.Value = int(math.Round(value / c.Def.Scale))
	c.Def.Equals = c.Def.asShown(c.Def.Value)
	return c, nil
}

// Shows says whether a value of the feedback is the one that proves the command. A set-point may differ by
// half a step of what is sent: devices round.
func (d CommandDef) Shows(v float64) bool {
	if d.Analog() {
		return math.Abs(v-d.Equals) <= math.Abs(d.Scale)/2
	}
	return v == d.Equals
}
