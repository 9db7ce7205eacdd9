package fire

import "time"

// View is a picture of the engine after its last tick. All times are on the engine's monotonic
// scale, the `now` of Tick.
type View struct {
	Now       time.Duration
	Authority bool // the fire authority is in control
	Racks     []RackView
	Rooms     []RoomView
	Site      []CommandView
	Drill     *DrillView // nil outside a drill
}

// DrillView is the drill's own picture, beside the real one.
type DrillView struct {
	Racks []RackView
	Rooms []RoomView
	Site  []CommandView
}

// RackView is one rack for a console.
type RackView struct {
	ID       string
	Room     string
	Stage    Stage // S6 while the authority is in control
	Reached  Stage // the rack's own rung underneath
	Since    time.Duration
	Channels [Channels]ChannelView
	Evidence Evidence
	Votes    [3]VoteView
	Commands []CommandView // in the order of the ladder; idle ones too
	Alarms   []string      // standing alarms of the rack itself
	// AgentLeft is what is left of the agent time; meaningful while AgentRunning.
	AgentRunning bool
	AgentLeft    time.Duration
	ResetReadyIn time.Duration // -1 while the rack is not safe to reset
}

// ChannelState is how a channel counts.
type ChannelState string

// The states of a channel.
const (
	ChannelGood     ChannelState = "good"
	ChannelHeld     ChannelState = "held" // bad for a moment, its last good value votes
	ChannelBad      ChannelState = "bad"
	ChannelStale    ChannelState = "stale"
	ChannelObscured ChannelState = "obscured"
	ChannelBypassed ChannelState = "bypassed"
	ChannelUnknown  ChannelState = "unknown" // nothing read yet
)

// ChannelView is one temperature channel.
type ChannelView struct {
	Channel     Channel
	ValueC      float64 // the value that counts: the reading, or the last good one
	State       ChannelState
	Over        [3]bool // has passed the threshold of stage 1, 2, 3
	Thresholds  Thresholds
	RatePerMin  float64 // kelvin a minute; 0 without enough history
	LostHot     Stage   // the stage it votes for after being lost hot; S0 when it does not
	BypassUntil time.Duration
	BypassBy    []string
}

// Evidence is what supports a temperature vote.
type Evidence struct {
	Smoke, OffGas, Arc, EV, PatchSelfActuated bool
}

// Any holds when at least one piece of evidence does.
func (e Evidence) Any() bool {
	return e.Smoke || e.OffGas || e.Arc || e.EV || e.PatchSelfActuated
}

// VoteView is the count for one of the stages 1 to 3.
type VoteView struct {
	Votes  int
	N      int
	Need   int // 0 when no vote can carry the stage
	Demand bool
}

// CommandState is how far a command has come.
type CommandState string

// The states of a command.
const (
	CommandIdle      CommandState = "idle"
	CommandSent      CommandState = "sent"
	CommandConfirmed CommandState = "confirmed"
	CommandFailed    CommandState = "failed"
	CommandInhibited CommandState = "inhibited"
)

// CommandView is one output and its feedback.
type CommandView struct {
	Name        string
	Action      Action
	State       CommandState
	Attempts    int
	SentAt      time.Duration // first send; meaningful once Attempts > 0 or it was inhibited
	ConfirmedAt time.Duration // meaningful when confirmed
	Inhibited   bool          // an inhibit stands, whatever the state
	InhibitedBy []string
}

// RoomView is one room for a console.
type RoomView struct {
	Name      string
	Kind      RoomKind
	Stage     Stage
	Reached   Stage // the rung underneath S6
	ASD       int
	LEL       float64
	Occupants int
	Commands  []CommandView
	Alarms    []string

	WaterRunning bool
	WaterLeft    time.Duration // until gas may follow; 0 or below when the time is up
	Countdown    time.Duration // what is left before the release; meaningful in S5A
	Holds        Holds
	ReleasedAt   time.Duration // meaningful in S5B and S5C
	ReservedAt   time.Duration // meaningful in S5C
	Donor        string        // the room whose bank was drawn on
	BankIntact   bool
	BankFault    bool     // its own switch says that it is low or shut
	ReleasedSent bool     // its release was ordered in this incident
	Donors       []string // rooms whose bank it could draw on now, the first one first
}

// Holds says what keeps the gas from being released.
type Holds struct {
	Occupied, LEL, Abort, Damper bool
}

// View is the picture after the last tick.
func (e *Engine) View() View {
	c := e.real
	v := View{Now: c.now, Authority: c.authority, Racks: c.viewRacks(), Rooms: c.viewRooms(), Site: viewCommands(c.cmds)}
	if d := e.drill; d != nil {
		v.Drill = &DrillView{Racks: d.viewRacks(), Rooms: d.viewRooms(), Site: viewCommands(d.cmds)}
	}
	return v
}

func (c *core) viewRacks() []RackView {
	list := make([]RackView, 0, len(c.racks))
	for _, r := range c.racks {
		v := RackView{
			ID: r.subject, Room: r.room.subject, Stage: c.shows(r), Reached: r.stage, Since: r.at,
			Evidence: r.evidence(), Commands: viewCommands(r.cmds), Alarms: r.names(), ResetReadyIn: -1,
		}
		for i := range r.ch {
			v.Channels[i] = c.viewChannel(&r.ch[i])
		}
		for i, n := range r.votes {
			v.Votes[i] = VoteView{Votes: n.votes, N: n.n, Need: n.need, Demand: r.demand[i]}
		}
		if n := r.cmd(Nozzle); r.stage == S3 && n.attempts > 0 {
			v.AgentRunning, v.AgentLeft = true, max(0, c.lim.AgentTime-(c.now-n.first))
		}
		if r.safe.on {
			v.ResetReadyIn = max(0, c.lim.ResetDwell-(c.now-r.safe.at))
		}
		list = append(list, v)
	}
	return list
}

func (c *core) viewChannel(ch *channel) ChannelView {
	v := ChannelView{
		Channel: ch.id, ValueC: ch.value, State: ch.state, Over: ch.over, Thresholds: ch.theta,
		BypassUntil: ch.bypass.until, BypassBy: ch.bypass.by,
	}
	v.RatePerMin, _ = ch.rate(c.now, c.lim)
	switch {
	case v.State == ChannelHeld && !ch.seen:
		v.State = ChannelUnknown
	case v.State == ChannelBad, v.State == ChannelStale:
		v.ValueC = ch.good
	}
	for i := range ch.over {
		if ch.lostVote(c.now, i, c.lim) {
			v.LostHot = ch.lost
		}
	}
	return v
}

func (c *core) viewRooms() []RoomView {
	list := make([]RoomView, 0, len(c.rooms))
	for _, m := range c.rooms {
		v := RoomView{
			Name: m.subject, Kind: m.kind, Stage: m.reached(), Reached: m.reached(),
			ASD: m.in.ASD, LEL: m.in.LEL, Occupants: m.in.Occupants,
			Commands: viewCommands(m.cmds), Alarms: m.names(),
			BankIntact: !m.bankSpent && !m.in.BankFault, BankFault: m.in.BankFault, Donor: m.cmd(GasReserve).donor,
		}
		if c.authority {
			v.Stage = S6
		}
		if m.water.on {
			v.WaterRunning, v.WaterLeft = true, c.lim.WaterTime-(c.now-m.water.at)
		}
		if m.gas == S5A {
			v.Countdown, v.Holds = max(0, m.left), c.holds(m)
		} else if m.has(alHoldOccupied) || m.has(alHoldLEL) {
			v.Holds = c.holds(m)
		}
		for _, donor := range c.rooms {
			if m.hasGas() && c.lends(donor, m) {
				v.Donors = append(v.Donors, donor.subject)
			}
		}
		if k := m.cmd(GasRelease); k.attempts > 0 {
			v.ReleasedAt, v.ReleasedSent = k.first, true
		}
		if k := m.cmd(GasReserve); k.attempts > 0 {
			v.ReservedAt = k.first
		}
		list = append(list, v)
	}
	return list
}

func viewCommands(cmds []command) []CommandView {
	list := make([]CommandView, 0, len(cmds))
	for i := range cmds {
		k := &cmds[i]
		list = append(list, CommandView{
			Name: k.subject, Action: k.action, State: commandStates[k.state], Attempts: k.attempts,
			SentAt: k.first, ConfirmedAt: k.proven, Inhibited: k.blocked(), InhibitedBy: k.blockedBy,
		})
	}
	return list
}
