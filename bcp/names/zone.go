package names

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/miekg/dns"
)

// What is wrong with an answer. Each is wrapped with the server and the name it was asked for.
var (
	ErrSilent  = errors.New("no answer in time")
	errAnswer  = errors.New("this answers another question")
	errLame    = errors.New("the server does not speak for the zone: take it out of the list, or make it load the zone")
	errNoSOA   = errors.New("no SOA record")
	errAlias   = errors.New("the name is an alias: only records of its own can be compared and swapped")
	errEpochs  = errors.New("the epoch record is no single number: write the group's epoch into it")
	errMark    = errors.New("the leader record was not written by a leader: remove it")
	errNoEpoch = errors.New("there is no epoch record: write one with the group's epoch, nothing moves without it")
	errTorn    = errors.New("the zone changes faster than it can be read")
)

// mark says who wrote the zone last, and what for. It shuts out leaders of yesterday: their updates were
// made for another mark.
type mark struct {
	leader uint64 // epoch of the leader
	turn   uint64 // counts what this leader wrote
	key    string // of its newest act
}

// state is the zone as one server has it, as far as it concerns us.
type state struct {
	server string
	serial uint32
	epoch  uint64 // of the group; 0 when there is none
	mark   mark
	// The sets as read, for the conditions of an update.
	epochSet, markSet, set []dns.RR
	owner                  string // of set
	kind                   uint16
	at                     time.Time // when reading began
}

// reads gives the records of one type in an answer from an authoritative server.
func reads(m *dns.Msg, owner string, kind uint16) (out []dns.RR, err error) {
	if !m.Authoritative {
		return nil, errLame
	}
	for _, rr := range m.Answer {
		h := rr.Header()
		if h.Class != dns.ClassINET || dns.CanonicalName(h.Name) != owner {
			continue
		}
		if h.Rrtype == dns.TypeCNAME && kind != dns.TypeCNAME {
			return nil, errAlias
		}
		if h.Rrtype == kind {
			out = append(out, rr)
		}
	}
	return out, nil
}

// epochOf reads the group's epoch; 0 for no record.
func epochOf(set []dns.RR) (uint64, error) {
	if len(set) == 0 {
		return 0, nil
	}
	txt, ok := set[0].(*dns.TXT)
	if !ok || len(set) != 1 || len(txt.Txt) != 1 {
		return 0, errEpochs
	}
	n, err := strconv.ParseUint(txt.Txt[0], 10, 64)
	if err != nil || n == 0 || strconv.FormatUint(n, 10) != txt.Txt[0] {
		return 0, errEpochs
	}
	return n, nil
}

// markOf reads who wrote last; the zero mark for no record.
func markOf(set []dns.RR) (m mark, err error) {
	if len(set) == 0 {
		return m, nil
	}
	txt, ok := set[0].(*dns.TXT)
	if !ok || len(set) != 1 || len(txt.Txt) != 3 {
		return m, errMark
	}
	var bad [2]error
	m.leader, bad[0] = strconv.ParseUint(txt.Txt[0], 10, 64)
	m.turn, bad[1] = strconv.ParseUint(txt.Txt[1], 10, 64)
	if errors.Join(bad[:]...) != nil {
		return mark{}, errMark
	}
	m.key = txt.Txt[2]
	return m, nil
}

// serialOf reads the SOA.
func serialOf(m *dns.Msg, zone string) (uint32, error) {
	set, err := reads(m, zone, dns.TypeSOA)
	if err != nil {
		return 0, err
	}
	if len(set) != 1 {
		return 0, errNoSOA
	}
	return set[0].(*dns.SOA).Serial, nil
}

// fill takes the three answers of one look.
func (s *state) fill(c *zone, epoch, leader, set *dns.Msg) (err error) {
	if s.epochSet, err = reads(epoch, c.epoch, dns.TypeTXT); err == nil {
		s.epoch, err = epochOf(s.epochSet)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.epoch, err)
	}
	if s.markSet, err = reads(leader, c.leader, dns.TypeTXT); err == nil {
		s.mark, err = markOf(s.markSet)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.leader, err)
	}
	if s.set, err = reads(set, s.owner, s.kind); err != nil {
		return fmt.Errorf("%s: %w", s.owner, err)
	}
	return nil
}

// zone is the checked configuration in canonical names.
type zone struct {
	origin, service, epoch, leader string
	ttl                            uint32
	targets                        map[string]place // by site
	sites                          map[string]string
}

// place is a host and a port in the public names.
type place struct {
	host string
	port uint16
}

func newZone(c Config) *zone {
	z := &zone{origin: dns.CanonicalName(c.Zone), service: c.qualify(c.Service), epoch: c.qualify(c.Epoch), leader: c.qualify(c.Leader),
		ttl: uint32(c.TTL / time.Second), targets: map[string]place{}, sites: map[string]string{}}
	for site, t := range c.Targets {
		p := place{c.qualify(t.Host), uint16(t.Port)}
		z.targets[site], z.sites[p.host] = p, site
	}
	return z
}

// site names the site of a host; a host that is none of ours goes by its own name.
func (z *zone) site(host string) string {
	host = dns.CanonicalName(host)
	if site, ok := z.sites[host]; ok {
		return site
	}
	return host
}

// lowest gives the SRV records that serve: those of the lowest priority number.
func lowest(set []dns.RR) (out []*dns.SRV) {
	for _, rr := range set {
		srv, ok := rr.(*dns.SRV)
		switch {
		case !ok || srv.Target == ".":
			continue // a lone dot says that the service is not to be had
		case len(out) > 0 && srv.Priority > out[0].Priority:
			continue
		case len(out) > 0 && srv.Priority < out[0].Priority:
			out = nil
		}
		out = append(out, srv)
	}
	return out
}

// weights adds up the serving records by site.
func (z *zone) weights(set []dns.RR) map[string]int {
	out := map[string]int{}
	for _, srv := range lowest(set) {
		out[z.site(srv.Target)] += int(srv.Weight)
	}
	return out
}

// alone says whether a site is the only one that the records lead to, by any priority.
func (z *zone) alone(set []dns.RR, site string) bool {
	for _, rr := range set {
		if srv, ok := rr.(*dns.SRV); !ok || z.site(srv.Target) != site {
			return false
		}
	}
	return len(set) > 0
}
