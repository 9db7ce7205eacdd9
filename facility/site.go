package facility

import (
	"strings"
	"time"
)

// Text is a wording in the two languages of the console.
type Text struct {
	KO string `yaml:"ko" json:"ko"`
	EN string `yaml:"en" json:"en"`
}

// In returns the wording in a language ("ko" or "en"), or the other one where that is missing.
func (t Text) In(lang string) string {
	if (lang == "en" && t.EN != "") || t.KO == "" {
		return t.EN
	}
	return t.KO
}

// Site is one loaded and checked site file with its profiles.
type Site struct {
	ID       string    `yaml:"id" json:"id"`
	Name     Text      `yaml:"name" json:"name"`
	Timezone string    `yaml:"timezone" json:"timezone"`
	Demo     bool      `yaml:"demo_accounts" json:"demo"` // accounts with a published password exist
	Comms    CommsRule `yaml:"comms" json:"-"`
	// SecondFactor are the roles whose accounts log in with a password and a code; all others may.
	SecondFactor []string  `yaml:"second_factor" json:"-"`
	Influx       *Influx   `yaml:"influx" json:"-"`
	Sim          Simulator `yaml:"simulator" json:"-"`

	History KeepHistory `yaml:"history" json:"-"` // how long the past stays
	Spool   KeepSpool   `yaml:"spool" json:"-"`

	Members []Member      `yaml:"members" json:"-"` // of the shared journal, one a site; none and no endpoints: no shared journal
	Journal SharedJournal `yaml:"journal" json:"-"` // how the shared journal is reached and kept
	// Continuity is the file that says how services are moved and by whom, relative to the site file; empty
	// for a site that only watches. It needs a shared journal.
	Continuity string `yaml:"continuity" json:"-"`

	Like    string        `yaml:"like" json:"-"`    // a site file that says what this one does not, see like
	Include []string      `yaml:"include" json:"-"` // files with more entries for the lists, as patterns relative to the site file
	Listed  []ListedPoint `yaml:"points" json:"-"`  // the point list: more points, and other words for known ones
	Limits  []ListedLimit `yaml:"limits" json:"-"`  // limits that stand before those of the alarm rules

	Assets  []Asset     `yaml:"assets" json:"-"`
	Links   []Link      `yaml:"links" json:"-"`
	Devices []Device    `yaml:"devices" json:"-"`
	Alarms  []AlarmRule `yaml:"alarms" json:"-"`

	Collectors []Collector `yaml:"collectors" json:"-"` // processes that serve links beside the field's; none: it serves all

	Positions []Position `yaml:"positions" json:"-"` // who sees to which alarms; everything is one position's when not given

	Fire *FireSite `yaml:"fire" json:"-"`

	Orders []CommandRule `yaml:"commands" json:"-"` // what the site lays down around its devices' commands

	Topology *Topology `yaml:"topology" json:"-"` // power and cooling paths beyond what hangs under what; optional

	// Derived by Load.
	File     string                `yaml:"-" json:"-"`
	Revision string                `yaml:"-" json:"revision"` // hash of the site file and its profiles
	Points   []Point               `yaml:"-" json:"-"`        // indexed by Ref
	Commands map[CommandID]Command `yaml:"-" json:"-"`
	Profiles map[string]*Profile   `yaml:"-" json:"-"`

	refs    map[PointID]Ref
	devices map[DeviceID]*Device
	links   map[string]*Link
	assets  map[AssetID]*Asset
	words   map[pointWord][]Ref
	seats   map[string]Seats // by link, of those that collectors may serve
}

// Member is one server of the shared journal, by the name of the node that runs it.
type Member struct {
	Name   string `yaml:"name" json:"name"`
	Client string `yaml:"client" json:"client"` // host:port for desks
	Peer   string `yaml:"peer" json:"peer"`     // host:port for the other members
	// Where it listens itself, host:port, if others reach it by another address: behind a forwarded port. Empty is the same.
	ListenClient string `yaml:"listen_client" json:"listen_client,omitempty"`
	ListenPeer   string `yaml:"listen_peer" json:"listen_peer,omitempty"`
}

// CommsRule is how a silent device is announced.
type CommsRule struct {
	After    time.Duration `yaml:"after"`
	Priority int           `yaml:"priority"`
}

// Influx is where the long-term history goes. The token is read from a file, never from here.
type Influx struct {
	URL       string `yaml:"url"`
	Org       string `yaml:"org"`
	Bucket    string `yaml:"bucket"`
	TokenFile string `yaml:"token_file"`
}

// Simulator is what bongsu-sim needs beside the devices; the production program ignores it.
type Simulator struct {
	Seed      int64  `yaml:"seed"`
	Scenarios string `yaml:"scenarios"` // folder of scenario files, relative to the site file
	Control   string `yaml:"control"`   // address of the control API, host:port

	Messenger *Messenger `yaml:"messenger"` // the services that fail over, with their users and people; optional
}

// Asset is a thing with a nameplate: a site, room, rack, feed, UPS zone.
type Asset struct {
	ID     AssetID `yaml:"id" json:"id"`
	Kind   string  `yaml:"kind" json:"kind"` // one of assetKinds
	Name   Text    `yaml:"name" json:"name"`
	Parent AssetID `yaml:"parent" json:"parent,omitempty"`
	Row    int     `yaml:"row" json:"row,omitempty"` // place in its room's plan, from 1
	Col    int     `yaml:"col" json:"col,omitempty"`
}

// Link is one physical link: a Modbus endpoint, a serial line or an MQTT broker. One actor owns it.
type Link struct {
	ID         string        `yaml:"id" json:"id"`
	Protocol   string        `yaml:"protocol" json:"protocol"` // modbus or mqtt
	Address    string        `yaml:"address" json:"address"`   // host:port, or the path of a serial line's device
	Timeout    time.Duration `yaml:"timeout" json:"-"`
	Turnaround time.Duration `yaml:"turnaround" json:"-"` // gap kept between two requests
	MaxBackoff time.Duration `yaml:"max_backoff" json:"-"`
	Client     string        `yaml:"client" json:"-"` // MQTT client id
	Username   string        `yaml:"username" json:"-"`
	SecretFile string        `yaml:"secret_file" json:"-"`
	Host       string        `yaml:"sparkplug_host" json:"-"` // the host id under which Sparkplug nodes know us; optional
	TLS        *TLS          `yaml:"tls" json:"-"`            // MQTT: encrypted when given, with every certificate checked

	// Modbus.
	Framing       string      `yaml:"framing" json:"-"`        // tcp (default), rtu or ascii
	Serial        *SerialLine `yaml:"serial" json:"-"`         // the line, or the one behind a gateway (for its load)
	OneConnection bool        `yaml:"one_connection" json:"-"` // the endpoint needs a moment to free a closed connection
}

// TLS is how a broker is known and how we show who we are. Paths are as the process sees them.
type TLS struct {
	CAFile     string `yaml:"ca_file"`     // certificates that may sign the broker's; those of the machine when not given
	CertFile   string `yaml:"cert_file"`   // ours, with KeyFile; optional
	KeyFile    string `yaml:"key_file"`    // of ours
	ServerName string `yaml:"server_name"` // in the broker's certificate; the host of the address when not given
}

// OnSerialLine says whether the link's address is a serial line's device and not a network endpoint.
func (l Link) OnSerialLine() bool { return l.Protocol == "modbus" && strings.HasPrefix(l.Address, "/") }

// SerialLine is how the characters of a serial line are sent. Zero values take the defaults of Modbus:
// 19200 baud, even parity, one stop bit, 8 data bits (7 with ASCII frames).
type SerialLine struct {
	Baud     int    `yaml:"baud"`
	DataBits int    `yaml:"data_bits"` // 7 or 8
	StopBits int    `yaml:"stop_bits"` // 1 or 2
	Parity   string `yaml:"parity"`    // even, odd or none
}

// CharBits is how many bits one character takes on the line, start and stop bits with it.
func (s SerialLine) CharBits() int {
	bits := 1 + s.DataBits + s.StopBits
	if s.Parity != "none" {
		bits++
	}
	return bits
}

// Device is a thing with an address on a link, read as its profile says. One whose MQTT topic, asset
// and id hold "+" is a template: Load puts one device for each asset it matches in its place.
type Device struct {
	ID      DeviceID   `yaml:"id" json:"id"`
	Asset   AssetID    `yaml:"asset" json:"asset"`
	Profile string     `yaml:"profile" json:"profile,omitempty"`
	Link    string     `yaml:"link" json:"link"`
	Unit    int        `yaml:"unit" json:"unit,omitempty"`   // Modbus unit id
	Topic   string     `yaml:"topic" json:"topic,omitempty"` // MQTT topic prefix
	Status  string     `yaml:"status" json:"-"`              // MQTT topic of the last will, optional
	Filter  string     `yaml:"-" json:"-"`                   // the template's topic, where one was written
	Base    int        `yaml:"base" json:"-"`                // Modbus: added to every address of the profile
	Points  []PointDef `yaml:"points" json:"-"`              // beside the profile's

	Timeout time.Duration `yaml:"timeout" json:"-"`  // Modbus: for its answers; the profile's or the link's when not given
	MaxSkew time.Duration `yaml:"max_skew" json:"-"` // MQTT: how far its clock may be off; the profile's when not given

	Refs []Ref `yaml:"-" json:"-"` // its points, in definition order
}

// Profile is the register map or topic map of a device type.
type Profile struct {
	Name       string        `yaml:"profile"`
	Protocol   string        `yaml:"protocol"`
	Title      Text          `yaml:"title"`
	Source     string        `yaml:"source"`    // where the map is from, in words
	Firmware   string        `yaml:"firmware"`  // the versions it holds for, in the maker's words
	Verify     []string      `yaml:"verify"`    // what must be held against the manual of the device at hand
	MaxWords   int           `yaml:"max_words"` // registers in one request, 125 by the standard
	Holes      [][2]int      `yaml:"holes"`     // address ranges (inclusive) a block must not cross
	Defined    [][2]int      `yaml:"defined"`   // register ranges (inclusive) without gaps, by the maker's word: a block may run over what no point names
	Turnaround time.Duration `yaml:"turnaround"`
	Timeout    time.Duration `yaml:"timeout"`  // for an answer; the link's when not given
	MaxSkew    time.Duration `yaml:"max_skew"` // how far the device's own clock may be off; 2s when not given
	Points     []PointDef    `yaml:"points"`
	Commands   []CommandDef  `yaml:"commands"`

	// The point that shows the version of the device's firmware, and the versions the map holds for. Outside of
	// them the values are uncertain.
	FirmwarePoint string    `yaml:"firmware_point"`
	FirmwareRange []float64 `yaml:"firmware_range"`
}

// PointDef is how one value is named, read, scaled and judged.
type PointDef struct {
	Name   string        `yaml:"name"`
	Label  Text          `yaml:"label"`
	Kind   string        `yaml:"kind"` // analog (default), binary or enum
	Unit   string        `yaml:"unit"` // degC, V, A, kW, %, ...; "-" for binary and enum
	Range  []float64     `yaml:"range"`
	Scan   time.Duration `yaml:"scan"`
	Stale  time.Duration `yaml:"stale"` // 3 x scan when not given
	Digits int           `yaml:"digits"`
	Enum   map[int]Text  `yaml:"enum"`

	// Modbus.
	Function  int     `yaml:"fn"`      // 1 coils, 2 discrete inputs, 3 holding, 4 input registers
	Address   *int    `yaml:"address"` // zero-based wire address
	Type      string  `yaml:"type"`    // bool, int16 to uint64, float32 float64, bcd16 bcd32 bcd64, string
	Order     string  `yaml:"order"`   // ABCD (default), CDAB, BADC, DCBA
	Length    int     `yaml:"words"`   // registers of a string
	Scale     float64 `yaml:"scale"`   // value = raw * scale + offset; 1 when not given
	Offset    float64 `yaml:"offset"`
	ScaleFrom *int    `yaml:"scale_from"` // address of an int16 power-of-ten scale register (SunSpec _SF)
	Bit       *int    `yaml:"bit"`        // take the bits from this one on, counted from the least significant
	Bits      int     `yaml:"bits"`       // how many of them; 1 when not given
	Invalid   []int64 `yaml:"invalid"`    // raw patterns that mean "no value"

	InvalidMask *int64 `yaml:"invalid_mask"` // the bits of a pattern that count; all when not given

	// MQTT: topic below the device's, and dotted paths into the JSON payload.
	Topic    string `yaml:"topic"`
	Path     string `yaml:"path"`      // of the value, "v" when not given
	QPath    string `yaml:"q_path"`    // of a quality word, optional
	TimePath string `yaml:"time_path"` // of an RFC 3339 time, optional
	SeqPath  string `yaml:"seq_path"`  // of a sequence number, optional
	SimPath  string `yaml:"sim_path"`  // of a "simulated" mark, optional: true is refused as Bad

	// MQTT without an own topic: the value stands in the device's. On a Sparkplug device the path is the
	// metric's name.
	Format string `yaml:"format"` // of the payload: json (default) or plain

	// Any wire: what the words of a text stand for, {ON: 1, OFF: 0}; "V2*" is any text that begins so.
	Values map[string]float64 `yaml:"values"`
}

// Words is the number of 16-bit registers the value takes.
func (d PointDef) Words() int {
	if d.Type == "string" {
		return min(max(d.Length, 1), maxWords)
	}
	return wordsOf(d.Type)
}

// maxWords is the longest answer the Modbus application protocol allows.
const maxWords = 125

func wordsOf(kind string) int {
	switch kind {
	case "int32", "uint32", "float32", "bcd32":
		return 2
	case "int64", "uint64", "float64", "bcd64":
		return 4
	}
	return 1
}

// CommandDef is one order a device takes and the point that proves it.
type CommandDef struct {
	Name     string        `yaml:"name" json:"name"`
	Label    Text          `yaml:"label" json:"label"`
	Level    string        `yaml:"level" json:"level"` // C0 to C4
	Function int           `yaml:"fn" json:"-"`        // 5 coil, 6 register, 15 coils, 16 registers, 22 bits of a register
	Address  *int          `yaml:"address" json:"-"`
	Count    int           `yaml:"count" json:"-"`    // of coils (fn 15); the value's bits are their states, the first the least significant
	Type     string        `yaml:"type" json:"-"`     // of the value in the registers (fn 16); uint16 when not given
	Order    string        `yaml:"order" json:"-"`    // of its words and bytes, as for points
	Mask     int           `yaml:"mask" json:"-"`     // the bits that change (fn 22)
	Limits   []int         `yaml:"limits" json:"-"`   // [lowest, highest] value that may be sent
	Scale    float64       `yaml:"scale" json:"-"`    // a person gives the value: what is sent times scale is what the feedback then shows
	Select   string        `yaml:"select" json:"-"`   // command of the same device that must be shown before this one is sent
	Deselect string        `yaml:"deselect" json:"-"` // command of the same device that withdraws the selection when the order comes to nothing
	Echo     bool          `yaml:"echo" json:"-"`     // what was written must read back as written
	Value    int           `yaml:"value" json:"value"`
	Feedback string        `yaml:"feedback" json:"feedback"` // point name on the same device
	Equals   float64       `yaml:"equals" json:"equals"`     // what the feedback shows when done
	Deadline time.Duration `yaml:"deadline" json:"-"`
	Pulse    bool          `yaml:"pulse" json:"pulse"` // one-shot: never repeated once confirmed
}

// Words is the number of 16-bit registers the command writes.
func (d CommandDef) Words() int { return wordsOf(d.Type) }

// Point is one named value with everything its readers need. Its Ref is its index in Site.Points.
type Point struct {
	Ref        Ref           `json:"-"`
	ID         PointID       `json:"id"`
	Asset      AssetID       `json:"asset"`
	Device     DeviceID      `json:"device"`
	Name       Text          `json:"name"`
	Kind       string        `json:"kind"`
	Unit       string        `json:"unit"`
	Min        float64       `json:"min"`
	Max        float64       `json:"max"`
	Digits     int           `json:"digits"`
	Enum       map[int]Text  `json:"enum,omitempty"`
	Scan       time.Duration `json:"-"`
	StaleAfter time.Duration `json:"-"`
	Def        *PointDef     `json:"-"` // shared by every device of a profile: read only
}

// Command is one order of one device, resolved.
type Command struct {
	ID       CommandID
	Device   DeviceID
	Asset    AssetID
	Def      CommandDef
	Feedback Ref
	Guard    CommandGuard // what the site lays down around it
}

// FireSite is the staged battery fire response of a site.
type FireSite struct {
	Mode     string               `yaml:"mode"` // executor or supervisor
	Rooms    []FireRoom           `yaml:"rooms"`
	Commands map[string]CommandID `yaml:"commands"` // FD_CALL, AUTHORITY_HANDOVER, POWER_CUT
	// NozzleWait is set when the agent conducts: how long the nozzle waits for the proof of isolation.
	NozzleWait time.Duration `yaml:"nozzle_wait"`
	Contacts   []Text        `yaml:"contacts"` // who is called in a fire, as printed on the hand-over sheet
}

// FireRoom is one room: its racks, sensors and actuators. One without racks is judged by its two smoke
// zones: with a GAS_RELEASE it has its own gas, without it is evacuated and the fire service is called.
type FireRoom struct {
	ID       string               `yaml:"id"`
	Asset    AssetID              `yaml:"asset"`
	Points   map[string]PointID   `yaml:"points"`   // ASD LEL OCC ABORT MANUAL_STATION PARTNER_OK
	Commands map[string]CommandID `yaml:"commands"` // EVAC_ALARM HVAC_STOP ... GAS_RESERVE
	Racks    []FireRack           `yaml:"racks"`
	TankL    float64              `yaml:"tank_l"`   // capacity of its drain tank in litres, 0 when unknown
	BankBar  float64              `yaml:"bank_bar"` // least pressure of a whole gas bank, 0 when its switch alone judges
}

// FireRack is one battery rack: its three channels, evidence and actuators.
type FireRack struct {
	ID       string               `yaml:"id"`
	Asset    AssetID              `yaml:"asset"`
	Points   map[string]PointID   `yaml:"points"`   // RT BM TC; BM2 MED SM OG ARC
	Commands map[string]CommandID `yaml:"commands"` // ISOLATE CURTAIN PATCH NOZZLE WATER ...
	// Thresholds are a channel's own pre-alarm and stages 1 to 3 in degC, where they differ from the site's.
	Thresholds map[string][]float64 `yaml:"thresholds"`
}
