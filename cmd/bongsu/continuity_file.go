package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"bongsu/bcp"
	"bongsu/bcp/control"
	"bongsu/bcp/messenger"
	"bongsu/bcp/names"
	"bongsu/bcp/notify"
	"bongsu/facility"
)

// continuityFile is how a site's services are moved and on whose word, as its file says.
type continuityFile struct {
	Roster    string           `yaml:"roster"` // files are relative to this one
	Playbooks []string         `yaml:"playbooks"`
	Sites     []continuitySite `yaml:"sites"`
	Services  []bcp.Service    `yaml:"services"`
	Groups    []bcp.Group      `yaml:"groups"`
	Times     continuityTimes  `yaml:"times"`
	Messenger messenger.Config `yaml:"messenger"`
	Names     names.Config     `yaml:"names"`
	Notify    notify.Config    `yaml:"notify"`
	// Callbacks is where people's answers reach each node, by its name; notify.callback for a node not named here.
	Callbacks map[string]string `yaml:"callbacks"`
	Signs     []control.Sign    `yaml:"signs"`

	name      string // of the file itself, in dir
	dir       string
	roster    *bcp.Roster
	playbooks []bcp.Playbook
}

// continuitySite is a data center; with a facility its building's fire and power are evidence about it.
type continuitySite struct {
	ID       string        `yaml:"id"`
	Facility string        `yaml:"facility"`
	Name     facility.Text `yaml:"name"`
}

// continuityTimes are the deadlines that may differ from the agreed ones; what is not given stays.
type continuityTimes struct {
	Incident bcp.IncidentTimes `yaml:"incident"`
	Motion   bcp.MotionTimes   `yaml:"motion"`
	Run      bcp.RunTimes      `yaml:"run"`
	Summon   bcp.SummonTimes   `yaml:"summon"`
	Probe    bcp.ProbeTimes    `yaml:"probe"`
	Site     bcp.SiteTimes     `yaml:"site"`
}

// leastSilence is the shortest time after which a site may count as silent.
const leastSilence = 5 * time.Second

// loadContinuity reads the continuity file of a site with its roster and playbooks, and reports everything
// that is wrong with any of them. It is nil for a site that has none, or when a fault is not a warning.
func loadContinuity(site *facility.Site) (*continuityFile, facility.Faults) {
	if site.Continuity == "" {
		return nil, nil
	}
	file := filepath.Join(filepath.Dir(site.File), site.Continuity)
	d := bcp.DefaultConfig()
	c := &continuityFile{dir: filepath.Dir(file), name: filepath.Base(file), Times: continuityTimes{d.Incident, d.Motion, d.Run, d.Summon, d.Probe, bcp.DefaultSiteTimes()}}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, facility.Faults{{File: site.File, Text: fmt.Sprintf("continuity: %v", err)}}
	}
	var inner facility.Faults
	faults := facility.DecodeFile(file, text, c, func(report facility.Report) { inner = c.check(site, report) })
	faults = append(faults, inner...)
	if faults.Err() != nil {
		return nil, faults
	}
	return c, faults
}

func (c *continuityFile) check(site *facility.Site, report facility.Report) facility.Faults {
	if !site.HasSharedJournal() {
		report("", "continuity needs a shared journal: name its members in the site file")
	}
	c.Messenger.Check("messenger", report)
	c.Names.Check("names", report)
	for _, m := range site.Members {
		own := c.notifyOf(m.Name)
		own.Check("notify", report)
	}
	c.checkNodes(site, report)
	if c.Times.Site.Silent < leastSilence {
		report("times.site.silent", "%s: want at least %s: a node that is started anew needs as long to speak again", c.Times.Site.Silent, leastSilence)
	}
	ids := map[string]bool{}
	for i, s := range c.Sites {
		if s.ID == "" || ids[s.ID] {
			report(fmt.Sprintf("sites[%d].id", i), "%q: every site needs an id of its own", s.ID)
		}
		ids[s.ID] = true
	}
	for i, g := range c.Groups {
		at := fmt.Sprintf("groups[%d]", i)
		if !ids[g.Source] || !ids[g.Target] || g.Source == g.Target {
			report(at, "source %q and target %q have to be two of the sites", g.Source, g.Target)
		}
		if g.TTL <= 0 || g.RTO <= 0 {
			report(at, "a group needs the ttl of its public names and its recovery time objective (rto)")
		}
	}
	if _, err := bcp.NewOrganisation(c.organisation()); err != nil {
		report("services", "%v", err)
	}
	return c.papers(report)
}

// checkNodes checks what differs from node to node. The file is the same at all of them, so what is another
// building's can only be checked there.
func (c *continuityFile) checkNodes(site *facility.Site, report facility.Report) {
	control.CheckSigns("signs", c.Signs, func(s control.Sign, p facility.PointID) bool {
		_, ok := site.Ref(p)
		return ok || s.Facility != site.ID
	}, report)
	known := c.facilities()
	for i, s := range c.Signs {
		if known[s.Facility] == "" && s.Facility != site.ID {
			report(fmt.Sprintf("signs[%d].facility", i), "no data center stands in the building %q", s.Facility)
		}
	}
	for node := range c.Callbacks {
		if !slices.ContainsFunc(site.Members, func(m facility.Member) bool { return m.Name == node }) {
			report("callbacks."+node, "no member is called %q", node)
		}
	}
	if len(site.Members) > 1 && c.Notify.CallbackSecretFile == "" {
		report("notify", "several nodes need one key for the callbacks (callback_secret_file): an answer may come to another node than the one that asked")
	}
}

// signsOf are those that a building's own node watches for.
func (c *continuityFile) signsOf(site string) []control.Sign {
	return slices.DeleteFunc(slices.Clone(c.Signs), func(s control.Sign) bool { return s.Facility != site })
}

// notifyOf is how a node reaches people, with its own door for their answers.
func (c *continuityFile) notifyOf(node string) notify.Config {
	out := c.Notify
	if own := c.Callbacks[node]; own != "" {
		out.Callback = own
	}
	return out
}

// papers reads the roster and the playbooks.
func (c *continuityFile) papers(report facility.Report) facility.Faults {
	roster, faults := c.readRoster()
	if roster == nil {
		if len(faults) == 0 {
			report("roster", "%q cannot be read", c.Roster)
		}
		return faults
	}
	c.roster = roster
	for i, o := range roster.Orders {
		for _, s := range o.Sites {
			if !slices.ContainsFunc(c.Sites, func(x continuitySite) bool { return x.ID == s }) {
				report("roster", "standing_orders[%d]: there is no site %q", i, s)
			}
		}
	}
	for i, name := range c.Playbooks {
		file := filepath.Join(c.dir, name)
		text, err := os.ReadFile(file)
		if err != nil {
			report(fmt.Sprintf("playbooks[%d]", i), "%v", err)
			continue
		}
		p, more := bcp.LoadPlaybook(file, text, roster)
		faults = append(faults, more...)
		if p != nil {
			c.playbooks = append(c.playbooks, *p)
		}
	}
	return faults
}

func (c *continuityFile) readRoster() (*bcp.Roster, facility.Faults) {
	file := filepath.Join(c.dir, c.Roster)
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, nil
	}
	return bcp.LoadRoster(file, text)
}

// organisation is what the organisation's judgement needs of the file.
func (c *continuityFile) organisation() bcp.Config {
	return bcp.Config{Incident: c.Times.Incident, Motion: c.Times.Motion, Run: c.Times.Run, Summon: c.Times.Summon, Probe: c.Times.Probe,
		Lane: bcp.DefaultLane(), Services: c.Services, Groups: c.Groups, Playbooks: c.playbooks}
}

// facilities maps a building's site id to its data center.
func (c *continuityFile) facilities() map[string]string {
	out := map[string]string{}
	for _, s := range c.Sites {
		if s.Facility != "" {
			out[s.Facility] = s.ID
		}
	}
	return out
}

// errRoster keeps a roster that was good when the file is no longer.
var errRoster = errors.New("the roster was changed and cannot be read: the one from before stays in force")

// rosterFile is the roster as its file says now: a standing order that is revoked there is revoked at once.
type rosterFile struct {
	file   *continuityFile
	seen   time.Time
	looked time.Time
	roster *bcp.Roster
	fault  func(error)
}

// now reads the file again when it has changed. One goroutine calls it.
func (r *rosterFile) now() *bcp.Roster {
	if time.Since(r.looked) < time.Second {
		return r.roster
	}
	r.looked = time.Now()
	info, err := os.Stat(filepath.Join(r.file.dir, r.file.Roster))
	if err != nil || info.ModTime().Equal(r.seen) {
		return r.roster
	}
	first := r.seen.IsZero()
	r.seen = info.ModTime()
	if first && r.roster != nil {
		return r.roster
	}
	roster, faults := r.file.readRoster()
	if roster == nil {
		r.fault(fmt.Errorf("%w: %w", errRoster, faults.Err()))
		return r.roster
	}
	r.roster = roster
	return roster
}
