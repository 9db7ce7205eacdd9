package shared

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	"go.etcd.io/etcd/server/v3/embed"
)

// MemberConfig describes one member. Name, Dir, ClientURL and PeerURL must be given.
type MemberConfig struct {
	Name      string
	Dir       string // its data, for this member alone
	ClientURL string // where Logs and candidates reach it, http://127.0.0.1:12379
	PeerURL   string // where other members reach it
	// Where it listens, if not there: others may reach it through a forwarded port.
	ListenClientURL, ListenPeerURL string
	Cluster                        map[string]string // name to peer URL of all first members, itself included; empty for a cluster of one
	Token                          string            // name of the cluster; empty means "bongsu"
	Join                           bool              // the cluster exists and was told of this member before
	// TLS files; all three or none. Without them only loopback addresses are accepted.
	CertFile, KeyFile, CAFile string
	PeerNames                 []string // one of them must be in a peer's certificate; empty means any of the authority
	QuotaBytes                int64    // most bytes of data; 0 means 8 GiB, etcd's own most sensible bound
	// Heartbeat is how often the leader says that it is there, 100 ms by default; Election is how long the others
	// wait for it, 1 s. They must be the same at all members.
	Heartbeat, Election time.Duration
	Logger              *slog.Logger

	alone bool          // drops all other members of the data's cluster
	grace time.Duration // for its end; 10 s
}

const (
	heartbeat    = 100 * time.Millisecond
	election     = time.Second
	defaultQuota = 8 << 30
	defaultToken = "bongsu"
	closeGrace   = 10 * time.Second
	// checkEvery is how often the size is looked at.
	checkEvery = 10 * time.Second
	// papersEvery is how often the certificate is looked at.
	papersEvery = 12 * time.Hour
)

// Member is one etcd server. It is meant for a process of its own: on a full or broken disk it can
// only end, and Run then returns an error for the process to end with.
type Member struct {
	cfg   MemberConfig
	log   *slog.Logger
	lock  *os.File
	ready chan struct{}
	fatal chan string

	mu   sync.Mutex
	etcd *embed.Etcd
	near bool // said that the quota is near
}

// OpenMember checks the configuration, that the directory is this member's and in nobody else's use
// and that both addresses are free. Run starts the server.
func OpenMember(cfg MemberConfig) (*Member, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("member %s: %w", cfg.Name, err)
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("member %s: %w", cfg.Name, err)
	}
	lock, err := claim(cfg)
	if err != nil {
		return nil, fmt.Errorf("member %s: %w", cfg.Name, err)
	}
	for _, u := range []string{cfg.ListenClientURL, cfg.ListenPeerURL} {
		if err := free(u); err != nil {
			release(lock)
			return nil, fmt.Errorf("member %s: %w", cfg.Name, err)
		}
	}
	return &Member{
		cfg: cfg, log: cfg.Logger.With("member", cfg.Name), lock: lock,
		ready: make(chan struct{}), fatal: make(chan string, 1),
	}, nil
}

// Ready is closed once the member has joined its cluster and serves, which needs a majority.
func (m *Member) Ready() <-chan struct{} { return m.ready }

// Run serves until ctx ends, or until the server cannot go on: then it returns an error with advice
// and the process must end, because parts of the server may hang for ever.
func (m *Member) Run(ctx context.Context) error {
	defer release(m.lock)
	type started struct {
		etcd *embed.Etcd
		err  error
	}
	up := make(chan started, 1)
	go func() {
		e, err := embed.StartEtcd(m.etcdConfig())
		up <- started{e, err}
	}()
	var e *embed.Etcd
	select {
	case s := <-up:
		if s.err != nil {
			return fmt.Errorf("start member %s: %w", m.cfg.Name, advise(s.err))
		}
		e = s.etcd
	case why := <-m.fatal:
		return fmt.Errorf("start member %s: %w", m.cfg.Name, advise(errors.New(why)))
	}
	m.mu.Lock()
	m.etcd = e
	m.mu.Unlock()
	return m.serve(ctx, e)
}

func (m *Member) serve(ctx context.Context, e *embed.Etcd) error {
	joined := e.Server.ReadyNotify()
	check, papers := time.NewTicker(checkEvery), time.NewTicker(papersEvery)
	defer check.Stop()
	defer papers.Stop()
	m.checkPapers(time.Now())
	for {
		select {
		case <-joined:
			joined = nil
			m.log.Info("member serves", "clients", m.cfg.ClientURL, "peers", m.cfg.PeerURL)
			m.checkSize()
			close(m.ready)
		case <-check.C:
			m.checkSize()
		case now := <-papers.C:
			m.checkPapers(now)
		case why := <-m.fatal:
			return fmt.Errorf("member %s cannot go on: %w", m.cfg.Name, advise(errors.New(why)))
		case err := <-e.Err():
			e.Close()
			return fmt.Errorf("member %s: %w", m.cfg.Name, advise(err))
		case <-e.Server.StopNotify():
			e.Close()
			return fmt.Errorf("member %s: the server stopped by itself; was it removed from the cluster?", m.cfg.Name)
		case <-ctx.Done():
			return m.shut(e)
		}
	}
}

// shut closes the server, which hands etcd's own leadership on first.
func (m *Member) shut(e *embed.Etcd) error {
	closed := make(chan struct{})
	go func() {
		e.Close()
		close(closed)
	}()
	select {
	case <-closed:
		return nil
	case why := <-m.fatal:
		return fmt.Errorf("stop member %s: %w", m.cfg.Name, advise(errors.New(why)))
	case <-time.After(m.cfg.grace):
		return fmt.Errorf("stop member %s: it does not end; end the process, what was acknowledged is safe", m.cfg.Name)
	}
}

func (m *Member) etcdConfig() *embed.Config {
	c := embed.NewConfig()
	c.Name, c.Dir = m.cfg.Name, m.cfg.Dir
	client, peer := mustURL(m.cfg.ClientURL), mustURL(m.cfg.PeerURL)
	c.ListenClientUrls, c.AdvertiseClientUrls = []url.URL{mustURL(m.cfg.ListenClientURL)}, []url.URL{client}
	c.ListenPeerUrls, c.AdvertisePeerUrls = []url.URL{mustURL(m.cfg.ListenPeerURL)}, []url.URL{peer}
	c.InitialCluster, c.InitialClusterToken = m.cfg.initialCluster(), m.cfg.Token
	c.ClusterState = embed.ClusterStateFlagNew
	if m.cfg.Join {
		c.ClusterState = embed.ClusterStateFlagExisting
	}
	c.ForceNewCluster = m.cfg.alone
	if m.cfg.CertFile != "" {
		tls := transport.TLSInfo{CertFile: m.cfg.CertFile, KeyFile: m.cfg.KeyFile, TrustedCAFile: m.cfg.CAFile, ClientCertAuth: true}
		c.ClientTLSInfo, c.PeerTLSInfo = tls, tls
		c.PeerTLSInfo.AllowedHostnames = m.cfg.PeerNames
		c.TlsMinVersion = "TLS1.3"
	}
	c.TickMs, c.ElectionMs = uint(m.cfg.Heartbeat/time.Millisecond), uint(m.cfg.Election/time.Millisecond)
	c.PreVote, c.StrictReconfigCheck = true, true
	// Only etcd's own history of overwritten keys is dropped; entries are keys and stay.
	c.AutoCompactionMode, c.AutoCompactionRetention = embed.CompactorModePeriodic, "10m"
	c.QuotaBackendBytes = m.cfg.QuotaBytes
	c.EnableGRPCGateway = false
	c.LogLevel = "warn"
	c.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zapToSlog(m.log, func(why string) {
		select {
		case m.fatal <- why:
		default:
		}
	}))
	return c
}

// initialCluster is name=url for each member, in the order of the names.
func (c MemberConfig) initialCluster() string {
	out := make([]string, 0, len(c.Cluster))
	for name, u := range c.Cluster {
		out = append(out, name+"="+u)
	}
	slices.Sort(out)
	return strings.Join(out, ",")
}

// Health is a member's own view.
type Health struct {
	Leader     bool // some member leads the cluster, so there is a majority
	Bytes      int64
	QuotaBytes int64
	Full       bool // the quota was reached: no more writes are taken
}

// Health may be asked at any time; before Ready it is zero but for the quota.
func (m *Member) Health() Health {
	m.mu.Lock()
	e := m.etcd
	m.mu.Unlock()
	h := Health{QuotaBytes: m.cfg.QuotaBytes}
	if e == nil {
		return h
	}
	h.Leader, h.Bytes = e.Server.Leader() != 0, e.Server.Backend().Size()
	for _, a := range e.Server.Alarms() {
		h.Full = h.Full || a.Alarm == alarmNoSpace
	}
	return h
}

// nearQuota is where people are told, with about a fifth of the time to fill it left.
func nearQuota(bytes, quota int64) bool { return bytes >= quota/10*8 }

// checkSize says once that the quota is near or reached.
func (m *Member) checkSize() {
	h := m.Health()
	near := h.Full || nearQuota(h.Bytes, h.QuotaBytes)
	m.mu.Lock()
	news := near && !m.near
	m.near = near
	m.mu.Unlock()
	if news {
		m.log.Error("shared journal is close to its quota; raise it and restart the members one by one",
			"bytes", h.Bytes, "quota", h.QuotaBytes, "full", h.Full)
	}
}

// checkPapers complains about certificates that end soon.
func (m *Member) checkPapers(now time.Time) {
	if m.cfg.CertFile == "" {
		return
	}
	papers, err := TLSFiles{Cert: m.cfg.CertFile, Key: m.cfg.KeyFile, CA: m.cfg.CAFile}.Papers()
	if err != nil {
		m.log.Error("a certificate cannot be read; the next connections fail", "cause", err)
	}
	for _, p := range papers {
		if why := p.Ending(now); why != "" {
			m.log.Warn("a certificate has to be renewed", "what", p.What, "file", p.File, "ends", p.Ends, "why", why)
		}
	}
}

// advise adds what a person can do.
func advise(err error) error {
	text := err.Error()
	switch {
	case errors.Is(err, syscall.EADDRINUSE) || strings.Contains(text, "address already in use"):
		return fmt.Errorf("%w; stop the other process or choose another address", err)
	case errors.Is(err, syscall.ENOSPC) || strings.Contains(text, "no space left"):
		return fmt.Errorf("%w; free the disk, then start the member again: it catches up from the others", err)
	case strings.Contains(text, "cluster ID mismatch"), strings.Contains(text, "has already been bootstrapped"), strings.Contains(text, "member count is unequal"):
		return fmt.Errorf("%w; the data directory and the cluster do not belong together: give this member its own directory, or remove it from the cluster and join it anew", err)
	}
	return err
}
