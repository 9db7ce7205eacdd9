package names

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/miekg/dns"
)

const (
	lookTime = 800 * time.Millisecond // for one look: a server that takes longer is as good as silent
	askTime  = 250 * time.Millisecond // for one packet: a lost one must not use up the look
	maxReply = 1232                   // bytes that pass every path without fragments
	fudge    = 300                    // seconds two clocks may differ, as RFC 8945 recommends
)

// ask puts one question to one server, over UDP and again until the context ends, over TCP what is too long
// for it. An answer that the server gave is no error here, whatever its code.
func ask(ctx context.Context, server, name string, kind uint16, recurse bool) (*dns.Msg, error) {
	m := new(dns.Msg)
	m.SetQuestion(name, kind)
	m.RecursionDesired = recurse
	m.SetEdns0(maxReply, false)
	var last error
	for {
		reply, err := exchange(ctx, "udp", server, m)
		if err == nil && reply.Truncated {
			reply, err = exchange(ctx, "tcp", server, m)
		}
		if err == nil {
			return reply, nil
		}
		// Silence, and the deadline itself, tell less than what went wrong before.
		if last == nil || ctx.Err() == nil && !isTimeout(err) {
			last = err
		}
		// A refused port answers at once: the next try waits for its turn all the same.
		select {
		case <-ctx.Done():
			if isTimeout(last) {
				last = ErrSilent
			}
			return nil, fmt.Errorf("ask %s for %s %s: %w", server, name, dns.TypeToString[kind], last)
		case <-time.After(askTime / 10):
		}
	}
}

func isTimeout(err error) bool {
	var late net.Error
	return errors.As(err, &late) && late.Timeout()
}

func exchange(ctx context.Context, network, server string, m *dns.Msg) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	m.Id = dns.Id() // of its own each time: a late answer to an earlier one is not this one's
	client := dns.Client{Net: network, Timeout: askTime, UDPSize: maxReply}
	reply, _, err := client.ExchangeContext(ctx, m, server)
	if err != nil {
		return nil, err
	}
	if !answers(m, reply) {
		return nil, errAnswer
	}
	return reply, nil
}

// answers says whether a message is the reply to a request.
func answers(m, reply *dns.Msg) bool {
	if !reply.Response || reply.Opcode != m.Opcode {
		return false
	}
	if len(reply.Question) == 0 {
		return reply.Rcode != dns.RcodeSuccess // who refuses need not say what
	}
	a, b := m.Question[0], reply.Question[0]
	return len(reply.Question) == 1 && dns.CanonicalName(a.Name) == dns.CanonicalName(b.Name) && a.Qtype == b.Qtype && a.Qclass == b.Qclass
}

// soundly turns a code other than success into an error; a name that does not exist has no records.
func soundly(server string, m *dns.Msg) error {
	if m.Rcode == dns.RcodeSuccess || m.Rcode == dns.RcodeNameError {
		return nil
	}
	return fmt.Errorf("%s answers %s: %w", server, dns.RcodeToString[m.Rcode], errRcode)
}

var errRcode = errors.New("the server does not answer for the zone; look at its log")

// look reads the zone at one server: the serial before and after has to be the same, so that what stands
// between was true at one moment.
func (n *Names) look(ctx context.Context, server, owner string, kind uint16) (state, error) {
	ctx, cancel := context.WithTimeout(ctx, n.patience)
	defer cancel()
	for range 3 {
		s := state{server: server, owner: owner, kind: kind, at: n.now()}
		before, err := n.serial(ctx, server)
		if err != nil {
			return s, err
		}
		got, err := together(ctx, server, []question{{n.zone.epoch, dns.TypeTXT}, {n.zone.leader, dns.TypeTXT}, {owner, kind}})
		if err == nil {
			err = s.fill(n.zone, got[0], got[1], got[2])
		}
		if err != nil {
			return s, fmt.Errorf("read the zone at %s: %w", server, err)
		}
		if s.serial, err = n.serial(ctx, server); err != nil || s.serial == before {
			return s, err
		}
	}
	return state{}, fmt.Errorf("read the zone at %s: %w", server, errTorn)
}

func (n *Names) serial(ctx context.Context, server string) (uint32, error) {
	reply, err := ask(ctx, server, n.zone.origin, dns.TypeSOA, false)
	if err == nil {
		err = soundly(server, reply)
	}
	if err != nil {
		return 0, err
	}
	serial, err := serialOf(reply, n.zone.origin)
	if err != nil {
		return 0, fmt.Errorf("serial at %s: %w", server, err)
	}
	return serial, nil
}

type question struct {
	name string
	kind uint16
}

// together asks one server several questions at a time.
func together(ctx context.Context, server string, all []question) ([]*dns.Msg, error) {
	got, bad := make([]*dns.Msg, len(all)), make([]error, len(all))
	each(len(all), func(i int) {
		if got[i], bad[i] = ask(ctx, server, all[i].name, all[i].kind, false); bad[i] == nil {
			bad[i] = soundly(server, got[i])
		}
	})
	return got, cmp.Or(bad...)
}

// sent is what is known after an update was tried.
type sent struct {
	names  []string // that it changes
	out    bool     // it may have left this machine
	reply  *dns.Msg
	proven bool // the reply is signed with our key
	err    error
}

// send signs an update and sends it once, over TCP, which repeats nothing by itself.
func (n *Names) send(ctx context.Context, m *dns.Msg) (s sent) {
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	server := n.servers[0]
	for _, rr := range m.Ns {
		s.names = append(s.names, rr.Header().Name)
	}
	s.names = slices.Compact(s.names)
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", server)
	if err != nil {
		s.err = fmt.Errorf("connect to %s: %w", server, err)
		return s
	}
	defer raw.Close()
	stop := context.AfterFunc(ctx, func() { _ = raw.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	m.SetTsig(n.key.name, n.key.algorithm, fudge, n.now().Unix())
	text, mac, err := dns.TsigGenerate(m, n.key.secret, "", false)
	if err != nil {
		s.err = fmt.Errorf("sign an update with key %s: %w", n.key.name, err)
		return s
	}
	conn := &dns.Conn{Conn: raw}
	s.out = true
	if _, err := conn.Write(text); err != nil {
		s.err = fmt.Errorf("send an update to %s: %w", server, err)
		return s
	}
	text, err = conn.ReadMsgHeader(nil)
	if err != nil {
		s.err = fmt.Errorf("no answer of %s to an update: %w", server, err)
		return s
	}
	s.take(m, text, mac, n.key)
	return s
}

// take reads the answer to an update and proves its signature.
func (s *sent) take(m *dns.Msg, text []byte, mac string, key signer) {
	reply := new(dns.Msg)
	if err := reply.Unpack(text); err != nil {
		s.err = fmt.Errorf("read the answer to an update: %w", err)
		return
	}
	if reply.Id != m.Id || !reply.Response || reply.Opcode != m.Opcode {
		s.err = fmt.Errorf("answer to an update: %w", errAnswer)
		return
	}
	s.reply = reply
	switch t := reply.IsTsig(); {
	case t == nil:
		s.err = errUnsigned
	case dns.CanonicalName(t.Hdr.Name) != key.name:
		s.err = fmt.Errorf("signed with key %s: %w", t.Hdr.Name, errUnsigned)
	default:
		s.err = dns.TsigVerify(text, key.secret, mac, false)
	}
	s.proven = s.err == nil
}

// errUnsigned says that a reply proves nothing.
var errUnsigned = errors.New("no signature with our key")
