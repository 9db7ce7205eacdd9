package facility

import "slices"

// ReloadRequest asks a field to work by what its site files say now.
type ReloadRequest struct {
	By  string `json:"by"`      // who asks
	Dry bool   `json:"dry_run"` // say only what would be done
}

// The ends of a reload, as Reload.State.
const (
	ReloadPlanned = "planned" // a dry run: nothing was done
	ReloadBegun   = "begun"   // written down; the field is about to do it
	ReloadDone    = "done"
	ReloadHanded  = "handed-over" // a new field process takes the points over with the new site
	ReloadSame    = "same"        // the files say what the field already does
	ReloadRefused = "refused"     // nothing was changed, for the reasons given
	ReloadLost    = "lost"        // the field ended before it was done and works by the former site
)

// Reload is what became of a request to reload, and what would. It is also what the journal keeps.
type Reload struct {
	State   string        `json:"state"`
	By      string        `json:"by"`
	From    string        `json:"from"`          // revision
	To      string        `json:"to,omitempty"`  // revision; empty when the files are faulty
	Reach   string        `json:"reach"`         // nothing, words, rules, links, table or process
	Links   []string      `json:"links"`         // opened anew
	Rules   []string      `json:"rules"`         // alarm rules that come, go or change
	Fire    bool          `json:"fire"`          // something the fire response uses changes
	Changes []string      `json:"changes"`       // a line each
	More    int           `json:"more"`          // changes beyond those listed
	Refused []string      `json:"refused"`       // why it is refused, all reasons
	Faults  []ReloadFault `json:"faults"`        // in the files, warnings with them
	Seq     uint64        `json:"seq,omitempty"` // journal entry
}

// ReloadFault is one fault in the files, where a person can go to.
type ReloadFault struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Col     int    `json:"col"`
	Path    string `json:"path"`
	Text    string `json:"text"`
	Warning bool   `json:"warning"`
}

// String gives file:line:col: path: text.
func (f ReloadFault) String() string {
	return Fault{File: f.File, Line: f.Line, Col: f.Col, Path: f.Path, Text: f.Text, Warning: f.Warning}.String()
}

// mostLines bounds each list of a report: a list of points renamed whole must not fill the journal.
const mostLines = 200

// NewReload reports a plan for a set of changes.
func NewReload(from, to *Site, changes Changes, plan ReloadPlan) Reload {
	r := Reload{From: from.Revision, To: to.Revision, Reach: plan.Reach.String(), Links: []string{}, Rules: bounded(plan.Rules),
		Fire: plan.Fire, Changes: []string{}, Refused: bounded(plan.Refused), Faults: []ReloadFault{}}
	if plan.Reach == ReachLinks {
		r.Links = bounded(plan.Links)
	}
	for _, c := range changes[:min(len(changes), mostLines)] {
		r.Changes = append(r.Changes, c.String())
	}
	r.More = len(changes) - len(r.Changes)
	return r
}

// Blamed adds the faults of the files to the report.
func (r *Reload) Blamed(faults Faults) {
	for _, f := range faults[:min(len(faults), mostLines)] {
		r.Faults = append(r.Faults, ReloadFault{File: f.File, Line: f.Line, Col: f.Col, Path: f.Path, Text: f.Text, Warning: f.Warning})
	}
}

func bounded(lines []string) []string {
	return append([]string{}, slices.Clone(lines[:min(len(lines), mostLines)])...)
}
