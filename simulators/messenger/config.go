package messenger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
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
	s.all.rate, s.logins.rate, s.receipts.rate = s.capacity(), s.config.Logins, s.config.Receipts
}

// capacity is what the site takes now, in requests a second; the lock is held.
func (s *site) capacity() float64 {
	if s.scaler == nil {
		return s.config.Capacity
	}
	return float64(s.scaler.ready) * s.scaler.cfg.Unit
}

// scale follows the load with instances, where the site does.
func (s *site) scale(ctx context.Context) {
	clock := time.NewTicker(time.Second)
	defer clock.Stop()
	for s.scaler != nil {
		select {
		case <-ctx.Done():
			return
		case now := <-clock.C:
			s.mu.Lock()
			s.all.rate = s.scaler.step(now, s.offered.perSecond(now))
			s.mu.Unlock()
		}
	}
}

// prewarm lets an operator ask for instances before the load comes; 0 leaves it to the load again.
func (s *site) prewarm(instances int, dry bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.scaler == nil:
		return fmt.Errorf("%w: this site has all of its capacity already", errBadRequest)
	case instances < 0 || instances > s.scaler.most:
		return fmt.Errorf("%w: %d instances; there is room for %d", errBadRequest, instances, s.scaler.most)
	}
	if !dry {
		s.scaler.floor = instances
	}
	return nil
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
