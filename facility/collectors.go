package facility

import (
	"fmt"
	"path"
	"slices"
	"time"
)

// FieldSeat is the name under which the field process itself stands among those who may serve a link.
const FieldSeat = "field"

// Collector is one process beside the field's that may serve links, by pattern: what it is the first choice for,
// and what it takes over when those before it are away. After all of them comes the field itself.
type Collector struct {
	Name   string   `yaml:"name" json:"name"`
	Links  []string `yaml:"links" json:"links"`
	Second []string `yaml:"second" json:"second,omitempty"`
	Third  []string `yaml:"third" json:"third,omitempty"`
	// FireLinks says that it may be the first choice for links the staged fire response looks at or moves.
	FireLinks bool `yaml:"fire_links" json:"fire_links,omitempty"`
	// OutOfReach says that the field cannot reach its first choices itself: without a collector nobody reads them.
	OutOfReach bool `yaml:"out_of_reach" json:"out_of_reach,omitempty"`
}

// Seats say who may serve one link.
type Seats struct {
	Prefer []string // collectors' names, the first choice first; none: the field alone
	Field  bool     // the field itself serves it when none of them does
}

// Seats gives who may serve a link.
func (s *Site) Seats(link string) Seats {
	if seats, ok := s.seats[link]; ok {
		return seats
	}
	return Seats{Field: true}
}

// ranks are the three lists of patterns, the first choice first, with their keys.
func (c Collector) ranks() [3]struct {
	key      string
	patterns []string
} {
	return [3]struct {
		key      string
		patterns []string
	}{{"links", c.Links}, {"second", c.Second}, {"third", c.Third}}
}

// collectors checks who may serve which link, and notes it by link.
func (c *checker) collectors() {
	s := c.site
	s.seats = map[string]Seats{}
	if len(s.Collectors) == 0 {
		return
	}
	names := map[string]bool{}
	for i, col := range s.Collectors {
		at := placeIn("collectors", i)
		switch {
		case col.Name == "":
			c.d.fault(at, "the collector needs a name")
		case col.Name == FieldSeat:
			c.d.fault(at+".name", "%q is the field process itself: give the collector another name", FieldSeat)
		case names[col.Name]:
			c.d.fault(at+".name", "collector %q exists twice", col.Name)
		}
		names[col.Name] = true
		if len(col.Links)+len(col.Second)+len(col.Third) == 0 {
			c.d.fault(at, "collector %s has no links", col.Name)
		}
		if col.OutOfReach && len(col.Links) == 0 {
			c.d.fault(at+".out_of_reach", "it says something of the collector's own links, and there are none")
		}
	}
	chosen := c.choices()
	fire := fireParts(s)
	for _, l := range s.Links {
		if ranks, ok := chosen[l.ID]; ok {
			c.seat(l, ranks, fire["link "+l.ID])
		}
	}
}

// choice is one collector's place for one link; at is where the pattern stands.
type choice struct {
	by int // in Site.Collectors, -1 for none
	at string
}

// choices resolves the patterns: who is named for each link at each rank.
func (c *checker) choices() map[string]*[3]choice {
	chosen := map[string]*[3]choice{}
	for i, col := range c.site.Collectors {
		for rank, list := range col.ranks() {
			for k, pattern := range list.patterns {
				at := placeIn(placeIn("collectors", i)+"."+list.key, k)
				c.choose(chosen, pattern, rank, choice{i, at})
			}
		}
	}
	return chosen
}

func (c *checker) choose(chosen map[string]*[3]choice, pattern string, rank int, who choice) {
	found := false
	for _, l := range c.site.Links {
		ok, err := path.Match(pattern, l.ID)
		if err != nil {
			c.d.fault(who.at, "%q is no pattern of links", pattern)
			return
		}
		if !ok {
			continue
		}
		found = true
		ranks := chosen[l.ID]
		if ranks == nil {
			ranks = &[3]choice{{by: -1}, {by: -1}, {by: -1}}
			chosen[l.ID] = ranks
		}
		if other := ranks[rank].by; other >= 0 && other != who.by {
			c.d.fault(who.at, "link %s is named twice with the same rank: collector %s has it there, too", l.ID, c.site.Collectors[other].Name)
			continue
		}
		if slices.ContainsFunc(ranks[:rank], func(o choice) bool { return o.by == who.by }) {
			c.d.fault(who.at, "collector %s is already named for link %s before", c.site.Collectors[who.by].Name, l.ID)
			continue
		}
		ranks[rank] = who
	}
	if !found {
		c.d.fault(who.at, "unknown link %q", pattern)
	}
}

// seat puts the choices for one link in their order.
func (c *checker) seat(l Link, ranks *[3]choice, fire bool) {
	s := c.site
	seats := Seats{Field: true}
	for rank, who := range ranks {
		if who.by < 0 {
			continue
		}
		if rank > 0 && ranks[0].by < 0 {
			c.d.fault(who.at, "link %s is no collector's own: name its first choice, or leave it to the field", l.ID)
			return
		}
		if rank > 0 && (fire || l.OnSerialLine()) {
			why := "it carries parts of the fire response, and comes back to the field at once"
			if !fire {
				why = "a serial line ends at one machine"
			}
			c.d.fault(who.at, "link %s has no second choice: %s", l.ID, why)
		}
		seats.Prefer = append(seats.Prefer, s.Collectors[who.by].Name)
	}
	first := s.Collectors[ranks[0].by]
	seats.Field = !first.OutOfReach
	switch at := ranks[0].at; {
	case fire && !first.FireLinks:
		c.d.fault(at, "link %s carries parts of the fire response: it stays with the field, unless collector %s says fire_links: true", l.ID, first.Name)
	case fire && first.OutOfReach:
		c.d.fault(at, "link %s carries parts of the fire response: the field itself must be able to reach it", l.ID)
	case l.OnSerialLine() && !first.OutOfReach:
		c.d.fault(at, "link %s is a serial line of the collector's machine: say out_of_reach: true, or the field would open its own", l.ID)
	}
	s.seats[l.ID] = seats
}

// CollectorStatus is how one process beside the field's does, as the field sees it.
type CollectorStatus struct {
	Name      string     `json:"name"`
	Connected bool       `json:"connected"`
	Since     *time.Time `json:"since"` // it is connected, or away; null when it never was there
	Build     string     `json:"build,omitempty"`
	From      string     `json:"from,omitempty"` // where it connects from
	Links     []string   `json:"links"`          // that it serves now
	Own       int        `json:"own"`            // links it is the first choice for
	LagMS     int64      `json:"lag_ms"`         // the longest wait of a sample lately, from the wire's answer until the field had it
	ClockMS   int64      `json:"clock_ms"`       // its clock minus the field's
	Batches   uint64     `json:"batches"`
	Samples   uint64     `json:"samples"`
	Late      uint64     `json:"late"`    // samples that came too late to be judged, for the history only
	Refused   uint64     `json:"refused"` // samples of links that were not, or no longer, its own
	Evicted   uint64     `json:"evicted"` // samples it could not keep while it was cut off
	Why       string     `json:"why,omitempty"`
}

// String names a collector and what is wrong with it, for a log or an alarm.
func (c CollectorStatus) String() string {
	if c.Connected || c.Why == "" {
		return c.Name
	}
	return fmt.Sprintf("%s: %s", c.Name, c.Why)
}
