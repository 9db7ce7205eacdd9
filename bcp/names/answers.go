package names

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/miekg/dns"
)

// ErrNowhere says that the public names lead to no address.
var ErrNowhere = errors.New("the public names lead nowhere")

// Answer is what the world gets from one resolver.
type Answer struct {
	Resolver string             `json:"resolver"`
	Shares   map[string]float64 `json:"shares,omitempty"` // of new clients by site, 0 to 1
	Alone    string             `json:"alone,omitempty"`  // the one site that every record leads to
	TTL      time.Duration      `json:"ttl"`              // for how long the resolver may still say so
	At       time.Time          `json:"at,omitzero"`      // when it was asked
	Fresh    bool               `json:"fresh"`            // in Facts: young enough to count, and sound
	Problem  string             `json:"problem,omitempty"`
	Err      error              `json:"-"`
}

// Answers asks every resolver at once. It takes at most 0.8 s.
func (n *Names) Answers(ctx context.Context) []Answer {
	out := make([]Answer, len(n.resolvers))
	each(len(out), func(i int) { out[i] = n.answer(ctx, i) })
	return out
}

func (n *Names) answer(ctx context.Context, i int) Answer {
	a := Answer{Resolver: n.resolvers[i], At: n.now()}
	set, _, err := n.public(ctx, a.Resolver)
	if err != nil {
		a.Err, a.Problem = err, err.Error()
		return a
	}
	a.Shares, a.TTL = n.zone.shares(set), life(set)
	for site := range a.Shares {
		if n.zone.alone(set, site) {
			a.Alone = site
		}
	}
	return a
}

// public asks one resolver for the service, as any client does.
func (n *Names) public(ctx context.Context, resolver string) (set []dns.RR, reply *dns.Msg, err error) {
	ctx, cancel := context.WithTimeout(ctx, n.patience)
	defer cancel()
	reply, err = ask(ctx, resolver, n.zone.service, dns.TypeSRV, true)
	if err == nil {
		err = soundly(resolver, reply)
	}
	if err != nil {
		return nil, nil, err
	}
	return serviceIn(reply), reply, nil
}

// serviceIn gives the SRV records of an answer, at the end of whatever aliases lead to them.
func serviceIn(m *dns.Msg) (out []dns.RR) {
	for _, rr := range m.Answer {
		if srv, ok := rr.(*dns.SRV); ok && srv.Hdr.Class == dns.ClassINET {
			out = append(out, srv)
		}
	}
	return out
}

// life is how long the shortest-lived record may be kept.
func life(set []dns.RR) time.Duration {
	shortest := time.Duration(0)
	for i, rr := range set {
		if ttl := time.Duration(rr.Header().Ttl) * time.Second; i == 0 || ttl < shortest {
			shortest = ttl
		}
	}
	return shortest
}

// shares is the part of new clients that each site gets.
func (z *zone) shares(set []dns.RR) map[string]float64 {
	out, sum := map[string]float64{}, 0
	serving := lowest(set)
	for _, srv := range serving {
		sum += int(srv.Weight)
	}
	for _, srv := range serving {
		share := 1 / float64(len(serving)) // no weights at all: any of them
		if sum > 0 {
			share = float64(srv.Weight) / float64(sum)
		}
		out[z.site(srv.Target)] += share
	}
	return out
}

// Resolve leads one user from outside: it asks a resolver (by its place in the configuration), draws a
// record by priority and weight as RFC 2782 says, and gives its host:port. A record whose host has no
// address is passed over for the next; ErrNowhere when there is none.
func (n *Names) Resolve(ctx context.Context, resolver int) (string, error) {
	if resolver < 0 || resolver >= len(n.resolvers) {
		return "", fmt.Errorf("resolver %d of %d: %w", resolver, len(n.resolvers), ErrNowhere)
	}
	server := n.resolvers[resolver]
	set, reply, err := n.public(ctx, server)
	if err != nil {
		return "", err
	}
	for _, srv := range order(set, n.draw) {
		host, err := n.address(ctx, server, srv.Target, reply.Extra)
		if err != nil {
			return "", err
		}
		if host != "" {
			return net.JoinHostPort(host, strconv.Itoa(int(srv.Port))), nil
		}
	}
	return "", fmt.Errorf("%s asked for %s: %w", server, n.zone.service, ErrNowhere)
}

// address finds an address beside the answer, or asks for it; "" when there is none.
func (n *Names) address(ctx context.Context, server, host string, beside []dns.RR) (string, error) {
	if a := addressIn(host, beside); a != "" {
		return a, nil
	}
	ctx, cancel := context.WithTimeout(ctx, n.patience)
	defer cancel()
	for _, kind := range []uint16{dns.TypeA, dns.TypeAAAA} {
		reply, err := ask(ctx, server, host, kind, true)
		if err == nil {
			err = soundly(server, reply)
		}
		if err != nil {
			return "", err
		}
		if a := addressIn("", reply.Answer); a != "" {
			return a, nil
		}
	}
	return "", nil
}

// addressIn finds the first address of a host among records; "" stands for any host.
func addressIn(host string, records []dns.RR) string {
	for _, rr := range records {
		if host != "" && dns.CanonicalName(rr.Header().Name) != dns.CanonicalName(host) {
			continue
		}
		switch a := rr.(type) {
		case *dns.A:
			if a.A != nil {
				return a.A.String()
			}
		case *dns.AAAA:
			if a.AAAA != nil {
				return a.AAAA.String()
			}
		}
	}
	return ""
}

// order puts SRV records into the order in which a client tries them: by priority, and within one by a
// draw in which a weight of 0 has a small chance still (RFC 2782). draw gives a number below its argument.
func order(set []dns.RR, draw func(n int) int) (out []*dns.SRV) {
	var left []*dns.SRV
	for _, rr := range set {
		if srv, ok := rr.(*dns.SRV); ok && srv.Target != "." {
			left = append(left, srv)
		}
	}
	// The first record with a weight has a slightly larger part, so which it is, is drawn too.
	for i := len(left) - 1; i > 0; i-- {
		j := draw(i + 1)
		left[i], left[j] = left[j], left[i]
	}
	slices.SortStableFunc(left, func(a, b *dns.SRV) int {
		weightless := func(s *dns.SRV) int { return min(int(s.Weight), 1) }
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(weightless(a), weightless(b)))
	})
	for len(left) > 0 {
		sum, end := 0, 0
		for end < len(left) && left[end].Priority == left[0].Priority {
			sum += int(left[end].Weight)
			end++
		}
		n := draw(sum + 1)
		i := 0
		for ; i < end-1; i++ {
			if n -= int(left[i].Weight); n <= 0 {
				break
			}
		}
		out = append(out, left[i])
		left = slices.Delete(left, i, i+1)
	}
	return out
}
