package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"bongsu/journal/shared"
	"bongsu/ui"
)

// One server is gone, one leads and one has lost the others: each is told by itself, and a server that comes back is well.
func TestEachServerOfTheSharedJournalIsToldByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		back, ends := time.Now().Add(time.Minute), time.Now().Add(29*24*time.Hour)
		w := &memberWatch{
			urls: []string{"a:1", "b:1", "c:1"}, looked: make([]time.Time, 3),
			reach: func(_ context.Context, address string) (time.Time, error) {
				if address == "c:1" && time.Now().Before(back) {
					return time.Time{}, errors.New("connection refused")
				}
				return ends, nil
			},
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
						return nil, ctx.Err()
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
		if a := h.Members[0]; !a.OK || !a.Leader || a.Index != 42 || a.Bytes != 4096 || a.At == nil || a.Ends == nil || !a.Ends.Equal(ends) {
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
		if c := w.health().Members[2]; !c.OK || c.Leader || c.At == nil || c.Ends == nil {
			t.Errorf("back again it is told as %+v", c)
		}
		cancel()
		<-done
	})
}

// A certificate that ends within thirty days is a warning at each look and a figure for whoever watches from outside;
// a renewed one is neither.
func TestCertificatesThatEndAreToldInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		papers := []shared.Paper{
			{What: "node", Name: "n1", From: now.Add(-time.Hour), Ends: now.Add(29 * 24 * time.Hour)},
			{What: "authority", Name: "a", From: now.Add(-time.Hour), Ends: now.Add(365 * 24 * time.Hour)},
		}
		var said bytes.Buffer
		w := &memberWatch{papers: func() ([]shared.Paper, error) { return papers, nil }, log: slog.New(slog.NewTextHandler(&said, nil))}
		w.lookAtPapers(now)
		if text := said.String(); strings.Count(text, "level=WARN") != 1 || !strings.Contains(text, "in 29 days") {
			t.Errorf("said: %s", text)
		}
		reg := prometheus.NewPedanticRegistry()
		reg.MustRegister(w)
		got, err := reg.Gather()
		if err != nil || len(got) != 1 || len(got[0].Metric) != 2 || got[0].Metric[1].GetGauge().GetValue() != float64(papers[0].Ends.Unix()) {
			t.Errorf("figures: %v, %v", got, err)
		}
		said.Reset()
		papers = []shared.Paper{{What: "node", Name: "n1", From: now, Ends: now.Add(700 * 24 * time.Hour)}}
		if w.lookAtPapers(now); said.Len() > 0 {
			t.Errorf("renewed, and still: %s", said.String())
		}
	})
}
