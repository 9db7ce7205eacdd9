package messenger

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bongsu/facility"
)

// Config is where the messenger is and how we may call it. Zero fields that have a default take it.
type Config struct {
	Sites    []SiteConfig `yaml:"sites"`    // all data centers of the messenger: what a majority is counted of
	Services []string     `yaml:"services"` // its stores in the order in which they depend on each other; account, api, messaging
	Domain   string       `yaml:"domain"`   // failure domain this desk stands in: the id of the site in whose building it is, else any name; desk

	Token     Secret `yaml:"token"`      // of the admin API; none is sent when both are empty
	TokenFile string `yaml:"token_file"` // relative to the configuration file

	Host         string `yaml:"host"` // public name, sent as the Host header: api.talk.demo
	User         string `yaml:"user"` // probe account
	Password     Secret `yaml:"password"`
	PasswordFile string `yaml:"password_file"` // relative to the configuration file

	Timeouts Timeouts `yaml:"timeouts"`
}

// SiteConfig is one data center of the messenger.
type SiteConfig struct {
	ID     string           `yaml:"id"`
	Asset  facility.AssetID `yaml:"asset"`  // its building, empty when it is not one of ours
	Admin  string           `yaml:"admin"`  // URL of the admin API, http://10.1.0.5:8001
	Public string           `yaml:"public"` // host:port of its front door
}

// Timeouts are the deadlines of single calls.
type Timeouts struct {
	Poll    time.Duration `yaml:"poll"`    // state; 800ms
	Order   time.Duration `yaml:"order"`   // an order other than a promotion; 1s
	Promote time.Duration `yaml:"promote"` // a promotion, which waits for a majority; 6s
	Check   time.Duration `yaml:"check"`   // what a user does from login to read back; 4s
}

// Secret is a text that shows itself to nobody.
type Secret string

// String hides the secret.
func (Secret) String() string { return "***" }

// GoString hides the secret.
func (Secret) GoString() string { return "***" }

// MarshalText hides the secret in every file and answer.
func (Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }

// withDefaults is the configuration with what it leaves out.
func (c Config) withDefaults() Config {
	if len(c.Services) == 0 {
		c.Services = []string{"account", "api", "messaging"}
	}
	if c.Domain == "" {
		c.Domain = "desk"
	}
	or := func(d *time.Duration, value time.Duration) {
		if *d == 0 {
			*d = value
		}
	}
	or(&c.Timeouts.Poll, 800*time.Millisecond)
	or(&c.Timeouts.Order, time.Second)
	or(&c.Timeouts.Promote, 6*time.Second)
	or(&c.Timeouts.Check, 4*time.Second)
	return c
}

// Check reports every fault of the configuration; at is its place in the file.
func (c Config) Check(at string, report facility.Report) {
	if at != "" {
		at += "."
	}
	if len(c.Sites) < 2 {
		report(at+"sites", "%d sites: nothing can fail over without two, and only three have a majority without one of them", len(c.Sites))
	}
	for i, s := range c.Sites {
		c.checkSite(fmt.Sprintf("%ssites[%d]", at, i), i, s, report)
	}
	for i, s := range c.Services {
		if s == "" || slices.Contains(c.Services[:i], s) {
			report(fmt.Sprintf("%sservices[%d]", at, i), "%q: every service once, by its name at the messenger", s)
		}
	}
	if c.Host == "" || strings.ContainsAny(c.Host, "/ ") {
		report(at+"host", "%q is no public name: want one like api.talk.demo", c.Host)
	}
	if c.User == "" {
		report(at+"user", "a probe account is needed to see what a user sees")
	}
	if (c.Password == "") == (c.PasswordFile == "") {
		report(at+"password", "want either the password or its password_file")
	}
	if c.Token != "" && c.TokenFile != "" {
		report(at+"token", "want either the token or its token_file")
	}
	for name, d := range map[string]time.Duration{"poll": c.Timeouts.Poll, "order": c.Timeouts.Order, "promote": c.Timeouts.Promote, "check": c.Timeouts.Check} {
		if d < 0 || d > time.Minute {
			report(at+"timeouts."+name, "%v: want more than nothing and at most a minute", d)
		}
	}
}

func (c Config) checkSite(path string, i int, s SiteConfig, report facility.Report) {
	earlier := c.Sites[:i]
	if s.ID == "" || slices.ContainsFunc(earlier, func(o SiteConfig) bool { return o.ID == s.ID }) {
		report(path+".id", "%q: every site needs an id of its own", s.ID)
	}
	u, err := url.Parse(s.Admin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" {
		report(path+".admin", "%q is no URL of an admin API: want one like http://10.1.0.5:8001", s.Admin)
	} else if slices.ContainsFunc(earlier, func(o SiteConfig) bool { return o.Admin == s.Admin }) {
		report(path+".admin", "another site has %s too", s.Admin)
	}
	if host, port, err := net.SplitHostPort(s.Public); err != nil || host == "" || port == "" {
		report(path+".public", "%q is no host:port", s.Public)
	} else if slices.ContainsFunc(earlier, func(o SiteConfig) bool { return o.Public == s.Public }) {
		report(path+".public", "another site has %s too", s.Public)
	}
}

// errEmptySecret refuses a file that names no secret.
var errEmptySecret = errors.New("the file is empty")

// secrets reads what stands in files beside the configuration.
func (c Config) secrets(dir string) (Config, error) {
	read := func(file string, into *Secret) error {
		if file == "" {
			return nil
		}
		if !filepath.IsAbs(file) {
			file = filepath.Join(dir, file)
		}
		text, err := os.ReadFile(file)
		if err == nil && strings.TrimSpace(string(text)) == "" {
			err = errEmptySecret
		}
		*into = Secret(strings.TrimSpace(string(text)))
		return err
	}
	if err := read(c.TokenFile, &c.Token); err != nil {
		return c, fmt.Errorf("token of the messenger's admin API: %w", err)
	}
	if err := read(c.PasswordFile, &c.Password); err != nil {
		return c, fmt.Errorf("password of the messenger's probe account: %w", err)
	}
	return c, nil
}
