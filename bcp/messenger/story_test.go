package messenger_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"bongsu/bcp"
	"bongsu/bcp/messenger"
	"bongsu/facility"
	"bongsu/simulators"
)

var services = []string{"account", "api", "messaging"}

// story is the simulated messenger on real sockets with its users, and our hands and eyes on it.
type story struct {
	t     *testing.T
	plant *simulators.Plant
	m     *messenger.Messenger
	w     *messenger.Watcher
	group messenger.GroupWatch
	keys  int
}

// tell starts everything, and sees at the end that nothing of it is left running.
func tell(t *testing.T, token messenger.Secret) *story {
	t.Helper()
	before := runtime.NumGoroutine()
	site, faults := facility.Load("testdata/site.yaml")
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	plant, err := simulators.Start(ctx, site, simulators.Options{AnyPort: true})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	s := &story{t: t, plant: plant}
	t.Cleanup(func() {
		cancel()
		if err := plant.Wait(); err != nil {
			t.Error(err)
		}
		s.until("everything has ended", func() bool { return runtime.NumGoroutine() <= before })
	})
	cfg := messenger.Config{Host: "api.talk.test", User: "probe", Password: "probe", Token: token}
	for _, site := range s.state().Sites {
		cfg.Sites = append(cfg.Sites, messenger.SiteConfig{ID: site.ID, Admin: "http://" + site.Address, Public: site.Address})
	}
	cfg.Check("", func(path, format string, a ...any) { t.Errorf("%s: %s", path, fmt.Sprintf(format, a...)) })
	if s.m, err = messenger.New(cfg, "", slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	s.watch()
	return s
}

func (s *story) watch() {
	var resolvers []messenger.Resolver
	for _, d := range s.state().DNS {
		resolvers = append(resolvers, messenger.Resolver{ID: d.ID, Resolve: func(ctx context.Context) (string, error) { return lookUp(ctx, d.Address) }})
	}
	s.w = s.m.Watcher(resolvers)
	s.group = messenger.GroupWatch{Group: "talk", Source: "dc1", Target: "dc2", Services: services}
	s.enter(bcp.RunArmed)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.w.Run(ctx) }()
	s.t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			s.t.Error(err)
		}
	})
	s.until("the users write", func() bool { n := s.state(); return n.Acked > 20 && n.Connected == 20 })
	s.until("the watcher has seen it", func() bool { return s.talk().Precheck.Foreground > 1 && s.talk().Alive == bcp.Yes })
}

func (s *story) state() simulators.MessengerState {
	st, _ := s.plant.Messenger()
	return st
}

func (s *story) talk() bcp.GroupFacts { return s.w.Facts(time.Now()).Groups["talk"] }

// enter tells the watcher that the run has come to a state.
func (s *story) enter(state string) {
	s.group.State, s.group.Since = state, time.Now()
	s.w.Watch([]messenger.GroupWatch{s.group})
}

func (s *story) until(what string, ok func() bool) {
	s.t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("never: %s\nfacts %+v\nstate %+v", what, s.talk(), s.state().MessengerCounts)
		}
	}
}

// passes waits until a guard says yes.
func (s *story) passes(state string, guard func(g bcp.GroupFacts) bcp.Answer) {
	s.t.Helper()
	began := time.Now()
	s.enter(state)
	var a bcp.Answer
	defer func() { s.t.Logf("%-14s %6v  %s", state, time.Since(began).Round(time.Millisecond), a.Why) }()
	s.until(state, func() bool { a = guard(s.talk()); return a.Is == bcp.Yes })
}

// do acts through an adapter and logs how long it took.
func (s *story) do(kind string, with ...string) (bcp.Receipt, error) {
	s.t.Helper()
	s.keys++
	a := bcp.Act{Kind: kind, With: map[string]string{"group": "talk", "source": s.group.Source, "target": s.group.Target, "epoch": fmt.Sprint(s.group.Epoch)}}
	for i := 0; i < len(with); i += 2 {
		a.With[with[i]] = with[i+1]
	}
	began := time.Now()
	r, err := s.m.Adapters()[kind].Do(s.t.Context(), fmt.Sprint(kind, s.keys), 1, a)
	s.t.Logf("%-14s %6v  %v %v", kind+" "+strings.Join(with, " "), time.Since(began).Round(time.Millisecond), r, err)
	return r, err
}

func (s *story) must(kind string, with ...string) bcp.Receipt {
	s.t.Helper()
	r, err := s.do(kind, with...)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

func (s *story) inject(kind simulators.FaultKind, target, mode string) (clear func()) {
	s.t.Helper()
	id, err := s.plant.Inject(simulators.Fault{Kind: kind, Target: target, Params: simulators.FaultParams{Mode: mode}})
	if err != nil {
		s.t.Fatal(err)
	}
	return func() {
		if err := s.plant.Clear(id); err != nil {
			s.t.Error(err)
		}
	}
}

var errNowhere = errors.New("the name leads nowhere")

// lookUp asks a name server where the public name leads.
func lookUp(ctx context.Context, server string) (string, error) {
	m := new(dns.Msg)
	m.SetQuestion("_talk._tcp.talk.test.", dns.TypeSRV)
	reply, _, err := new(dns.Client).ExchangeContext(ctx, m, server)
	if err != nil {
		return "", err
	}
	for _, rr := range reply.Answer {
		if srv, ok := rr.(*dns.SRV); ok && srv.Weight > 0 {
			return net.JoinHostPort("127.0.0.1", fmt.Sprint(srv.Port)), nil
		}
	}
	return "", errNowhere
}

// shift leads the public name to a site: what the room of names does in earnest.
func (s *story) shift(site string) {
	s.t.Helper()
	rr := func(format string, a ...any) dns.RR {
		r, err := dns.NewRR(fmt.Sprintf(format, a...))
		if err != nil {
			s.t.Fatal(err)
		}
		return r
	}
	var port string
	for _, st := range s.state().Sites {
		if st.ID == site {
			_, port, _ = net.SplitHostPort(st.Address)
		}
	}
	m := new(dns.Msg)
	m.SetUpdate("talk.test.")
	m.RemoveRRset([]dns.RR{rr("_talk._tcp.talk.test. 0 IN SRV 0 0 0 ."), rr(`_epoch.talk.test. 0 IN TXT ""`)})
	m.Used([]dns.RR{rr(`_epoch.talk.test. 0 IN TXT "1"`)})
	m.Insert([]dns.RR{rr("_talk._tcp.talk.test. 1 IN SRV 0 100 %s %s.talk.test.", port, site), rr(`_epoch.talk.test. 1 IN TXT "2"`)})
	m.SetTsig("story.", dns.HmacSHA256, 300, time.Now().Unix())
	client := &dns.Client{Net: "tcp", TsigSecret: map[string]string{"story.": "b25seSBmb3IgdGhlIHN0b3JpZXMgb2YgdGhlc2UhISE="}}
	reply, _, err := client.ExchangeContext(s.t.Context(), m, s.state().DNS[0].Address)
	if err != nil || reply.Rcode != dns.RcodeSuccess {
		s.t.Fatalf("shift: %v, %v", reply, err)
	}
}

func data(g bcp.GroupFacts) bcp.Answer {
	var all []bcp.Service
	for _, s := range services {
		all = append(all, bcp.Service{ID: s, Tier: 1})
	}
	return bcp.DataGate(all, g.Data)
}

// said makes an answer of facts that all have to be true.
func said(facts ...bcp.Tri) bcp.Answer {
	for _, f := range facts {
		if f != bcp.Yes {
			return bcp.Answer{Is: bcp.Unseen}
		}
	}
	return bcp.Answer{Is: bcp.Yes}
}

// The power of the serving site goes under load. What the watcher sees carries the run through every guard, what
// the adapters do moves the service, and no acknowledged message is lost.
func TestTheServingSiteLosesItsPower(t *testing.T) {
	s := tell(t, "open sesame")
	if p, words := s.m.Permissions(t.Context(), "dc1", "dc2"); p.OK != bcp.Yes {
		t.Fatal(words)
	}
	s.inject(simulators.SitePower, "dc1", "")
	cut := time.Now()
	s.passes(bcp.RunSuspect, func(g bcp.GroupFacts) bcp.Answer { return bcp.Confirmed(time.Now(), "dc1", g, nil) })
	if took := time.Since(cut); took > 20*time.Second { // virtual time holds it to five; a busy machine's looks come late
		t.Errorf("confirmed after %v", took)
	}
	confirmed := time.Now()
	s.group.Begun, s.group.SourceOff = time.Now(), bcp.Yes
	s.passes(bcp.RunPrecheck, func(g bcp.GroupFacts) bcp.Answer { return bcp.Precheck(time.Now(), g.Precheck) })
	s.group.Epoch = 2
	s.must("fence")
	s.passes(bcp.RunFencing, func(g bcp.GroupFacts) bcp.Answer {
		g.Fence.PowerOff = bcp.Yes // the building's own feedback
		return bcp.Fenced(2, g.Fence)
	})
	s.passes(bcp.RunDataGate, data)
	s.enter(bcp.RunPromoting)
	for _, service := range services {
		s.must("promote", "service", service)
	}
	s.passes(bcp.RunVerifyTarget, func(g bcp.GroupFacts) bcp.Answer {
		return said(g.Target["login"], g.Target["send"], g.Target["receive"], g.Target["push"], g.Target["read"])
	})
	s.must("shed")
	s.passes(bcp.RunShiftCanary, func(g bcp.GroupFacts) bcp.Answer { return said(g.ErrorsLow) })
	s.shift("dc2")
	s.passes(bcp.RunShiftFull, func(g bcp.GroupFacts) bcp.Answer { return said(g.ReadBack) })
	t.Logf("served again %v after the cut, %v after it was confirmed", time.Since(cut).Round(time.Millisecond), time.Since(confirmed).Round(time.Millisecond))
	if _, err := s.do("drain"); !errors.Is(err, bcp.ErrNotDone) {
		t.Errorf("a dead source was drained: %v", err)
	}
	s.passes(bcp.RunVerifyPublic, func(g bcp.GroupFacts) bcp.Answer {
		if len(g.Outside) != 2 || g.Outside[0].Row < 5 || g.Outside[1].Row < 5 || g.Resolvers != 2 {
			return bcp.Answer{}
		}
		return said(g.OldSessions, g.Reconnected, g.StormOver)
	})
	acked := s.state().Acked
	s.until("users write at the new site and nothing is open", func() bool { n := s.state(); return n.Acked > acked+20 && n.Unverified == 0 })
	if n := s.state(); n.Lost != 0 || n.Duplicated != 0 || !n.Sites[1].Serving {
		t.Errorf("%+v", n.MessengerCounts)
	}
}

// People take a run back before traffic has moved: the source leads again at an epoch of its own, and the users
// have lost nothing.
func TestARunIsTakenBack(t *testing.T) {
	s := tell(t, "open sesame")
	s.group.Epoch, s.group.Begun = 2, time.Now()
	s.passes(bcp.RunPrecheck, func(g bcp.GroupFacts) bcp.Answer {
		if g.Precheck.NoDrift != bcp.Yes || g.Precheck.Permissions.OK != bcp.Yes {
			return bcp.Answer{}
		}
		return bcp.Precheck(time.Now(), g.Precheck)
	})
	r := s.must("fence")
	if r["dc1"] != "read-only at epoch 2" || r["stores/messaging"] != "3 of 3" {
		t.Errorf("fence: %v", r)
	}
	s.passes(bcp.RunFencing, func(g bcp.GroupFacts) bcp.Answer { return bcp.Fenced(2, g.Fence) })
	s.passes(bcp.RunDataGate, data)
	s.must("promote", "service", "account")
	s.must("shed")
	if r := s.must("compensate"); r["epoch"] != "3" || r["messaging"] != "leads again" {
		t.Errorf("compensate: %v", r)
	}
	s.until("the source serves", func() bool { return s.state().Sites[0].Serving })
	if e := s.w.Facts(time.Now()).NewestEpoch["talk"]; e != 3 {
		t.Errorf("newest epoch %d", e)
	}
	acked := s.state().Acked
	s.until("users write on", func() bool { n := s.state(); return n.Acked > acked+20 && n.Unverified == 0 })
	if n := s.state(); n.Lost != 0 || n.Duplicated != 0 {
		t.Errorf("%+v", n.MessengerCounts)
	}
	_, err := s.do("fence") // of the run that was taken back
	if !errors.Is(err, bcp.ErrStale) {
		t.Errorf("an order of an epoch that is over: %v", err)
	}
}

// The serving site is cut off from the other two, but not from us: we see it alive, they do not, and nothing is
// replicated. That is told as it is; and the old site can be made to prove that it writes no more.
func TestThePrimaryIsCutOffFromTheOthers(t *testing.T) {
	s := tell(t, "open sesame")
	for _, other := range []string{"dc2", "dc3"} {
		defer s.inject(simulators.SitePartition, "dc1", other)()
	}
	s.passes(bcp.RunSuspect, func(g bcp.GroupFacts) bcp.Answer { return bcp.Confirmed(time.Now(), "dc1", g, nil) })
	s.until("it is told as it is", func() bool { g := s.talk(); return g.Alive == bcp.Yes && g.Misses == 0 && g.Stalled == bcp.Yes })
	s.group.Epoch, s.group.Begun = 2, time.Now()
	s.enter(bcp.RunFencing)
	s.must("fence")
	s.until("it is fenced", func() bool { return bcp.Fenced(2, s.talk().Fence).Is == bcp.Yes })
	s.passes(bcp.RunDataGate, data)
}

// With a wrong token nothing is permitted, nothing is done, and nothing is taken for proof.
func TestAWrongTokenIsFoundBeforeItMatters(t *testing.T) {
	site, faults := facility.Load("testdata/site.yaml")
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	plant, err := simulators.Start(ctx, site, simulators.Options{AnyPort: true})
	if err != nil {
		t.Fatal(err)
	}
	st, _ := plant.Messenger()
	cfg := messenger.Config{Host: "api.talk.test", User: "probe", Password: "probe", Token: "open barley",
		Timeouts: messenger.Timeouts{Poll: time.Minute, Order: time.Minute, Promote: time.Minute, Check: time.Minute}} // silence is no refusal
	for _, site := range st.Sites {
		cfg.Sites = append(cfg.Sites, messenger.SiteConfig{ID: site.ID, Admin: "http://" + site.Address, Public: site.Address})
	}
	m, err := messenger.New(cfg, "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if p, words := m.Permissions(t.Context(), "dc1", "dc2"); p.OK != bcp.No || len(words) == 0 || strings.Contains(strings.Join(words, ""), "barley") {
		t.Errorf("%+v: %v", p, words)
	}
	w := m.Watcher(nil)
	w.Watch([]messenger.GroupWatch{{Group: "talk", Source: "dc1", Target: "dc2", Services: services, Epoch: 2}})
	_, err = m.Adapters()["fence"].Do(t.Context(), "k", 1, bcp.Act{With: map[string]string{"group": "talk", "source": "dc1", "target": "dc2", "epoch": "2"}})
	if !errors.Is(err, bcp.ErrNotDone) {
		t.Errorf("fence: %v", err)
	}
	if after, _ := plant.Messenger(); !after.Sites[0].Primary {
		t.Error("the source was fenced")
	}
	cancel()
	if err := plant.Wait(); err != nil {
		t.Error(err)
	}
}
