package names

import (
	"slices"

	"github.com/miekg/dns"
)

// update does one dynamic update as RFC 2136 section 3 orders it: the prerequisites, a scan of the whole
// update, then all of it or nothing. It returns the response code and whether the zone changed.
func (z *Zone) update(m *dns.Msg) (rcode int, changed bool) {
	if rcode = z.prerequisites(m.Answer); rcode != dns.RcodeSuccess {
		return rcode, false
	}
	if rcode = z.prescan(m.Ns); rcode != dns.RcodeSuccess {
		return rcode, false
	}
	serial := z.soa().Serial
	for _, rr := range m.Ns {
		changed = z.change(rr) || changed
	}
	if changed && z.soa().Serial == serial {
		soa := dns.Copy(z.soa()).(*dns.SOA)
		soa.Serial++
		z.records[0] = soa
	}
	return dns.RcodeSuccess, changed
}

// prerequisites are section 3.2: those that depend on values compare whole sets.
func (z *Zone) prerequisites(list []dns.RR) int {
	type owner struct {
		name string
		kind uint16
	}
	wanted := map[owner][]dns.RR{}
	for _, rr := range list {
		h := rr.Header()
		if h.Ttl != 0 {
			return dns.RcodeFormatError
		}
		if !z.holds(h.Name) {
			return dns.RcodeNotZone
		}
		switch h.Class {
		case dns.ClassANY, dns.ClassNONE:
			if h.Rdlength != 0 {
				return dns.RcodeFormatError
			}
			if rcode := z.existence(h); rcode != dns.RcodeSuccess {
				return rcode
			}
		case dns.ClassINET:
			at := owner{dns.CanonicalName(h.Name), h.Rrtype}
			wanted[at] = append(wanted[at], rr)
		default:
			return dns.RcodeFormatError
		}
	}
	for at, want := range wanted {
		if !sameSet(z.set(at.name, at.kind), want) {
			return dns.RcodeNXRrset
		}
	}
	return dns.RcodeSuccess
}

// existence judges a prerequisite that depends on no value: class ANY wants it there, class NONE gone.
func (z *Zone) existence(h *dns.RR_Header) int {
	there := len(z.set(h.Name, h.Rrtype)) > 0
	switch {
	case h.Class == dns.ClassANY && !there && h.Rrtype == dns.TypeANY:
		return dns.RcodeNameError
	case h.Class == dns.ClassANY && !there:
		return dns.RcodeNXRrset
	case h.Class == dns.ClassNONE && there && h.Rrtype == dns.TypeANY:
		return dns.RcodeYXDomain
	case h.Class == dns.ClassNONE && there:
		return dns.RcodeYXRrset
	}
	return dns.RcodeSuccess
}

func sameSet(have, want []dns.RR) bool {
	within := func(a, b []dns.RR) bool {
		for _, x := range a {
			if !slices.ContainsFunc(b, func(y dns.RR) bool { return sameData(x, y) }) {
				return false
			}
		}
		return true
	}
	return within(have, want) && within(want, have)
}

// metaType tells whether a type exists in questions only.
func metaType(kind uint16) bool {
	return kind >= dns.TypeIXFR && kind <= dns.TypeMAILA || kind == dns.TypeTSIG || kind == dns.TypeTKEY || kind == dns.TypeOPT
}

// prescan is section 3.4.1: nothing is done while anything is malformed.
func (z *Zone) prescan(list []dns.RR) int {
	for _, rr := range list {
		h := rr.Header()
		if !z.holds(h.Name) {
			return dns.RcodeNotZone
		}
		bad := metaType(h.Rrtype)
		switch h.Class {
		case dns.ClassINET:
			bad = bad || h.Rrtype == dns.TypeANY || h.Rdlength == 0
		case dns.ClassANY:
			bad = bad || h.Ttl != 0 || h.Rdlength != 0
		case dns.ClassNONE:
			bad = bad || h.Ttl != 0 || h.Rrtype == dns.TypeANY
		default:
			bad = true
		}
		if bad {
			return dns.RcodeFormatError
		}
	}
	return dns.RcodeSuccess
}

// change is section 3.4.2 for one record; it tells whether the zone changed.
func (z *Zone) change(rr dns.RR) bool {
	h := rr.Header()
	name := dns.CanonicalName(h.Name)
	apex := name == z.origin
	switch h.Class {
	case dns.ClassANY:
		return z.drop(func(x dns.RR) bool {
			kind := x.Header().Rrtype
			return x.Header().Name == name && (h.Rrtype == dns.TypeANY || kind == h.Rrtype) && !(apex && kind == dns.TypeNS)
		})
	case dns.ClassNONE:
		if apex && h.Rrtype == dns.TypeNS && len(z.set(name, dns.TypeNS)) == 1 {
			return false // the last name server of a zone stays
		}
		return z.drop(func(x dns.RR) bool { return sameData(x, rr) })
	}
	rr = dns.Copy(rr)
	rr.Header().Name = name
	return z.insert(rr, apex)
}

// insert adds a record, or takes the place of the one it replaces.
func (z *Zone) insert(rr dns.RR, apex bool) bool {
	name := rr.Header().Name
	if soa, ok := rr.(*dns.SOA); ok {
		// Serial numbers are a circle (RFC 1982): newer means ahead by less than half of it.
		if !apex || int32(soa.Serial-z.soa().Serial) <= 0 {
			return false
		}
		z.records[0] = soa
		return true
	}
	_, isAlias := rr.(*dns.CNAME)
	for _, other := range z.set(name, dns.TypeANY) {
		if _, alias := other.(*dns.CNAME); alias != isAlias {
			return false // an alias stands alone
		}
	}
	for i, other := range z.records {
		same := sameData(other, rr)
		if same && other.Header().Ttl == rr.Header().Ttl {
			return false
		}
		if same || isAlias && other.Header().Name == name {
			z.records[i] = rr
			return true
		}
	}
	z.records = append(z.records, rr)
	return true
}
