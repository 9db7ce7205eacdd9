package names

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"bongsu/facility"
)

// Config is the zone, who answers for it and where the sites are. Zero fields that have a default take it.
type Config struct {
	Zone      string            `yaml:"zone"`
	Service   string            `yaml:"service"`   // its SRV records, relative to the zone; _talk._tcp
	Epoch     string            `yaml:"epoch"`     // TXT record with the group's epoch; _epoch
	Leader    string            `yaml:"leader"`    // TXT record with the leader who wrote last and its act; _leader
	Servers   []string          `yaml:"servers"`   // authoritative, IP:port, the primary first
	Resolvers []string          `yaml:"resolvers"` // IP:port; the servers when left out
	TSIG      Key               `yaml:"tsig"`
	TTL       time.Duration     `yaml:"ttl"`     // of what is written, whole seconds; 5s
	Targets   map[string]Target `yaml:"targets"` // by site id
	Timeout   time.Duration     `yaml:"timeout"` // of one update; 2s
}

// Target is where the public finds the messenger of a site.
type Target struct {
	Host string `yaml:"host"` // name of its address record, relative to the zone
	Port int    `yaml:"port"`
}

// Key signs dynamic updates. The secret, in base64, is given or in a file.
type Key struct {
	Name       string `yaml:"name"`
	Secret     Secret `yaml:"secret"`
	SecretFile string `yaml:"secret_file"` // relative to the configuration file
	Algorithm  string `yaml:"algorithm"`   // hmac-sha256, hmac-sha384 or hmac-sha512; hmac-sha256
}

// Secret is a text that shows itself to nobody.
type Secret string

// String hides the secret.
func (Secret) String() string { return "***" }

// GoString hides the secret.
func (Secret) GoString() string { return "***" }

// MarshalText hides the secret in every file and answer.
func (Secret) MarshalText() ([]byte, error) { return []byte("***"), nil }

// algorithms lists the signatures this build makes, by their names in files.
var algorithms = map[string]string{"hmac-sha256": dns.HmacSHA256, "hmac-sha384": dns.HmacSHA384, "hmac-sha512": dns.HmacSHA512}

// withDefaults is the configuration with what it leaves out.
func (c Config) withDefaults() Config {
	or := func(text *string, value string) {
		if *text == "" {
			*text = value
		}
	}
	or(&c.Service, "_talk._tcp")
	or(&c.Epoch, "_epoch")
	or(&c.Leader, "_leader")
	or(&c.TSIG.Algorithm, "hmac-sha256")
	if len(c.Resolvers) == 0 {
		c.Resolvers = c.Servers
	}
	if c.TTL == 0 {
		c.TTL = 5 * time.Second
	}
	if c.Timeout == 0 {
		c.Timeout = 2 * time.Second
	}
	return c
}

// qualify is the full name of something relative to the zone. What ends in a dot, or in the zone, is full.
func (c Config) qualify(name string) string {
	zone := dns.CanonicalName(c.Zone)
	full := dns.CanonicalName(name)
	if strings.HasSuffix(name, ".") || dns.IsSubDomain(zone, full) {
		return full
	}
	return dns.CanonicalName(name + "." + zone)
}

// Check reports every fault of the configuration; at is its place in the file.
func (c Config) Check(at string, report facility.Report) {
	if at != "" {
		at += "."
	}
	c = c.withDefaults()
	if _, ok := dns.IsDomainName(c.Zone); !ok || c.Zone == "" || c.Zone == "." {
		report(at+"zone", "%q is no zone: want one like talk.demo.", c.Zone)
		return
	}
	c.checkNames(at, report)
	c.checkServers(at, report)
	c.checkKey(at+"tsig", report)
	if c.TTL < time.Second || c.TTL > time.Hour || c.TTL%time.Second != 0 {
		report(at+"ttl", "%v: want whole seconds, 1s to 1h: the world follows no faster than this", c.TTL)
	}
	if c.Timeout < 100*time.Millisecond || c.Timeout > 30*time.Second {
		report(at+"timeout", "%v: want 100ms to 30s", c.Timeout)
	}
}

func (c Config) checkNames(at string, report facility.Report) {
	seen := map[string]string{}
	name := func(path, text string) {
		full := c.qualify(text)
		_, ok := dns.IsDomainName(full)
		switch {
		case text == "" || !ok || !dns.IsSubDomain(dns.CanonicalName(c.Zone), full):
			report(path, "%q is no name in the zone %s", text, c.Zone)
		case seen[full] != "":
			report(path, "%s is already %s", full, seen[full])
		}
		seen[full] = path
	}
	name(at+"service", c.Service)
	name(at+"epoch", c.Epoch)
	name(at+"leader", c.Leader)
	if len(c.Targets) < 2 {
		report(at+"targets", "%d sites: there is nowhere to go without two", len(c.Targets))
	}
	for _, site := range sorted(c.Targets) {
		t, path := c.Targets[site], at+"targets."+site
		name(path+".host", t.Host)
		if t.Port < 1 || t.Port > 65535 {
			report(path+".port", "%d: want 1 to 65535", t.Port)
		}
	}
}

func (c Config) checkServers(at string, report facility.Report) {
	if len(c.Servers) == 0 {
		report(at+"servers", "no authoritative server: want all of them, the primary first")
	}
	list := func(what string, all []string) {
		for i, s := range all {
			path := fmt.Sprintf("%s%s[%d]", at, what, i)
			if a, err := netip.ParseAddrPort(s); err != nil || a.Port() == 0 {
				report(path, "%q is no IP:port; a name would have to be looked up in the very DNS that is moved", s)
			} else if slices.Contains(all[:i], s) {
				report(path, "%s stands twice: one server is one witness", s)
			}
		}
	}
	list("servers", c.Servers)
	if !slices.Equal(c.Servers, c.Resolvers) {
		list("resolvers", c.Resolvers)
	}
}

func (c Config) checkKey(at string, report facility.Report) {
	if _, ok := dns.IsDomainName(c.TSIG.Name); !ok || c.TSIG.Name == "" {
		report(at+".name", "%q is no name of a key", c.TSIG.Name)
	}
	if algorithms[c.TSIG.Algorithm] == "" {
		report(at+".algorithm", "unknown %q: want one of %s", c.TSIG.Algorithm, strings.Join(sorted(algorithms), ", "))
	}
	if (c.TSIG.Secret == "") == (c.TSIG.SecretFile == "") {
		report(at, "want either the secret or its secret_file")
	}
	if c.TSIG.Secret != "" && !sound(c.TSIG.Secret) {
		report(at+".secret", "the secret is no base64")
	}
}

func sound(s Secret) bool {
	raw, err := base64.StdEncoding.DecodeString(string(s))
	return err == nil && len(raw) > 0
}

// errSecret refuses a key file that holds no secret.
var errSecret = errors.New("no secret in base64")

// secret reads the key's secret; a file is relative to dir.
func (k Key) secret(dir string) (string, error) {
	s := k.Secret
	if k.SecretFile != "" {
		file := k.SecretFile
		if !filepath.IsAbs(file) {
			file = filepath.Join(dir, file)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("key %s for DNS updates: %w", k.Name, err)
		}
		s = Secret(strings.TrimSpace(string(text)))
	}
	if !sound(s) {
		return "", fmt.Errorf("key %s for DNS updates: %w", k.Name, errSecret)
	}
	return string(s), nil
}
