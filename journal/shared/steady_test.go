package shared

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// A member that gives no answer is left at once and not asked again for a while; what another refuses, or a
// caller who gives up, is no reason to leave it.
func TestCallsStayWithAMemberThatAnswers(t *testing.T) {
	now := time.Unix(1000, 0)
	s := &steady{clients: make([]*clientv3.Client, 3), silent: make([]time.Time, 3), now: func() time.Time { return now }}
	for i, step := range []struct {
		err   error
		after time.Duration
		want  int
	}{
		{nil, 0, 0},
		{context.Canceled, 0, 0},
		{rpctypes.ErrNoSpace, 0, 0},
		{fmt.Errorf("put: %w", context.DeadlineExceeded), 0, 1},
		{nil, time.Second, 1},
		{rpctypes.ErrLeaderChanged, time.Second, 2},
		{rpctypes.ErrTimeout, time.Second, 0}, // all are silent: the one that has been so the longest
		{nil, badFor, 0},
		{errors.New("what nobody knows"), 0, 0},
	} {
		s.heard(s.pick(), step.err)
		now = now.Add(step.after)
		if got := s.pick(); got != step.want {
			t.Fatalf("step %d: after %v member %d is asked, want %d", i, step.err, got, step.want)
		}
	}
}
