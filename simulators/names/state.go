package names

import (
	"errors"
	"fmt"

	"github.com/miekg/dns"
)

// State is what one authoritative server says.
type State struct {
	ID      string `json:"id"`
	Address string `json:"address"`
	Zone    string `json:"zone"`
	Serial  uint32 `json:"serial"`
	Epoch   string `json:"epoch"` // the _epoch TXT record
	Leads   string `json:"leads"` // the site its SRV record leads to
}

// Leads lists the SRV records of a server that answers.
func (s *Server) Leads() (out []*dns.SRV) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mode == Refusing || s.mode == Silent {
		return nil
	}
	for _, rr := range s.zone.set("_talk._tcp."+s.zone.origin, dns.TypeSRV) {
		out = append(out, rr.(*dns.SRV))
	}
	return out
}

// State reads the zone and the way the server behaves.
func (s *Server) State() State {
	out := State{ID: s.id, Address: s.address}
	for _, srv := range s.Leads() {
		if name := dns.SplitDomainName(srv.Target); len(name) > 0 && srv.Weight > 0 {
			out.Leads = name[0]
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out.Zone, out.Serial = s.zone.origin, s.zone.soa().Serial
	for _, rr := range s.zone.set("_epoch."+s.zone.origin, dns.TypeTXT) {
		out.Epoch = rr.(*dns.TXT).Txt[0]
	}
	return out
}

var errFault = errors.New("the name server cannot do that")

// Fail makes the server behave in another way until heal is called. One way at a time.
func (s *Server) Fail(mode Mode) (heal func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mode != Sound {
		return nil, fmt.Errorf("%w: clear what %s already does first", errFault, s.id)
	}
	s.mode = mode
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.mode = Sound
	}, nil
}

// Freeze stops a secondary from copying the zone until heal is called.
func (s *Server) Freeze() (heal func(), err error) {
	if s.primary == nil {
		return nil, fmt.Errorf("%w: %s is the primary and copies from nobody", errFault, s.id)
	}
	set := func(on bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.frozen = on
	}
	set(true)
	return func() { set(false) }, nil
}
