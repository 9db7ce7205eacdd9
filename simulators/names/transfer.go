package names

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/miekg/dns"
)

// transfer serves a zone transfer and tells whether it wrote the answer itself. An incremental one is
// answered with the whole zone, as RFC 1995 allows.
func (s *Server) transfer(w dns.ResponseWriter, req, m *dns.Msg) bool {
	if len(req.Question) != 1 || req.Question[0].Qtype != dns.TypeAXFR && req.Question[0].Qtype != dns.TypeIXFR {
		return false
	}
	s.mu.Lock()
	records := append([]dns.RR{}, s.zone.records...)
	records = append(records, s.zone.soa())
	origin := s.zone.origin
	s.mu.Unlock()
	_, packet := w.RemoteAddr().(*net.UDPAddr)
	switch {
	case req.IsTsig() == nil:
		m.Rcode = dns.RcodeRefused
	case dns.CanonicalName(req.Question[0].Name) != origin:
		m.Rcode = dns.RcodeNotAuth
	case packet:
		m.Rcode = dns.RcodeFormatError
	default:
		ch := make(chan *dns.Envelope, 1)
		ch <- &dns.Envelope{RR: records}
		close(ch)
		if err := new(dns.Transfer).Out(w, req, ch); err != nil {
			s.log.Debug("transfer not sent", "server", s.id, "error", err)
		}
		return true
	}
	if err := w.WriteMsg(m); err != nil {
		s.log.Debug("refusal not sent", "server", s.id, "error", err)
	}
	return true
}

// tell wakes the follower of a secondary.
func (s *Server) tell() {
	select {
	case s.told <- struct{}{}:
	default:
	}
}

// follow keeps a secondary like its primary, told by NOTIFY and by its own refresh.
func (s *Server) follow(ctx context.Context) {
	refresh := time.NewTicker(refreshEvery)
	defer refresh.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.told:
		case <-refresh.C:
		}
		err := s.copyZone()
		if (err != nil) != failing {
			failing = err != nil
			s.log.Warn("the copy of the zone changed its health", "server", s.id, "failing", failing, "error", err)
		}
	}
}

var errTransfer = errors.New("the transfer does not begin and end with its SOA")

// copyZone takes the zone from the primary when its serial is another.
func (s *Server) copyZone() error {
	s.mu.Lock()
	origin, serial, frozen := s.zone.origin, s.zone.soa().Serial, s.frozen
	s.mu.Unlock()
	if frozen {
		return nil
	}
	ask := new(dns.Msg)
	ask.SetQuestion(origin, dns.TypeSOA)
	client := dns.Client{Timeout: 500 * time.Millisecond}
	reply, _, err := client.Exchange(ask, s.primary.address)
	if err != nil {
		return fmt.Errorf("serial of %s: %w", s.primary.id, err)
	}
	if len(reply.Answer) == 1 {
		if soa, ok := reply.Answer[0].(*dns.SOA); ok && soa.Serial == serial {
			return nil
		}
	}
	want := new(dns.Msg)
	want.SetAxfr(origin)
	want.SetTsig(s.key.Name, dns.HmacSHA256, 300, time.Now().Unix())
	tr := &dns.Transfer{TsigSecret: map[string]string{s.key.Name: s.key.Secret},
		DialTimeout: time.Second, ReadTimeout: time.Second, WriteTimeout: time.Second}
	ch, err := tr.In(want, s.primary.address)
	if err != nil {
		return fmt.Errorf("transfer from %s: %w", s.primary.id, err)
	}
	var records []dns.RR
	for part := range ch {
		records, err = append(records, part.RR...), errors.Join(err, part.Error)
	}
	if err != nil {
		return fmt.Errorf("transfer from %s: %w", s.primary.id, err)
	}
	n := len(records)
	if n < 2 || records[0].Header().Rrtype != dns.TypeSOA || !sameData(records[0], records[n-1]) {
		return fmt.Errorf("transfer from %s: %w", s.primary.id, errTransfer)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.frozen {
		s.zone.records = records[:n-1]
	}
	return nil
}
