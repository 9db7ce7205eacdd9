package shared

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// trial is three member processes with a writer that never stops but to wait for its pace.
type trial struct {
	cfgs  []MemberConfig
	procs []*process
	log   *Log
	stop  context.CancelFunc
	wait  sync.WaitGroup
	last  atomic.Int64 // when the newest acknowledgement came, Unix nanoseconds
	mu    sync.Mutex
	acked []Entry
}

func startTrial(t testing.TB, pace time.Duration) *trial {
	t.Helper()
	r := &trial{cfgs: configs(t, 3)}
	for _, c := range r.cfgs {
		r.procs = append(r.procs, startProcess(t, c))
	}
	r.log = openLog(t, dial(t, r.cfgs), Options{Site: "dc1", Node: "writer"})
	if _, err := r.log.Append(within(t, patience), Draft{Kind: "first"}); err != nil {
		t.Fatal(err, r.procs[0].out)
	}
	for i := range r.procs {
		back(t, r, i)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = func() { cancel(); r.wait.Wait() }
	t.Cleanup(r.stop)
	r.wait.Go(func() {
		for ctx.Err() == nil {
			e, err := r.log.Append(ctx, Draft{Kind: "note"})
			if err != nil {
				continue
			}
			r.last.Store(time.Now().UnixNano())
			r.mu.Lock()
			r.acked = append(r.acked, e)
			r.mu.Unlock()
			_ = sleep(ctx, pace)
		}
	})
	return r
}

// hit strikes etcd's leader with sig and gives how long until a write that began afterwards was
// acknowledged, and the member that was struck.
func (r *trial) hit(t testing.TB, sig syscall.Signal) (time.Duration, int) {
	t.Helper()
	i := leaderOf(t, r.log.client, r.cfgs)
	_, took := r.strike(t, sig, i)
	return took, i
}

// strike does the same to member i and whatever else runs on its node.
func (r *trial) strike(t testing.TB, sig syscall.Signal, i int, others ...*process) (began time.Time, took time.Duration) {
	t.Helper()
	said := &lines{}
	began = time.Now()
	r.procs[i].signal(sig)
	for _, p := range others {
		p.signal(sig)
	}
	probe := openLog(t, dial(t, r.cfgs), Options{Site: "dc2", Node: "probe", Logger: slog.New(slog.NewTextHandler(said, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if _, err := probe.Append(within(t, patience), Draft{Kind: "probe"}); err != nil {
		t.Fatalf("no writes after member %d was struck: %v; %s; the members said: %s; %s; %s", i, err, said, r.procs[0].out, r.procs[1].out, r.procs[2].out)
	}
	return began, time.Since(began)
}

// check counts the acknowledged entries and those that do not stand where their writer was told.
func (r *trial) check(t testing.TB) (acked, lost int) {
	t.Helper()
	all := wholeLog(t, r.log)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.acked {
		if int(e.Seq) > len(all) || all[e.Seq-1].Hash != e.Hash {
			t.Logf("acknowledged entry %d is lost", e.Seq)
			lost++
		}
	}
	return len(r.acked), lost
}

// Etcd's leader is killed, and the next one frozen, under a stream of writes. Writes go on, none that
// was acknowledged is lost, and the frozen one finds its place again.
func TestWritesGoOnWithoutTheLeader(t *testing.T) {
	r := startTrial(t, 2*time.Millisecond)
	killed, i := r.hit(t, syscall.SIGKILL)
	r.procs[i] = startProcess(t, r.cfgs[i])
	back(t, r, i)
	frozen, j := r.hit(t, syscall.SIGSTOP)
	r.procs[j].signal(syscall.SIGCONT)
	back(t, r, j)
	r.stop()
	acked, lost := r.check(t)
	if lost > 0 || acked == 0 {
		t.Errorf("%d of %d acknowledged entries are lost", lost, acked)
	}
	t.Logf("writes resumed %v after kill -9 and %v after a freeze; %d entries acknowledged",
		killed.Round(time.Millisecond), frozen.Round(time.Millisecond), acked)
	local := openLog(t, dial(t, r.cfgs[j:j+1]), Options{})
	caughtUp(t, local, r.log)
}

// back waits until member i answers for a majority again.
func back(t testing.TB, r *trial, i int) {
	t.Helper()
	l := openLog(t, dial(t, r.cfgs[i:i+1]), Options{})
	for end := time.Now().Add(patience); ; {
		if _, err := l.LastSeq(within(t, 2*time.Second)); err == nil {
			return
		} else if time.Now().After(end) {
			t.Fatalf("member %d does not come back: %v; %s", i, err, r.procs[i].out)
		}
	}
}

// caughtUp waits until one member alone has the whole log.
func caughtUp(t testing.TB, local, whole *Log) {
	t.Helper()
	want := wholeLog(t, whole)
	for end := time.Now().Add(patience); ; {
		got, err := local.After(within(t, patience), 0, 1<<30, Local)
		if err == nil && len(got) == len(want) && got[len(got)-1].Hash == want[len(want)-1].Hash {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("it has %d entries of %d: %v", len(got), len(want), err)
		}
	}
}
