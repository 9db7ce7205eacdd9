package names

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"

	"bongsu/bcp"
)

// lame answers with the authority it does not have.
func (s *nameServer) lame(w dns.ResponseWriter, req *dns.Msg) bool {
	m := new(dns.Msg)
	m.SetReply(req)
	m.Answer, m.Rcode = s.find(req.Question[0])
	_ = w.WriteMsg(m)
	return true
}

// elsewhere answers a question nobody has asked.
func (s *nameServer) elsewhere(w dns.ResponseWriter, req *dns.Msg) bool {
	m := new(dns.Msg)
	m.SetReply(req)
	m.Authoritative = true
	m.Question[0].Name = "www.talk.test."
	_ = w.WriteMsg(m)
	return true
}

// Each way a server can fail a look; the other one is seen all the same, and in time.
func TestServersThatFailALook(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		change func(s *nameServer)
		want   error
	}{
		{"silent", func(s *nameServer) { s.on(silent, nil) }, ErrSilent},
		{"refuses", func(s *nameServer) { s.on(says(dns.RcodeRefused, ""), nil) }, errRcode},
		{"fails", func(s *nameServer) { s.on(says(dns.RcodeServerFailure, ""), nil) }, errRcode},
		{"speaks for nobody", func(s *nameServer) { s.on(s.lame, nil) }, errLame},
		{"answers another question", func(s *nameServer) { s.on(s.elsewhere, nil) }, errAnswer},
		{"has no zone", func(s *nameServer) {
			s.on(func(w dns.ResponseWriter, req *dns.Msg) bool {
				m := new(dns.Msg)
				m.SetReply(req)
				m.Authoritative = true
				_ = w.WriteMsg(m)
				return true
			}, nil)
		}, errNoSOA},
		{"changes all the time", func(s *nameServer) {
			s.on(func(_ dns.ResponseWriter, req *dns.Msg) bool {
				if req.Question[0].Qtype == dns.TypeSRV {
					s.mu.Lock()
					soa := dns.Copy(s.records[0]).(*dns.SOA)
					soa.Serial++
					s.records[0] = soa
					s.mu.Unlock()
				}
				return false
			}, nil)
		}, errTorn},
	}
	r := start(t)
	for _, c := range cases {
		r.secondary.lag()
		c.change(r.secondary)
		r.patience = ample
		switch c.want {
		case ErrSilent: // it is asked until then
			r.patience = brief
		case errAnswer:
			r.patience = 3 * brief
		}
		began := time.Now()
		views := r.Read(t.Context())
		if took := time.Since(began); took > r.patience+30*time.Second {
			t.Errorf("%s: it took %v", c.name, took)
		}
		for try := 0; views[0].Err != nil && try < 20; try++ { // a busy machine's, not the other server's
			views = r.Read(t.Context())
		}
		if v := views[1]; !errors.Is(v.Err, c.want) || v.Problem == "" || v.Weights != nil || v.Server != r.secondary.address || v.At.IsZero() {
			t.Errorf("%s: %+v", c.name, v)
		}
		if v := views[0]; v.Err != nil || !v.Primary || v.Alone != "dc1" || v.Epoch != 1 || v.Serial != 1 || v.Weights["dc1"] != 100 {
			t.Errorf("%s: the primary: %+v", c.name, v)
		}
		if is, _ := r.Agree(t.Context(), "dc1", 1); is != bcp.Unseen {
			t.Errorf("%s: agreed: %v", c.name, is)
		}
		r.secondary.on(nil, nil)
	}
}

// A packet that is lost now and then costs a quarter of a second, not the look.
func TestLostPacketsAreAskedAgain(t *testing.T) {
	t.Parallel()
	r := start(t)
	asked := 0
	r.primary.on(func(_ dns.ResponseWriter, req *dns.Msg) bool {
		r.primary.mu.Lock()
		defer r.primary.mu.Unlock()
		asked++
		return req.Question[0].Qtype == dns.TypeSOA && asked == 1
	}, nil)
	if v := r.Read(t.Context())[0]; v.Err != nil {
		t.Errorf("%v", v.Err)
	}
}

// A primary that is busy for a second is no reason to leave the run to people.
func TestABusyPrimary(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.patience = 3 * brief
	busy := sync.OnceValue(func() time.Time { return time.Now().Add(r.patience) }) // for as long as one look takes
	r.primary.on(func(dns.ResponseWriter, *dns.Msg) bool { return time.Now().Before(busy()) }, nil)
	r.do(5, "k", shiftAct())
	r.zoneIs("2 dc2=100")
}

// More records than a packet takes are fetched over TCP, all of them.
func TestALongAnswerComesOverTCP(t *testing.T) {
	t.Parallel()
	r := start(t)
	var lines []string
	for i := range 60 {
		lines = append(lines, fmt.Sprintf("_talk._tcp.talk.test. 5 IN SRV 0 1 %d host-%d-with-a-rather-long-name.elsewhere.test.", 1000+i, i))
	}
	r.primary.put(t, lines...)
	v := r.Read(t.Context())[0]
	if v.Err != nil || len(v.Weights) != 60 || v.Alone != "" {
		t.Errorf("%d weights, %v", len(v.Weights), v.Err)
	}
	if a := r.Answers(t.Context())[0]; len(a.Shares) != 60 || math.Abs(a.Shares["host-7-with-a-rather-long-name.elsewhere.test."]-1.0/60) > 1e-9 {
		t.Errorf("%d shares, %v", len(a.Shares), a.Err)
	}
	r.do(5, "k", shiftAct())
	r.zoneIs("2 dc2=100")
}

// A secondary that lags is waited for; one that has the serial and another content is not.
func TestServersThatDiffer(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.secondary.lag()
	r.do(5, "k", shiftAct())
	agree := func(want bcp.Tri, resolvers int) {
		t.Helper()
		if is, n := r.Agree(t.Context(), "dc2", 2); is != want || n != resolvers {
			t.Errorf("agreed: %v, %d resolvers; want %v, %d", is, n, want, resolvers)
		}
	}
	agree(bcp.Unseen, 1)
	r.secondary.mu.Lock()
	r.secondary.records[0] = rr(t, "talk.test. 5 IN SOA ns1.talk.test. ops.talk.test. 2 1 1 60 1")[0]
	r.secondary.mu.Unlock()
	agree(bcp.No, 1)
	r.secondary.mu.Lock()
	r.secondary.lags = false
	r.secondary.mu.Unlock()
	agree(bcp.Yes, 2)
}

// What the world is answered, and where one user ends up.
func TestWhatTheWorldGets(t *testing.T) {
	t.Parallel()
	r := start(t)
	cases := []struct {
		name   string
		srv    []string
		shares map[string]float64
		alone  string
		leads  map[string]bool
	}{
		{"one site", []string{"0 100 18001 dc1.talk.test."}, map[string]float64{"dc1": 1}, "dc1", map[string]bool{"127.0.0.1:18001": true}},
		{"a share", []string{"0 90 18001 dc1.talk.test.", "0 10 18002 dc2.talk.test."}, map[string]float64{"dc1": .9, "dc2": .1}, "",
			map[string]bool{"127.0.0.1:18001": true, "127.0.0.2:18002": true}},
		{"no weights", []string{"0 0 18001 dc1.talk.test.", "0 0 18002 dc2.talk.test."}, map[string]float64{"dc1": .5, "dc2": .5}, "",
			map[string]bool{"127.0.0.1:18001": true, "127.0.0.2:18002": true}},
		{"a reserve", []string{"0 5 18001 dc1.talk.test.", "9 5 18002 dc2.talk.test."}, map[string]float64{"dc1": 1}, "", map[string]bool{"127.0.0.1:18001": true}},
		{"the first has no address", []string{"0 5 18009 gone.talk.test.", "9 5 18002 dc2.talk.test."}, map[string]float64{"gone.talk.test.": 1}, "", map[string]bool{"127.0.0.2:18002": true}},
		{"not to be had", []string{"0 0 0 ."}, map[string]float64{}, "", nil},
		{"nothing", nil, map[string]float64{}, "", nil},
	}
	for _, c := range cases {
		r.primary.drop("_talk._tcp.talk.test.")
		for i, line := range c.srv {
			c.srv[i] = "_talk._tcp.talk.test. 7 IN SRV " + line
		}
		if len(c.srv) > 0 {
			r.primary.put(t, c.srv...)
		}
		a := r.Answers(t.Context())[0]
		if a.Err != nil || fmt.Sprint(a.Shares) != fmt.Sprint(c.shares) || a.Alone != c.alone || len(c.srv) > 0 && a.TTL != 7*time.Second {
			t.Errorf("%s: %+v", c.name, a)
		}
		for i := range 12 {
			addr, err := r.Resolve(t.Context(), i%2)
			if c.leads == nil && !errors.Is(err, ErrNowhere) || c.leads != nil && !c.leads[addr] {
				t.Errorf("%s: led to %q, %v", c.name, addr, err)
			}
		}
	}
	if _, err := r.Resolve(t.Context(), 2); !errors.Is(err, ErrNowhere) {
		t.Errorf("a resolver that is not there: %v", err)
	}
	r.secondary.on(silent, nil)
	r.patience = brief
	if a := r.Answers(t.Context())[1]; !errors.Is(a.Err, ErrSilent) || a.Shares != nil {
		t.Errorf("a silent resolver: %+v", a)
	}
}

// The draw of RFC 2782: shares as the weights say, priorities strictly, a weight of 0 seldom but not never.
func TestOrderOfRecords(t *testing.T) {
	t.Parallel()
	set := rr(t, "_s.t. 1 IN SRV 0 0 1 zero.t.", "_s.t. 1 IN SRV 0 30 1 three.t.", "_s.t. 1 IN SRV 0 70 1 seven.t.", "_s.t. 1 IN SRV 5 1 1 last.t.", "_s.t. 1 IN SRV 0 0 0 .")
	first := map[string]int{}
	seed := uint64(1)
	draw := func(n int) int { // a plain generator, so that the same draws come every time
		seed = seed*6364136223846793005 + 1442695040888963407
		return int(seed >> 33 % uint64(n))
	}
	for range 20_000 {
		got := order(set, draw)
		if len(got) != 4 || got[3].Target != "last.t." {
			t.Fatalf("%v", got)
		}
		first[got[0].Target]++
	}
	near := func(name string, want float64) {
		if share := float64(first[name]) / 20_000; math.Abs(share-want) > .015 {
			t.Errorf("%s: share %.3f, want %.3f (%v)", name, share, want, first)
		}
	}
	near("three.t.", .3)
	near("seven.t.", .7)
	if n := first["zero.t."]; n < 140 || n > 260 {
		t.Errorf("weight 0 was first %d times of 20,000", n)
	}
}

// The actionless run names each thing that is missing, and changes nothing.
func TestPermissions(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		change func(r *rig)
		want   string
	}{
		{"all is well", func(*rig) {}, ""},
		{"a silent secondary", func(r *rig) {
			r.secondary.on(silent, nil)
			r.patience = 2 * brief
		}, "no answer in time"},
		{"no epoch", func(r *rig) { r.primary.drop("_epoch.talk.test.") }, "no epoch record"},
		{"a secondary without epoch", func(r *rig) {
			r.secondary.lag()
			r.secondary.drop("_epoch.talk.test.")
		}, "no epoch record"},
		{"another secret", func(r *rig) { r.key.secret = otherSecret }, "BADSIG"},
		{"no permission", func(r *rig) { r.primary.on(nil, says(dns.RcodeRefused, ourSecret)) }, "allow key"},
		{"the secondary named first", func(r *rig) { r.servers[0], r.servers[1] = r.servers[1], r.servers[0] }, "name the primary first"},
		{"a site without an address", func(r *rig) { r.primary.drop("dc3.talk.test.") }, "dc3.talk.test. has no address"},
	}
	for _, c := range cases {
		r := start(t)
		c.change(r)
		serial := r.primary.serial()
		err := r.Permissions(t.Context())
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		if r.primary.serial() != serial {
			t.Errorf("%s: the zone was changed", c.name)
		}
	}
}
