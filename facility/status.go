package facility

import "time"

// FieldStatus is what a field process says of itself once a second and on every change: everything
// a person wants to see that is neither a sample nor a journal entry.
type FieldStatus struct {
	Time       time.Time      `json:"time"`
	Node       string         `json:"node"`
	Started    time.Time      `json:"started"`
	Revision   string         `json:"revision"`    // of the site it works by; the desk follows it
	JournalSeq uint64         `json:"journal_seq"` // newest journal entry this status includes
	JournalOK  bool           `json:"journal_ok"`
	JournalGap string         `json:"journal_gap,omitempty"` // acts taken without a written entry, in words
	SpoolOK    bool           `json:"spool_ok"`
	Evicted    uint64         `json:"evicted"` // samples lost to a full spool or a slow reader
	SpoolBytes int64          `json:"spool_bytes"`
	SpoolMost  int64          `json:"spool_most"` // bytes it may become; 0 when a field does not say
	Build      string         `json:"build"`
	Points     int            `json:"points"`
	Collecting bool           `json:"collecting"`
	Links      []LinkStatus   `json:"links"`
	Rooms      []FireRoomView `json:"rooms"`

	Collectors []CollectorStatus `json:"collectors,omitempty"` // processes that serve links beside the field's
	Unserved   []string          `json:"unserved,omitempty"`   // links that nobody serves
}

// LinkStatus is the health of one physical link.
type LinkStatus struct {
	ID        string     `json:"id"`
	Protocol  string     `json:"protocol"`
	Address   string     `json:"address"`
	Connected bool       `json:"connected"`
	LastGood  *time.Time `json:"last_good"`
	NextTry   *time.Time `json:"next_try"`
	Error     string     `json:"error,omitempty"`
	Requests  uint64     `json:"requests"`
	Failures  uint64     `json:"failures"`
	Overruns  uint64     `json:"overruns"`

	Unbound    uint64 `json:"unbound,omitempty"`    // MQTT messages whose topic belongs to no device
	Historical uint64 `json:"historical,omitempty"` // values from before that were sent late and not taken as live
	Skewed     int    `json:"skewed,omitempty"`     // devices whose clock is further off than they may be
	Doubted    int    `json:"doubted,omitempty"`    // devices whose firmware is none their profile is for

	Owner      string     `json:"owner,omitempty"` // who serves it on a site with collectors: one's name, or field
	OwnedSince *time.Time `json:"owned_since,omitempty"`
}

// DeviceStatus is what has come from one device since the start, and what was wrong with it.
type DeviceStatus struct {
	ID         DeviceID   `json:"id"`
	Link       string     `json:"link"`
	Away       bool       `json:"away"` // it or its gateway says so
	LastSeen   *time.Time `json:"last_seen"`
	Messages   uint64     `json:"messages"`
	Bad        uint64     `json:"bad"`        // messages with at least one value that could not be used
	Copies     uint64     `json:"copies"`     // messages that had come before
	Late       uint64     `json:"late"`       // overtaken by newer ones, or of a session that is over
	Stale      uint64     `json:"stale"`      // with at least one value that was too old when it came, kept by the broker or sent late
	Doubted    uint64     `json:"doubted"`    // by a clock that may be off
	Historical uint64     `json:"historical"` // values from before, not taken as live but for the history
	Forgotten  uint64     `json:"forgotten"`  // of them: their time was not sure, or they were too many to wait until it is
	SkewMS     int64      `json:"skew_ms"`    // its clock minus ours, 0 while within its limit
	Reason     Reason     `json:"reason,omitempty"`
}

// FireRoomView is one battery room as people see it.
type FireRoomView struct {
	ID         string            `json:"id"`
	Asset      AssetID           `json:"asset"`
	Stage      string            `json:"stage"`   // S0 SP S1 S2 S3 S4 S5A S5B S5C S6: the highest of its racks until S5A
	Mode       string            `json:"mode"`    // executor or supervisor
	Control    string            `json:"control"` // automatic or authority
	Drill      bool              `json:"drill"`
	Occupied   int               `json:"occupied"`
	LEL        float64           `json:"lel"`
	ASD        int               `json:"asd"`
	Countdown  *float64          `json:"countdown_s"` // seconds to gas release, null when none runs
	Holds      []string          `json:"holds"`       // why the countdown stands: occupied, lel, abort
	WaterSince *time.Time        `json:"water_since"`
	Commands   []FireCommandView `json:"commands"`
	Racks      []FireRackView    `json:"racks"`

	Kind    string           `json:"kind"`            // battery, gas or plain
	WatchTo *time.Time       `json:"watch_to"`        // end of the fire watch, null when the room need not be watched
	Bank    *FireBankView    `json:"bank"`            // null where there is no gas
	Tank    *FireTankView    `json:"tank"`            // null where no drain tank is measured
	Panel   []FireDifference `json:"panel,omitempty"` // where a listed panel and the engine disagree
	Tests   []FireProofTest  `json:"tests,omitempty"` // proof tests that are overdue or due within a month, the most urgent first

	Drilled   *FireDrill        `json:"drilled"` // the drill that runs in this room, null for none
	Rounds    []FireRound       `json:"rounds,omitempty"`
	NextRound *time.Time        `json:"next_round"` // when somebody has to look next, null when the room need not be watched
	Testing   []FireProofRun    `json:"testing,omitempty"`
	Tested    []FireProofResult `json:"tested,omitempty"` // the newest results, newest first
}

// FireDrill is a drill that runs in a room. Nothing in it has reached an output.
type FireDrill struct {
	By     string           `json:"by"`
	From   time.Time        `json:"from"`
	Until  time.Time        `json:"until"`
	Rack   string           `json:"rack,omitempty"` // which heats up in the drill; empty: nothing is simulated
	TempC  *float64         `json:"temp_c"`         // what the drill shows of that rack
	Stage  string           `json:"stage"`          // of the room, in the drill
	Orders []FireDrillOrder `json:"orders"`         // what would have been ordered, oldest first
	Alarms []FireDrillAlarm `json:"alarms"`         // that stand in the drill, the most urgent and newest first
}

// FireDrillAlarm is an alarm that stands in a drill. It is never among the real ones: nobody has to acknowledge it.
type FireDrillAlarm struct {
	Key      string    `json:"key"` // STAGE1:R3
	Priority int       `json:"priority"`
	Text     Text      `json:"text"` // with its subject
	Since    time.Time `json:"since"`
}

// FireDrillOrder is one output that a drill would have driven.
type FireDrillOrder struct {
	Name string    `json:"name"` // with the prefix DRILL:
	At   time.Time `json:"at"`
}

// FireDrillNote is what the journal keeps of a drill.
type FireDrillNote struct {
	Room  string    `json:"room"`
	Rack  string    `json:"rack,omitempty"`
	By    string    `json:"by"`
	Until time.Time `json:"until"`
	Event string    `json:"event"` // begin, stage, order, alarm, end
	What  string    `json:"what,omitempty"`
}

// FireRound is one look at a room under fire watch.
type FireRound struct {
	At   time.Time `json:"at"`
	By   string    `json:"by"`
	Sign bool      `json:"sign"` // smoke, heat or smell: the watch begins anew
	Note string    `json:"note,omitempty"`
}

// FireProofRun is a proof test under way: which signals it expects and which have been seen.
type FireProofRun struct {
	Subject string            `json:"subject"`
	Test    string            `json:"test"`
	Name    Text              `json:"name"`
	By      string            `json:"by"`
	Since   time.Time         `json:"since"`
	Signals []FireProofSignal `json:"signals"`
}

// FireProofSignal is one thing that must be seen for a proof test to pass.
type FireProofSignal struct {
	Name  string     `json:"name"` // RT, SM, ISOLATE, ...
	Point PointID    `json:"point"`
	Want  string     `json:"want"` // as a formula, in the point's unit
	Value *float64   `json:"value"`
	Seen  *time.Time `json:"seen"` // null: not yet
}

// FireProofResult is a proof test that was done.
type FireProofResult struct {
	Subject string    `json:"subject"`
	Test    string    `json:"test"`
	Name    Text      `json:"name"`
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	Passed  bool      `json:"passed"`
	Seen    []string  `json:"seen"` // signals that were seen
	Note    string    `json:"note,omitempty"`
}

// FireBankView is a room's gas bank and who could lend it more.
type FireBankView struct {
	Bar      *float64 `json:"bar"` // whole bar, null when it is not measured
	Intact   bool     `json:"intact"`
	Low      bool     `json:"low"`
	Released bool     `json:"released"`
	LentTo   string   `json:"lent_to,omitempty"`
	Donors   []string `json:"donors"` // the first is asked first
}

// FireTankView is the drain tank. It never holds water back.
type FireTankView struct {
	LevelPct  *float64 `json:"level_pct"`
	InflowLPM float64  `json:"inflow_l_min"`
	FreeL     *float64 `json:"free_l"`
	FullMin   *float64 `json:"full_min"` // minutes until it is full, null when it is not filling
}

// FireDifference is one output on which a listed panel and the engine disagree.
type FireDifference struct {
	Room    string     `json:"room,omitempty"` // rack, room or SITE
	Command string     `json:"command"`
	Kind    string     `json:"kind"` // silent: the panel did not act; alone: the engine would not; agrees: over
	Since   time.Time  `json:"since"`
	Wanted  *time.Time `json:"wanted"` // when the engine ordered it
	Acted   *time.Time `json:"acted"`  // when the field showed it
}

// FireProofTest is one proof test and when it is due.
type FireProofTest struct {
	Subject string     `json:"subject"` // rack or room
	Test    string     `json:"test"`
	Name    Text       `json:"name"`
	Last    *time.Time `json:"last"` // null when none is on record
	Due     time.Time  `json:"due"`
	Overdue bool       `json:"overdue"`
	Failed  bool       `json:"failed"` // the newest result was a failure
}

// FireRackView is one rack's stage, what its channels say and what was done.
type FireRackView struct {
	ID         string                     `json:"id"`
	Asset      AssetID                    `json:"asset"`
	Stage      string                     `json:"stage"`
	Channels   map[string]FireChannelView `json:"channels"` // RT, BM, TC
	Evidence   []string                   `json:"evidence"` // smoke, off-gas, arc, delta, patch
	Votes      map[string]int             `json:"votes"`    // "60", "68", "80" to votes
	Hottest    *float64                   `json:"hottest"`  // hottest good channel in degC, null when blind
	RatePerMin *float64                   `json:"rate_per_min"`
	Commands   []FireCommandView          `json:"commands"`
}

// FireChannelView is one temperature channel as the engine judges it.
type FireChannelView struct {
	Point   PointID  `json:"point"`
	Value   *float64 `json:"value"`
	State   string   `json:"state"` // good held bad stale obscured bypassed unknown
	Over    []int    `json:"over"`  // thresholds it is over
	Quality Quality  `json:"quality"`
}

// FireCommandView is one action of the ladder: wanted, and what the field shows.
type FireCommandView struct {
	Name      string     `json:"name"`
	State     string     `json:"state"` // idle sent confirmed failed inhibited
	Attempts  int        `json:"attempts"`
	Sent      *time.Time `json:"sent"`
	Confirmed *time.Time `json:"confirmed"`
	Feedback  string     `json:"feedback,omitempty"` // what the feedback point shows now
	Point     PointID    `json:"point,omitempty"`
}

// ActResult answers an Act. Code is the HTTP status that says the same.
type ActResult struct {
	Code   int    `json:"code"`
	Detail string `json:"detail"` // what to do about it, when refused
	Seq    uint64 `json:"seq"`    // journal entry of the act
}
