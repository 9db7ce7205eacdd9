package shared

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// memberEnv makes the test binary a member process, so that it can be killed, frozen or starved.
const memberEnv = "BONGSU_TEST_MEMBER"

func TestMain(m *testing.M) {
	if text := os.Getenv(memberEnv); text != "" {
		os.Exit(memberProcess(text))
	}
	if text := os.Getenv(workerEnv); text != "" {
		os.Exit(workerProcess(text))
	}
	os.Exit(m.Run())
}

func memberProcess(text string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	signal.Ignore(syscall.SIGXFSZ) // a write beyond the limit then fails instead of killing
	var cfg MemberConfig
	if err := json.Unmarshal([]byte(text), &cfg); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	cfg.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	m, err := OpenMember(cfg)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	if cfg.Token == starvesToken {
		hungry := make(chan os.Signal, 1)
		signal.Notify(hungry, syscall.SIGUSR1)
		go starve(hungry)
	}
	if err := m.Run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 3
	}
	return 0
}

// starvesToken names the cluster of a member process whose disk takes no more after SIGUSR1.
const starvesToken = "starves"

func starve(hungry <-chan os.Signal) {
	<-hungry
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1, Max: 1}); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// patience bounds what must happen at all, on a machine that is busy with something else.
const patience = time.Minute

func within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// givenPorts are those that tests of this process have: a member that is down still has its own.
var givenPorts sync.Map

// loopback is an address of this machine that no other process uses, where the system has more than one: the members
// of another package's tests, which run beside these, cannot take a port of it.
var loopback = sync.OnceValue(func() net.IP {
	pid := os.Getpid()
	own := net.IPv4(127, byte(64+pid>>16&63), byte(pid>>8), byte(pid))
	ln, err := net.Listen("tcp", own.String()+":0")
	if err != nil {
		return net.IPv4(127, 0, 0, 1)
	}
	_ = ln.Close()
	return own
})

// freeURLs gives addresses nobody listens on, below the range from which the kernel gives ports to
// connections: one of those might otherwise sit on an address while its member is down.
func freeURLs(t testing.TB, n int) []string {
	t.Helper()
	out := make([]string, 0, n)
	for len(out) < n {
		port := 25_000 + rand.IntN(7_000)
		if _, given := givenPorts.LoadOrStore(port, true); given {
			continue
		}
		ln, err := net.Listen("tcp", fmt.Sprintf("%s:%d", loopback(), port))
		if err != nil {
			continue
		}
		defer ln.Close()
		out = append(out, "http://"+ln.Addr().String())
	}
	return out
}

// configs describes a cluster of n members in fresh directories.
func configs(t testing.TB, n int) []MemberConfig {
	t.Helper()
	urls := freeURLs(t, 2*n)
	cluster := map[string]string{}
	out := make([]MemberConfig, n)
	for i := range out {
		out[i] = MemberConfig{Name: fmt.Sprintf("dc%d", i+1), Dir: t.TempDir(), ClientURL: urls[2*i], PeerURL: urls[2*i+1], Cluster: cluster}
		cluster[out[i].Name] = out[i].PeerURL
	}
	return out
}

func endpoints(cfgs []MemberConfig) []string {
	out := make([]string, len(cfgs))
	for i, c := range cfgs {
		out[i] = c.ClientURL
	}
	return out
}

// running is a cluster of members in this process.
type running struct {
	cfgs    []MemberConfig
	members []*Member
	stops   []func()
}

func startMembers(t testing.TB, n int) *running {
	t.Helper()
	c := &running{cfgs: configs(t, n), members: make([]*Member, n), stops: make([]func(), n)}
	for i := range n {
		c.start(t, i)
	}
	for _, m := range c.members {
		select {
		case <-m.Ready():
		case <-time.After(patience):
			t.Fatal("members do not come up")
		}
	}
	return c
}

func (c *running) start(t testing.TB, i int) {
	t.Helper()
	c.cfgs[i].grace = patience
	m, err := OpenMember(c.cfgs[i])
	for end := time.Now().Add(patience); errors.Is(err, syscall.EADDRINUSE) && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		m, err = OpenMember(c.cfgs[i]) // while it was down, somebody who looks for a free address may have tried its own
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	c.members[i], c.stops[i] = m, sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("%s: %v", c.cfgs[i].Name, err)
		}
	})
	t.Cleanup(c.stops[i])
}

// leaderOf is the index of the member that leads etcd and knows it.
func leaderOf(t testing.TB, client *clientv3.Client, cfgs []MemberConfig) int {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		leader, term := -1, uint64(0)
		for i, c := range cfgs {
			s, err := client.Status(within(t, time.Second), c.ClientURL)
			if err == nil && s.Leader == s.Header.MemberId && s.RaftTerm > term {
				leader, term = i, s.RaftTerm
			}
		}
		if leader >= 0 {
			return leader
		}
	}
	t.Fatal("no member leads")
	return -1
}

func dial(t testing.TB, cfgs []MemberConfig) *clientv3.Client {
	t.Helper()
	c, err := Dial(endpoints(cfgs), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func openLog(t testing.TB, client *clientv3.Client, opts Options) *Log {
	t.Helper()
	l := Open(client, opts)
	t.Cleanup(l.Close)
	return l
}

// wholeLog verifies the chain and gives all of it.
func wholeLog(t testing.TB, l *Log) []Entry {
	t.Helper()
	v, err := l.Verify(within(t, patience))
	if err != nil {
		t.Fatal(err)
	}
	all, err := l.After(within(t, patience), 0, 1<<30, Newest)
	if err != nil {
		t.Fatal(err)
	}
	if uint64(len(all)) < v.Entries { // an abandoned append may still arrive in between
		t.Fatalf("%d entries were read, %d verified", len(all), v.Entries)
	}
	return all
}

// process is a member in a process of its own.
type process struct {
	cmd  *exec.Cmd
	gone chan error
	out  *lines
}

// lines keeps what a process said.
type lines struct {
	mu   sync.Mutex
	text []byte
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, b...)
	return len(b), nil
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}

func startProcess(t testing.TB, cfg MemberConfig) *process {
	t.Helper()
	cfg.Logger = nil
	text, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return startSelf(t, memberEnv+"="+string(text))
}

// startSelf starts this test binary as something else, which its environment says.
func startSelf(t testing.TB, env string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(os.Args[0]), gone: make(chan error, 1), out: &lines{}}
	p.cmd.Env = append(os.Environ(), env)
	p.cmd.Stderr = p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.gone <- p.cmd.Wait() }()
	t.Cleanup(func() {
		p.signal(syscall.SIGCONT)
		p.signal(syscall.SIGKILL)
		select {
		case <-p.gone:
		case <-time.After(patience):
			t.Error("a killed member does not end")
		}
	})
	return p
}

func (p *process) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// fault is what happens to one write on its way.
type fault int

const (
	passes     fault = iota
	unsent           // it never leaves
	unanswered       // it is done, the answer is lost
	late             // the answer comes first: a failure, then it is done
)

// faulty is a clientv3.KV whose n-th write (from 1) meets plan(n).
type faulty struct {
	clientv3.KV
	plan func(n int) fault

	mu     sync.Mutex
	writes int
	behind sync.WaitGroup
}

func (f *faulty) Txn(ctx context.Context) clientv3.Txn {
	return &faultyTxn{f: f, ctx: ctx}
}

type faultyTxn struct {
	f               *faulty
	ctx             context.Context
	when            []clientv3.Cmp
	then, otherwise []clientv3.Op
}

func (t *faultyTxn) If(c ...clientv3.Cmp) clientv3.Txn  { t.when = c; return t }
func (t *faultyTxn) Then(o ...clientv3.Op) clientv3.Txn { t.then = o; return t }
func (t *faultyTxn) Else(o ...clientv3.Op) clientv3.Txn { t.otherwise = o; return t }

var errWire = errors.New("the wire is cut")

func (t *faultyTxn) send(ctx context.Context) (*clientv3.TxnResponse, error) {
	return t.f.KV.Txn(ctx).If(t.when...).Then(t.then...).Else(t.otherwise...).Commit()
}

func (t *faultyTxn) Commit() (*clientv3.TxnResponse, error) {
	if !slices.ContainsFunc(t.then, func(o clientv3.Op) bool { return o.IsPut() }) {
		return t.send(t.ctx)
	}
	t.f.mu.Lock()
	t.f.writes++
	what := t.f.plan(t.f.writes)
	t.f.mu.Unlock()
	switch what {
	case unsent:
		return nil, errWire
	case unanswered:
		if _, err := t.send(t.ctx); err != nil {
			return nil, err
		}
		return nil, context.DeadlineExceeded
	case late:
		t.f.behind.Go(func() { _, _ = t.send(context.Background()) })
		return nil, context.DeadlineExceeded
	}
	return t.send(t.ctx)
}

// withFaults gives a client of its own whose writes meet plan.
func withFaults(t testing.TB, cfgs []MemberConfig, plan func(n int) fault) *clientv3.Client {
	t.Helper()
	c := dial(t, cfgs)
	f := &faulty{KV: c.KV, plan: plan}
	c.KV = f
	t.Cleanup(f.behind.Wait)
	return c
}

// spoken keeps the messages of a logger.
type spoken struct {
	slog.Handler
	mu   sync.Mutex
	said map[string]slog.Level
}

func (s *spoken) Enabled(context.Context, slog.Level) bool { return true }
func (s *spoken) WithAttrs([]slog.Attr) slog.Handler       { return s }
func (s *spoken) WithGroup(string) slog.Handler            { return s }
func (s *spoken) Handle(_ context.Context, r slog.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.said == nil {
		s.said = map[string]slog.Level{}
	}
	s.said[r.Message] = r.Level
	return nil
}

func (s *spoken) all() map[string]slog.Level {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.said)
}
