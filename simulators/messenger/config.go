package messenger

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// In emergency mode background work has these shares, each a second; messages have the rest.
const (
	emergencyLogins   = 20
	emergencyReceipts = 2
)

// siteConfig is what has to be equal on all sites before one can stand in for another.
type siteConfig struct {
	Zone     string
	Groups   []string
	Capacity float64 // requests a second
	Logins   float64 // a second in emergency mode
	Receipts float64 // a second in emergency mode
}

func newSiteConfig(zone string, capacity float64) siteConfig {
	return siteConfig{zone, groupOrder, capacity, emergencyLogins, emergencyReceipts}
}

// version names the configuration: equal versions are equal configurations.
func (c siteConfig) version() string {
	text, err := json.Marshal(c)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6])
}

// configChange is a change that one site gets and the others do not. A deployment waits while the site is
// frozen; what somebody does by hand does not.
type configChange struct {
	deployed bool // comes as a deployment
	arrived  bool
}

// configure puts the configuration in force, with the changes that have arrived: each halves the share of
// logins. The lock is held.
func (s *site) configure() {
	s.config.Logins = emergencyLogins
	for _, c := range s.changes {
		c.arrived = c.arrived || !c.deployed || !s.frozen
		if c.arrived {
			s.config.Logins /= 2
		}
	}
	s.all.rate, s.logins.rate, s.receipts.rate = s.config.Capacity, s.config.Logins, s.config.Receipts
}

// freeze holds deployments back, or lets them in again with what has waited. It outlasts a power loss.
func (s *site) freeze(on, dry bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if dry || s.frozen == on {
		return
	}
	s.frozen = on
	s.configure()
	s.log.Info("deployments and configuration changes", "frozen", on)
}

// change puts a change of one fault in force as far as it may arrive, or with nil takes it back.
func (s *site) change(fault string, c *configChange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes[fault] = c
	if c == nil {
		delete(s.changes, fault)
	}
	s.configure()
}
