package names

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"bongsu/bcp"
)

// The kinds of acts this package does.
const (
	KindCanary  = "canary"  // With target, source, epoch of the group, percent: a share of the public to the target
	KindShift   = "shift"   // With target, source, epoch: all of the public to the target
	KindRestore = "restore" // With source, epoch: all of the public back to the source
	KindDNS     = "dns"     // With name, value: one record of the zone, the epoch staying as it is
)

// kinds lists what each act wants, and what takes it back where nobody remembers what stood before. It is
// the only place to add one.
var kinds = map[string]struct {
	want, back func(z *zone, with map[string]string) (goal, error)
}{
	KindCanary:  {want: (*zone).wantCanary, back: (*zone).wantSource},
	KindShift:   {want: (*zone).wantTarget, back: (*zone).wantSource},
	KindRestore: {want: (*zone).wantSource, back: (*zone).wantTarget},
	KindDNS:     {want: (*zone).wantRecord, back: (*zone).wantRecord},
}

// errAct refuses an act that says nothing that can be done.
var errAct = errors.New("the act cannot be understood")

// errMoved refuses a share for a site that has all of it.
var errMoved = errors.New("the target serves alone: a share would send the public back to where it was taken from")

// goal is what an act wants one set of records to be.
type goal struct {
	epoch uint64 // of the group; 0 leaves it as it is
	owner string
	kind  uint16
	text  string // for people
	// want works the new set out on what was read.
	want func(s state) ([]dns.RR, error)
}

func (z *zone) goal(a bcp.Act) (goal, error) {
	k, ok := kinds[a.Kind]
	if !ok {
		return goal{}, fmt.Errorf("kind %q: %w", a.Kind, errAct)
	}
	g, err := k.want(z, a.With)
	if err != nil {
		return g, fmt.Errorf("%s: %w", a.Kind, err)
	}
	return g, nil
}

// with reads what all acts that lead the public carry.
func (z *zone) with(with map[string]string, site string) (p place, epoch uint64, err error) {
	p, ok := z.targets[with[site]]
	if !ok {
		return p, 0, fmt.Errorf("%s %q: want one of %s: %w", site, with[site], strings.Join(sorted(z.targets), ", "), errAct)
	}
	epoch, err = strconv.ParseUint(with["epoch"], 10, 64)
	if err != nil || epoch == 0 {
		return p, 0, fmt.Errorf("epoch %q: want the group's, from 1: %w", with["epoch"], errAct)
	}
	return p, epoch, nil
}

func (z *zone) wantTarget(with map[string]string) (goal, error) { return z.wantAlone(with, "target") }
func (z *zone) wantSource(with map[string]string) (goal, error) { return z.wantAlone(with, "source") }

// wantAlone leads everybody to one site. The others lose their records: a weight of 0 would still be drawn
// now and then, and a client that cannot reach the target would fall back to a site that takes no writes.
func (z *zone) wantAlone(with map[string]string, site string) (goal, error) {
	p, epoch, err := z.with(with, site)
	if err != nil {
		return goal{}, err
	}
	return goal{epoch: epoch, owner: z.service, kind: dns.TypeSRV,
		text: fmt.Sprintf("lead all of %s to %s (%s:%d) at epoch %d", z.service, with[site], p.host, p.port, epoch),
		want: func(state) ([]dns.RR, error) { return []dns.RR{z.srv(p, 100)}, nil }}, nil
}

// wantCanary leads a share to the target; whoever serves now keeps the rest, in the proportions of now.
func (z *zone) wantCanary(with map[string]string) (goal, error) {
	p, epoch, err := z.with(with, "target")
	if err != nil {
		return goal{}, err
	}
	percent, err := strconv.Atoi(with["percent"])
	if err != nil || percent < 1 || percent > 100 {
		return goal{}, fmt.Errorf("percent %q: want 1 to 100: %w", with["percent"], errAct)
	}
	if percent == 100 {
		return z.wantTarget(with)
	}
	return goal{epoch: epoch, owner: z.service, kind: dns.TypeSRV,
		text: fmt.Sprintf("lead %d %% of %s to %s (%s:%d), the rest where it is led now, at epoch %d", percent, z.service, with["target"], p.host, p.port, epoch),
		want: func(s state) ([]dns.RR, error) { return z.canary(s.set, with["target"], percent) }}, nil
}

func (z *zone) canary(have []dns.RR, target string, percent int) ([]dns.RR, error) {
	var others []*dns.SRV
	for _, srv := range lowest(have) {
		if z.site(srv.Target) != target && srv.Weight > 0 {
			others = append(others, srv)
		}
	}
	switch {
	case len(others) == 0 && z.alone(have, target):
		return nil, errMoved
	case len(others) == 0:
		return nil, fmt.Errorf("no site that serves has a weight, so there is nothing to share: %w", errAct)
	case len(others) > 100-percent:
		return nil, fmt.Errorf("%d sites share %d %%: %w", len(others), 100-percent, errAct)
	}
	out := []dns.RR{z.srv(z.targets[target], percent)}
	for i, weight := range split(others, 100-percent) {
		out = append(out, z.srv(place{dns.CanonicalName(others[i].Target), others[i].Port}, weight))
	}
	return out, nil
}

// split divides a whole among records by their weights: at least 1 each, the largest remainders first.
func split(all []*dns.SRV, whole int) []int {
	sum := 0
	for _, srv := range all {
		sum += int(srv.Weight)
	}
	out, left, rest := make([]int, len(all)), whole, make([]float64, len(all))
	for i, srv := range all {
		exact := float64(srv.Weight) / float64(sum) * float64(whole)
		out[i] = max(1, int(exact))
		rest[i] = exact - float64(out[i])
		left -= out[i]
	}
	for ; left != 0; left -= int(math.Copysign(1, float64(left))) {
		i := 0
		for k := range rest {
			// Who got its one as a present has nothing to give back.
			if left > 0 && rest[k] > rest[i] || left < 0 && (out[i] == 1 || out[k] > 1 && rest[k] < rest[i]) {
				i = k
			}
		}
		one := int(math.Copysign(1, float64(left)))
		out[i] += one
		rest[i] -= float64(one)
	}
	return out
}

func (z *zone) srv(p place, weight int) *dns.SRV {
	return &dns.SRV{Hdr: z.header(z.service, dns.TypeSRV), Weight: uint16(weight), Port: p.port, Target: p.host}
}

func (z *zone) txt(name string, text ...string) *dns.TXT {
	return &dns.TXT{Hdr: z.header(name, dns.TypeTXT), Txt: text}
}

func (z *zone) header(name string, kind uint16) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: kind, Class: dns.ClassINET, Ttl: z.ttl}
}

// wantRecord changes one record: an address, an alias, or, for the service, the site it leads to. The
// record has to be there: a slip of the pen must not make a name that nobody asks for.
func (z *zone) wantRecord(with map[string]string) (g goal, err error) {
	name, value := with["name"], with["value"]
	if name == "" || value == "" {
		return g, fmt.Errorf("want a name and a value: %w", errAct)
	}
	c := Config{Zone: z.origin}
	g.owner = c.qualify(name)
	if text, ok := with["epoch"]; ok {
		if g.epoch, err = strconv.ParseUint(text, 10, 64); err != nil {
			return g, fmt.Errorf("epoch %q: want the group's, or none to leave it as it is: %w", text, errAct)
		}
	}
	var rr dns.RR
	switch ip, notIP := netip.ParseAddr(value); {
	case !dns.IsSubDomain(z.origin, g.owner) || g.owner == z.epoch || g.owner == z.leader:
		return g, fmt.Errorf("name %q: want one in %s, and neither the epoch's nor the leader's: %w", name, z.origin, errAct)
	case g.owner == z.service:
		p, ok := z.targets[value]
		if !ok {
			return g, fmt.Errorf("value %q: want one of %s, which this name can lead to: %w", value, strings.Join(sorted(z.targets), ", "), errAct)
		}
		rr = z.srv(p, 100)
	case notIP == nil && ip.Is4():
		rr = &dns.A{Hdr: z.header(g.owner, dns.TypeA), A: ip.AsSlice()}
	case notIP == nil && ip.Zone() == "" && !ip.Is4In6():
		rr = &dns.AAAA{Hdr: z.header(g.owner, dns.TypeAAAA), AAAA: ip.AsSlice()}
	case notIP != nil && strings.HasSuffix(value, ".") && dns.IsFqdn(value) && goodName(value):
		rr = &dns.CNAME{Hdr: z.header(g.owner, dns.TypeCNAME), Target: dns.CanonicalName(value)}
	default:
		return g, fmt.Errorf("value %q: want an address, or a full name with a dot at its end: %w", value, errAct)
	}
	g.kind = rr.Header().Rrtype
	g.text = fmt.Sprintf("set %s to %s", g.owner, value)
	g.want = func(s state) ([]dns.RR, error) {
		if len(s.set) == 0 {
			return nil, fmt.Errorf("%s has no %s record to change: %w", g.owner, dns.TypeToString[g.kind], errAct)
		}
		return []dns.RR{rr}, nil
	}
	return g, nil
}

func goodName(s string) bool { _, ok := dns.IsDomainName(s); return ok && s != "." }

// same says whether two sets hold the same records, whatever their order and life.
func same(a, b []dns.RR) bool {
	within := func(a, b []dns.RR) bool {
		return !slices.ContainsFunc(a, func(x dns.RR) bool {
			return !slices.ContainsFunc(b, func(y dns.RR) bool { return dns.IsDuplicate(x, y) })
		})
	}
	return within(a, b) && within(b, a)
}
