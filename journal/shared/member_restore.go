package shared

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"
	"go.etcd.io/etcd/server/v3/lease"
	"go.etcd.io/etcd/server/v3/storage/backend"
	"go.etcd.io/etcd/server/v3/storage/datadir"
	"go.etcd.io/etcd/server/v3/storage/mvcc"
	"go.etcd.io/etcd/server/v3/storage/schema"
	"go.etcd.io/etcd/server/v3/storage/wal"
	"go.etcd.io/etcd/server/v3/storage/wal/walpb"
	"go.etcd.io/raft/v3/raftpb"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"
)

// RestoreConfig says which member begins anew with what a snapshot holds.
type RestoreConfig struct {
	Snapshot string            // file, as SaveSnapshot writes it
	Name     string            // of the member
	Dir      string            // its data: absent or empty
	Cluster  map[string]string // name to peer URL of all members of the new cluster, this one included
	Logger   *slog.Logger
}

// Restored is what a restored member begins with.
type Restored struct {
	Seq   uint64 // newest entry
	Hash  string
	Epoch uint64 // newest there can have been, and then some: the next leader's is higher
	Sum   string // of the snapshot
}

// Restoration is the mark that a restored cluster carries.
type Restoration struct {
	Seq uint64 `json:"seq"` // newest entry at that moment
	Sum string `json:"sum"` // of the snapshot
}

// restoredEpochs is how far the epoch is raised: whoever led after the snapshot was taken must stay behind, and
// devices and services that remember those epochs must accept the next.
const restoredEpochs = 1_000

func (s space) restored() string { return string(s) + "restored" }

// Restore makes the data of a member from a snapshot. Every member of the new cluster is restored from the same
// snapshot with the same Cluster; they are not those of before, and one of before that comes back is refused.
func Restore(cfg RestoreConfig) (Restored, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	out, err := restore(cfg)
	if err != nil {
		return out, fmt.Errorf("restore member %s: %w", cfg.Name, err)
	}
	return out, nil
}

func restore(cfg RestoreConfig) (Restored, error) {
	saved, err := CheckSnapshot(cfg.Snapshot)
	if err != nil {
		return Restored{}, err
	}
	if _, ok := cfg.Cluster[cfg.Name]; !ok {
		return Restored{}, fmt.Errorf("the cluster does not name the member %q", cfg.Name)
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return Restored{}, err
	}
	lock, err := claim(MemberConfig{Name: cfg.Name, Dir: cfg.Dir, Token: defaultToken})
	if err != nil {
		return Restored{}, err
	}
	defer release(lock)
	if _, err := os.Lstat(datadir.ToMemberDir(cfg.Dir)); err == nil {
		return Restored{}, fmt.Errorf("%s holds a member's data: move it away first (do not delete it: it may hold entries that the snapshot does not)", cfg.Dir)
	}
	// Half a restored member must never be started: it gets its name when it is whole.
	next := filepath.Join(cfg.Dir, "restoring")
	if err := os.RemoveAll(next); err != nil {
		return Restored{}, err
	}
	out, err := build(cfg, saved, next)
	if err != nil {
		return out, errors.Join(advise(err), os.RemoveAll(next))
	}
	if err := os.Rename(datadir.ToMemberDir(next), datadir.ToMemberDir(cfg.Dir)); err != nil {
		return out, err
	}
	return out, errors.Join(os.Remove(next), settleDir(cfg.Dir))
}

// build makes a member's data in a folder. What etcd's own storage cannot do, it panics about.
func build(cfg RestoreConfig, saved Saved, dir string) (out Restored, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the snapshot cannot be used: %v", p)
		}
	}()
	lg := zapToSlog(cfg.Logger, nil)
	if err := os.MkdirAll(datadir.ToSnapDir(dir), 0o700); err != nil {
		return out, err
	}
	if err := copyData(cfg.Snapshot, saved.Bytes-sumBytes, datadir.ToBackendFileName(dir)); err != nil {
		return out, err
	}
	urls, err := types.NewURLsMap(MemberConfig{Cluster: cfg.Cluster}.initialCluster())
	if err != nil {
		return out, err
	}
	// A name of its own makes it another cluster than the one it was taken from: members of that one are refused.
	cluster, err := membership.NewClusterFromURLsMap(lg, defaultToken+"-"+saved.Sum[:16], urls)
	if err != nil {
		return out, err
	}
	be := backend.NewDefaultBackend(lg, datadir.ToBackendFileName(dir))
	defer func() { err = errors.Join(err, be.Close()) }()
	out = Restored{Sum: saved.Sum}
	if err := out.raise(lg, be); err != nil {
		return out, err
	}
	commit, err := reseat(lg, be, cluster)
	if err != nil {
		return out, err
	}
	return out, writeLog(lg, datadir.ToWALDir(dir), cluster, cluster.MemberByName(cfg.Name).ID, commit)
}

func copyData(from string, n int64, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.CopyN(f, in, n)
	return errors.Join(err, f.Sync(), f.Close())
}

// raise reads how far the log goes and raises the epoch, the same way at every member.
func (r *Restored) raise(lg *zap.Logger, be backend.Backend) error {
	store := mvcc.NewStore(lg, be, &lease.FakeLessor{}, mvcc.StoreConfig{})
	defer func() { _ = store.Close() }()
	keys := newSpace("")
	read := func(key string) ([]byte, error) {
		got, err := store.Range(context.Background(), []byte(key), nil, mvcc.RangeOptions{})
		if err != nil || len(got.KVs) == 0 {
			return nil, err
		}
		return got.KVs[0].Value, nil
	}
	text, err := read(keys.head())
	if err != nil {
		return err
	}
	var h head
	if text != nil {
		if err := json.Unmarshal(text, &h); err != nil {
			return fmt.Errorf("the mark of the newest entry cannot be read: %w", err)
		}
	}
	r.Seq, r.Hash = h.Seq, h.Hash
	if text, err = read(keys.epoch()); err != nil {
		return err
	}
	if text != nil {
		if r.Epoch, err = strconv.ParseUint(string(text), 10, 64); err != nil {
			return fmt.Errorf("the epoch cannot be read: %w", err)
		}
	}
	r.Epoch += restoredEpochs
	mark, err := json.Marshal(Restoration{Seq: r.Seq, Sum: r.Sum})
	if err != nil {
		return err
	}
	store.Put([]byte(keys.epoch()), []byte(strconv.FormatUint(r.Epoch, 10)), lease.NoLease)
	store.Put([]byte(keys.restored()), mark, lease.NoLease)
	store.Commit()
	return nil
}

// reseat puts the new members in place of the old ones and begins the log's count anew; it gives how many entries
// of the new log are applied already.
func reseat(lg *zap.Logger, be backend.Backend, cluster *membership.RaftCluster) (commit uint64, err error) {
	seats := schema.NewMembershipBackend(lg, be)
	seats.MustCreateBackendBuckets()
	if err := seats.TrimMembershipFromBackend(); err != nil {
		return 0, err
	}
	ids := cluster.MemberIDs()
	for _, id := range ids {
		m := *cluster.Member(id)
		seats.MustSaveMemberToBackend(&m)
	}
	commit = uint64(len(ids))
	tx := be.BatchTx()
	tx.LockOutsideApply()
	schema.UnsafeUpdateConsistentIndexForce(tx, commit, firstTerm)
	schema.MustUnsafeSaveConfStateToBackend(lg, tx, confState(ids))
	tx.Unlock()
	be.ForceCommit()
	return commit, nil
}

// firstTerm is the term in which a cluster's members are named.
const firstTerm = 1

func confState(ids []types.ID) *raftpb.ConfState {
	out := &raftpb.ConfState{}
	for _, id := range ids {
		out.Voters = append(out.Voters, uint64(id))
	}
	slices.Sort(out.Voters)
	return out
}

// writeLog begins etcd's own log with the entries that name the members, all of them committed.
func writeLog(lg *zap.Logger, dir string, cluster *membership.RaftCluster, own types.ID, commit uint64) (err error) {
	about, err := proto.Marshal(&pb.Metadata{NodeID: new(uint64(own)), ClusterID: new(uint64(cluster.ID()))})
	if err != nil {
		return err
	}
	w, err := wal.Create(lg, dir, about)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	ids := cluster.MemberIDs()
	var entries []*raftpb.Entry
	for i, id := range ids {
		who, err := json.Marshal(cluster.Member(id))
		if err != nil {
			return err
		}
		data, err := proto.Marshal(&raftpb.ConfChange{Type: raftpb.ConfChangeAddNode.Enum(), NodeId: new(uint64(id)), Context: who})
		if err != nil {
			return err
		}
		entries = append(entries, &raftpb.Entry{Type: raftpb.EntryConfChange.Enum(), Term: new(uint64(firstTerm)), Index: new(uint64(i + 1)), Data: data})
	}
	state := &raftpb.HardState{Term: new(uint64(firstTerm)), Vote: new(uint64(ids[0])), Commit: &commit}
	if err := w.Save(state, entries); err != nil {
		return err
	}
	return w.SaveSnapshot(&walpb.Snapshot{Index: &commit, Term: new(uint64(firstTerm)), ConfState: confState(ids)})
}
