package facility

import "time"

// HandOverPack is the sheet that is printed when the fire authority takes control: what burns, what is still
// live, what is left to fight it with, who is inside, and what a power cut would take down.
type HandOverPack struct {
	Site     Named          `json:"site"`
	Written  time.Time      `json:"written"`
	Control  string         `json:"control"` // automatic or authority
	Rooms    []HandOverRoom `json:"rooms"`   // those above normal first
	PowerCut []HandOverLoss `json:"power_cut"`
	Contacts []Text         `json:"contacts"`
	Cautions []Text         `json:"cautions"`
	Dont     []Text         `json:"dont"`   // what must not be done, as things stand
	Stale    bool           `json:"stale"`  // the field is silent: everything is as last known
	Notes    []HandOverNote `json:"notes"`  // on alarms of the rooms and on those of fire and safety, the newest first
	Handed   *HandOverNames `json:"handed"` // by whom to whom control was handed; null while it was not
}

// HandOverNames is the act of handing control over, with the names of both sides.
type HandOverNames struct {
	At      time.Time `json:"at"`
	Signed  []string  `json:"signed"`            // the accounts of the two who signed
	From    string    `json:"from,omitempty"`    // who handed over, by name
	Officer string    `json:"officer,omitempty"` // who took over, by name and unit
	People  string    `json:"people,omitempty"`  // who is accounted for and who is not, in words
}

// Named is a name with its id.
type Named struct {
	ID   string `json:"id"`
	Name Text   `json:"name"`
}

// HandOverRoom is one room on the sheet.
type HandOverRoom struct {
	ID        string            `json:"id"`
	Name      Text              `json:"name"`
	Kind      string            `json:"kind"`
	Stage     string            `json:"stage"`
	Drill     bool              `json:"drill"`
	People    int               `json:"people"` // at least one when nobody can say
	LELPct    float64           `json:"lel_pct"`
	Countdown *float64          `json:"countdown_s"`
	Holds     []string          `json:"holds"`
	Burning   []HandOverRack    `json:"burning"` // racks above normal, the highest stage first
	Live      []string          `json:"live"`    // racks without proof of isolation
	Orders    []FireCommandView `json:"orders"`  // the room's and the site's, as far as anything was ordered
	WaterFrom *time.Time        `json:"water_from"`
	Tank      *FireTankView     `json:"tank"`
	Bank      *FireBankView     `json:"bank"`
	Panel     []FireDifference  `json:"panel,omitempty"`
}

// HandOverRack is one rack that is not normal, and where it stands.
type HandOverRack struct {
	ID         string            `json:"id"`
	Name       Text              `json:"name"`
	Row        int               `json:"row"` // in the room's plan, from 1
	Col        int               `json:"col"`
	Stage      string            `json:"stage"`
	HottestC   *float64          `json:"hottest_c"` // null when it can no longer be read
	RatePerMin *float64          `json:"rate_per_min"`
	Evidence   []string          `json:"evidence"`
	Isolated   bool              `json:"isolated"` // proven; its cells hold their charge all the same
	Orders     []FireCommandView `json:"orders"`
}

// HandOverNote is what somebody of the site wrote beside an alarm that still stands.
type HandOverNote struct {
	At    time.Time `json:"at"`
	By    string    `json:"by"`
	Text  string    `json:"text"`
	Alarm Text      `json:"alarm"` // what the alarm says
	Where Text      `json:"where"` // the name of its asset
}

// HandOverLoss is what a cut of all power takes down: so many things of a kind in one place.
type HandOverLoss struct {
	Kind  string `json:"kind"`
	Where Text   `json:"where"`
	Count int    `json:"count"`
}
