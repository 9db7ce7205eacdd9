package facility

import (
	"encoding/base64"
	"fmt"
	"net"
	"slices"
	"time"
)

// Messenger is the simulated messenger in three data centers, with the DNS that leads to it, its users, and
// the mail server, phone gateway and people that alarms reach.
type Messenger struct {
	Sites    []MessengerSite `yaml:"sites"` // three; the first serves at the start
	Zone     string          `yaml:"zone"`  // of the public names, "talk.demo."
	TTL      time.Duration   `yaml:"ttl"`   // of the record that leads to the serving site
	DNS      []string        `yaml:"dns"`   // host:port of the authoritative servers, the primary first
	TSIG     TSIG            `yaml:"tsig"`
	Capacity float64         `yaml:"capacity"` // requests a second that one site takes

	AdminToken string `yaml:"admin_token"` // that operators' calls have to bear; none is asked for when empty

	Users    int           `yaml:"users"`
	Rate     float64       `yaml:"messages_per_s"` // of all users together
	Late     time.Duration `yaml:"late"`           // a message that took longer than this counts as late
	Password string        `yaml:"probe_password"` // of the account "probe", for outside checks; none when empty

	SMTP    string   `yaml:"smtp"`    // host:port of the mail server
	Gateway string   `yaml:"gateway"` // host:port of the phone, SMS and webhook receiver
	People  []Person `yaml:"people"`
}

// MessengerSite is one data center of the messenger. With an asset its power is that of the simulated facility.
type MessengerSite struct {
	ID      string  `yaml:"id"`
	Address string  `yaml:"address"` // host:port
	Asset   AssetID `yaml:"asset"`   // the facility's site asset, empty for a data center elsewhere
}

// TSIG is the key that signs dynamic updates (HMAC-SHA-256). The secret, in base64, is given or in a file.
type TSIG struct {
	Name       string `yaml:"name"`
	Secret     string `yaml:"secret"`
	SecretFile string `yaml:"secret_file"` // relative to the site file
}

// Person is one simulated reader of messages. A delay of 0 means at once, a negative one never.
type Person struct {
	ID      string        `yaml:"id"`
	Mail    string        `yaml:"mail"`
	Phone   string        `yaml:"phone"`
	Deliver time.Duration `yaml:"deliver"` // from acceptance to the device in the hand
	Ack     time.Duration `yaml:"ack"`     // from delivery
	Join    time.Duration `yaml:"join"`    // from the acknowledgement
	Vote    string        `yaml:"vote"`    // yes, no or abstain; empty never votes
	Dead    []string      `yaml:"dead"`    // channels that never reach this person

	VoteDelay time.Duration `yaml:"vote_delay"` // from the acknowledgement, or from joining where that is asked too
}

// messenger checks the block and fills what it may leave out.
func (c *checker) messenger() {
	m := c.site.Sim.Messenger
	if m == nil {
		return
	}
	const at = "simulator.messenger"
	m.defaults()
	if len(m.Sites) != 3 {
		c.d.fault(at+".sites", "%d sites: a majority of the message stores needs three", len(m.Sites))
	}
	used := map[string]string{}
	address := func(path, what, text string) {
		if _, _, err := net.SplitHostPort(text); err != nil {
			c.d.fault(path, "%q is no host:port", text)
		} else if used[text] != "" {
			c.d.fault(path, "%s has the same address", used[text])
		}
		used[text] = what
	}
	for i, s := range m.Sites {
		path := fmt.Sprintf("%s.sites[%d]", at, i)
		if s.ID == "" || slices.ContainsFunc(m.Sites[:i], func(o MessengerSite) bool { return o.ID == s.ID }) {
			c.d.fault(path+".id", "%q: every site needs an id of its own", s.ID)
		}
		address(path+".address", "site "+s.ID, s.Address)
		if s.Asset != "" && c.site.Asset(s.Asset) == nil {
			c.d.fault(path+".asset", "unknown asset %q", s.Asset)
		}
	}
	if len(m.DNS) == 0 || len(m.DNS) > 4 {
		c.d.fault(at+".dns", "%d name servers: want 1 to 4, the primary first", len(m.DNS))
	}
	for i, a := range m.DNS {
		address(fmt.Sprintf("%s.dns[%d]", at, i), fmt.Sprintf("name server %d", i+1), a)
	}
	address(at+".smtp", "the mail server", m.SMTP)
	address(at+".gateway", "the gateway", m.Gateway)
	c.messengerPeople(at, m)
	if (m.TSIG.Secret == "") == (m.TSIG.SecretFile == "") {
		c.d.fault(at+".tsig", "the key needs either its secret or its secret_file")
	}
	if _, err := base64.StdEncoding.DecodeString(m.TSIG.Secret); err != nil {
		c.d.fault(at+".tsig.secret", "the secret is no base64: %v", err)
	}
	if m.Users < 0 || m.Users > 2000 || m.Rate < 0 || m.Rate > 2000 {
		c.d.fault(at+".users", "%d users, %g messages a second: want at most 2000 of each", m.Users, m.Rate)
	}
}

func (c *checker) messengerPeople(at string, m *Messenger) {
	seen := map[string]bool{}
	for i, p := range m.People {
		path := fmt.Sprintf("%s.people[%d]", at, i)
		if p.ID == "" || seen[p.ID] {
			c.d.fault(path+".id", "%q: every person needs an id of their own", p.ID)
		}
		seen[p.ID] = true
		if !slices.Contains([]string{"", "yes", "no", "abstain"}, p.Vote) {
			c.d.fault(path+".vote", "unknown vote %q: want yes, no or abstain", p.Vote)
		}
	}
}

func (m *Messenger) defaults() {
	if m.Zone == "" {
		m.Zone = "talk.demo."
	}
	if m.TTL == 0 {
		m.TTL = 5 * time.Second
	}
	if m.TSIG.Name == "" {
		m.TSIG.Name = "bongsu."
	}
	if m.Capacity == 0 {
		m.Capacity = 1000
	}
	if m.Late == 0 {
		m.Late = 3 * time.Second
	}
}
