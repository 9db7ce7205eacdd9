package ui

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"bongsu/facility"
)

// nodeView is one process of the node. Fields that do not apply to its role are absent.
type nodeView struct {
	Node     string `json:"node"`
	Role     string `json:"role" enum:"field,desk"`
	At       *stamp `json:"at" doc:"when it was known to be so: of the field, its last report"`
	Started  *stamp `json:"started"`
	Build    string `json:"build,omitempty"`
	Revision string `json:"revision,omitempty" doc:"of the site it works by"`

	Health      *fieldHealth    `json:"health,omitempty"`
	JournalSeq  uint64          `json:"journal_seq,omitempty"`
	SpoolOK     *bool           `json:"spool_ok,omitempty"`
	SpoolBytes  int64           `json:"spool_bytes,omitempty"`
	SpoolMost   int64           `json:"spool_most,omitempty" doc:"bytes it may become"`
	Evicted     *uint64         `json:"evicted,omitempty" doc:"samples lost to a full spool or a slow reader"`
	Points      int             `json:"points,omitempty"`
	Links       []linkView      `json:"links,omitempty"`
	Collectors  []collectorView `json:"collectors,omitempty" doc:"processes that serve links beside the field's"`
	Unserved    []string        `json:"unserved,omitempty" doc:"links that nobody serves"`
	Devices     []deviceTrouble `json:"devices,omitempty" doc:"those with trouble now, the worst first"`
	DevicesMore int             `json:"devices_more,omitempty" doc:"devices with trouble beyond those listed"`

	Viewers *int  `json:"viewers,omitempty" doc:"open streams"`
	LagMS   int64 `json:"lag_ms,omitempty" doc:"milliseconds since the newest sample arrived"`

	History []StoreHealth  `json:"history,omitempty" doc:"the keepers of the history"`
	Members []MemberHealth `json:"members,omitempty" doc:"servers of the shared journal, as this desk reaches them"`
	Relay   *RelayHealth   `json:"relay,omitempty" doc:"what carries this field's entries to the shared journal"`
	Archive *ArchiveHealth `json:"archive,omitempty" doc:"this node's own copy of the shared journal"`
}

// CommonHealth is how the shared journal does from here.
type CommonHealth struct {
	Members []MemberHealth
	Relay   *RelayHealth
	Archive *ArchiveHealth
}

// ArchiveHealth is how far this node's own copy of the shared journal goes.
type ArchiveHealth struct {
	Entry      uint64        `json:"entry" doc:"newest entry in it"`
	Held       uint64        `json:"held" doc:"up to here nothing is missing"`
	Missing    uint64        `json:"missing,omitempty" doc:"entries that are missing or damaged"`
	Floor      uint64        `json:"floor,omitempty" doc:"newest entry that has left the servers"`
	Tip        uint64        `json:"tip" doc:"newest entry of the servers when they were last asked"`
	Bytes      int64         `json:"bytes"`
	StateEntry uint64        `json:"state_entry,omitempty" doc:"entry after which the state was last hashed"`
	State      string        `json:"state,omitempty" doc:"hash of the state after it"`
	Nodes      []ArchiveNode `json:"nodes,omitempty" doc:"the site's nodes, as compared with this one"`
	Why        string        `json:"why,omitempty" doc:"why it is not kept, or not used"`
}

// ArchiveNode is a node as its history was last compared with this one's.
type ArchiveNode struct {
	Node   string `json:"node"`
	Held   uint64 `json:"held" doc:"up to here it has every entry"`
	Entry  uint64 `json:"entry,omitempty" doc:"entry of its newest checkpoint"`
	Agrees bool   `json:"agrees" doc:"that entry is the same here"`
	State  string `json:"state" enum:"same,other,unknown" doc:"its state, against this node's after the same entry"`
	Why    string `json:"why,omitempty" doc:"in what they differ"`
}

// MemberHealth is how one server of the shared journal answered when it was last asked.
type MemberHealth struct {
	Name    string     `json:"name"`
	Address string     `json:"address"`
	OK      bool       `json:"ok"`
	Why     string     `json:"why,omitempty"`
	Leader  bool       `json:"leader" doc:"it leads the servers, which is not yet the right to act"`
	Index   uint64     `json:"index,omitempty" doc:"how far its log is applied"`
	Bytes   int64      `json:"bytes,omitempty"`
	Build   string     `json:"build,omitempty" doc:"version of its store"`
	At      *time.Time `json:"at,omitempty" doc:"last answer"`
	Ends    *time.Time `json:"ends,omitempty" doc:"when the certificate ends that it shows"`
}

// RelayHealth is how far the field's journal is looked through for entries all sites must know.
type RelayHealth struct {
	Seq     uint64 `json:"seq" doc:"entry of the field's journal"`
	Carried uint64 `json:"carried" doc:"entries since the start"`
	Why     string `json:"why,omitempty" doc:"why it stands still"`
}

func (s *Server) listNodes(ctx context.Context, _ *struct{}) (*listOut[nodeView], error) {
	now := time.Now()
	health := s.cfg.Model.health(now)
	field := nodeView{Node: s.cfg.Node, Role: "field", Health: &health}
	if st, at := s.cfg.Model.fieldStatus(); !at.IsZero() {
		field.Node, field.Started, field.At, field.JournalSeq = st.Node, stampOf(&st.Started), stampOf(&at), st.JournalSeq
		field.Build, field.Revision, field.Points = st.Build, st.Revision, st.Points
		field.SpoolOK, field.Evicted, field.Links = &st.SpoolOK, &st.Evicted, s.cfg.Model.links()
		field.SpoolBytes, field.SpoolMost = st.SpoolBytes, st.SpoolMost
		field.Collectors, field.Unserved = collectorViews(st.Collectors), st.Unserved
		field.Devices, field.DevicesMore = s.troubles.at(ctx, s.cfg, now)
	}
	viewers := s.hub.viewers()
	desk := nodeView{Node: s.cfg.Node, Role: "desk", At: stampOf(&now), Started: stampOf(&s.started), Build: s.cfg.Build, Viewers: &viewers,
		Revision: s.cfg.Model.site().Revision, LagMS: s.cfg.Model.lag(now)}
	if s.cfg.Stores != nil {
		desk.History = s.cfg.Stores()
	}
	if s.cfg.Common != nil {
		c := s.cfg.Common()
		desk.Members, desk.Relay, desk.Archive = c.Members, c.Relay, c.Archive
	}
	return all([]nodeView{field, desk}), nil
}

// deviceTrouble is a device of which something cannot be trusted now.
type deviceTrouble struct {
	ID       facility.DeviceID `json:"id"`
	Asset    facility.AssetID  `json:"asset"`
	Link     string            `json:"link"`
	Points   int               `json:"points"`
	Missing  int               `json:"missing" doc:"points without a good value"`
	Reason   string            `json:"reason,omitempty" doc:"of the missing points, the most frequent"`
	LastSeen *stamp            `json:"last_seen" doc:"newest of its values"`
	Away     bool              `json:"away,omitempty" doc:"it or its gateway says so"`
	SkewMS   int64             `json:"skew_ms,omitempty" doc:"its clock minus ours, beyond what it may be off"`
}

// How many devices are listed, and for how long a look at all points serves everybody who asks.
const (
	mostTroubled  = 200
	troublesFor   = 3 * time.Second
	countPatience = time.Second
)

// troubles keeps the newest look at all devices: it goes over every point of the site.
type troubles struct {
	mu   sync.Mutex
	when time.Time
	list []deviceTrouble
}

// at lists the worst devices and counts those beyond.
func (t *troubles) at(ctx context.Context, cfg Config, now time.Time) (list []deviceTrouble, more int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if since := now.Sub(t.when); since < 0 || since >= troublesFor {
		t.list, t.when = cfg.Model.troubled(now, counted(ctx, cfg)), now
	}
	n := min(len(t.list), mostTroubled)
	return t.list[:n], len(t.list) - n
}

// counted asks the field what it counts; that it does not answer shows elsewhere.
func counted(ctx context.Context, cfg Config) map[facility.DeviceID]facility.DeviceStatus {
	if cfg.Counted == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, countPatience)
	defer cancel()
	list, err := cfg.Counted(ctx)
	if err != nil {
		return nil
	}
	out := make(map[facility.DeviceID]facility.DeviceStatus, len(list))
	for _, d := range list {
		out[d.ID] = d
	}
	return out
}

// troubled lists the devices with a point that is not good, or that are away or have a wrong clock, the worst first.
func (m *Model) troubled(now time.Time, counted map[facility.DeviceID]facility.DeviceStatus) []deviceTrouble {
	samples := m.live.All(now)
	out := []deviceTrouble{}
	for _, d := range m.site().Devices {
		c := counted[d.ID]
		t := deviceTrouble{ID: d.ID, Asset: d.Asset, Link: d.Link, Points: len(d.Refs), Away: c.Away, SkewMS: c.SkewMS}
		var reasons [256]int
		var newest time.Time
		for _, ref := range d.Refs {
			s := samples[ref]
			if s.Seen.After(newest) {
				newest = s.Seen
			}
			if s.Quality != facility.Good {
				t.Missing++
				reasons[s.Reason]++
			}
		}
		if t.Missing == 0 && !t.Away && t.SkewMS == 0 {
			continue
		}
		t.LastSeen, t.Reason = stampOf(&newest), most(&reasons)
		out = append(out, t)
	}
	slices.SortStableFunc(out, func(a, b deviceTrouble) int {
		return cmp.Or(-compareBool(a.Missing == a.Points, b.Missing == b.Points), cmp.Compare(b.Missing, a.Missing))
	})
	return out
}

// most words the most frequent reason; empty where none is given.
func most(reasons *[256]int) string {
	best, n := facility.NoReason, 0
	for r := int(facility.NoReason) + 1; r < len(reasons); r++ {
		if reasons[r] > n {
			best, n = facility.Reason(r), reasons[r]
		}
	}
	if best == facility.NoReason {
		return ""
	}
	return best.String()
}
