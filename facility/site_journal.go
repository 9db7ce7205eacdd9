package facility

import (
	"fmt"
	"net"
	"net/url"
	"time"
)

// SharedJournal is how the shared journal is reached and kept. The zero value is that of one machine: members
// on loopback addresses, no certificates.
type SharedJournal struct {
	TLS *JournalTLS `yaml:"tls"` // who is who; without it members listen on loopback addresses only
	// Endpoints are the client URLs of an etcd that somebody else runs, in place of members.
	Endpoints []string `yaml:"endpoints"`
	// Heartbeat is how often etcd's leader says that it is there, Election how long the others wait for that.
	Heartbeat time.Duration `yaml:"heartbeat"`
	Election  time.Duration `yaml:"election"`
	// Keep is how many of the newest entries stay with the members, 20,000 when not given; older ones leave once
	// every member's node has them in its own archive.
	Keep int `yaml:"keep"`
}

// JournalTLS is where a node finds ca.pem, cert.pem and key.pem. Everything may be left out.
type JournalTLS struct {
	// Dir holds the three files, or a folder with them for each node, by its name; the folder pki in the node's
	// data when not given.
	Dir string `yaml:"dir"`
}

// Times of etcd when the site file gives none: right within a building and between close cities.
const (
	defaultHeartbeat = 100 * time.Millisecond
	defaultElection  = time.Second
)

// leastKept is the least number of entries that stay with the members.
const leastKept = 1000

// Bounds of the times. A longer election would let a new leader act later than ten seconds after the loss of
// the old one.
const (
	leastHeartbeat   = 10 * time.Millisecond
	mostElection     = 10 * time.Second
	slowElection     = 3 * time.Second
	electionsPerBeat = 5
)

// HasSharedJournal says whether the site has a shared journal, its own or somebody else's etcd.
func (s *Site) HasSharedJournal() bool { return len(s.Members) > 0 || len(s.Journal.Endpoints) > 0 }

// Times gives heartbeat and election with their defaults. Who writes only one of them gets the other in
// proportion.
func (j SharedJournal) Times() (heartbeat, election time.Duration) {
	switch {
	case j.Heartbeat == 0 && j.Election == 0:
		return defaultHeartbeat, defaultElection
	case j.Election == 0:
		return j.Heartbeat, j.Heartbeat * (defaultElection / defaultHeartbeat)
	case j.Heartbeat == 0:
		return j.Election / (defaultElection / defaultHeartbeat), j.Election
	}
	return j.Heartbeat, j.Election
}

// sharedJournal checks how the members are reached.
func (c *checker) sharedJournal() {
	j := c.site.Journal
	if len(j.Endpoints) > 0 && len(c.site.Members) > 0 {
		c.d.fault("journal.endpoints", "either endpoints of an etcd that somebody else runs, or members of our own: not both")
	}
	for i, e := range j.Endpoints {
		c.endpoint(fmt.Sprintf("journal.endpoints[%d]", i), e)
	}
	if c.d.written("journal.keep") && j.Keep < leastKept {
		c.d.fault("journal.keep", "%d entries are too few: want at least %d, so that what is under way finds itself again", j.Keep, leastKept)
	}
	c.journalTimes()
}

func (c *checker) endpoint(path, text string) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Port() == "" || u.Hostname() == "" || (u.Path != "" && u.Path != "/"):
		c.d.fault(path, "%q is no endpoint: want https://HOST:PORT", text)
	case u.Scheme == "https" && c.site.Journal.TLS == nil:
		c.d.fault(path, "%s needs certificates: add tls: {} beside the endpoints", text)
	case u.Scheme == "https":
	case u.Scheme != "http":
		c.d.fault(path, "unknown scheme %q: want https (or http on a loopback address)", u.Scheme)
	case c.site.Journal.TLS != nil:
		c.d.fault(path, "%s goes without TLS although tls is given: want https", text)
	case !loopback(u.Hostname()):
		c.d.fault(path, "%s goes without TLS and is not a loopback address: whoever listens on the way could rewrite the journal; want https and tls: {}", text)
	}
}

func (c *checker) journalTimes() {
	j := c.site.Journal
	where := c.said("journal.election", "journal.heartbeat")
	if where == "" {
		return
	}
	if len(c.site.Members) == 0 {
		c.d.fault(where, "the times are those of our own members, and there are none")
	}
	beat, election := j.Times()
	if c.d.written("journal.heartbeat") && (j.Heartbeat < leastHeartbeat || j.Heartbeat > mostElection/electionsPerBeat) {
		c.d.fault("journal.heartbeat", "%s: want %s to %s", writeDuration(j.Heartbeat), writeDuration(leastHeartbeat), writeDuration(mostElection/electionsPerBeat))
		return
	}
	if c.d.written("journal.election") && (j.Election < leastHeartbeat*electionsPerBeat || j.Election > mostElection) {
		c.d.fault("journal.election", "%s: want %s to %s", writeDuration(j.Election), writeDuration(leastHeartbeat*electionsPerBeat), writeDuration(mostElection))
		return
	}
	switch {
	case election < electionsPerBeat*beat:
		c.d.fault(where, "an election after %s is too soon for a heartbeat every %s: one late packet would depose a leader; want at least five heartbeats", writeDuration(election), writeDuration(beat))
	case election > slowElection:
		f := c.d.at(where, "an election after "+writeDuration(election)+" is slow: another site acts only some three elections after the loss of the one that led")
		f.Warning = true
		c.d.faults = append(c.d.faults, f)
	}
}

// loopback says whether a host is this machine and nothing else.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
