package names_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"bongsu/bcp"
	"bongsu/bcp/names"
	"bongsu/facility"
	"bongsu/simulators"
)

// plant is the simulated messenger with its own name servers, users and faults.
type plant struct {
	*names.Names
	t   *testing.T
	sim *simulators.Plant
}

func startPlant(t *testing.T) *plant {
	t.Helper()
	load := func() *facility.Site {
		site, faults := facility.Load("../../sites/demo/site.yaml")
		if err := faults.Err(); err != nil {
			t.Fatal(err)
		}
		return site
	}
	ctx, cancel := context.WithCancel(context.Background())
	sim, err := simulators.Start(ctx, load(), simulators.Options{AnyPort: true})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := sim.Wait(); err != nil {
			t.Error(err)
		}
	})
	site := load()
	sim.Rewire(site)
	m := site.Sim.Messenger
	cfg := names.Config{Zone: m.Zone, Servers: m.DNS, TTL: time.Second, Timeout: 10 * time.Second,
		TSIG: names.Key{Name: m.TSIG.Name, Secret: names.Secret(m.TSIG.Secret)}, Targets: map[string]names.Target{}}
	for _, s := range m.Sites {
		_, text, _ := net.SplitHostPort(s.Address)
		port, _ := strconv.Atoi(text)
		cfg.Targets[s.ID] = names.Target{Host: s.ID, Port: port}
	}
	n, err := names.New(cfg, "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	p := &plant{n, t, sim}
	p.soon("the first site serves", func() bool { return n.Permissions(ctx) == nil && p.leads("dc1", "dc1") })
	return p
}

// leads says whether the simulator's own servers lead to these sites, in their order.
func (p *plant) leads(sites ...string) bool {
	state, _ := p.sim.Messenger()
	for i, s := range state.DNS {
		if s.Leads != sites[i] {
			return false
		}
	}
	return true
}

func (p *plant) soon(what string, ok func() bool) {
	p.t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatalf("not within a minute: %s", what)
		}
	}
}

func (p *plant) fault(kind simulators.FaultKind, server string) (heal func()) {
	p.t.Helper()
	id, err := p.sim.Inject(simulators.Fault{Kind: kind, Target: server})
	if err != nil {
		p.t.Fatal(err)
	}
	return func() {
		if err := p.sim.Clear(id); err != nil {
			p.t.Error(err)
		}
	}
}

func (p *plant) act(kind, key, percent string) (bcp.Receipt, error) {
	return p.Adapters()[kind].Do(p.t.Context(), key, 3, move(kind, percent))
}

func move(kind, percent string) bcp.Act {
	return bcp.Act{Kind: kind, With: map[string]string{"group": "talk", "source": "dc1", "target": "dc2", "epoch": "2", "percent": percent}}
}

// Against the real simulated servers: refused, unanswered, then a share, then everybody, with a secondary
// that has stopped to copy; and the users follow.
func TestThePublicMovesInTheSimulatedWorld(t *testing.T) {
	t.Parallel()
	p := startPlant(t)
	state, _ := p.sim.Messenger()
	serial := state.DNS[0].Serial

	heal := p.fault(simulators.DNSRefuse, "ns1")
	if _, err := p.act(names.KindCanary, "k1", "10"); !errors.Is(err, bcp.ErrNotDone) {
		t.Errorf("refused: %v", err)
	}
	p.soon("permissions name the refusal", func() bool {
		err := p.Permissions(t.Context())
		return err != nil && strings.Contains(err.Error(), "REFUSED")
	})
	heal()
	p.soon("the rehearsal passes", func() bool {
		return p.Adapters()[names.KindCanary].Check(t.Context(), move(names.KindCanary, "10")) == nil
	})
	if state, _ = p.sim.Messenger(); state.DNS[0].Serial != serial {
		t.Error("a rehearsal has changed the zone")
	}

	if _, err := p.act(names.KindCanary, "k2", "10"); err != nil {
		t.Fatal(err)
	}
	var v names.View
	p.soon("the primary is read", func() bool { v = p.Read(t.Context())[0]; return v.Err == nil })
	if v.Weights["dc1"] != 90 || v.Weights["dc2"] != 10 || v.Epoch != 2 || v.Leader != 3 || v.Act != "k2" {
		t.Errorf("%+v", v)
	}
	p.soon("the secondary has the share", func() bool { return p.Read(t.Context())[1].Weights["dc2"] == 10 })

	thaw := p.fault(simulators.DNSFrozen, "ns2")
	began := time.Now()
	if _, err := p.act(names.KindShift, "k3", ""); err != nil {
		t.Fatal(err)
	}
	p.soon("the primary alone leads there while the secondary stands still", func() bool {
		is, resolvers := p.Agree(t.Context(), "dc2", 2)
		if is != bcp.Unseen || resolvers > 1 {
			t.Fatalf("while the secondary stands still: %v, %d resolvers", is, resolvers)
		}
		return resolvers == 1
	})
	thaw()
	p.soon("all servers agree", func() bool { is, n := p.Agree(t.Context(), "dc2", 2); return is == bcp.Yes && n == 2 })
	t.Logf("from the shift to agreement, the secondary thawed in between: %v", time.Since(began).Round(time.Millisecond))
	if !p.leads("dc2", "dc2") {
		t.Error("the simulator sees it otherwise")
	}
	state, _ = p.sim.Messenger()
	p.soon("a user is led to the second site", func() bool {
		at, err := p.Resolve(t.Context(), 1)
		if err == nil && at != state.Sites[1].Address {
			t.Fatalf("a user is led to %q, want %s", at, state.Sites[1].Address)
		}
		return err == nil
	})
}

// The primary falls silent under an update. It did not take it, and the probe finds that out once it speaks.
func TestASilentPrimaryInTheSimulatedWorld(t *testing.T) {
	t.Parallel()
	p := startPlant(t)
	p.soon("the names are claimed", func() bool { return p.Claim(t.Context(), 3) == nil })
	heal := p.fault(simulators.DNSSilent, "ns1")
	if _, err := p.act(names.KindShift, "k", ""); !errors.Is(err, bcp.ErrNotDone) {
		t.Errorf("nothing can be read, so nothing is sent: %v", err)
	}
	if is, _, err := p.Adapters()[names.KindShift].Probe(t.Context(), "k", move(names.KindShift, "")); is != bcp.Unseen || !errors.Is(err, names.ErrSilent) {
		t.Errorf("probe of a silent primary: %v, %v", is, err)
	}
	heal()
	p.soon("it is found undone", func() bool {
		is, seen, err := p.Adapters()[names.KindShift].Probe(t.Context(), "k", move(names.KindShift, ""))
		if is == bcp.Yes {
			t.Fatalf("probe: %v, %v, %v", is, seen, err)
		}
		return is == bcp.No && err == nil
	})
	ctx, stop := context.WithCancel(t.Context())
	w := names.NewWatcher(p.Names, slog.New(slog.DiscardHandler))
	w.Hurry(true)
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	if _, err := p.act(names.KindShift, "k", ""); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	p.soon("the watcher sees all servers agree", func() bool { f := w.Facts(time.Now()); return f.Agreed("dc2", 2) == bcp.Yes && f.Resolvers["dc2"] == 2 })
	t.Logf("from the answer of the primary to the watcher's yes: %v", time.Since(began).Round(time.Millisecond))
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
