package world

import (
	"errors"
	"fmt"
)

// Config describes a facility: which assets there are and the physics they obey.
type Config struct {
	Site    string // id of the site-wide outputs
	Seed    uint64
	StartC  float64 // temperature of everything in battery rooms at the start
	Feeds   []FeedConfig
	Zones   []ZoneConfig
	Rooms   []RoomConfig
	ITRacks []ITRackConfig

	Cell    CellConfig
	Smoke   SmokeConfig
	Sensors SensorConfig
	Room    RoomPhysics
	Power   PowerConfig
	Grid    GridConfig
	IT      ITConfig
	Cooling CoolingConfig
	Travel  map[string]Travel // per actuator name

	Environment EnvironmentConfig
}

// FeedConfig is one utility feed; the first of the list is the normal source, the next its reserve.
type FeedConfig struct {
	ID string
}

// ZoneConfig is one UPS zone.
type ZoneConfig struct {
	ID          string
	Partner     string  // zone that takes the load over when this one dies; may be empty
	RatedKW     float64 // 0: what the zone's battery racks give at full power
	OtherLoadKW float64 // load that is not modelled rack by rack; dual-corded with the partner
}

// RoomConfig is one battery, UPS or electrical room.
type RoomConfig struct {
	ID    string
	Zone  string   // UPS zone its racks feed; may be empty
	Racks []string // ids of its battery racks
}

// ITRackConfig is one server rack with two cords; either zone may be empty.
type ITRackConfig struct {
	ID           string
	ZoneA, ZoneB string
	PDUA, PDUB   string // panels the cords are plugged into; empty: the zone itself
	BranchA      int    // branch of the panel, from 0
	BranchB      int
	Hall         string  // empty: the first
	RatedKW      float64 // 0: the default of ITConfig
}

// DefaultConfig has every physical default and no assets.
func DefaultConfig() Config {
	return Config{
		Site: "site", Seed: 1, StartC: 25,
		Cell: DefaultCellConfig(), Smoke: DefaultSmokeConfig(), Sensors: DefaultSensorConfig(),
		Room: DefaultRoomPhysics(), Power: DefaultPowerConfig(), IT: DefaultITConfig(), Cooling: DefaultCoolingConfig(), Travel: DefaultTravel(),
		Environment: DefaultEnvironmentConfig(),
	}
}

// Validate reports every fault of the asset lists at once.
func (c *Config) Validate() error {
	var errs []error
	seen := map[string]bool{}
	add := func(kind, id string) {
		switch {
		case id == "":
			errs = append(errs, fmt.Errorf("%s without an id", kind))
		case seen[id]:
			errs = append(errs, fmt.Errorf("%s %q: id used twice", kind, id))
		}
		seen[id] = true
	}
	zones := map[string]bool{"": true}
	add("site", c.Site)
	for _, f := range c.Feeds {
		add("feed", f.ID)
	}
	for _, z := range c.Zones {
		add("zone", z.ID)
		zones[z.ID] = true
	}
	known := func(owner, zone string) {
		if !zones[zone] {
			errs = append(errs, fmt.Errorf("%s: unknown zone %q", owner, zone))
		}
	}
	for _, z := range c.Zones {
		known(z.ID, z.Partner)
	}
	for _, r := range c.Rooms {
		add("room", r.ID)
		known(r.ID, r.Zone)
		for _, id := range r.Racks {
			add("rack", id)
		}
	}
	for _, r := range c.ITRacks {
		add("IT rack", r.ID)
		known(r.ID, r.ZoneA)
		known(r.ID, r.ZoneB)
	}
	c.Environment.ids(add)
	c.Grid.ids(add)
	errs = append(errs, c.plugs()...)
	c.Cooling.each(add)
	errs = append(errs, c.Cooling.validate(zones, c.ITRacks))
	if c.Cell.Modules < 1 || c.Cell.CellsPerModule < 2 {
		errs = append(errs, fmt.Errorf("cell layout %d x %d: needs at least 1 x 2", c.Cell.Modules, c.Cell.CellsPerModule))
	}
	return errors.Join(errs...)
}
