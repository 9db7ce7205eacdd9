package names

import (
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// Zone is the content of one authoritative zone. It knows no socket and no lock: its server serialises
// every call. Names are kept in canonical form.
type Zone struct {
	origin  string
	records []dns.RR // the SOA first
}

// NewZone makes a zone of its SOA and other records.
func NewZone(origin string, soa *dns.SOA, others []dns.RR) *Zone {
	z := &Zone{origin: dns.CanonicalName(origin), records: []dns.RR{soa}}
	z.records = append(z.records, others...)
	return z
}

func (z *Zone) soa() *dns.SOA { return z.records[0].(*dns.SOA) }

func (z *Zone) holds(name string) bool { return dns.IsSubDomain(z.origin, dns.CanonicalName(name)) }

// set gives the records of one name and type; type ANY stands for all of the name.
func (z *Zone) set(name string, kind uint16) (out []dns.RR) {
	name = dns.CanonicalName(name)
	for _, rr := range z.records {
		if h := rr.Header(); h.Name == name && (kind == dns.TypeANY || h.Rrtype == kind) {
			out = append(out, rr)
		}
	}
	return out
}

// exists tells whether a name is in the tree: it owns a record or stands above one that does.
func (z *Zone) exists(name string) bool {
	name = dns.CanonicalName(name)
	return slices.ContainsFunc(z.records, func(rr dns.RR) bool { return dns.IsSubDomain(name, rr.Header().Name) })
}

// drop removes what a test picks and tells whether that was anything. The SOA always stays.
func (z *Zone) drop(pick func(dns.RR) bool) bool {
	before := len(z.records)
	z.records = slices.DeleteFunc(z.records, func(rr dns.RR) bool {
		return rr.Header().Rrtype != dns.TypeSOA && pick(rr)
	})
	return len(z.records) != before
}

// answer fills the reply to a query of this zone.
func (z *Zone) answer(m *dns.Msg, q dns.Question) {
	m.Authoritative = true
	name, seen := dns.CanonicalName(q.Name), map[string]bool{}
	for !seen[name] && z.holds(name) {
		seen[name] = true
		found := z.set(name, q.Qtype)
		m.Answer = append(m.Answer, found...)
		alias := z.set(name, dns.TypeCNAME)
		if len(found) > 0 || len(alias) == 0 || q.Qtype == dns.TypeCNAME {
			break
		}
		m.Answer = append(m.Answer, alias...)
		name = dns.CanonicalName(alias[0].(*dns.CNAME).Target)
	}
	if !z.holds(name) {
		return // an alias leads out of the zone: the asker follows it
	}
	if !z.exists(name) {
		m.Rcode = dns.RcodeNameError
	}
	if len(z.set(name, q.Qtype)) == 0 {
		m.Ns = append(m.Ns, z.negative())
	}
	for _, rr := range m.Answer {
		if srv, ok := rr.(*dns.SRV); ok && z.holds(srv.Target) {
			m.Extra = append(m.Extra, z.set(srv.Target, dns.TypeA)...)
		}
	}
}

// negative is the SOA as it stands beside an empty answer: its life is the time to remember nothing.
func (z *Zone) negative() dns.RR {
	soa := dns.Copy(z.soa()).(*dns.SOA)
	soa.Hdr.Ttl = min(soa.Hdr.Ttl, soa.Minttl)
	return soa
}

// sameData tells whether two records differ in nothing but their life and class.
func sameData(a, b dns.RR) bool {
	x, y := dns.Copy(a), dns.Copy(b)
	x.Header().Class, y.Header().Class = dns.ClassINET, dns.ClassINET
	x.Header().Name, y.Header().Name = strings.ToLower(x.Header().Name), strings.ToLower(y.Header().Name)
	return dns.IsDuplicate(x, y)
}
