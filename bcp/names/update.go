package names

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"bongsu/bcp"
)

// plan is an update worked out on what was read.
type plan struct {
	was   state
	after []dns.RR
	epoch uint64
	mark  mark
	idle  bool // the zone is already as it should be
}

// plan says what to write so that the goal stands, or why nothing may be written. It is pure.
func (z *zone) plan(s state, g goal, leader uint64, key string) (plan, error) {
	p := plan{was: s, epoch: s.epoch, mark: mark{leader, s.mark.turn + 1, label(key)}}
	switch {
	case s.mark.leader > leader:
		return p, fmt.Errorf("the leader of epoch %d has written the names since, this is epoch %d: %w", s.mark.leader, leader, bcp.ErrStale)
	case s.epoch == 0:
		return p, fmt.Errorf("%s: %w", z.epoch, errNoEpoch)
	case g.epoch != 0 && s.epoch > g.epoch:
		return p, fmt.Errorf("the names are at epoch %d of the group, the act is of epoch %d: %w", s.epoch, g.epoch, bcp.ErrStale)
	case g.epoch != 0:
		p.epoch = g.epoch
	}
	after, err := g.want(s)
	if err != nil {
		return p, err
	}
	p.after, p.idle = after, p.epoch == s.epoch && same(after, s.set)
	return p, nil
}

// update is the message that makes a plan true if nothing of what was read has changed, and else does
// nothing at all.
func (z *zone) update(p plan) *dns.Msg {
	m := z.conditions(p.was)
	swap(m, p.was.set, p.after)
	swap(m, p.was.epochSet, []dns.RR{z.txt(z.epoch, strconv.FormatUint(p.epoch, 10))})
	z.sign(m, p.was, p.mark)
	return m
}

// shut is the message that changes nothing but the mark, so that an update still under way, which was made
// for the old mark, can no longer happen.
func (z *zone) shut(s state, leader uint64) *dns.Msg {
	m := z.conditions(s)
	z.sign(m, s, mark{leader, s.mark.turn + 1, s.mark.key})
	return m
}

// rehearsal is an update with the true conditions which removes records that are not there: key and policy
// are tried for every name and type, and nothing happens, whoever else writes meanwhile.
func (z *zone) rehearsal(s state) *dns.Msg {
	m := z.conditions(s)
	m.Remove([]dns.RR{z.txt(z.epoch, "nothing"), z.txt(z.leader, "nothing"), nothing(z.header(s.owner, s.kind))})
	return m
}

// nothing is a record that nobody has.
func nothing(h dns.RR_Header) dns.RR {
	switch h.Rrtype {
	case dns.TypeA:
		return &dns.A{Hdr: h, A: make([]byte, 4)}
	case dns.TypeAAAA:
		return &dns.AAAA{Hdr: h, AAAA: make([]byte, 16)}
	case dns.TypeCNAME:
		return &dns.CNAME{Hdr: h, Target: "nothing.invalid."}
	}
	return &dns.SRV{Hdr: h, Target: "nothing.invalid."}
}

// conditions demands that epoch, mark and records are exactly as they were read.
func (z *zone) conditions(s state) *dns.Msg {
	m := new(dns.Msg)
	m.SetUpdate(z.origin)
	demand := func(name string, kind uint16, set []dns.RR) {
		if len(set) == 0 {
			m.RRsetNotUsed([]dns.RR{&dns.ANY{Hdr: dns.RR_Header{Name: name, Rrtype: kind}}})
			return
		}
		m.Used(copies(set))
	}
	demand(z.epoch, dns.TypeTXT, s.epochSet)
	demand(z.leader, dns.TypeTXT, s.markSet)
	demand(s.owner, s.kind, s.set)
	return m
}

func (z *zone) sign(m *dns.Msg, s state, k mark) {
	swap(m, s.markSet, []dns.RR{z.txt(z.leader, strconv.FormatUint(k.leader, 10), strconv.FormatUint(k.turn, 10), k.key)})
}

// swap puts one set in the place of another.
func swap(m *dns.Msg, before, after []dns.RR) {
	if same(before, after) {
		return
	}
	m.RemoveRRset(after[:1])
	m.Insert(copies(after))
}

func copies(set []dns.RR) []dns.RR {
	out := make([]dns.RR, len(set))
	for i, rr := range set {
		out[i] = dns.Copy(rr)
	}
	return out
}

// label is a key as it can stand in a record: what a text record would write in another way, or is too
// long for it, goes by its hash.
func label(key string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._:#-", r)
	}
	if len(key) <= 200 && strings.IndexFunc(key, func(r rune) bool { return !plain(r) }) < 0 {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// errChanged says that the zone is no longer what was read.
var errChanged = errors.New("the names were changed between reading and writing")

// verdict says what became of an update: nil when it was done. An error that matches bcp.ErrNotDone had
// certainly no effect; any other leaves it open.
func (n *Names) verdict(s sent) error {
	server := n.servers[0]
	switch {
	case !s.out:
		return fmt.Errorf("%w: nothing was sent, see whether the primary is up: %w", s.err, bcp.ErrNotDone)
	case s.reply == nil:
		return fmt.Errorf("%w: only reading the names back tells whether it was done", s.err)
	}
	code := s.reply.Rcode
	says := fmt.Sprintf("%s answers %s to an update", server, dns.RcodeToString[code])
	// A server says the first four before it looks at a key, so it cannot always sign them. The others
	// come from within the zone, and count with our signature only.
	switch code {
	case dns.RcodeNotAuth:
		return fmt.Errorf("%s: %s: %w", says, n.authority(s.reply.IsTsig()), bcp.ErrNotDone)
	case dns.RcodeRefused:
		return fmt.Errorf("%s: allow key %s there to change the records of %s, and name the primary first: %w", says, n.key.name, strings.Join(s.names, ", "), bcp.ErrNotDone)
	case dns.RcodeFormatError, dns.RcodeNotImplemented:
		return fmt.Errorf("%s: it does not take dynamic updates, allow them there or name another primary: %w", says, bcp.ErrNotDone)
	case dns.RcodeYXDomain, dns.RcodeNameError, dns.RcodeYXRrset, dns.RcodeNXRrset:
		if s.proven {
			return fmt.Errorf("%s: %w, see who else writes them, then try again: %w", says, errChanged, bcp.ErrNotDone)
		}
	case dns.RcodeNotZone:
		if s.proven {
			return fmt.Errorf("%s: a name is outside of %s, correct zone, service, epoch and leader: %w", says, n.zone.origin, bcp.ErrNotDone)
		}
	case dns.RcodeSuccess:
		if s.proven {
			return nil
		}
	}
	if !s.proven && code != dns.RcodeServerFailure {
		return fmt.Errorf("%s without a sound signature (%v): only reading the names back tells whether it was done", says, s.err)
	}
	return fmt.Errorf("%s: see its log; only reading the names back tells whether it was done", says)
}

// authority is the advice for a server that does not take our word.
func (n *Names) authority(t *dns.TSIG) string {
	if t != nil {
		switch t.Error {
		case dns.RcodeBadKey:
			return "BADKEY: it does not know key " + n.key.name + ", put the key there or correct its name here"
		case dns.RcodeBadSig:
			return "BADSIG: it has another secret for key " + n.key.name + ", put the same one into both places"
		case dns.RcodeBadTime:
			return "BADTIME: its clock and ours differ by more than five minutes, set them right"
		case dns.RcodeBadTrunc:
			return "BADTRUNC: it wants a longer signature, choose another algorithm"
		}
	}
	return "it has no authority for " + n.zone.origin + ", name the zone's primary first"
}
