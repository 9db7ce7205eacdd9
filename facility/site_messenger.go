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

	// Region makes the sites zones of one cloud: two that serve and a witness. Empty for data centers apart.
	Region  string           `yaml:"region"`
	Seed    int64            `yaml:"seed"` // of what the users choose and when
	Load    MessengerLoad    `yaml:"load"`
	Clients MessengerClients `yaml:"clients"`
	Scale   MessengerScale   `yaml:"scale"`
	Queues  MessengerQueues  `yaml:"queues"`
	Tiers   MessengerTiers   `yaml:"tiers"`

	SMTP    string   `yaml:"smtp"`    // host:port of the mail server
	Gateway string   `yaml:"gateway"` // host:port of the phone, SMS and webhook receiver
	People  []Person `yaml:"people"`
}

// MessengerSite is one data center of the messenger. With an asset its power is that of the simulated facility.
type MessengerSite struct {
	ID      string  `yaml:"id"`
	Address string  `yaml:"address"` // host:port
	Asset   AssetID `yaml:"asset"`   // the facility's site asset, empty for a data center elsewhere
	Witness bool    `yaml:"witness"` // holds records and votes, and never serves or leads
}

// MessengerLoad is what the users do beside messages_per_s, and how all of it follows the day.
type MessengerLoad struct {
	Curve      []float64     `yaml:"curve"`            // 24 factors, the first for midnight; none means 1 all day
	Day        time.Duration `yaml:"day"`              // how long a day of the curve takes
	Starts     time.Duration `yaml:"starts"`           // time of the curve's day at the start
	Background float64       `yaml:"background_per_s"` // presence, pictures, analytics and profile changes of all users together
	Reads      float64       `yaml:"reads_per_s"`      // of all users together: each reads its own last message back
}

// MessengerClients is how the users' programs behave. Shares are of all users, from 0 to 1, and add up to 1 at most.
type MessengerClients struct {
	StaleShare   float64           `yaml:"stale_share"`   // keep a DNS answer for stale_factor times its life, whatever happens
	StaleFactor  float64           `yaml:"stale_factor"`  //
	ForeverShare float64           `yaml:"forever_share"` // keep it until a connection fails
	Pinned       []MessengerPinned `yaml:"pinned"`        // never ask
	Backoff      string            `yaml:"backoff"`       // jitter or none
	Relogin      bool              `yaml:"relogin"`       // forget the session with every cut, and log in anew
}

// MessengerPinned is a share of users whose program knows one site's address and no name.
type MessengerPinned struct {
	Site  string  `yaml:"site"`
	Share float64 `yaml:"share"`
}

// MessengerScale is how a site grows within its capacity. Without a unit all of the capacity is always there.
type MessengerScale struct {
	Unit   float64       `yaml:"unit"`   // requests a second that one instance takes
	Min    int           `yaml:"min"`    // instances at the start and at least
	Target float64       `yaml:"target"` // share of the capacity in service that should be used
	Warm   time.Duration `yaml:"warm"`   // until an ordered instance takes requests
	Calm   time.Duration `yaml:"calm"`   // of too little load before an instance goes
}

// MessengerQueues bound what waits between the parts of a site; a rate of 0 is as fast as the machine.
type MessengerQueues struct {
	Ingest int     `yaml:"ingest"`       // messages that wait for the store
	Fanout int     `yaml:"fanout"`       // stored messages that wait to be pushed
	Store  float64 `yaml:"store_per_s"`  // messages
	Push   float64 `yaml:"fanout_per_s"` // messages
}

// MessengerTiers is how far the copies of tier 2 (profiles, lists) and tier 3 (analytics, pictures) lag behind.
// Tier 1, the messages, is on two sites before it is acknowledged.
type MessengerTiers struct {
	Two   time.Duration `yaml:"lag_2"`
	Three time.Duration `yaml:"lag_3"`
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
	c.messengerZones(at, m)
	c.messengerLoad(at, m)
	c.messengerClients(at, m)
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

// messengerZones checks who may serve.
func (c *checker) messengerZones(at string, m *Messenger) {
	witnesses := 0
	for _, s := range m.Sites {
		if s.Witness {
			witnesses++
		}
	}
	if len(m.Sites) > 0 && m.Sites[0].Witness {
		c.d.fault(at+".sites[0].witness", "the first site serves at the start: it cannot be a witness")
	}
	if witnesses > 1 || m.Region != "" && witnesses != 1 {
		c.d.fault(at+".sites", "%d witnesses: want at most one, and exactly one where a region is given", witnesses)
	}
	if m.Region != "" && slices.ContainsFunc(m.Sites, func(s MessengerSite) bool { return s.ID == m.Region }) {
		c.d.fault(at+".region", "%q is the id of a site too", m.Region)
	}
}

func (c *checker) messengerLoad(at string, m *Messenger) {
	within := func(key string, v, low, high float64) {
		if !(v >= low && v <= high) {
			c.d.fault(at+"."+key, "%g: want %g to %g", v, low, high)
		}
	}
	if n := len(m.Load.Curve); n != 0 && n != 24 {
		c.d.fault(at+".load.curve", "%d factors: want one for each of the 24 hours", n)
	}
	for i, f := range m.Load.Curve {
		within(fmt.Sprintf("load.curve[%d]", i), f, 0, 100)
	}
	within("load.day", m.Load.Day.Seconds(), 60, 86400)
	within("load.starts", m.Load.Starts.Seconds(), 0, 86400)
	within("load.background_per_s", m.Load.Background, 0, 5000)
	within("load.reads_per_s", m.Load.Reads, 0, 2000)
	within("scale.unit", m.Scale.Unit, 0, m.Capacity)
	within("scale.target", m.Scale.Target, .05, 1)
	within("scale.min", float64(m.Scale.Min), 1, 10000)
	within("scale.warm", m.Scale.Warm.Seconds(), 0, 3600)
	within("scale.calm", m.Scale.Calm.Seconds(), 0, 86400)
	within("queues.ingest", float64(m.Queues.Ingest), 1, 1e6)
	within("queues.fanout", float64(m.Queues.Fanout), 1, 1e6)
	within("queues.store_per_s", m.Queues.Store, 0, 1e6)
	within("queues.fanout_per_s", m.Queues.Push, 0, 1e6)
	within("tiers.lag_2", m.Tiers.Two.Seconds(), 0, 3600)
	within("tiers.lag_3", m.Tiers.Three.Seconds(), 0, 3600)
}

func (c *checker) messengerClients(at string, m *Messenger) {
	sum := m.Clients.StaleShare + m.Clients.ForeverShare
	bad := m.Clients.StaleShare < 0 || m.Clients.ForeverShare < 0
	for i, p := range m.Clients.Pinned {
		if !slices.ContainsFunc(m.Sites, func(s MessengerSite) bool { return s.ID == p.Site }) {
			c.d.fault(fmt.Sprintf("%s.clients.pinned[%d].site", at, i), "unknown site %q", p.Site)
		}
		sum, bad = sum+p.Share, bad || p.Share < 0
	}
	if bad || sum > 1 {
		c.d.fault(at+".clients", "the shares add up to %g: want each at least 0, and 1 at most together", sum)
	}
	if !(m.Clients.StaleFactor >= 1 && m.Clients.StaleFactor <= 10000) {
		c.d.fault(at+".clients.stale_factor", "%g: want 1 to 10000", m.Clients.StaleFactor)
	}
	if !slices.Contains([]string{"jitter", "none"}, m.Clients.Backoff) {
		c.d.fault(at+".clients.backoff", "unknown back-off %q: want jitter or none", m.Clients.Backoff)
	}
}

// Defaults fills what a messenger's block may leave out; reading a site file does it too.
func (m *Messenger) Defaults() { m.defaults() }

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
	or(&m.Load.Day, 24*time.Hour)
	or(&m.Clients.StaleFactor, 10)
	or(&m.Clients.Backoff, "jitter")
	or(&m.Scale.Min, 1)
	or(&m.Scale.Target, .6)
	or(&m.Scale.Warm, 30*time.Second)
	or(&m.Scale.Calm, 2*time.Minute)
	or(&m.Queues.Ingest, 2000)
	or(&m.Queues.Fanout, 20_000)
	or(&m.Tiers.Two, time.Second)
	or(&m.Tiers.Three, 30*time.Second)
}

// or gives a value its default.
func or[T comparable](v *T, otherwise T) {
	var none T
	if *v == none {
		*v = otherwise
	}
}
