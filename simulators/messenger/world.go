// Package messenger is the simulated messenger in three data centers, with the DNS that leads to it, its users and the
// people that alarms reach. A checked configuration, operators' orders and faults enter; real servers stand open, and
// what its users saw leaves. It knows nothing of the facility but whether it is dark, and never of who operates it.
package messenger

import (
	"context"
	crand "crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"bongsu/facility"
	"bongsu/simulators/names"
	"bongsu/simulators/people"
)

// World is the messenger in its three data centers, the public DNS that leads to it, its users, and
// the mail server and gateway that alarms reach people by. Everything speaks its real protocol.
type World struct {
	cfg    *facility.Messenger
	log    *slog.Logger
	net    *backbone
	sites  []*site
	dns    []*names.Server
	inbox  *people.Inbox
	users  []*talkUser
	audit  *auditor
	ledger *ledger
	fleet  *fleet
	http   *http.Client

	mu    sync.Mutex
	power map[string]bool            // last asked for, by site
	dark  map[string]map[string]bool // why a site has no power
}

// New builds the world of a checked configuration; it listens nowhere yet. Files are relative to dir.
func New(cfg *facility.Messenger, dir string, log *slog.Logger) (*World, error) {
	full := *cfg
	cfg = &full
	cfg.Defaults()
	key, err := readTSIG(cfg.TSIG, dir)
	if err != nil {
		return nil, err
	}
	zone := dns.CanonicalName(cfg.Zone)
	w := &World{cfg: cfg, log: log, net: newBackbone(), ledger: newLedger(cfg.Late, cfg.Tiers), fleet: newFleet(cfg), inbox: people.New(cfg.People, log),
		power: map[string]bool{}, dark: map[string]map[string]bool{},
		http: &http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16, IdleConnTimeout: 10 * time.Second,
			DialContext: (&net.Dialer{Timeout: time.Second}).DialContext}}}
	users := newDirectory(zone)
	for _, s := range cfg.Sites {
		site := newSite(s.ID, cfg, w.net, users, log)
		site.witness = s.Witness
		w.sites = append(w.sites, site)
		w.power[s.ID], w.dark[s.ID] = true, map[string]bool{}
	}
	for _, s := range w.sites {
		for _, p := range w.sites {
			if p != s {
				s.peers = append(s.peers, p)
			}
		}
	}
	for i := range cfg.DNS {
		var primary *names.Server
		if i > 0 {
			primary = w.dns[0]
		}
		w.dns = append(w.dns, names.New(fmt.Sprintf("ns%d", i+1), key, primary, log))
	}
	w.addUsers(users, zone)
	return w, nil
}

var errNoKey = errors.New("the key for DNS updates has no secret")

func readTSIG(t facility.TSIG, dir string) (names.Key, error) {
	secret := t.Secret
	if t.SecretFile != "" {
		text, err := os.ReadFile(filepath.Join(dir, t.SecretFile))
		if err != nil {
			return names.Key{}, fmt.Errorf("key for DNS updates: %w", err)
		}
		secret = strings.TrimSpace(string(text))
	}
	if raw, err := base64.StdEncoding.DecodeString(secret); err != nil || len(raw) == 0 {
		return names.Key{}, fmt.Errorf("%w in base64", errNoKey)
	}
	return names.Key{Name: dns.CanonicalName(t.Name), Secret: secret}, nil
}

func (w *World) addUsers(users *directory, zone string) {
	names := make([]string, w.cfg.Users)
	for i := range names {
		names[i] = fmt.Sprintf("u%03d", i+1)
	}
	client := func(name string) talkClient {
		password := crand.Text()
		users.add(name, password)
		return talkClient{http: w.http, zone: zone, user: name, pass: password}
	}
	kinds, _ := habits(len(names), w.cfg.Clients, w.cfg.Seed)
	for i, name := range names {
		w.users = append(w.users, &talkUser{client: client(name), ledger: w.ledger, everybody: names, fleet: w.fleet,
			resolver: &talkResolver{zone: zone, habit: kinds[i], lives: w.cfg.Clients.StaleFactor}, rng: rand.New(rand.NewPCG(uint64(w.cfg.Seed), uint64(i)+2))})
	}
	w.audit = &auditor{client: client("auditor"), resolver: &talkResolver{zone: zone, habit: habitSound}, ledger: w.ledger}
	if w.cfg.Password != "" {
		users.add("probe", w.cfg.Password)
	}
}

// Open binds every address, or none.
func (w *World) Open(anyPort bool) (err error) {
	defer func() {
		if err != nil {
			w.Close()
		}
	}()
	at := func(address string) string {
		if anyPort {
			return "127.0.0.1:0"
		}
		return address
	}
	for i, s := range w.sites {
		if err := s.open(at(w.cfg.Sites[i].Address)); err != nil {
			return err
		}
		w.net.sites[s.address] = s.id
	}
	for i, s := range w.dns {
		if err := s.Open(at(w.cfg.DNS[i])); err != nil {
			return err
		}
	}
	var servers []string
	for _, s := range w.dns {
		zone, err := w.zone()
		if err != nil {
			return err
		}
		s.Publish(zone)
		servers = append(servers, s.Address())
	}
	_, pins := habits(len(w.users), w.cfg.Clients, w.cfg.Seed)
	for i, u := range w.users {
		u.resolver.servers = servers
		if s := w.site(pins[i]); s != nil {
			u.resolver.pinned = talkTarget{s.id, s.address, 1}
		}
	}
	w.audit.resolver.servers = servers
	return w.inbox.Open(at(w.cfg.SMTP), at(w.cfg.Gateway))
}

// Close releases what open bound, for a world that never ran.
func (w *World) Close() {
	for _, s := range w.sites {
		if s.first != nil {
			_ = s.first.Close()
		}
	}
	for _, s := range w.dns {
		s.Close()
	}
	w.inbox.Close()
}

// zone is the public zone as it stands at the start: one SRV record leads to the first site, and the epoch
// that every change of it has to name stands beside.
func (w *World) zone() (*names.Zone, error) {
	zone, ttl := dns.CanonicalName(w.cfg.Zone), max(1, int(w.cfg.TTL.Seconds()))
	lines := []string{fmt.Sprintf("%s %d IN SOA ns1.%s ops.%s 1 1 1 86400 1", zone, ttl, zone, zone)}
	add := func(name, format string, a ...any) {
		lines = append(lines, fmt.Sprintf("%s %d IN "+format, append([]any{name, ttl}, a...)...))
	}
	for _, s := range w.dns {
		host, _, _ := net.SplitHostPort(s.Address())
		add(zone, "NS %s.%s", s.ID(), zone)
		add(s.ID()+"."+zone, "A %s", host)
	}
	for i, s := range w.sites {
		host, port, _ := net.SplitHostPort(s.address)
		add(s.id+"."+zone, "A %s", host)
		if i == 0 {
			add("_talk._tcp."+zone, "SRV 0 100 %s %s.%s", port, s.id, zone)
			add("_epoch."+zone, `TXT "1"`)
		}
	}
	var records []dns.RR
	for _, l := range lines {
		rr, err := dns.NewRR(l)
		if err != nil {
			return nil, fmt.Errorf("zone %s: %w", zone, err)
		}
		records = append(records, rr)
	}
	return names.NewZone(zone, records[0].(*dns.SOA), records[1:]), nil
}

// Run plays everything until ctx ends or a part fails.
func (w *World) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	start := func(part func(context.Context) error) {
		running.Go(func() {
			if err := part(ctx); err != nil {
				mu.Lock()
				errs = append(errs, err)
				mu.Unlock()
				cancel()
			}
		})
	}
	for _, s := range w.dns {
		start(s.Run)
	}
	for _, s := range w.sites {
		start(s.run)
	}
	start(w.inbox.Run)
	for _, u := range w.users {
		running.Go(func() { u.run(ctx) })
	}
	running.Go(func() { w.audit.run(ctx) })
	running.Wait()
	w.http.CloseIdleConnections()
	return errors.Join(errs...)
}

// setDark takes or gives back one reason why a site has no power.
func (w *World) setDark(site, why string, dark bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if dark {
		w.dark[site][why] = true
	} else {
		delete(w.dark[site], why)
	}
	on := len(w.dark[site]) == 0
	if on == w.power[site] {
		return
	}
	w.power[site] = on
	w.site(site).setPower(on)
}

func (w *World) site(id string) *site {
	for _, s := range w.sites {
		if s.id == id {
			return s
		}
	}
	return nil
}

func (w *World) server(id string) *names.Server {
	for _, s := range w.dns {
		if s.ID() == id {
			return s
		}
	}
	return nil
}

// resumeTries is how often a primary asks to write on: its peers may still be busy coming up, and answer too late.
const resumeTries = 5

// resume lets a primary that was interrupted write on at its own epoch if nobody was promised a newer one in
// the meantime. A failover that was done stays done.
func (w *World) resume(ctx context.Context) {
	for _, s := range w.sites {
		err := s.resume(ctx)
		for try := 1; try < resumeTries && errors.Is(err, errNoMajority) && ctx.Err() == nil; try++ {
			err = s.resume(ctx)
		}
		if err != nil {
			w.log.Warn("the last primary does not write on", "messenger", s.id, "error", err)
		}
	}
}

// port is the number in a bound address.
func port(address string) int {
	_, text, _ := net.SplitHostPort(address)
	n, _ := strconv.Atoi(text)
	return n
}
