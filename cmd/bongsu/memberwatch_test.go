package main

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"bongsu/journal/shared"
	"bongsu/ui"
)

// One server is gone, one leads and one has lost the others: each is told by itself, and a server that comes back is well.
func TestEachServerOfTheSharedJournalIsToldByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		back := time.Now().Add(time.Minute)
		w := &memberWatch{
			relay: func() shared.RelayStatus {
				return shared.RelayStatus{Position: shared.Position{Seq: 7}, Carried: 3, Err: "the leader is away"}
			},
			seen: []ui.MemberHealth{{Name: "a", Address: "a:1"}, {Name: "b", Address: "b:1"}, {Name: "c", Address: "c:1"}},
			ask: func(ctx context.Context, address string) (*clientv3.StatusResponse, error) {
				answer := &clientv3.StatusResponse{Header: &pb.ResponseHeader{MemberId: 1}, Leader: 1, RaftAppliedIndex: 42, DbSize: 4096, Version: "3.6.0"}
				switch address {
				case "b:1":
					answer.Leader = 0
				case "c:1":
					if time.Now().Before(back) {
						<-ctx.Done()
						return nil, errors.New("connection refused")
					}
					answer.Leader = 2
				}
				return answer, nil
			},
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.run(ctx) }()
		time.Sleep(2 * askMembers)
		h := w.health()
		if a := h.Members[0]; !a.OK || !a.Leader || a.Index != 42 || a.Bytes != 4096 || a.At == nil {
			t.Errorf("the leader is told as %+v", a)
		}
		if b := h.Members[1]; b.OK || b.Leader || b.Why == "" {
			t.Errorf("the one without a leader is told as %+v", b)
		}
		if c := h.Members[2]; c.OK || c.Why != "connection refused" || c.At != nil {
			t.Errorf("the lost one is told as %+v", c)
		}
		if h.Relay.Seq != 7 || h.Relay.Carried != 3 || h.Relay.Why == "" {
			t.Errorf("the relay is told as %+v", h.Relay)
		}
		time.Sleep(time.Minute + askMembers)
		if c := w.health().Members[2]; !c.OK || c.Leader || c.At == nil {
			t.Errorf("back again it is told as %+v", c)
		}
		cancel()
		<-done
	})
}
