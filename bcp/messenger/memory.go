package messenger

import (
	"maps"
	"slices"
	"sync"
	"time"

	"bongsu/bcp"
)

// How much is remembered, so that memory stays bounded however long a disaster lasts.
const (
	keptSamples     = 360 // per site: six minutes at one a second, longer than a share of the traffic may take
	keptPermissions = 64
)

// Sighting is what one site said last, and how it has answered since.
type Sighting struct {
	Site   string
	State  State     // its newest answer, zero before the first
	At     time.Time // when that was asked for
	Asked  time.Time // when it was last asked, answered or not
	Misses int       // questions in a row without an answer
	Error  string    // of the last miss
	Since  time.Time // it has answered without a miss from here on, zero after a miss
}

// sample is one answer, for judging a stretch of time.
type sample struct {
	at       time.Time
	load     float64 // requests a second
	failed   float64 // answers of 500 and above a second
	sessions int
	serving  bool
}

// sight is all that is remembered of one site. It is a value: whoever has a copy may keep it.
type sight struct {
	Sighting
	served sample // its newest answer while it served
	config string // that it said last, kept when it falls silent
	trail  []sample
}

// rehearsal is what a promotion without effect has told.
type rehearsal struct {
	target string
	epoch  uint64
	began  time.Time
	fenced bool            // before it began a majority had promised the epoch, so no older record could follow it
	passed map[string]bool // by service
	why    map[string]string
}

// verdict is the newest result of one check.
type verdict struct {
	site  string
	began time.Time
	ok    bool
	why   string
}

// traveller is how one user fares who comes again and again.
type traveller struct {
	newest   Trip
	site     string    // that its trips in the present row reached
	row      int       // good trips in a row, all to one site
	good     time.Time // when the first of that row began
	failing  time.Time // when the first of the present row of failures began
	resolved string    // where the name led to last
}

// after is the traveller one trip later.
func (t traveller) after(trip Trip) traveller {
	if trip.Err != nil {
		since := t.failing
		if since.IsZero() {
			since = trip.Began
		}
		return traveller{newest: trip, resolved: trip.Address, failing: since}
	}
	if t.row == 0 || t.site != trip.Site {
		t.row, t.good = 0, trip.Began
	}
	return traveller{newest: trip, site: trip.Site, row: t.row + 1, good: t.good, resolved: trip.Address}
}

// record is everything that was seen. Facts are made of a copy of it.
type record struct {
	sites       map[string]sight
	rehearsals  map[string]rehearsal          // by group
	verified    map[string]map[string]verdict // by group, then by what a user does
	users       map[string]traveller          // by group, at its target whatever the names say
	outside     map[string]traveller          // by resolver
	probes      map[string]bcp.ProbeView      // by service
	inside      bcp.Check                     // the sites' own checks of the core services, where they serve
	permissions map[[2]string]permitted       // by source and target
}

type permitted struct {
	bcp.Permissions
	why []string
}

// memory guards the record between those who look and those who ask.
type memory struct {
	mu      sync.Mutex
	rec     record
	changed chan struct{}
}

func newMemory(sites []SiteConfig) *memory {
	m := &memory{changed: make(chan struct{}, 1), rec: record{sites: map[string]sight{}, rehearsals: map[string]rehearsal{}, verified: map[string]map[string]verdict{},
		users: map[string]traveller{}, outside: map[string]traveller{}, probes: map[string]bcp.ProbeView{}, permissions: map[[2]string]permitted{}}}
	for _, s := range sites {
		m.rec.sites[s.ID] = sight{Sighting: Sighting{Site: s.ID}}
	}
	return m
}

// update changes the record and says so.
func (m *memory) update(change func(r *record)) {
	m.mu.Lock()
	change(&m.rec)
	m.mu.Unlock()
	select {
	case m.changed <- struct{}{}:
	default:
	}
}

// read is a copy of the record that nobody changes any more.
func (m *memory) read() record {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.rec
	out.sites, out.rehearsals, out.users = maps.Clone(out.sites), maps.Clone(out.rehearsals), maps.Clone(out.users)
	out.outside, out.probes, out.permissions = maps.Clone(out.outside), maps.Clone(out.probes), maps.Clone(out.permissions)
	out.verified = map[string]map[string]verdict{}
	for g, v := range m.rec.verified {
		out.verified[g] = maps.Clone(v)
	}
	return out
}

// saw takes a site's answer to a question asked at a time: a poll or an order. One that was asked for before the
// newest is dropped, so that a slow poll never hides what an order has changed.
func (m *memory) saw(site string, asked time.Time, s State) {
	m.update(func(r *record) { r.sites[site] = r.sites[site].saw(asked, s) })
}

// missed takes a question that was not answered, and counts those in a row.
func (m *memory) missed(site string, asked time.Time, err error) (misses int) {
	m.update(func(r *record) {
		r.sites[site] = r.sites[site].missed(asked, err)
		misses = r.sites[site].Misses
	})
	return misses
}

// misses counts a site's misses in a row.
func (m *memory) misses(site string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.rec.sites[site].Misses
}

func (s sight) saw(asked time.Time, state State) sight {
	if asked.Before(s.At) {
		return s
	}
	s.State, s.At, s.Misses, s.Error = state, asked, 0, ""
	if asked.After(s.Asked) {
		s.Asked = asked
	}
	if s.Since.IsZero() {
		s.Since = asked
	}
	if state.Config != "" {
		s.config = state.Config
	}
	now := sample{asked, state.Load, state.Failed, state.Sessions, state.Serving}
	if state.Serving {
		s.served = now
	}
	// Copies of this sight are read elsewhere: the trail is written anew.
	s.trail = append(slices.Clone(s.trail[max(0, len(s.trail)+1-keptSamples):]), now)
	return s
}

func (s sight) missed(asked time.Time, err error) sight {
	if asked.Before(s.Asked) {
		return s
	}
	s.Asked, s.Since, s.Misses, s.Error = asked, time.Time{}, s.Misses+1, err.Error()
	return s
}

// permit remembers an actionless run.
func (m *memory) permit(source, target string, p permitted) {
	m.update(func(r *record) {
		if len(r.permissions) >= keptPermissions {
			clear(r.permissions)
		}
		r.permissions[[2]string{source, target}] = p
	})
}

// keep forgets the groups that nobody asks for any more.
func (m *memory) keep(groups []GroupWatch) {
	m.mu.Lock()
	defer m.mu.Unlock()
	gone := func(id string) bool {
		return !slices.ContainsFunc(groups, func(g GroupWatch) bool { return g.Group == id })
	}
	maps.DeleteFunc(m.rec.rehearsals, func(id string, _ rehearsal) bool { return gone(id) })
	maps.DeleteFunc(m.rec.verified, func(id string, _ map[string]verdict) bool { return gone(id) })
	maps.DeleteFunc(m.rec.users, func(id string, _ traveller) bool { return gone(id) })
}
