package messenger

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"bongsu/bcp"
)

// fakeTalk is a messenger of three sites in memory that keeps the promises of the real one: stores obey no epoch
// older than promised, a promotion needs a majority and a log without a hole. It can be nasty where a real one
// seldom is.
type fakeTalk struct {
	mu    sync.Mutex
	sites map[string]*fakeSite
	calls []string // site order service, in the order of their arrival
	mail  map[string]Message

	public1 string           // the site that the public name leads to
	onHang  func(change int) // told of calls that hang, if set
}

type fakeSite struct {
	id       string
	stores   map[string]*GroupState
	traffic  string
	frozen   bool
	config   string
	sessions int
	load     float64
	failed   float64

	down   bool                // nothing listens
	hang   map[string]bool     // what is never answered: state, readonly, promote, or * for all
	drop   map[string]bool     // what is done but not answered
	refuse map[string]*Problem // what is refused
}

var fakeServices = []string{"account", "api", "messaging"}

func newFakeTalk() *fakeTalk {
	f := &fakeTalk{sites: map[string]*fakeSite{}, mail: map[string]Message{}, public1: "dc1"}
	for _, id := range []string{"dc1", "dc2", "dc3"} {
		s := &fakeSite{id: id, stores: map[string]*GroupState{}, traffic: trafficNormal, config: "v1", hang: map[string]bool{}, drop: map[string]bool{}, refuse: map[string]*Problem{}}
		for _, g := range fakeServices {
			s.stores[g] = &GroupState{Role: roleReplica, Epoch: 1, Primary: "dc1", Last: 100, LastEpoch: 1, Committed: 100, Known: 100, SilentMS: 50}
			if id == "dc1" {
				s.stores[g].Role, s.stores[g].SilentMS = rolePrimary, 0
			}
		}
		if id == "dc1" {
			s.sessions, s.load = 40, 20
		}
		f.sites[id] = s
	}
	return f
}

// with changes the fake while nobody looks.
func (f *fakeTalk) with(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// count tells how often something was asked of a site; what "readonly" counts all readonly orders.
func (f *fakeTalk) count(prefix string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.calls {
		if strings.HasPrefix(c, prefix) {
			n++
		}
	}
	return n
}

// called lists what was asked so far.
func (f *fakeTalk) called() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

// RoundTrip carries a request to the site whose name is the host's first label, without a network.
func (f *fakeTalk) RoundTrip(r *http.Request) (*http.Response, error) {
	id, _, _ := strings.Cut(r.URL.Host, ".")
	s := f.sites[id]
	f.mu.Lock()
	down := s.down
	f.mu.Unlock()
	if down {
		return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	}
	if t := httptrace.ContextClientTrace(r.Context()); t != nil && t.GotConn != nil {
		t.GotConn(httptrace.GotConnInfo{})
	}
	what := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/admin/v1/"), "/synthetic/v1/")
	f.mu.Lock()
	hang, drop := s.hang[what] || s.hang["*"], s.drop[what]
	f.mu.Unlock()
	if hang {
		f.hanging(1)
		<-r.Context().Done()
		f.hanging(-1)
		return nil, r.Context().Err()
	}
	w := httptest.NewRecorder()
	f.serve(s, what, w, r)
	if drop {
		return nil, syscall.ECONNRESET
	}
	return w.Result(), nil
}

func (f *fakeTalk) hanging(change int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.onHang != nil {
		f.onHang(change)
	}
}

func (f *fakeTalk) serve(s *fakeSite, what string, w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var o Order
	var m Message
	if r.Body != nil {
		text, _ := io.ReadAll(r.Body)
		_, _ = json.Unmarshal(text, &o), json.Unmarshal(text, &m) // one of them is meant
	}
	dry := ""
	if o.Dry {
		dry = "dry "
	}
	f.calls = append(f.calls, strings.TrimSpace(s.id+" "+dry+what+" "+o.Group))
	answer, p := f.answer(s, what, o, r)
	if strings.HasPrefix(r.URL.Path, "/v1/") || r.URL.Path == "/healthz" {
		answer, p = f.public(s, r, m)
	}
	if s.refuse[what] != nil {
		p = s.refuse[what]
	}
	if p != nil {
		w.WriteHeader(p.Status)
		_ = json.NewEncoder(w).Encode(p)
		return
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (f *fakeTalk) answer(s *fakeSite, what string, o Order, r *http.Request) (any, *Problem) {
	if strings.HasPrefix(r.URL.Path, "/synthetic/") {
		if s.stores["messaging"].Role != rolePrimary {
			return nil, &Problem{Status: 503, Code: "check-failed"}
		}
		return CheckResult{Site: s.id, Check: what, OK: true}, nil
	}
	var p *Problem
	switch what {
	case OrderReadOnly:
		p = f.fence(s, o)
	case OrderPromote:
		p = f.promote(s, o)
	case OrderTraffic:
		if !o.Dry {
			s.traffic = o.Mode
		}
	case OrderClose:
		if !o.Dry {
			s.sessions = 0
		}
	case OrderFreeze:
		if !o.Dry {
			s.frozen = *o.On
		}
	}
	return s.state(), p
}

func (s *fakeSite) state() State {
	out := State{Site: s.id, Power: true, Serving: true, Groups: map[string]GroupState{}, Traffic: s.traffic, Frozen: s.frozen, Config: s.config,
		Sessions: s.sessions, Capacity: 400, Load: s.load, Failed: s.failed, Time: time.Now()}
	for g, l := range s.stores {
		out.Groups[g] = *l
		out.Serving = out.Serving && l.Role == rolePrimary
	}
	return out
}

func (f *fakeTalk) fence(s *fakeSite, o Order) *Problem {
	l := s.stores[o.Group]
	switch {
	case l == nil:
		return &Problem{Status: 404, Code: "unknown-group"}
	case o.Epoch < l.Epoch || o.Epoch == l.Epoch && l.Role == rolePrimary:
		return &Problem{Status: 409, Code: codeStale, Epoch: l.Epoch}
	case o.Dry:
		return nil
	}
	if o.Epoch > l.Epoch {
		l.Epoch, l.Primary = o.Epoch, ""
	}
	l.Role = roleReadOnly
	return nil
}

// promises says whether a store would promise an epoch to a site.
func (l *GroupState) promises(epoch uint64, site string) *Problem {
	switch {
	case epoch < l.Epoch:
		return &Problem{Status: 409, Code: codeStale, Epoch: l.Epoch}
	case epoch == l.Epoch && l.Primary != "" && l.Primary != site:
		return &Problem{Status: 409, Code: "epoch-claims", Epoch: l.Epoch}
	}
	return nil
}

func (f *fakeTalk) promote(s *fakeSite, o Order) *Problem {
	l, granted := s.stores[o.Group], []*GroupState{}
	if l == nil {
		return &Problem{Status: 404, Code: "unknown-group"}
	}
	need := int64(0)
	for _, id := range []string{"dc1", "dc2", "dc3"} {
		peer := f.sites[id]
		if peer != s && (peer.down || peer.hang["*"]) {
			continue
		}
		if p := peer.stores[o.Group].promises(o.Epoch, s.id); p != nil {
			return p
		}
		granted, need = append(granted, peer.stores[o.Group]), max(need, peer.stores[o.Group].Committed)
	}
	switch {
	case len(granted) < 2:
		return &Problem{Status: 503, Code: codeNoMajority}
	case l.Last < need:
		return &Problem{Status: 412, Code: codeHole}
	case o.Dry:
		return nil
	}
	if l.Role != rolePrimary {
		l.Last, l.Role = l.Last+1, rolePrimary // the mark of the epoch
	}
	for _, g := range granted {
		if g.Epoch, g.Primary = o.Epoch, s.id; g != l {
			g.Role = roleReplica
		}
		g.Last, g.LastEpoch, g.Committed, g.Known = l.Last, o.Epoch, l.Last, l.Last
	}
	return nil
}

// public is what clients see: one account, who writes to itself.
func (f *fakeTalk) public(s *fakeSite, r *http.Request, m Message) (any, *Problem) {
	leader := ""
	for id, o := range f.sites {
		if o.stores["messaging"].Role == rolePrimary && !o.down {
			leader = id
		}
	}
	switch {
	case r.Host != "api.talk.test":
		return nil, &Problem{Status: 421, Code: "wrong-host"}
	case r.URL.Path == "/healthz":
		return map[string]string{"site": s.id}, nil
	case leader == "":
		return nil, &Problem{Status: 421, Code: "not-primary"}
	case r.URL.Path == "/v1/login":
		return map[string]string{"session": "s-" + s.id}, nil
	case r.URL.Path == "/v1/connection":
		return Connection{Site: leader, Address: leader + ".test:80", Epoch: 1}, nil
	case r.URL.Path == "/v1/messages":
		m.Seq, m.Site, m.Role = 7, s.id, rolePrimary
		f.mail[m.ID] = m
		return m, nil
	}
	m, ok := f.mail[strings.TrimPrefix(r.URL.Path, "/v1/messages/")]
	if !ok {
		return nil, &Problem{Status: 404, Code: "not-found"}
	}
	m.Site = s.id
	return m, nil
}

func fakeConfig() Config {
	c := Config{Host: "api.talk.test", User: "probe", Password: "p", Token: "t"}
	for _, id := range []string{"dc1", "dc2", "dc3"} {
		c.Sites = append(c.Sites, SiteConfig{ID: id, Admin: "http://" + id + ".test", Public: id + ".test:80"})
	}
	return c
}

// talkGroup is the group that moves from dc1 to dc2.
func talkGroup() GroupWatch {
	return GroupWatch{Group: "talk", Source: "dc1", Target: "dc2", Services: fakeServices, State: bcp.RunArmed}
}

// fakeHands is a messenger whose calls go to a fake.
func fakeHands(t *testing.T, f *fakeTalk) *Messenger {
	t.Helper()
	m, err := New(fakeConfig(), "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	m.client.http.Transport = f
	m.groups = []GroupWatch{talkGroup()}
	return m
}

// act is an act of the failover run of the fake.
func act(kind string, with ...string) bcp.Act {
	a := bcp.Act{Kind: kind, With: map[string]string{fieldGroup: "talk", fieldSource: "dc1", fieldTarget: "dc2", fieldEpoch: "2"}}
	for i := 0; i+1 < len(with); i += 2 {
		a.With[with[i]] = with[i+1]
	}
	return a
}

// mustBe checks which of the three kinds an error is of: "done", "not-done", "stale" or "unknown".
func mustBe(t *testing.T, what string, err error, want string) {
	t.Helper()
	have := "unknown"
	switch {
	case err == nil:
		have = "done"
	case errors.Is(err, bcp.ErrStale) && errors.Is(err, bcp.ErrNotDone):
		have = "stale"
	case errors.Is(err, bcp.ErrStale):
		have = "stale, perhaps in part"
	case errors.Is(err, bcp.ErrNotDone):
		have = "not-done"
	}
	if have != want {
		t.Errorf("%s: %s, want %s: %v", what, have, want, err)
	}
}

// lipService answers every order with the state as it was, and obeys none.
type lipService struct{ below *fakeTalk }

// RoundTrip turns every order into a question.
func (l lipService) RoundTrip(r *http.Request) (*http.Response, error) {
	r.URL.Path, r.Method, r.Body = "/admin/v1/state", "GET", nil
	return l.below.RoundTrip(r)
}
