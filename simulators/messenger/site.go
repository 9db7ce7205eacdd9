package messenger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"bongsu/facility"
	"bongsu/simulators/berth"
)

// The service groups of the messenger, in the order in which they depend on each other.
const (
	groupAccount   = "account"   // logins, sessions, who connects where
	groupAPI       = "api"       // read receipts
	groupMessaging = "messaging" // the messages themselves
)

var groupOrder = []string{groupAccount, groupAPI, groupMessaging}

const (
	heartbeat    = 200 * time.Millisecond
	replicaCall  = time.Second
	commitWait   = 4 * time.Second
	pulledAtOnce = 500
)

// site is one data center of the messenger: a durable store of three logs, and while its power is
// on a server for clients, peers and operators. All else is lost with the power.
type site struct {
	id      string
	address string // as bound, the same after every power loss
	peers   []*site
	net     *backbone
	users   *directory
	admin   string // token of the operators; anybody is one when empty
	log     *slog.Logger
	want    chan bool
	first   net.Listener
	client  *http.Client // to peers
	public  *http.Client // to itself, as an outside check comes in
	leave   func()       // of the one goroutine that runs the site: gives up the address that is kept without power

	promoting sync.Mutex
	connsMu   sync.Mutex
	conns     map[net.Conn]bool // nil while the power is off

	mu       sync.Mutex // guards all below
	groups   map[string]*groupLog
	on       bool
	handling *sync.WaitGroup // requests of this time of power
	sockets  map[*talkSocket]bool
	changed  chan struct{}               // closed at every commit and change of role
	wake     map[string]chan struct{}    // one per peer
	sent     map[string]map[string]int64 // peer, group: what the peer is known to hold
	heard    map[string]time.Time        // when the primary of a group last spoke
	config   siteConfig
	changes  map[string]*configChange // by fault
	frozen   bool
	traffic  string
	draining bool
	meter    meter
	failed   meter
	all      gate
	logins   bucket
	receipts bucket

	witness bool // votes and holds records; never leads
	scaler  *scaler
	offered meter // what was asked for, refused work included
	ingest  pacer
	store   lane // written and not yet on two sites
	fanout  lane // on two sites and not yet pushed
	fanned  int64
	push    bucket
	waiting int                // fan-out queue's bound
	ill     map[string]ailment // by fault
	tiers   map[int]*tierLog
	copied  map[string]map[int]int64 // by peer and tier
}

func newSite(id string, cfg *facility.Messenger, w *backbone, users *directory, log *slog.Logger) *site {
	s := &site{id: id, net: w, users: users, log: log.With("messenger", id), want: make(chan bool, 1),
		groups: map[string]*groupLog{}, changed: make(chan struct{}), wake: map[string]chan struct{}{},
		sent: map[string]map[string]int64{}, admin: cfg.AdminToken, changes: map[string]*configChange{},
		config: newSiteConfig(users.zone, cfg.Capacity), scaler: newScaler(cfg.Scale, cfg.Capacity), waiting: cfg.Queues.Fanout,
		ill: map[string]ailment{}, copied: map[string]map[int]int64{},
		tiers: map[int]*tierLog{tierTwo: newTierLog(id, cfg.Tiers.Two), tierThree: newTierLog(id, cfg.Tiers.Three)}}
	s.ingest = pacer{rate: cfg.Queues.Store, limit: cfg.Queues.Ingest}
	s.push = bucket{rate: cfg.Queues.Push}
	primary := cfg.Sites[0].ID
	for _, g := range groupOrder {
		s.groups[g] = newGroupLog(id, primary)
	}
	return s
}

// open binds the site's address for the first time.
func (s *site) open(address string) (err error) {
	if s.first, err = net.Listen("tcp", address); err != nil {
		return fmt.Errorf("messenger site %s: %w", s.id, err)
	}
	s.address = s.first.Addr().String()
	s.client = &http.Client{Transport: s.net.transport(s.id), Timeout: replicaCall}
	s.public = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2}, Timeout: 3 * time.Second}
	for _, p := range s.peers {
		s.wake[p.id] = make(chan struct{}, 1)
	}
	return nil
}

// setPower asks for power on or off; it returns at once.
func (s *site) setPower(on bool) {
	select {
	case <-s.want:
	default:
	}
	s.want <- on
}

// run keeps the site as its power is until ctx ends.
func (s *site) run(ctx context.Context) error {
	defer s.client.CloseIdleConnections()
	defer s.public.CloseIdleConnections()
	listener := s.first
	on := true
	s.leave = func() {}
	defer func() { s.leave() }()
	for {
		var err error
		if on {
			on, err = s.powered(ctx, listener)
		} else {
			select {
			case <-ctx.Done():
			case on = <-s.want:
			}
			if on && ctx.Err() == nil {
				listener, err = s.listenAgain(ctx)
			}
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("messenger site %s: %w", s.id, err)
		}
	}
}

// listenAgain binds the old address once its last connections are gone.
func (s *site) listenAgain(ctx context.Context) (net.Listener, error) {
	for try := 0; ; try++ {
		l, err := net.Listen("tcp", s.address)
		if err == nil {
			s.leave()
			s.leave = func() {}
		}
		if err == nil || try == 50 {
			return l, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(heartbeat):
		}
	}
}

// powered is one time of power: from switching on until the power goes or ctx ends.
func (s *site) powered(ctx context.Context, listener net.Listener) (on bool, err error) {
	ctx, cut := context.WithCancel(ctx)
	defer cut()
	server := &http.Server{Handler: s.guard(s.routes()), ReadHeaderTimeout: 5 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx }, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	s.switchOn()
	s.log.Info("messenger site up", "address", s.address)
	var running sync.WaitGroup
	failed := make(chan error, 1)
	running.Go(func() { failed <- server.Serve(&trackedListener{listener, s}) })
	running.Go(func() { s.catchUp(ctx) })
	running.Go(func() { s.fanOut(ctx) })
	running.Go(func() { s.scale(ctx) })
	for _, p := range s.peers {
		running.Go(func() { s.feed(ctx, p) })
		running.Go(func() { s.feedTiers(ctx, p) })
	}
	on = true
	for on && ctx.Err() == nil && err == nil {
		select {
		case <-ctx.Done():
		case on = <-s.want:
		case err = <-failed:
		}
	}
	handling := s.switchOff()
	cut()
	_ = server.Close()
	if !on {
		s.keepAddress()
	}
	s.dropConnections()
	s.client.CloseIdleConnections()
	s.public.CloseIdleConnections()
	running.Wait()
	handling.Wait()
	s.log.Info("messenger site down")
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return on, err
}

// keepAddress reserves the address until the power is back, so that no other program is given it.
func (s *site) keepAddress() {
	leave, err := berth.Keep(s.address)
	if err != nil {
		s.log.Debug("the address is not kept", "error", err)
	}
	s.leave = leave
}

func (s *site) switchOn() {
	s.connsMu.Lock()
	s.conns = map[net.Conn]bool{}
	s.connsMu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.on, s.handling = true, &sync.WaitGroup{}
	s.sockets, s.heard = map[*talkSocket]bool{}, map[string]time.Time{}
	s.traffic, s.draining = trafficNormal, false
	s.meter, s.failed = meter{}, meter{}
	s.all, s.logins, s.receipts, s.offered = gate{}, bucket{}, bucket{}, meter{}
	s.ingest.next, s.fanned = time.Time{}, s.groups[groupMessaging].committed
	s.store.restart(s.groups[groupMessaging].last().Seq)
	s.fanout.restart(s.fanned)
	s.scaler.restart()
	s.configure()
	for _, p := range s.peers {
		s.sent[p.id], s.copied[p.id] = map[string]int64{}, map[int]int64{}
		for tier, l := range s.tiers {
			s.copied[p.id][tier] = l.last().Seq
		}
		for g, l := range s.groups {
			s.sent[p.id][g] = l.last().Seq
		}
	}
}

// switchOff takes the power: from here on nothing is written, acknowledged or answered.
func (s *site) switchOff() *sync.WaitGroup {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.on = false
	for _, l := range s.groups {
		l.restart()
	}
	s.announce()
	return s.handling
}

func (s *site) dropConnections() {
	s.connsMu.Lock()
	defer s.connsMu.Unlock()
	s.resetConnections()
	s.conns = nil
}

// hangUp resets what is connected, and lets others come.
func (s *site) hangUp() {
	s.connsMu.Lock()
	defer s.connsMu.Unlock()
	s.resetConnections()
}

// resetConnections ends every connection; the lock of the connections is held.
func (s *site) resetConnections() {
	for c := range s.conns {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // the peer sees a reset, not a farewell
		}
		_ = c.Close()
	}
}

// announce wakes everybody who waits for a commit or a change of role; the lock is held.
func (s *site) announce() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// guard lets a request in only while the power is on, and counts it. Without a way out nobody from outside comes
// through: peers are held back on their side, and operators stand beside it.
func (s *site) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		if !s.on || s.net.isAlone(s.id) && !strings.HasPrefix(r.URL.Path, "/admin/") {
			s.mu.Unlock()
			panic(http.ErrAbortHandler)
		}
		handling := s.handling
		handling.Add(1)
		s.mu.Unlock()
		defer handling.Done()
		r.Body = http.MaxBytesReader(w, r.Body, 8<<20)
		next.ServeHTTP(w, r)
	})
}

// trackedListener remembers the connections of a site, upgraded ones too, so that a power loss can cut them.
type trackedListener struct {
	net.Listener
	site *site
}

// Accept waits for the next connection.
func (l *trackedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.site.connsMu.Lock()
	defer l.site.connsMu.Unlock()
	if l.site.conns == nil {
		_ = c.Close()
	} else {
		l.site.conns[c] = true
	}
	return &trackedConn{c, l.site}, nil
}

type trackedConn struct {
	net.Conn
	site *site
}

// Close closes the connection and forgets it.
func (c *trackedConn) Close() error {
	c.site.connsMu.Lock()
	delete(c.site.conns, c.Conn)
	c.site.connsMu.Unlock()
	return c.Conn.Close()
}
