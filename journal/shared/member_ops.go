package shared

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Seat is one member as the cluster knows it and as it answers.
type Seat struct {
	ID      uint64
	Name    string // empty for one that was added and has never started
	Peer    string
	Client  string // empty for one that has never started
	Leader  bool
	Up      bool   // it answers
	Why     string // when it does not, or is ill
	Index   uint64 // how far its log is applied
	Bytes   int64
	Version string
}

// Started says whether the member has ever served.
func (s Seat) Started() bool { return s.Client != "" }

// ErrMembership means that a change of members was refused; the error says why and what to do.
var ErrMembership = errors.New("the members stay as they are")

// statusPatience is how long one member may take to say how it does.
const statusPatience = 2 * time.Second

// Seats gives the members and asks each how it does. Without a majority it gives what the nearest member knows,
// and sure is false.
func Seats(ctx context.Context, client *clientv3.Client) (seats []Seat, sure bool, err error) {
	list, err := members(ctx, client)
	if sure = err == nil; !sure {
		again, cancel := context.WithTimeout(context.WithoutCancel(ctx), statusPatience)
		defer cancel()
		if list, err = client.MemberList(again, clientv3.WithSerializable()); err != nil {
			return nil, false, fmt.Errorf("ask for the members: %w", err)
		}
	}
	for _, m := range list.Members {
		s := seatOf(m)
		if s.Started() {
			s.ask(ctx, client)
		} else {
			s.Why = "it was added and has not started yet"
		}
		seats = append(seats, s)
	}
	slices.SortFunc(seats, func(a, b Seat) int { return strings.Compare(a.Name+a.Peer, b.Name+b.Peer) })
	return seats, sure, nil
}

func members(ctx context.Context, client *clientv3.Client) (*clientv3.MemberListResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*statusPatience)
	defer cancel()
	return client.MemberList(ctx)
}

func seatOf(m *pb.Member) Seat {
	return Seat{ID: m.ID, Name: m.Name, Peer: strings.Join(m.PeerURLs, ","), Client: strings.Join(m.ClientURLs, ",")}
}

func (s *Seat) ask(ctx context.Context, client *clientv3.Client) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), statusPatience)
	defer cancel()
	st, err := client.Status(ctx, s.Client)
	if err != nil {
		s.Why = "it does not answer"
		return
	}
	s.Up, s.Index, s.Bytes, s.Version = true, st.RaftAppliedIndex, st.DbSize, st.Version
	s.Leader = st.Leader == st.Header.MemberId
	switch {
	case len(st.Errors) > 0:
		s.Why = strings.Join(st.Errors, "; ")
	case st.Leader == 0:
		s.Why = "it knows no leader: too few members reach each other"
	}
}

// AddMember makes room for a member that will serve peers at a URL. It counts for the majority from now on, so
// it should be started soon.
func AddMember(ctx context.Context, client *clientv3.Client, peerURL string) error {
	list, err := members(ctx, client)
	if err != nil {
		return fmt.Errorf("ask for the members: %w", noMajority(err))
	}
	for _, m := range list.Members {
		if !slices.Contains(m.PeerURLs, peerURL) {
			continue
		}
		if len(m.ClientURLs) == 0 {
			return nil // added before, and not started yet
		}
		return fmt.Errorf("%w: %s is a member already, as %s; if its data is lost, replace it", ErrMembership, peerURL, m.Name)
	}
	return patiently(ctx, func(ctx context.Context) error {
		_, err := client.MemberAdd(ctx, []string{peerURL})
		return err
	})
}

// RemoveMember takes a member out, by its name or, for one that has never started, its peer URL. What it holds is
// worth nothing afterwards.
func RemoveMember(ctx context.Context, client *clientv3.Client, name string) error {
	list, err := members(ctx, client)
	if err != nil {
		return fmt.Errorf("ask for the members: %w", noMajority(err))
	}
	i := slices.IndexFunc(list.Members, func(m *pb.Member) bool { return m.Name == name || slices.Contains(m.PeerURLs, name) })
	if i < 0 {
		return fmt.Errorf("%w: there is no member %q", ErrMembership, name)
	}
	if len(list.Members) == 1 {
		return fmt.Errorf("%w: %q is the only one", ErrMembership, name)
	}
	return patiently(ctx, func(ctx context.Context) error {
		_, err := client.MemberRemove(ctx, list.Members[i].ID)
		return err
	})
}

// patiently repeats a change while the members have not been together for long enough: a few seconds after a start
// or another change they refuse one.
func patiently(ctx context.Context, change func(context.Context) error) error {
	for {
		err := change(ctx)
		if !errors.Is(err, rpctypes.ErrUnhealthy) {
			return refused(err)
		}
		if sleep(ctx, 500*time.Millisecond) != nil {
			return refused(err)
		}
	}
}

// refused says why members did not change.
func refused(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, rpctypes.ErrUnhealthy):
		return fmt.Errorf("%w: some members do not reach each other: %w", ErrMembership, err)
	case errors.Is(err, rpctypes.ErrMemberNotEnoughStarted):
		return fmt.Errorf("%w: too few members would be left that run, and nothing could be written: start those that are down, or replace them, first: %w", ErrMembership, err)
	case errors.Is(err, rpctypes.ErrPeerURLExist):
		return fmt.Errorf("%w: a member has that address already: %w", ErrMembership, err)
	}
	return noMajority(err)
}

func noMajority(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, rpctypes.ErrNoLeader) || errors.Is(err, rpctypes.ErrTimeout) {
		return fmt.Errorf("%w: bring one back, or restore: %w", ErrNoMajority, err)
	}
	return err
}

// Admission is how a member without data comes into its cluster.
type Admission struct {
	Join    bool              // the cluster exists and waits for it
	Cluster map[string]string // name to peer URL; of the members there are, when it joins
}

// Admit asks the members one by one whether a cluster waits for a member that has no data yet. It does not need a
// majority: the second member of two is waited for without one. When nobody has ever served, the cluster begins with
// the first members, and those are given back.
func Admit(ctx context.Context, endpoints []string, config *tls.Config, name string, first map[string]string) (Admission, error) {
	lists := make([]*clientv3.MemberListResponse, len(endpoints))
	doubts := make([]error, len(endpoints))
	var asked sync.WaitGroup
	for i, e := range endpoints {
		asked.Go(func() { lists[i], doubts[i] = known(ctx, e, config) })
	}
	asked.Wait()
	var refusal error
	for _, l := range lists {
		if l == nil || !slices.ContainsFunc(l.Members, func(m *pb.Member) bool { return len(m.ClientURLs) > 0 }) {
			continue // not there, or itself not part of anything yet
		}
		cluster, err := seatIn(l.Members, name, first[name])
		if err == nil {
			return Admission{Join: true, Cluster: cluster}, nil
		}
		// One that lags behind may not know of us yet, or of our loss.
		refusal = cmp.Or(refusal, err)
	}
	if err := cmp.Or(refusal, errors.Join(doubts...)); err != nil {
		return Admission{}, err
	}
	return Admission{Cluster: first}, nil
}

// known asks one server for the members it knows; nil when it is not there. An error is trouble with certificates:
// whoever cannot be known must not be taken for absent.
func known(ctx context.Context, endpoint string, config *tls.Config) (*clientv3.MemberListResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, ReachPatience)
	defer cancel()
	// A member that waits for its majority takes connections and says nothing.
	if _, err := Reach(ctx, endpoint, config); errors.Is(err, ErrPapers) {
		return nil, err
	} else if err != nil {
		return nil, nil
	}
	client, err := Dial([]string{endpoint}, config, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = client.Close() }()
	list, err := client.MemberList(ctx, clientv3.WithSerializable())
	if err != nil {
		return nil, nil // it is only just starting
	}
	return list, nil
}

// seatIn finds the place that a cluster keeps for a member, and gives all members with it.
func seatIn(list []*pb.Member, name, own string) (map[string]string, error) {
	cluster, waits := map[string]string{}, false
	for _, m := range list {
		at := strings.Join(m.PeerURLs, ",")
		switch {
		case !slices.Contains(m.PeerURLs, own):
			cluster[cmp.Or(m.Name, fmt.Sprintf("unstarted-%x", m.ID))] = at
		case len(m.ClientURLs) > 0:
			return nil, fmt.Errorf("member %s has served in this cluster before and its data is not here: give the right --data, or, when the data is lost, run `bongsu member replace %s` on a node that runs", name, name)
		default:
			waits, cluster[name] = true, own
		}
	}
	if !waits {
		return nil, fmt.Errorf("the cluster does not know %s at %s: run `bongsu member add %s` on a node that runs", name, own, name)
	}
	return cluster, nil
}
