package shared

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

const alarmNoSpace = pb.AlarmType_NOSPACE

func (c MemberConfig) withDefaults() MemberConfig {
	if c.Token == "" {
		c.Token = defaultToken
	}
	if len(c.Cluster) == 0 {
		c.Cluster = map[string]string{c.Name: c.PeerURL}
	}
	if c.ListenClientURL == "" {
		c.ListenClientURL = c.ClientURL
	}
	if c.ListenPeerURL == "" {
		c.ListenPeerURL = c.PeerURL
	}
	if c.QuotaBytes <= 0 {
		c.QuotaBytes = defaultQuota
	}
	if c.Heartbeat == 0 && c.Election == 0 {
		c.Heartbeat, c.Election = heartbeat, election
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.grace == 0 {
		c.grace = closeGrace
	}
	return c
}

// validate reports every fault at once.
func (c MemberConfig) validate() error {
	var faults []error
	fault := func(format string, a ...any) { faults = append(faults, fmt.Errorf(format, a...)) }
	if c.Name == "" {
		fault("name: missing")
	}
	if c.Dir == "" {
		fault("dir: missing")
	}
	secure := c.CertFile != "" && c.KeyFile != "" && c.CAFile != ""
	if !secure && c.CertFile+c.KeyFile+c.CAFile != "" {
		fault("tls: certificate, key and authority are needed together")
	}
	urls := map[string]string{"client_url": c.ClientURL, "peer_url": c.PeerURL}
	if c.ListenClientURL != c.ClientURL {
		urls["listen_client_url"] = c.ListenClientURL
	}
	if c.ListenPeerURL != c.PeerURL {
		urls["listen_peer_url"] = c.ListenPeerURL
	}
	for what, u := range urls {
		if err := checkURL(u, secure); err != nil {
			fault("%s: %w", what, err)
		}
	}
	if own, ok := c.Cluster[c.Name]; !ok {
		fault("cluster: it does not name this member %q", c.Name)
	} else if own != c.PeerURL {
		fault("cluster[%s]: %s is not this member's peer_url %s", c.Name, own, c.PeerURL)
	}
	for name, u := range c.Cluster {
		if _, err := url.Parse(u); err != nil || u == "" {
			fault("cluster[%s]: %q is not a URL", name, u)
		}
	}
	if c.Heartbeat < time.Millisecond || c.Election < 5*c.Heartbeat {
		fault("election: %v is too soon for a heartbeat every %v: want at least five heartbeats", c.Election, c.Heartbeat)
	}
	return errors.Join(faults...)
}

// checkURL wants scheme://IP:port, with TLS unless the address is a loopback one.
func checkURL(text string, secure bool) error {
	u, err := url.Parse(text)
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(u.Host)
	if err != nil || port == "" {
		return fmt.Errorf("%q: want http://127.0.0.1:12379 or https://IP:PORT", text)
	}
	ip := net.ParseIP(host)
	switch {
	case ip == nil:
		return fmt.Errorf("%q: want an IP address to listen on, not a name", text)
	case secure && u.Scheme != "https":
		return fmt.Errorf("%q: with TLS files the scheme is https", text)
	case !secure && u.Scheme != "http":
		return fmt.Errorf("%q: without TLS files the scheme is http", text)
	case !secure && !ip.IsLoopback():
		return fmt.Errorf("%q: only a loopback address may go without TLS; give certificate, key and authority", text)
	}
	return nil
}

// mustURL parses what validate has accepted.
func mustURL(text string) url.URL {
	u, err := url.Parse(text)
	if err != nil {
		panic(err)
	}
	return *u
}

// free says early, and in clear words, that an address is taken.
func free(text string) error {
	u := mustURL(text)
	ln, err := net.Listen("tcp", u.Host)
	if err != nil {
		return fmt.Errorf("address %s: %w", u.Host, advise(err))
	}
	return ln.Close()
}

// owner is what a data directory remembers of whom it belongs to.
type owner struct {
	Member  string `json:"member"`
	Cluster string `json:"cluster"`
}

// claim locks the directory and proves that it is this member's.
func claim(c MemberConfig) (*os.File, error) {
	lock, err := os.OpenFile(filepath.Join(c.Dir, "owner.json"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("claim %s: %w", c.Dir, err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		return nil, fmt.Errorf("claim %s: another process uses it; stop that one first: %w", c.Dir, err)
	}
	if err := prove(lock, owner{Member: c.Name, Cluster: c.Token}); err != nil {
		release(lock)
		return nil, fmt.Errorf("claim %s: %w", c.Dir, err)
	}
	return lock, nil
}

// release unlocks before it closes: a process that is just being started may still share the file.
func release(lock *os.File) {
	_ = syscall.Flock(int(lock.Fd()), syscall.LOCK_UN)
	lock.Close()
}

func prove(f *os.File, want owner) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() == 0 {
		if err := json.NewEncoder(f).Encode(want); err != nil {
			return advise(err)
		}
		return f.Sync()
	}
	var have owner
	if err := json.NewDecoder(f).Decode(&have); err != nil {
		return fmt.Errorf("owner.json cannot be read: %w; remove it if the directory is this member's", err)
	}
	if have != want {
		return fmt.Errorf("the directory belongs to member %q of cluster %q, not to %q of %q; give this member a directory of its own",
			have.Member, have.Cluster, want.Member, want.Cluster)
	}
	return nil
}
