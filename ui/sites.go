package ui

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"bongsu/bcp"
	"bongsu/facility"
)

// Sites tells what is heard of every data center.
type Sites interface {
	Heard(now time.Time) SitesHeard
}

// SitesHeard is what this desk hears of all data centers, by its own clock.
type SitesHeard struct {
	Able        time.Duration // for how long a majority has answered without a break; 0: it cannot hear the others
	SilentAfter time.Duration
	Centers     []CenterHeard // in the order of the continuity file
}

// CenterHeard is one data center.
type CenterHeard struct {
	ID       string
	Facility string // "" for one without a node of ours
	Name     facility.Text
	Silent   bcp.Tri
	Says     string // of a silent one: what is known
	Nodes    []bcp.NodeHeard
	Entries  []SharedEntry // its newest relayed entries, newest first
}

// SiteWord is what this node says of its own site now; site, boot and number are the caller's.
func (m *Model) SiteWord(now time.Time) bcp.SiteWord {
	w := bcp.SiteWord{At: now.UTC(), TelemetryMS: m.lag(now)}
	m.mu.RLock()
	defer m.mu.RUnlock()
	w.Journal = m.status.JournalSeq
	if n := len(m.tail); n > 0 {
		w.Journal = max(w.Journal, m.tail[n-1].Seq)
	}
	for _, id := range m.rooms.order {
		r := m.rooms.byID[id]
		votes := m.rooms.votes[id]
		for _, rack := range r.Racks {
			for _, n := range rack.Votes {
				votes = max(votes, n)
			}
		}
		w.Rooms = append(w.Rooms, bcp.RoomWord{Room: id, Stage: r.Stage, Votes: votes})
	}
	worst := facility.Alarm{Priority: 3}
	for _, a := range m.alarms {
		if !isOpen(a) || a.Priority < 1 || a.Priority > 2 {
			continue
		}
		w.Alarms[a.Priority-1]++
		if a.Priority < worst.Priority || a.Priority == worst.Priority && timeOf(a.Raised).After(timeOf(worst.Raised)) {
			worst = a
		}
	}
	w.Worst = worst.Text
	if m.painting != nil {
		w.Leader = m.painting.Control.Leader
	}
	return w
}

// siteNodeView is one node of a data center.
type siteNodeView struct {
	Node        string `json:"node"`
	HeardMS     int64  `json:"heard_ms" doc:"milliseconds since its word last changed, by this desk's clock"`
	At          *stamp `json:"at" doc:"of its newest word, by its own clock"`
	TelemetryMS int64  `json:"telemetry_ms" doc:"age of its newest sample when it said so, -1 before the first"`
	Journal     uint64 `json:"journal"`
	Build       string `json:"build,omitempty"`
	Leader      string `json:"leader" doc:"who it believes leads"`
	Leads       bool   `json:"leads"`
}

// siteSignView is what a building's points say of its power.
type siteSignView struct {
	Kind    string `json:"kind"`
	Subject string `json:"subject,omitempty"`
}

// siteGroupView is what a data center is to a group of services.
type siteGroupView struct {
	Group string `json:"group"`
	Part  string `json:"part" enum:"serves,target,none"`
	State string `json:"state" doc:"of the group's run"`
}

// centerView is one data center. What was never heard is absent or empty.
type centerView struct {
	ID        string           `json:"id"`
	Facility  string           `json:"facility"`
	Name      facility.Text    `json:"names"`
	Own       bool             `json:"own"`
	State     string           `json:"state" enum:"speaks,silent,unheard,unknown" doc:"unheard: no node of ours ever spoke there; unknown: this desk may be the one that is cut off"`
	Says      string           `json:"says,omitempty"`
	HeardMS   *int64           `json:"heard_ms" doc:"milliseconds since any of its nodes was heard, null for never"`
	Nodes     []siteNodeView   `json:"nodes"`
	Rooms     []bcp.RoomWord   `json:"rooms"`
	Burning   bool             `json:"burning" doc:"a room at stage 1 or beyond"`
	Signs     []siteSignView   `json:"signs"`
	Alarms    [2]int           `json:"alarms" doc:"open ones of priority 1 and 2"`
	Worst     facility.Text    `json:"worst"`
	Groups    []siteGroupView  `json:"groups"`
	Messenger *bcp.SiteView    `json:"messenger" doc:"as the messenger itself tells, null when it is not known"`
	Entries   []sharedLineView `json:"entries" doc:"its newest relayed entries, newest first"`
}

// sharedLineView is one relayed entry.
type sharedLineView struct {
	entryView
	Site string `json:"site"`
	Node string `json:"node"`
}

// siteMoveView is the way that a group goes or would go.
type siteMoveView struct {
	Group  string `json:"group"`
	From   string `json:"from"`
	To     string `json:"to"`
	State  string `json:"state"`
	Moving bool   `json:"moving"`
	Served string `json:"served" doc:"by which data center now, by the books"`
	Share  int    `json:"share" doc:"of the traffic at the target, percent"`
}

// siteFileView is a file that is not the same at every site.
type siteFileView struct {
	File  string            `json:"file"`
	Nodes map[string]string `json:"nodes" doc:"what each node has, shortened hashes"`
}

type sitesView struct {
	Node        string         `json:"node"`
	Quorum      bool           `json:"quorum" doc:"the shared journal takes writes; without it everything global is read only"`
	Alone       bool           `json:"alone" doc:"this site shares no journal"`
	Leader      string         `json:"leader"`
	Epoch       uint64         `json:"epoch"`
	SilentMS    int64          `json:"silent_ms" doc:"after so long without a sign of life a site is silent, 0 where there is one"`
	Centers     []centerView   `json:"centers"`
	Moves       []siteMoveView `json:"moves"`
	Differences []siteFileView `json:"differences"`
}

type sitesOut struct{ Body sitesView }

func (s *Server) listSites(context.Context, *struct{}) (*sitesOut, error) {
	now := time.Now()
	own := s.cfg.Model.SiteWord(now)
	site := s.cfg.Model.site()
	own.Site, own.Node, own.Build = site.ID, s.cfg.Node, s.cfg.Build
	heard := SitesHeard{Centers: []CenterHeard{{ID: site.ID, Facility: site.ID, Name: site.Name}}}
	v := sitesView{Node: s.cfg.Node, Alone: s.cfg.Sites == nil, Quorum: true, Centers: []centerView{}, Moves: []siteMoveView{}}
	if s.cfg.Sites != nil {
		heard = s.cfg.Sites.Heard(now)
		v.Quorum, v.SilentMS = heard.Able > 0, heard.SilentAfter.Milliseconds()
	}
	p := s.cfg.Model.painted()
	if p != nil {
		v.Leader, v.Epoch = p.Control.Leader, p.Control.Epoch
		v.Quorum = v.Quorum && p.Control.Quorum
		v.Moves = movesOf(p.Picture)
	}
	var all []bcp.NodeHeard
	for _, c := range heard.Centers {
		if c.Facility == site.ID {
			c.Nodes = withOwn(c.Nodes, own)
			c.Silent = bcp.No
		}
		all = append(all, c.Nodes...)
		v.Centers = append(v.Centers, viewCenter(c, site.ID, heard.Able > 0 || v.Alone, p))
	}
	v.Differences = differences(all)
	return &sitesOut{v}, nil
}

// withOwn puts what this node knows of itself in place of what the board says of it: cut off, it still knows.
func withOwn(nodes []bcp.NodeHeard, own bcp.SiteWord) []bcp.NodeHeard {
	out := slices.DeleteFunc(slices.Clone(nodes), func(n bcp.NodeHeard) bool {
		if n.Word.Node != own.Node {
			return false
		}
		own.Signs, own.Files = n.Word.Signs, n.Word.Files
		return true
	})
	return append(out, bcp.NodeHeard{Word: own})
}

func viewCenter(c CenterHeard, own string, able bool, p *painting) centerView {
	v := centerView{ID: c.ID, Facility: c.Facility, Name: c.Name, Own: c.Facility == own, Says: c.Says, State: "unknown",
		Nodes: []siteNodeView{}, Rooms: []bcp.RoomWord{}, Signs: []siteSignView{}, Groups: []siteGroupView{}, Entries: []sharedLineView{}}
	switch {
	case c.Silent == bcp.Yes:
		v.State = "silent"
	case c.Silent == bcp.No:
		v.State = "speaks"
	case len(c.Nodes) == 0 && able:
		v.State = "unheard"
	}
	nodes := slices.Clone(c.Nodes)
	slices.SortStableFunc(nodes, func(a, b bcp.NodeHeard) int { return cmp.Compare(a.Age, b.Age) })
	for i, n := range nodes {
		at := n.Word.At
		v.Nodes = append(v.Nodes, siteNodeView{Node: n.Word.Node, HeardMS: n.Age.Milliseconds(), At: stampOf(&at), TelemetryMS: n.Word.TelemetryMS, Journal: n.Word.Journal,
			Build: n.Word.Build, Leader: n.Word.Leader, Leads: p != nil && p.Control.Leader == n.Word.Node})
		if i == 0 {
			ms := n.Age.Milliseconds()
			v.HeardMS, v.Alarms, v.Worst = &ms, n.Word.Alarms, n.Word.Worst
			v.Rooms = append(v.Rooms, n.Word.Rooms...)
			for _, e := range n.Word.Signs {
				v.Signs = append(v.Signs, siteSignView{e.Kind, e.Subject})
			}
		}
	}
	v.Burning = slices.ContainsFunc(v.Rooms, func(r bcp.RoomWord) bool { return r.Number() >= 1 })
	for _, e := range c.Entries {
		v.Entries = append(v.Entries, sharedLineView{viewEntry(e.Entry), e.Site, e.Node})
	}
	if p == nil {
		return v
	}
	if i := slices.IndexFunc(p.Sites, func(s bcp.SiteView) bool { return s.ID == c.ID }); i >= 0 {
		v.Messenger = &p.Sites[i]
	}
	for _, m := range movesOf(p.Picture) {
		part := "none"
		switch c.ID {
		case m.Served:
			part = "serves"
		case m.To, m.From:
			part = "target"
		}
		v.Groups = append(v.Groups, siteGroupView{m.Group, part, m.State})
	}
	return v
}

// movesOf is where each group is served and where it goes.
func movesOf(p *bcp.Picture) []siteMoveView {
	out := []siteMoveView{}
	for _, g := range p.Groups {
		if g.Run == nil {
			continue
		}
		m := siteMoveView{Group: g.ID, From: g.Run.Source, To: g.Run.Target, State: g.State, Moving: g.Under(), Served: g.Run.Source, Share: g.Share}
		if !g.Run.Served.IsZero() || g.State == bcp.RunComplete {
			m.Served = g.Run.Target
		}
		out = append(out, m)
	}
	return out
}

// shortHash is enough of a hash to tell two files apart.
const shortHash = 12

// differences lists the files that are not the same at all nodes that say what they have.
func differences(nodes []bcp.NodeHeard) []siteFileView {
	files := map[string]map[string]string{}
	speak := 0
	for _, n := range nodes {
		if len(n.Word.Files) == 0 {
			continue
		}
		speak++
		for name, hash := range n.Word.Files {
			if files[name] == nil {
				files[name] = map[string]string{}
			}
			files[name][n.Word.Node] = hash[:min(len(hash), shortHash)]
		}
	}
	out := []siteFileView{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		values := slices.Compact(slices.Sorted(maps.Values(files[name])))
		if len(values) > 1 || len(files[name]) < speak {
			out = append(out, siteFileView{name, files[name]})
		}
	}
	return out
}
