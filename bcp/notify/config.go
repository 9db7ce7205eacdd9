package notify

import (
	"fmt"
	"maps"
	"net"
	"net/mail"
	"net/url"
	"slices"
	"time"

	"bongsu/bcp"
	"bongsu/facility"
)

// The kinds of channels.
const (
	KindEmail     = "email"
	KindSMS       = "sms"
	KindVoice     = "voice"
	KindMessenger = "messenger"
	KindBoard     = "board"
	KindWebhook   = "webhook"
)

// carriers lists every kind of channel and how it is spoken. It is the only place to add one.
var carriers = map[string]func(Channel, secrets) (carrier, error){
	KindEmail:     newMailCarrier,
	KindSMS:       newHookCarrier,
	KindVoice:     newHookCarrier,
	KindMessenger: newHookCarrier,
	KindBoard:     newHookCarrier,
	KindWebhook:   newHookCarrier,
}

// Secret is a key or a password; it prints as stars.
type Secret string

// String hides the secret.
func (s Secret) String() string { return "***" }

// GoString hides the secret.
func (s Secret) GoString() string { return "***" }

// MarshalText hides the secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }

// Channel is one gateway to people: a mail server, a phone provider, a hook.
type Channel struct {
	Kind   string `yaml:"kind"`   // the channel's name when empty
	Domain string `yaml:"domain"` // what it fails together with

	SMTP         string `yaml:"smtp"` // host:port, for mail only, as the next four
	From         string `yaml:"from"` // sender's address; for SMS and voice the sender's number
	StartTLS     bool   `yaml:"starttls"`
	User         string `yaml:"user"`
	PasswordFile string `yaml:"password_file"`

	URL        string `yaml:"url"`    // where messages are posted
	Secret     Secret `yaml:"secret"` // signs what is posted; or in a file
	SecretFile string `yaml:"secret_file"`

	PerSecond int           `yaml:"per_second"` // 0: only the lane's limits
	Timeout   time.Duration `yaml:"timeout"`    // of one attempt, 10 s when not given
	Retries   *int          `yaml:"retries"`    // after a failure that is certain, 2 when not given
	Parallel  int           `yaml:"parallel"`   // sends under way at once; 16 for mail, 64 for the others when not given
	Queue     int           `yaml:"queue"`      // messages that wait, 5,000 when not given
}

// Config is how this house reaches people. Channels go by name; there may be several of one kind, and a
// person's channel takes the one of its kind and failure domain, else the first by name of its kind.
type Config struct {
	Callback           string             `yaml:"callback"`             // base URL of the console's callback, as gateways reach it
	CallbackSecretFile string             `yaml:"callback_secret_file"` // read by the caller and handed to New
	Channels           map[string]Channel `yaml:"channels"`
	Lane               bcp.Lane           `yaml:"lane"` // the default lane when not given
}

const (
	defaultTimeout  = 10 * time.Second
	defaultRetries  = 2
	defaultQueue    = 5000
	defaultParallel = 64
	// Mail relays allow one sender 20 (Exchange) to 50 (Postfix) connections at once where nobody changed it.
	mailParallel = 16
	maxParallel  = 1024
)

// filled is the channel with its defaults.
func (c Channel) filled(name string) Channel {
	if c.Kind == "" {
		c.Kind = name
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.Retries == nil {
		c.Retries = new(defaultRetries)
	}
	if c.Queue == 0 {
		c.Queue = defaultQueue
	}
	if c.Parallel == 0 {
		c.Parallel = defaultParallel
		if c.Kind == KindEmail {
			c.Parallel = mailParallel
		}
	}
	return c
}

// lane is the configured lane, or the default.
func (c Config) lane() bcp.Lane {
	if c.Lane.PerSecond == 0 {
		l := bcp.DefaultLane()
		l.Domains = c.Lane.Domains
		return l
	}
	return c.Lane
}

// Check reports everything wrong with the configuration; at is its path in the file.
func (c Config) Check(at string, report facility.Report) {
	if len(c.Channels) == 0 {
		report(at+".channels", "no channel is configured: nobody could be reached")
		return
	}
	if u, err := url.Parse(c.Callback); err != nil || !isWeb(u) || u.RawQuery != "" || u.Fragment != "" {
		report(at+".callback", "%q is no http address without query: answers of people could not come back", c.Callback)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Channels)) {
		c.Channels[name].filled(name).check(at+".channels."+name, report)
	}
	if c.Lane.PerSecond < 0 {
		report(at+".lane.per_second", "%d messages a second: want at least 1", c.Lane.PerSecond)
	}
	for domain, n := range c.Lane.Domains {
		if n < 0 {
			report(at+".lane.domains."+domain, "%d messages a second: want at least 1, or 0 for no limit", n)
		}
	}
}

func (c Channel) check(at string, report facility.Report) {
	if carriers[c.Kind] == nil {
		report(at+".kind", "unknown kind %q; known: %v", c.Kind, slices.Sorted(maps.Keys(carriers)))
		return
	}
	if c.Domain == "" {
		report(at+".domain", "the channel needs its failure domain: what it fails together with")
	}
	if c.Kind == KindEmail {
		c.checkMail(at, report)
	} else {
		c.checkHook(at, report)
	}
	if c.PerSecond < 0 || c.Timeout < 0 || *c.Retries < 0 || c.Queue < 0 || c.Parallel < 0 || c.Parallel > maxParallel {
		report(at, "per_second, timeout, retries, queue and parallel (up to %d) cannot be negative", maxParallel)
	}
}

func (c Channel) checkMail(at string, report facility.Report) {
	host, _, err := net.SplitHostPort(c.SMTP)
	if err != nil || host == "" {
		report(at+".smtp", "%q is no host:port", c.SMTP)
	}
	if _, err := mail.ParseAddress(c.From); err != nil {
		report(at+".from", "%q is no mail address", c.From)
	}
	if c.URL != "" || c.Secret != "" || c.SecretFile != "" {
		report(at+".url", "a mail channel has smtp instead of url, and no secret")
	}
	if (c.User == "") != (c.PasswordFile == "") {
		report(at+".user", "user and password_file belong together")
	}
	if c.User != "" && !c.StartTLS && !loopback(host) {
		report(at+".starttls", "the password would travel in the clear: set starttls")
	}
}

func (c Channel) checkHook(at string, report facility.Report) {
	if u, err := url.Parse(c.URL); err != nil || !isWeb(u) {
		report(at+".url", "%q is no http address", c.URL)
	}
	if c.Secret != "" && c.SecretFile != "" {
		report(at+".secret", "give the secret or its secret_file, not both")
	}
	if c.SMTP != "" || c.StartTLS || c.User != "" || c.PasswordFile != "" {
		report(at+".smtp", "smtp, starttls, user and password_file are for mail alone")
	}
}

func isWeb(u *url.URL) bool { return (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" }

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// route is the name of the configured channel that carries for a person's channel, "" when none does.
func (c Config) route(kind, domain string) string {
	first := ""
	for _, name := range slices.Sorted(maps.Keys(c.Channels)) {
		ch := c.Channels[name].filled(name)
		if ch.Kind != kind {
			continue
		}
		if ch.Domain == domain {
			return name
		}
		if first == "" {
			first = name
		}
	}
	return first
}

// CheckRoster reports who could not be reached although the roster gives them channels: none of the kinds
// outside the protected messenger is configured here.
func (c Config) CheckRoster(at string, r *bcp.Roster, report facility.Report) {
	for i, p := range r.People {
		if !slices.ContainsFunc(p.Channels, func(ch bcp.Channel) bool { return !ch.Protected && c.route(ch.Kind, ch.Domain) != "" }) {
			report(fmt.Sprintf("%s.people[%d].channels", at, i), "%s could not be reached: no channel of theirs outside the protected messenger is configured", p.ID)
		}
	}
}
