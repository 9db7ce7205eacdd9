package names

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"bongsu/bcp"
	"bongsu/simulators/berth"
)

// The whole way: one percent, ten, all, every act asked for twice.
func TestAShareThenAllOfThePublic(t *testing.T) {
	t.Parallel()
	r := start(t)
	steps := []struct {
		key  string
		act  bcp.Act
		zone string
	}{
		{"failover/talk/7/0", canaryAct("1"), "2 dc1=99 dc2=1"},
		{"failover/talk/8/0", canaryAct("10"), "2 dc1=90 dc2=10"},
		{"failover/talk/9/0", shiftAct(), "2 dc2=100"},
	}
	for i, s := range steps {
		first := r.do(5, s.key, s.act)
		serial := r.primary.serial()
		second := r.do(5, s.key, s.act)
		r.zoneIs(s.zone)
		if first["already"] != "" || second["already"] != "true" || r.primary.serial() != serial || r.primary.count() != i+1 {
			t.Errorf("%s: %v, then %v, serial %d to %d after %d updates", s.key, first, second, serial, r.primary.serial(), r.primary.count())
		}
		if first["epoch"] != "2" || first["was_records"] == first["records"] || first["serial"] == first["was_serial"] || first["leader"] != "5" {
			t.Errorf("%s: receipt %v", s.key, first)
		}
		for _, n := range []*Names{r.Names, another(t, r.primary)} {
			if is, seen, err := n.Adapters()[s.act.Kind].Probe(t.Context(), s.key, s.act); is != bcp.Yes || err != nil || seen["epoch"] != "2" {
				t.Errorf("%s: probe: %v, %v, %v", s.key, is, seen, err)
			}
		}
	}
	if r.do(5, "failover/talk/8/0", canaryAct("10"))["already"] != "true" {
		t.Error("the key of the second share did its act again after the shift")
	}
	r.zoneIs("2 dc2=100")
	if is, resolvers := r.Agree(t.Context(), "dc2", 2); is != bcp.Yes || resolvers != 2 {
		t.Errorf("agreed: %v, %d resolvers", is, resolvers)
	}
}

// What the primary may answer to an update: what is certain, what has to be found out, and the advice.
func TestAnswersToAnUpdate(t *testing.T) {
	t.Parallel()
	closes := func(w dns.ResponseWriter, _ *dns.Msg) bool { _ = w.Close(); return true }
	garbage := func(w dns.ResponseWriter, _ *dns.Msg) bool {
		_, _ = w.Write([]byte("no message of any kind"))
		return true
	}
	otherID := func(w dns.ResponseWriter, req *dns.Msg) bool {
		m := new(dns.Msg)
		m.SetReply(req)
		m.Id++
		_ = w.WriteMsg(m)
		return true
	}
	cases := []struct {
		name    string
		answer  func(w dns.ResponseWriter, req *dns.Msg) bool
		certain bool
		advice  string
		silent  bool
	}{
		{"refused", says(dns.RcodeRefused, ""), true, "allow key bongsu.", false},
		{"refused, signed", says(dns.RcodeRefused, ourSecret), true, "allow key bongsu.", false},
		{"refused, before the key was looked at", says(dns.RcodeRefused, otherSecret), true, "_leader.talk.test.", false},
		{"not the zone's server", says(dns.RcodeNotAuth, ourSecret), true, "primary first", false},
		{"no updates", says(dns.RcodeNotImplemented, ""), true, "dynamic updates", false},
		{"malformed", says(dns.RcodeFormatError, ""), true, "dynamic updates", false},
		{"outside of the zone", says(dns.RcodeNotZone, ourSecret), true, "correct zone", false},
		{"a set has gone", says(dns.RcodeNXRrset, ourSecret), true, "who else", false},
		{"a set has come", says(dns.RcodeYXRrset, ourSecret), true, "who else", false},
		{"a set has gone, says anybody", says(dns.RcodeNXRrset, ""), false, "reading the names back", false},
		{"a failure", says(dns.RcodeServerFailure, ourSecret), false, "see its log", false},
		{"done, says anybody", says(dns.RcodeSuccess, ""), false, "reading the names back", false},
		{"done, says a stranger", says(dns.RcodeSuccess, otherSecret), false, "reading the names back", false},
		{"the line breaks", closes, false, "reading the names back", false},
		{"garbage", garbage, false, "reading the names back", false},
		{"an answer to somebody else", otherID, false, "reading the names back", false},
		{"no answer", silent, false, "reading the names back", true},
	}
	r := start(t)
	for _, c := range cases {
		r.primary.on(nil, c.answer)
		before := r.primary.serial()
		r.timeout = ample
		if c.silent {
			r.timeout = brief
		}
		got, err := r.Adapters()[KindShift].Do(t.Context(), c.name, 5, shiftAct())
		if got != nil || err == nil || errors.Is(err, bcp.ErrNotDone) != c.certain || !strings.Contains(err.Error(), c.advice) {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
		if r.primary.serial() != before {
			t.Fatalf("%s: this server was to do nothing", c.name)
		}
	}
}

// Keys that do not fit, told apart by a real exchange of signatures.
func TestKeysThatDoNotFit(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		change func(n *Names)
		advice string
	}{
		{"another secret", func(n *Names) { n.key.secret = otherSecret }, "BADSIG"},
		{"another name", func(n *Names) { n.key.name = "stranger." }, "BADKEY"},
		{"a clock ten minutes fast", func(n *Names) {
			n.now = func() time.Time { return time.Now().Add(10 * time.Minute) }
		}, "BADTIME"},
	}
	r := start(t)
	for _, c := range cases {
		n := another(t, r.primary)
		c.change(n)
		_, err := n.Adapters()[KindShift].Do(t.Context(), c.name, 5, shiftAct())
		if !errors.Is(err, bcp.ErrNotDone) || !strings.Contains(err.Error(), c.advice) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err := n.Adapters()[KindShift].Check(t.Context(), shiftAct()); err == nil || !strings.Contains(err.Error(), c.advice) {
			t.Errorf("%s: check: %v", c.name, err)
		}
	}
	r.zoneIs("1 dc1=100")
}

// A primary that cannot be reached has certainly done nothing.
func TestNothingWasSent(t *testing.T) {
	t.Parallel()
	n := another(t, &nameServer{address: berth.Refusing(t)})
	n.patience = brief // it is asked until then
	if _, err := n.Adapters()[KindShift].Do(t.Context(), "k", 5, shiftAct()); !errors.Is(err, bcp.ErrNotDone) {
		t.Errorf("do: %v", err)
	}
	if is, _, err := n.Adapters()[KindShift].Probe(t.Context(), "k", shiftAct()); is != bcp.Unseen || err == nil {
		t.Errorf("probe: %v, %v", is, err)
	}
	if err := n.verdict(n.send(t.Context(), n.zone.shut(state{}, 1))); !errors.Is(err, bcp.ErrNotDone) || !strings.Contains(err.Error(), "primary is up") {
		t.Errorf("send: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n.turn <- struct{}{}
	if _, err := n.Adapters()[KindShift].Do(ctx, "k", 5, shiftAct()); !errors.Is(err, bcp.ErrNotDone) || !errors.Is(err, context.Canceled) {
		t.Errorf("do behind another: %v", err)
	}
}

// What makes an act stale: an older leader here, a newer one in the zone, a newer epoch of the group.
func TestOldLeadersAreRefused(t *testing.T) {
	t.Parallel()
	r := start(t)
	paused := another(t, r.primary)
	r.do(5, "a", canaryAct("1"))
	do := func(n *Names, leader uint64, a bcp.Act) error {
		_, err := n.Adapters()[a.Kind].Do(t.Context(), "late", leader, a)
		return err
	}
	older := canaryAct("50")
	older.With["epoch"] = "1"
	cases := []struct {
		name string
		err  error
	}{
		{"an older leader at this process", do(r.Names, 4, shiftAct())},
		{"an older leader that was asleep", do(paused, 4, shiftAct())},
		{"an older epoch of the group", do(r.Names, 6, older)},
	}
	for _, c := range cases {
		if !errors.Is(c.err, bcp.ErrStale) || !errors.Is(c.err, bcp.ErrNotDone) {
			t.Errorf("%s: %v", c.name, c.err)
		}
	}
	if _, err := r.Adapters()[KindShift].Undo(t.Context(), "late", 4, shiftAct()); !errors.Is(err, bcp.ErrStale) {
		t.Errorf("undo by an older leader: %v", err)
	}
	r.zoneIs("2 dc1=99 dc2=1")
}

// A newer leader that could write nothing has been seen all the same.
func TestALeaderThatCouldNotWrite(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.primary.on(nil, says(dns.RcodeRefused, ourSecret))
	if _, err := r.Adapters()[KindShift].Do(t.Context(), "a", 6, shiftAct()); !errors.Is(err, bcp.ErrNotDone) {
		t.Fatal(err)
	}
	r.primary.on(nil, nil)
	if _, err := r.Adapters()[KindShift].Do(t.Context(), "b", 5, shiftAct()); !errors.Is(err, bcp.ErrStale) {
		t.Errorf("the leader before it: %v", err)
	}
	r.zoneIs("1 dc1=100")
}

// Whatever is changed between reading and writing, the update does nothing.
func TestChangedBetweenReadingAndWriting(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		change func(s *nameServer)
	}{
		{"the epoch", func(s *nameServer) { s.put(t, `_epoch.talk.test. 5 IN TXT "7"`) }},
		{"the epoch, gone", func(s *nameServer) { s.drop("_epoch.talk.test.") }},
		{"the weights", func(s *nameServer) { s.put(t, "_talk._tcp.talk.test. 5 IN SRV 0 99 18001 dc1.talk.test.") }},
		{"one more site", func(s *nameServer) {
			s.put(t, "_talk._tcp.talk.test. 5 IN SRV 0 100 18001 dc1.talk.test.", "_talk._tcp.talk.test. 5 IN SRV 0 1 18003 dc3.talk.test.")
		}},
		{"the leader", func(s *nameServer) { s.put(t, `_leader.talk.test. 5 IN TXT "9" "1" "x"`) }},
	}
	for _, c := range cases {
		r := start(t)
		after := ""
		r.primary.on(nil, func(dns.ResponseWriter, *dns.Msg) bool {
			c.change(r.primary)
			after = r.primary.shows(t)
			return false
		})
		_, err := r.Adapters()[KindShift].Do(t.Context(), "k", 5, shiftAct())
		if !errors.Is(err, errChanged) || !errors.Is(err, bcp.ErrNotDone) || r.primary.shows(t) != after {
			t.Errorf("%s: %v, the zone is %q", c.name, err, r.primary.shows(t))
		}
	}
}

// A zone that is not as it should be is left alone.
func TestAZoneThatIsNotOurs(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		change func(s *nameServer)
		want   error
	}{
		{"no epoch", func(s *nameServer) { s.drop("_epoch.talk.test.") }, errNoEpoch},
		{"two epochs", func(s *nameServer) { s.put(t, `_epoch.talk.test. 5 IN TXT "1"`, `_epoch.talk.test. 5 IN TXT "2"`) }, errEpochs},
		{"a text as epoch", func(s *nameServer) { s.put(t, `_epoch.talk.test. 5 IN TXT "01"`) }, errEpochs},
		{"a stranger's leader record", func(s *nameServer) { s.put(t, `_leader.talk.test. 5 IN TXT "hello"`) }, errMark},
		{"the service is an alias", func(s *nameServer) {
			s.drop("_talk._tcp.talk.test.")
			s.put(t, "_talk._tcp.talk.test. 5 IN CNAME other.talk.test.")
		}, errAlias},
		{"nobody serves", func(s *nameServer) { s.drop("_talk._tcp.talk.test.") }, errAct},
		{"the target serves alone", func(s *nameServer) { s.put(t, "_talk._tcp.talk.test. 5 IN SRV 0 100 18002 dc2.talk.test.") }, errMoved},
	}
	for _, c := range cases {
		r := start(t)
		c.change(r.primary)
		serial := r.primary.serial()
		if _, err := r.Adapters()[KindCanary].Do(t.Context(), "k", 5, canaryAct("1")); !errors.Is(err, c.want) || !errors.Is(err, bcp.ErrNotDone) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err := r.Adapters()[KindCanary].Check(t.Context(), canaryAct("1")); !errors.Is(err, c.want) {
			t.Errorf("%s: check: %v", c.name, err)
		}
		if r.primary.serial() != serial {
			t.Errorf("%s: the zone was changed", c.name)
		}
	}
}

// Acts that say nothing sensible are refused before any server is asked.
func TestActsThatCannotBeUnderstood(t *testing.T) {
	t.Parallel()
	n := another(t, &nameServer{address: "127.0.0.1:9"})
	with := func(kind string, pairs ...string) bcp.Act {
		a := bcp.Act{Kind: kind, With: map[string]string{"source": "dc1", "target": "dc2", "epoch": "2", "percent": "10"}}
		for i := 0; i < len(pairs); i += 2 {
			a.With[pairs[i]] = pairs[i+1]
		}
		return a
	}
	cases := []bcp.Act{
		with(KindCanary, "target", "dc9"), with(KindCanary, "epoch", "0"), with(KindCanary, "epoch", "-1"), with(KindCanary, "percent", "0"),
		with(KindCanary, "percent", "101"), with(KindShift, "epoch", ""), with(KindShift, "target", ""), with(KindRestore, "source", "dc9"),
		with(KindDNS), with(KindDNS, "name", "www"), with(KindDNS, "name", "www", "value", "hello"), with(KindDNS, "name", "_epoch", "value", "192.0.2.1"),
		with(KindDNS, "name", "_leader", "value", "192.0.2.1"), with(KindDNS, "name", "www.other.", "value", "192.0.2.1"),
		with(KindDNS, "name", "_talk._tcp", "value", "192.0.2.1"), with(KindDNS, "name", "www", "value", "192.0.2.1", "epoch", "x"),
		with(KindDNS, "name", "www", "value", "fe80::1%eth0"), with(KindDNS, "name", "www", "value", "."),
	}
	for _, a := range cases {
		h := n.Adapters()[a.Kind]
		if _, err := h.Plan(a); !errors.Is(err, errAct) {
			t.Errorf("plan %v: %v", a, err)
		}
		if _, err := h.Do(t.Context(), "k", 1, a); !errors.Is(err, errAct) || !errors.Is(err, bcp.ErrNotDone) {
			t.Errorf("do %v: %v", a, err)
		}
		if is, _, err := h.Probe(t.Context(), "k", a); is != bcp.Unseen || err == nil {
			t.Errorf("probe %v: %v, %v", a, is, err)
		}
	}
	if text, err := n.Adapters()[KindCanary].Plan(with(KindCanary)); err != nil || !strings.Contains(text, "10 %") || !strings.Contains(text, "dc2.talk.test.:18002") {
		t.Errorf("plan: %q, %v", text, err)
	}
}

// Check proves permission and changes nothing.
func TestCheckHasNoEffect(t *testing.T) {
	t.Parallel()
	r := start(t)
	serial, shows := r.primary.serial(), r.primary.shows(t)
	for _, a := range []bcp.Act{canaryAct("1"), shiftAct(), {Kind: KindRestore, With: shiftAct().With},
		{Kind: KindDNS, With: map[string]string{"name": "www", "value": "192.0.2.7"}}, {Kind: KindDNS, With: map[string]string{"name": "help", "value": "dc2.talk.test."}}} {
		if err := r.Adapters()[a.Kind].Check(t.Context(), a); err != nil {
			t.Errorf("%v: %v", a, err)
		}
	}
	if r.primary.serial() != serial || r.primary.shows(t) != shows || r.primary.count() != 5 {
		t.Errorf("serial %d to %d, zone %q, %d updates", serial, r.primary.serial(), r.primary.shows(t), r.primary.count())
	}
	r.primary.drop("dc2.talk.test.")
	if err := r.Adapters()[KindShift].Check(t.Context(), shiftAct()); !errors.Is(err, ErrNowhere) {
		t.Errorf("a target without an address: %v", err)
	}
}

// BenchmarkShift is one compare-and-swap, from the first read to the read-back, on one machine.
func BenchmarkShift(b *testing.B) {
	r := start(b)
	hands := r.Adapters()
	for i := 0; b.Loop(); i++ {
		a := shiftAct()
		a.With["target"] = []string{"dc1", "dc2"}[(i+1)%2]
		if got, err := hands[KindShift].Do(b.Context(), "k"+strconv.Itoa(i), 5, a); err != nil || got["already"] != "" {
			b.Fatal(got, err)
		}
	}
}
