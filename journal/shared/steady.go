package shared

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// steady keeps to one member as long as it answers, and leaves it at the first call without an answer. The
// client itself gives its calls to all members in turn, to one that is frozen as well, for as long as the
// connection seems to stand: every third call then costs its whole patience, and callers who repeat at the
// same pace meet the same member again and again.
type steady struct {
	clientv3.KV // for the calls that nobody here makes
	clients     []*clientv3.Client
	now         func() time.Time

	mu     sync.Mutex
	at     int
	silent []time.Time // when each was last without an answer
}

// badFor is how long a member that gave no answer is the last to be asked.
const badFor = 5 * time.Second

// keepSteady lets the calls of c go to one member at a time. What it opens ends with c.
func keepSteady(c *clientv3.Client, cfg clientv3.Config) error {
	if len(cfg.Endpoints) < 2 {
		return nil
	}
	s := &steady{KV: c.KV, now: time.Now, at: rand.IntN(len(cfg.Endpoints)), silent: make([]time.Time, len(cfg.Endpoints))}
	shut := func() {
		for _, one := range s.clients {
			_ = one.Close()
		}
	}
	for _, e := range cfg.Endpoints {
		cfg.Endpoints = []string{e}
		one, err := clientv3.New(cfg)
		if err != nil {
			shut()
			return fmt.Errorf("connect to member %s: %w", e, err)
		}
		s.clients = append(s.clients, one)
	}
	c.KV = s
	context.AfterFunc(c.Ctx(), shut)
	return nil
}

// nearest is the member that calls go to now, for what is no read or write of keys, and whom to tell of its
// answer.
func nearest(c *clientv3.Client) (*clientv3.Client, func(error)) {
	s, ok := c.KV.(*steady)
	if !ok {
		return c, func(error) {}
	}
	i := s.pick()
	return s.clients[i], func(err error) { s.heard(i, err) }
}

// pick gives the member to ask.
func (s *steady) pick() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if now.Sub(s.silent[s.at]) < badFor {
		// All may be silent, as in an election: then the one that has been so the longest.
		for d := 1; d < len(s.clients); d++ {
			i := (s.at + d) % len(s.clients)
			if s.silent[i].Before(s.silent[s.at]) {
				s.at = i
			}
		}
	}
	return s.at
}

// heard takes note of what became of a call.
func (s *steady) heard(i int, err error) {
	if err == nil || !noAnswer(err) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent[i] = s.now()
}

// noAnswer says whether an error means that this member did not answer, or could not ask a majority.
func noAnswer(err error) bool {
	var e rpctypes.EtcdError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return true
	case errors.As(err, &e):
		return e.Code() == codes.Unavailable || e.Code() == codes.DeadlineExceeded
	}
	code := status.Code(err)
	return code == codes.Unavailable || code == codes.DeadlineExceeded
}

// Put implements clientv3.KV.
func (s *steady) Put(ctx context.Context, key, val string, opts ...clientv3.OpOption) (*clientv3.PutResponse, error) {
	i := s.pick()
	r, err := s.clients[i].Put(ctx, key, val, opts...)
	s.heard(i, err)
	return r, err
}

// Get implements clientv3.KV.
func (s *steady) Get(ctx context.Context, key string, opts ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	i := s.pick()
	r, err := s.clients[i].Get(ctx, key, opts...)
	s.heard(i, err)
	return r, err
}

// Delete implements clientv3.KV.
func (s *steady) Delete(ctx context.Context, key string, opts ...clientv3.OpOption) (*clientv3.DeleteResponse, error) {
	i := s.pick()
	r, err := s.clients[i].Delete(ctx, key, opts...)
	s.heard(i, err)
	return r, err
}

// Do implements clientv3.KV.
func (s *steady) Do(ctx context.Context, op clientv3.Op) (clientv3.OpResponse, error) {
	i := s.pick()
	r, err := s.clients[i].Do(ctx, op)
	s.heard(i, err)
	return r, err
}

// Txn implements clientv3.KV.
func (s *steady) Txn(ctx context.Context) clientv3.Txn {
	i := s.pick()
	return &steadyTxn{Txn: s.clients[i].Txn(ctx), heard: func(err error) { s.heard(i, err) }}
}

// steadyTxn is one transaction at one member.
type steadyTxn struct {
	clientv3.Txn
	heard func(error)
}

func (t *steadyTxn) If(c ...clientv3.Cmp) clientv3.Txn  { t.Txn = t.Txn.If(c...); return t }
func (t *steadyTxn) Then(o ...clientv3.Op) clientv3.Txn { t.Txn = t.Txn.Then(o...); return t }
func (t *steadyTxn) Else(o ...clientv3.Op) clientv3.Txn { t.Txn = t.Txn.Else(o...); return t }

func (t *steadyTxn) Commit() (*clientv3.TxnResponse, error) {
	r, err := t.Txn.Commit()
	t.heard(err)
	return r, err
}
