package shared

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestMemberConfigNamesEveryFault(t *testing.T) {
	good := MemberConfig{Name: "a", Dir: "d", ClientURL: "http://127.0.0.1:1", PeerURL: "http://127.0.0.1:2"}
	if err := good.withDefaults().validate(); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		cfg  MemberConfig
		want []string
	}{
		"nothing given": {MemberConfig{}, []string{"name: missing", "dir: missing", "client_url", "peer_url"}},
		"not loopback": {MemberConfig{Name: "a", Dir: "d", ClientURL: "http://10.0.0.1:1", PeerURL: "http://0.0.0.0:2"},
			[]string{"client_url: \"http://10.0.0.1:1\": only a loopback", "peer_url: \"http://0.0.0.0:2\": only a loopback"}},
		"half of TLS":       {MemberConfig{Name: "a", Dir: "d", CertFile: "c", ClientURL: good.ClientURL, PeerURL: good.PeerURL}, []string{"tls: "}},
		"TLS, but http":     {MemberConfig{Name: "a", Dir: "d", CertFile: "c", KeyFile: "k", CAFile: "a", ClientURL: good.ClientURL, PeerURL: good.PeerURL}, []string{"scheme is https"}},
		"not a member":      {MemberConfig{Name: "a", Dir: "d", ClientURL: good.ClientURL, PeerURL: good.PeerURL, Cluster: map[string]string{"b": "http://127.0.0.1:3"}}, []string{"does not name this member"}},
		"another peer URL":  {MemberConfig{Name: "a", Dir: "d", ClientURL: good.ClientURL, PeerURL: good.PeerURL, Cluster: map[string]string{"a": "http://127.0.0.1:3"}}, []string{"is not this member's peer_url"}},
		"listens at a name": {MemberConfig{Name: "a", Dir: "d", ClientURL: good.ClientURL, PeerURL: good.PeerURL, ListenPeerURL: "http://localhost:2"}, []string{"listen_peer_url", "want an IP address"}},
		"a name":            {MemberConfig{Name: "a", Dir: "d", ClientURL: "http://localhost:1", PeerURL: good.PeerURL}, []string{"want an IP address"}},
	} {
		_, err := OpenMember(tc.cfg)
		for _, w := range tc.want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v does not say %q", name, err, w)
			}
		}
	}
}

func TestMemberSaysWhatIsInTheWay(t *testing.T) {
	t.Parallel()
	cfg := configs(t, 1)[0]
	m, err := OpenMember(cfg)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, cfg MemberConfig, want string) {
		if _, err := OpenMember(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
	}
	refused("directory in use", cfg, "another process uses it")
	release(m.lock)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	busy := cfg
	busy.ClientURL = "http://" + taken.Addr().String()
	refused("port taken", busy, "stop the other process or choose another address")
	other := cfg
	other.Token = "another cluster"
	refused("another cluster's directory", other, "give this member a directory of its own")
	other = cfg
	other.Name, other.Cluster = "dc9", nil
	refused("another member's directory", other, `belongs to member "dc1"`)
}

// A member keeps what was acknowledged over a stop, and says how it is.
func TestMemberRestarts(t *testing.T) {
	t.Parallel()
	c := startMembers(t, 1)
	l := openLog(t, dial(t, c.cfgs), Options{Node: "a"})
	appendN(t, l, 5)
	if h := c.members[0].Health(); !h.Leader || h.Full || h.Bytes <= 0 || h.QuotaBytes != defaultQuota {
		t.Errorf("health %+v", h)
	}
	c.stops[0]()
	c.start(t, 0)
	appendN(t, l, 5)
	if all := wholeLog(t, l); len(all) != 10 {
		t.Errorf("log has %d entries, want 10", len(all))
	}
}

// At the quota appends fail with words, the log stays readable, and the member raises an alarm.
func TestQuotaIsAnAlarm(t *testing.T) {
	t.Parallel()
	cfgs := configs(t, 1)
	var said spoken
	cfgs[0].QuotaBytes, cfgs[0].Logger = 4<<20, slog.New(&said)
	c := &running{cfgs: cfgs, members: make([]*Member, 1), stops: make([]func(), 1)}
	c.start(t, 0)
	<-c.members[0].Ready()
	l := openLog(t, dial(t, cfgs), Options{})
	var err error
	acked, unknown := 0, 0
	for range 64 { // one that is not answered in its time, on a busy machine, may stand or not
		_, err = l.Append(within(t, patience), Draft{Kind: "note", Data: strings.Repeat("x", 200<<10)})
		switch {
		case errors.Is(err, ErrUnknown):
			unknown++
			continue
		case err == nil:
			acked++
			continue
		}
		break
	}
	if !errors.Is(err, ErrFull) || errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "raise the members' quota") {
		t.Fatalf("after %d entries: %v", acked, err)
	}
	if n := len(wholeLog(t, l)); n < acked || n > acked+unknown {
		t.Errorf("log has %d entries, %d were acknowledged and %d went unanswered", n, acked, unknown)
	}
	eventually(t, "the member knows that it is full", func() error {
		if h := c.members[0].Health(); !h.Full {
			return fmt.Errorf("health %+v", h)
		}
		return nil
	})
	c.members[0].checkSize()
	found := false
	for text, level := range said.all() {
		found = found || strings.Contains(text, "close to its quota") && level == slog.LevelError
	}
	if !found {
		t.Errorf("nobody was told: %v", said.all())
	}
	if !nearQuota(80, 100) || nearQuota(79, 100) {
		t.Error("people are told at four fifths")
	}
}

// When the disk takes no more, the member's process ends with words, and nothing that was
// acknowledged is lost.
func TestFullDiskEndsTheProcess(t *testing.T) {
	t.Parallel()
	cfgs := configs(t, 1)
	cfgs[0].Token = starvesToken
	p := startProcess(t, cfgs[0])
	l := openLog(t, dial(t, cfgs), Options{})
	if _, err := l.Append(within(t, patience), Draft{Kind: "note"}); err != nil {
		t.Fatal(err, p.out)
	}
	p.signal(syscall.SIGUSR1)
	acked := 1
	for end := time.Now().Add(patience); time.Now().Before(end) && len(p.gone) == 0; {
		if _, err := l.Append(within(t, time.Second), Draft{Kind: "note"}); err == nil {
			acked++
		}
	}
	select {
	case err := <-p.gone:
		p.gone <- err
		if p.cmd.ProcessState.ExitCode() != 3 || !strings.Contains(p.out.String(), "member dc1") {
			t.Errorf("it ended with %v: %s", err, p.out)
		}
		t.Logf("it said: %s", strings.TrimSpace(p.out.String()))
	case <-time.After(patience):
		t.Fatal("a member without a disk goes on")
	}
	cfgs[0].Token = starvesToken
	startProcess(t, cfgs[0])
	if all := wholeLog(t, l); len(all) < acked {
		t.Errorf("log has %d entries, %d were acknowledged", len(all), acked)
	}
}

func TestEtcdSpeaksThroughSlog(t *testing.T) {
	var said spoken
	lg := zapToSlog(slog.New(&said), nil)
	lg.Info("calm")
	lg.Warn("slow")
	lg.Error("bad")
	want := map[string]slog.Level{"slow": slog.LevelWarn, "bad": slog.LevelError}
	if got := said.all(); len(got) != 2 || got["slow"] != want["slow"] || got["bad"] != want["bad"] {
		t.Errorf("%v, want %v", got, want)
	}
}
