package names

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/miekg/dns"

	"bongsu/bcp"
)

// Names is the public names of one service in one zone. It is safe for concurrent use; updates go one
// after the other.
type Names struct {
	zone      *zone
	servers   []string // authoritative, the primary first
	resolvers []string
	key       signer
	timeout   time.Duration // of one update
	patience  time.Duration // for all that is asked of one server in one look
	log       *slog.Logger
	now       func() time.Time
	draw      func(n int) int // below n

	turn  chan struct{} // holds whoever updates
	bell  chan struct{} // rings when an update was tried
	mu    sync.Mutex
	lead  uint64 // newest leader's epoch seen
	wrote time.Time
	kept  attempts
}

type signer struct{ name, secret, algorithm string }

// New reads the key's secret (a file is relative to dir) of a checked configuration. It connects nothing.
func New(cfg Config, dir string, log *slog.Logger) (*Names, error) {
	cfg = cfg.withDefaults()
	secret, err := cfg.TSIG.secret(dir)
	if err != nil {
		return nil, err
	}
	return &Names{zone: newZone(cfg), servers: cfg.Servers, resolvers: cfg.Resolvers, timeout: cfg.Timeout, patience: lookTime, log: log, now: time.Now, draw: rand.IntN,
		key:  signer{dns.CanonicalName(cfg.TSIG.Name), secret, algorithms[cfg.TSIG.Algorithm]},
		turn: make(chan struct{}, 1), bell: make(chan struct{}, 1), kept: attempts{byKey: map[string]*attempt{}}}, nil
}

// View is the zone as one authoritative server has it.
type View struct {
	Server  string         `json:"server"`
	Primary bool           `json:"primary"`
	Serial  uint32         `json:"serial"`
	Epoch   uint64         `json:"epoch"`             // of the group; 0 when it has none
	Weights map[string]int `json:"weights,omitempty"` // by site; a host that is no site's goes by its name
	Alone   string         `json:"alone,omitempty"`   // the one site that every record leads to
	Leader  uint64         `json:"leader"`            // epoch of the leader who wrote last
	Act     string         `json:"act,omitempty"`     // key of what it wrote for
	At      time.Time      `json:"at,omitzero"`       // when the look began
	Fresh   bool           `json:"fresh"`             // in Facts: young enough to count, and sound
	Problem string         `json:"problem,omitempty"`
	Err     error          `json:"-"` // nothing but Server, Primary and At counts beside it
}

// Read looks at every authoritative server at once, the primary first. It takes at most 0.8 s.
func (n *Names) Read(ctx context.Context) []View {
	out := make([]View, len(n.servers))
	each(len(out), func(i int) { out[i] = n.view(ctx, i) })
	return out
}

func (n *Names) view(ctx context.Context, i int) View {
	s, err := n.look(ctx, n.servers[i], n.zone.service, dns.TypeSRV)
	v := n.zone.view(s)
	v.Server, v.Primary = n.servers[i], i == 0
	if err != nil {
		v = View{Server: v.Server, Primary: v.Primary, At: cmp.Or(v.At, n.now()), Problem: err.Error(), Err: err}
	}
	return v
}

func (z *zone) view(s state) View {
	v := View{Serial: s.serial, Epoch: s.epoch, Weights: z.weights(s.set), Leader: s.mark.leader, Act: s.mark.key, At: s.at}
	for site := range v.Weights {
		if z.alone(s.set, site) {
			v.Alone = site
		}
	}
	return v
}

// Permissions proves, without any effect, what a run will need: every authoritative server answers and has
// the epoch record, every site has an address, and the primary takes our key for all we write. It is nil,
// or names each thing that is missing.
func (n *Names) Permissions(ctx context.Context) error {
	var bad []error
	for _, v := range n.Read(ctx) {
		switch {
		case v.Err != nil:
			bad = append(bad, v.Err)
		case v.Epoch == 0:
			bad = append(bad, fmt.Errorf("%s at %s: %w", n.zone.epoch, v.Server, errNoEpoch))
		}
	}
	for _, site := range sorted(n.zone.targets) {
		bad = append(bad, n.addressed(ctx, site))
	}
	s, err := n.look(ctx, n.servers[0], n.zone.service, dns.TypeSRV)
	if err == nil {
		err = n.rehearse(ctx, s)
	}
	return errors.Join(append(bad, err)...)
}

// Agree asks every authoritative server and resolver now. It is Yes when all servers lead to the target
// alone at the epoch; see Facts.Agreed. The number is how many resolvers lead to the target alone.
func (n *Names) Agree(ctx context.Context, target string, epoch uint64) (bcp.Tri, int) {
	var views []View
	var found []Answer
	each(2, func(i int) {
		if i == 0 {
			views = n.Read(ctx)
		} else {
			found = n.Answers(ctx)
		}
	})
	f := fold(sight{now: n.now(), fresh: time.Minute, sites: sorted(n.zone.targets)}, views, found)
	return f.Agreed(target, epoch), f.Resolvers[target]
}

// each runs a function for 0 to n-1 at once and waits for all.
func each(n int, do func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { do(i) })
	}
	all.Wait()
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
