package rules

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"bongsu/facility"
)

// ErrInterlock is a command that must not be given now.
var ErrInterlock = errors.New("interlock")

// Check is one thing that must hold for a command, and how it stands now.
type Check struct {
	Text    facility.Text    `json:"text"`
	Point   facility.PointID `json:"point,omitempty"`
	Value   *float64         `json:"value"` // null where nothing trustworthy is known
	Unit    string           `json:"unit,omitempty"`
	Quality facility.Quality `json:"quality"`
	Wants   string           `json:"wants,omitempty"` // the condition as a formula
	Pass    bool             `json:"pass"`
}

// Checks lists everything that must hold for a command, as the field stands at now: that its feedback can be
// read, the site's interlocks, and that the staged fire response does not hold the output. rooms are in the order
// of the site's; a room that is missing there is not known to be safe.
func Checks(now time.Time, cmd facility.Command, site *facility.Site, view facility.View, rooms []facility.FireRoomView) []Check {
	feedback := checkPoint(site, cmd.Feedback, view.Sample(cmd.Feedback, now))
	feedback.Text = facility.Text{KO: "되먹임 점을 읽을 수 있음", EN: "the feedback point can be read"}
	out := []Check{feedback}
	for _, lock := range cmd.Guard.Interlocks {
		s := view.Sample(lock.Ref, now)
		c := checkPoint(site, lock.Ref, s)
		c.Text, c.Wants, c.Pass = lock.Text, lock.Wants(), c.Pass && lock.Holds(s.Value)
		out = append(out, c)
	}
	if site.Fire == nil {
		return out
	}
	for i, room := range site.Fire.Rooms {
		if !drives(room, cmd.ID) {
			continue
		}
		stage := "unknown"
		if i < len(rooms) {
			stage = rooms[i].Stage
		}
		out = append(out, Check{
			Text: facility.Text{
				KO: fmt.Sprintf("단계 대응이 이 출력을 잡고 있지 않음 (%s실: %s)", room.ID, stage),
				EN: fmt.Sprintf("room %s is in stage %s; from S1 on the staged response drives %s: use the fire room's page", room.ID, stage, cmd.Def.Name),
			},
			Quality: facility.Good, Wants: "S0, SP", Pass: stage == "S0" || stage == "SP",
		})
	}
	return out
}

// checkPoint holds a reading to be trusted: one that is bad, stale or never came blocks.
func checkPoint(site *facility.Site, ref facility.Ref, s facility.Sample) Check {
	p := site.Points[ref]
	c := Check{Point: p.ID, Quality: s.Quality}
	if p.Unit != "-" {
		c.Unit = p.Unit
	}
	if c.Pass = s.Quality == facility.Good || s.Quality == facility.Uncertain; c.Pass {
		c.Value = &s.Value
	}
	return c
}

// String is one line with the live value, as it stands in a refusal.
func (c Check) String() string {
	if c.Point == "" {
		return c.Text.EN
	}
	shows := c.Quality.String()
	if c.Value != nil {
		shows = strings.TrimSpace(fmt.Sprintf("%g %s", *c.Value, c.Unit))
	}
	if c.Wants != "" {
		return fmt.Sprintf("%s (%s is %s, want %s)", c.Text.EN, c.Point, shows, c.Wants)
	}
	return fmt.Sprintf("%s (%s is %s)", c.Text.EN, c.Point, shows)
}

// interlock agrees to a person's command or says with live values why not. Where the staged response
// is acting, its outputs are its own: a hand on the exhaust could undo what holds the gas in. People
// act there through the fire room's own requests, which the engine knows about.
func interlock(checks []Check) error {
	var lines []string
	for _, c := range checks {
		if !c.Pass {
			lines = append(lines, c.String())
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrInterlock, strings.Join(lines, "; "))
}

// ownedByFire says whether only the fire room's own requests may give a command.
func ownedByFire(site *facility.Site, id facility.CommandID) bool {
	if site.Fire == nil {
		return false
	}
	if id == site.Fire.Commands["POWER_CUT"] || id == site.Fire.Commands["AUTHORITY_HANDOVER"] {
		return true
	}
	for _, room := range site.Fire.Rooms {
		if id == room.Commands["GAS_RELEASE"] || id == room.Commands["GAS_RESERVE"] {
			return true
		}
	}
	return false
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
