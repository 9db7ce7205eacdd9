package bcp

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"bongsu/facility"
)

// SiteTimes are how long signs of life may stay away.
type SiteTimes struct {
	Silent time.Duration `yaml:"silent"` // after so long without any sign of life a site is silent
}

// DefaultSiteTimes are the agreed ones: ten times what a node needs to speak again.
func DefaultSiteTimes() SiteTimes { return SiteTimes{Silent: 10 * time.Second} }

// SiteWord is what one node says of its site, once a second. The last one stays readable when the node is dead.
type SiteWord struct {
	Site        string            `json:"site"` // id of its facility
	Node        string            `json:"node"`
	Boot        string            `json:"boot"` // differs with every start
	Seq         uint64            `json:"seq"`  // within one start
	At          time.Time         `json:"at"`   // by its own clock, for people: ages are judged by the listener's
	Build       string            `json:"build,omitempty"`
	TelemetryMS int64             `json:"telemetry_ms"`    // age of the newest sample of its field, -1 before the first
	Journal     uint64            `json:"journal"`         // newest entry of its field's journal
	Rooms       []RoomWord        `json:"rooms,omitempty"` // battery rooms; one without a stage is calm
	Signs       []Evidence        `json:"signs,omitempty"` // power-cut notices, UPS zones lost, power off, as its own points say
	Alarms      [2]int            `json:"alarms"`          // open ones of priority 1 and 2
	Worst       facility.Text     `json:"worst,omitzero"`  // text of the worst of them
	Leader      string            `json:"leader"`          // who it believes leads, "" for nobody
	Files       map[string]string `json:"files,omitempty"` // what every site must have the same of: hash by name
}

// RoomWord is how far the fire response of a battery room is.
type RoomWord struct {
	Room  string `json:"room"`
	Stage string `json:"stage"`
	Votes int    `json:"votes"` // the most that have carried it so far: sensors burn
}

// Number is how far the stage is: 0 for calm, a pre-alarm and what is not known, 5 for all of S5A to S5C.
func (r RoomWord) Number() int {
	if len(r.Stage) > 1 && r.Stage[0] == 'S' && r.Stage[1] >= '0' && r.Stage[1] <= '9' {
		return int(r.Stage[1] - '0')
	}
	return 0
}

// voted says whether the room's stage moves traffic: the third with two votes, or the authority has the site.
func (r RoomWord) voted() bool { return r.Number() >= 6 || r.Number() >= 3 && r.Votes >= 2 }

// Backing is what in the word says, by itself, that the site is being lost; "" for nothing.
func (w SiteWord) Backing() string {
	var out []string
	for _, r := range w.Rooms {
		if r.voted() {
			out = append(out, fmt.Sprintf("%s at %s with %d votes", r.Room, r.Stage, r.Votes))
		}
	}
	for _, e := range w.Signs {
		if e.Notice() && !e.Gone {
			out = append(out, strings.TrimSpace(e.Kind+" "+e.Subject))
		}
	}
	return strings.Join(out, ", ")
}

// NodeHeard is a node's newest word and how long ago it changed, by the listener's own clock.
type NodeHeard struct {
	Word SiteWord
	Age  time.Duration
}

// Hearing is what one listener hears of all sites.
type Hearing struct {
	Own     string        // its own facility, never silent to itself
	Able    time.Duration // for how long a majority has answered it without a break, 0 while none does
	Nodes   []NodeHeard
	Relayed map[string]time.Duration // age of the newest entry of a facility that came by the shared journal
}

// Silence is a site of which nothing is heard any more.
type Silence struct {
	Site   string // facility
	For    time.Duration
	Last   SiteWord // the newest of its last words
	Backed string   // what in them says that the site is being lost, "" for nothing
}

// lastWords is how much older than a site's newest word another node's may be and still be part of its last words.
const lastWords = time.Minute

// Silent says whether a site has fallen silent: Yes when no node of it was heard and nothing of it was relayed for a
// time, though a majority has answered the listener all along; No when anything was heard; Unseen when the listener
// itself may be the one who is cut off, or has never heard of the site.
func (h Hearing) Silent(site string, after time.Duration) (Silence, Tri) {
	if site == h.Own {
		return Silence{}, No
	}
	if h.Able <= 0 {
		return Silence{}, Unseen
	}
	var nodes []NodeHeard
	for _, n := range h.Nodes {
		if n.Word.Site == site {
			nodes = append(nodes, n)
		}
	}
	if len(nodes) == 0 {
		return Silence{}, Unseen
	}
	slices.SortStableFunc(nodes, func(a, b NodeHeard) int { return cmp.Or(cmp.Compare(a.Age, b.Age), b.Word.At.Compare(a.Word.At)) })
	out := Silence{Site: site, For: nodes[0].Age, Last: nodes[0].Word}
	if relayed, ok := h.Relayed[site]; ok {
		out.For = min(out.For, relayed)
	}
	if out.For < after {
		return Silence{}, No
	}
	if out.For = min(out.For, h.Able); out.For < after {
		return Silence{}, Unseen // it may have spoken while nobody could hear it here
	}
	for _, n := range nodes {
		if backed := n.Word.Backing(); out.Backed == "" && n.Age-nodes[0].Age <= lastWords {
			out.Backed = backed
		}
	}
	return out, Yes
}

// Evidence is the silence of a data center as the organisation takes it up. It has the same id at every listener.
// Alone it asks people; with a last word that says that the site is being lost it confirms the loss.
func (s Silence) Evidence(site string, now time.Time) Evidence {
	e := Evidence{ID: fmt.Sprintf("silence/%s/%s/%s/%d", s.Site, s.Last.Node, s.Last.Boot, s.Last.Seq), Kind: EvidenceSilent, Site: site, Grade: 2,
		At: now.Add(-s.For).UTC(), Backed: s.Backed}
	e.What = fmt.Sprintf("%s is silent: no sign of life and nothing relayed since %s UTC", site, e.At.Format(time.TimeOnly))
	if s.Backed != "" {
		e.What += "; its last word: " + s.Backed
	} else {
		e.What += "; nothing in its last word says why"
	}
	return e
}

// silent is the silence of the run's source that nothing corroborates.
func (t runTurn) silent() (Evidence, bool) {
	for _, e := range t.f.Evidence {
		if e.Kind == EvidenceSilent && e.Site == t.run.Source && !e.Gone && !e.Notice() {
			return e, true
		}
	}
	return Evidence{}, false
}

// question is a run that silence alone has begun and nobody has taken further: it has moved nothing.
func (t runTurn) question() bool {
	h := t.run.Hold
	return t.run.Trigger == TriggerSilence && h != nil && h.From == RunSuspect && len(t.run.Overrides) == 0 && len(t.run.Approvals) == 0
}

// withdraw takes the question back once the site is heard again.
func (t runTurn) withdraw(event string) (Decision, bool) {
	_, quiet := t.silent()
	if !t.question() || quiet || t.noticed() || t.facts.Misses > 0 || t.facts.Alive != Yes {
		return Decision{}, false
	}
	return Decision{Event: event, By: byEvidence, Why: t.run.Source + " is heard again: the question is withdrawn"}, true
}
