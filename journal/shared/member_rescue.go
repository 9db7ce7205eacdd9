package shared

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/etcd/server/v3/storage/datadir"
)

// Rescued is what came of the one member that was left.
type Rescued struct {
	Restored
	Snapshot string // the file with what the member held
	Former   string // its former data, moved away
}

// Rescue makes a cluster of one of a member whose cluster has lost its majority for ever. It takes what the member
// holds as the truth: entries that only the lost ones held are gone, and entries that no majority had agreed on
// may be kept. The new cluster is another one than before, so that a lost member that comes back cannot be taken
// for one of it. Cfg is the member's; it must not run.
func Rescue(ctx context.Context, cfg MemberConfig) (Rescued, error) {
	if _, err := os.Stat(datadir.ToMemberDir(cfg.Dir)); err != nil {
		return Rescued{}, fmt.Errorf("rescue member %s: no data of a member in %s: give the data folder of the node that is left: %w", cfg.Name, cfg.Dir, err)
	}
	stamp := time.Now().UTC().Format("20060102T150405Z")
	out := Rescued{Snapshot: filepath.Join(cfg.Dir, "rescued-"+stamp+".db"), Former: filepath.Join(cfg.Dir, "member-before-rescue-"+stamp)}
	if err := holdings(ctx, cfg, out.Snapshot); err != nil {
		return out, fmt.Errorf("rescue member %s: %w", cfg.Name, err)
	}
	if err := os.Rename(datadir.ToMemberDir(cfg.Dir), out.Former); err != nil {
		return out, fmt.Errorf("rescue member %s: %w", cfg.Name, err)
	}
	var err error
	out.Restored, err = Restore(RestoreConfig{Snapshot: out.Snapshot, Name: cfg.Name, Dir: cfg.Dir, Cluster: map[string]string{cfg.Name: cfg.PeerURL}, Logger: cfg.Logger})
	return out, err
}

// holdings saves what a member holds. For that it is started as the only one, on addresses nobody knows: nobody may
// write to what is about to be given up.
func holdings(ctx context.Context, cfg MemberConfig, file string) (err error) {
	alone := MemberConfig{Name: cfg.Name, Dir: cfg.Dir, Token: cfg.Token, QuotaBytes: cfg.QuotaBytes, Logger: cfg.Logger, alone: true}
	if alone.ClientURL, alone.PeerURL, err = quietURLs(); err != nil {
		return err
	}
	m, err := OpenMember(alone)
	if err != nil {
		return err
	}
	runs, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- m.Run(runs) }()
	select {
	case <-m.Ready():
	case err := <-ended:
		return errors.Join(errors.New("it does not come up"), err)
	}
	defer func() {
		stop()
		err = errors.Join(err, <-ended)
	}()
	client, err := Dial([]string{alone.ClientURL}, nil, cfg.Logger)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	_, err = SaveSnapshot(ctx, []Seat{{Name: cfg.Name, Client: alone.ClientURL, Up: true}}, nil, file, cfg.Logger)
	return err
}

// quietURLs gives two addresses on this machine that nobody else has.
func quietURLs() (client, peer string, err error) {
	var out [2]string
	for i := range out {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", "", err
		}
		defer func() { _ = ln.Close() }()
		out[i] = "http://" + ln.Addr().String()
	}
	return out[0], out[1], nil
}
